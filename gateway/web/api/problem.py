"""What went wrong with a request, as RFC 9457 has it: in every failing answer under `/api/`.

A problem's `type` is a name, not an address: it means the same on every installation, with or without a network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

import msgspec
from aiohttp import hdrs, web
from msgspec import UNSET, Meta, UnsetType

MEDIA: Final = "application/problem+json"
NAMED: Final = "urn:orion-gateway:problem:"
"""What the `type` of every problem begins with."""

DETAIL_MAX: Final = 500
"""Characters of a problem's words: a stranger's text may be quoted in them."""

Kind = Literal[
    "bad-query",
    "bad-body",
    "unauthenticated",
    "forbidden",
    "not-found",
    "method-not-allowed",
    "timeout",
    "conflict",
    "too-large",
    "media-type",
    "misdirected",
    "failed",
    "unavailable",
    "other",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind's status and title, and what whoever asked can do."""

    status: int
    title: str
    advice: str


MEANINGS: Final[dict[Kind, Meaning]] = {
    "bad-query": Meaning(400, "The query can't be answered", "Ask as `errors` says."),
    "bad-body": Meaning(400, "The body can't be read", "Send what `errors` says."),
    "unauthenticated": Meaning(401, "The token is missing or wrong", "Send `Authorization: Bearer` with a token."),
    "forbidden": Meaning(403, "The token's role isn't enough", "Ask with a token of the operation's role."),
    "not-found": Meaning(404, "There is no such thing", "Look at the id; what ended long ago isn't kept."),
    "method-not-allowed": Meaning(405, "The address doesn't take this method", "See the header `Allow`."),
    "timeout": Meaning(408, "The body came too slowly", "Send it again."),
    "conflict": Meaning(409, "It can't be done as things stand", "Read it again: `detail` says how it stands."),
    "too-large": Meaning(413, "The body is too large", "Send less."),
    "media-type": Meaning(415, "The body has the wrong type", "Send `Content-Type: application/json`, not packed."),
    "misdirected": Meaning(421, "The host name isn't the gateway's", "Use the address that the gateway has told."),
    "failed": Meaning(500, "The gateway failed on this request", "Look into its log."),
    "unavailable": Meaning(503, "The gateway can't take it now", "Ask again after `Retry-After`."),
    "other": Meaning(400, "The request can't be answered", "See `detail`."),
}

_BY_STATUS: Final[dict[int, Kind]] = {
    meaning.status: kind for kind, meaning in reversed(MEANINGS.items()) if kind not in ("other", "bad-body")
}


class Wrong(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request."""

    place: Annotated[str, Meta(description="Where: `query.NAME`, `body`, or a field of it such as `body.at`.")]
    reason: Annotated[str, Meta(description="What is wrong there, and what to send instead.")]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request failed (RFC 9457)."""

    type: Annotated[str, Meta(description="The problem's name, `urn:orion-gateway:problem:` and its kind.")]
    title: Annotated[str, Meta(description="The kind in words: the same for all of its kind.")]
    status: Annotated[int, Meta(description="The status of the answer.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="What is wrong this time.")]
    instance: Annotated[str, Meta(description="The path that was asked for.")]
    errors: Annotated[list[Wrong] | UnsetType, Meta(description="Each thing that is wrong, by its place.")] = UNSET


class Refused(Exception):
    """A request that isn't answered as it asks: a kind, and why in words for whoever asked."""

    def __init__(self, kind: Kind, detail: str, errors: Sequence[Wrong] = (), *, status: int = 0) -> None:
        super().__init__(detail)
        self.kind: Kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.status = status or MEANINGS[kind].status


def wrong_query(errors: Sequence[Wrong]) -> Refused:
    """The refusal of a query, each thing by its name."""
    return Refused("bad-query", "; ".join(wrong.reason for wrong in errors), errors)


def refusal(request: web.BaseRequest, refused: Refused) -> web.Response:
    """The answer to a refused request."""
    problem = Problem(
        type=NAMED + refused.kind,
        title=MEANINGS[refused.kind].title,
        status=refused.status,
        detail=_cut(refused.detail),
        instance=request.rel_url.raw_path,
        errors=[Wrong(wrong.place, _cut(wrong.reason)) for wrong in refused.errors] or UNSET,
    )
    response = web.Response(status=refused.status, body=msgspec.json.encode(problem))
    response.headers[hdrs.CONTENT_TYPE] = MEDIA
    return response


def failing(request: web.Request, status: int, why: str) -> web.Response:
    """The answer to a request that failed before any operation took it up."""
    kind = _BY_STATUS.get(status, "other")
    return refusal(request, Refused(kind, why, status=status))


def _cut(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= DETAIL_MAX else f"{text[: DETAIL_MAX - 1]}…"
