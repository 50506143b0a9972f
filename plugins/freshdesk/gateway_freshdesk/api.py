"""Asking Freshdesk's API: one object, pages of a list, and what a refusal says.

Laws. Everything that fails is a VendorError. Links to the next page say that there is one, and aren't followed: behind
a proxy they lead past it. An answer of another shape than the API's is ill weather (Transient), never an object that is
gone. Freshdesk counts credits, of which a request may cost several, and each answer says how many are left to all that
speaks to the account: what reads the past rests when they run low, and everything before they are spent.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import BadPayload, Instant, Record, Transient, VendorError, VendorHttp, VendorResponse, read_json

PER_PAGE: Final = 100
"""The most that Freshdesk gives on a page of a list."""

_WRONG_SHAPE: Final = "the vendor answered JSON of another shape than its API has"
_NOT_KEPT: Final = frozenset(
    {
        "attachments",
        "bcc_emails",
        "body",
        "cc_emails",
        "cloud_files",
        "description",
        "feedback",
        "from_email",
        "fwd_emails",
        "reply_cc_emails",
        "source_additional_info",
        "structured_description",
        "support_email",
        "ticket_cc_emails",
        "to_emails",
    }
)
_LACKING: Final = ("require_feature", "access_denied")
Params = Mapping[str, str | int]

ACCOUNT: Final = "/api/v2"
"""A path that the account's limit concerns, and no narrower one."""

REST_S: Final = 15.0
"""How long requests rest where credits run low, in seconds: Freshdesk counts by the minute."""

SPENT_AT: Final = 10
"""With fewer credits left than these, nothing is asked: a page of tickets costs seven."""

LOW_AT: Final = 0.25
"""With less than this share of its credits left, an account's past rests."""


class Sheet(NamedTuple):
    """A page of a list: its objects, and whether there is a page behind it."""

    rows: list[dict[str, Any]]
    more: bool


async def ask(http: VendorHttp, path: str, params: Params | None = None) -> dict[str, Any]:
    """The object at `path`. Raises VendorError."""
    return an_object((await answer_of(http, path, params)).json())


async def answer_of(http: VendorHttp, path: str, params: Params | None = None) -> VendorResponse:
    """The answer of `path`, minding what it says of the credits that are left. Raises VendorError."""
    answer = await http.get(path, params)
    left, total = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "total"))
    if _is_count(left) and _is_count(total):
        if int(left) < SPENT_AT < int(total):
            http.rest(ACCOUNT, REST_S)
        elif int(left) < LOW_AT * int(total):
            http.rest(ACCOUNT, REST_S, past_only=True)
    return answer


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


async def sheet(http: VendorHttp, path: str, params: Params, page: int = 1) -> Sheet:
    """One page of a list, counted from 1. Raises VendorError."""
    answer = await answer_of(http, path, {**params, "per_page": PER_PAGE, "page": page})
    rows = objects(answer.json())
    return Sheet(rows, len(rows) >= PER_PAGE or _has_next(answer))


async def sheets(http: VendorHttp, path: str, *, at_most: int) -> AsyncIterator[Sheet]:
    """The pages of a list, one at a time, at most `at_most`; the last of them says whether there are more."""
    for page in range(1, at_most + 1):
        one = await sheet(http, path, {}, page)
        yield one
        if not one.more:
            return


def _has_next(answer: VendorResponse) -> bool:
    return 'rel="next"' in answer.headers.get("link", "")


def an_object(value: object) -> dict[str, Any]:
    """An object of an answer."""
    if not isinstance(value, dict):
        raise Transient(_WRONG_SHAPE)
    return value


def objects(value: object) -> list[dict[str, Any]]:
    """A list of objects of an answer."""
    if not isinstance(value, list):
        raise Transient(_WRONG_SHAPE)
    return [an_object(item) for item in value]


def trimmed(thing: dict[str, Any]) -> dict[str, Any]:
    """A ticket, an entry or a rating without what is told twice (the text as HTML), without addresses of files, which
    open them to whoever has the address, and without addresses and words of people that nobody needs here."""
    return {key: value for key, value in thing.items() if key not in _NOT_KEPT}


def fetched(content: Mapping[str, Any], now: int, version: int | None = None) -> Record:
    """What a look-up found, as a record."""
    return Record(body=msgspec.json.encode(content), form="fetched", version=version, received_at=Instant(now))


def code_of(error: VendorError) -> str:
    """The code of a refusal, such as `require_feature`; empty where it tells none."""
    try:
        answer = read_json(error.body)
    except BadPayload:
        return ""
    code = answer.get("code") if isinstance(answer, dict) else None
    return code[:100] if isinstance(code, str) else ""


def is_gone(error: VendorError) -> bool:
    """Whether a refusal says that the object is not there."""
    return error.status == 404


def is_not_available(error: VendorError) -> bool:
    """Whether Freshdesk itself says that the plan or the agent hasn't got this; a proxy's page says nothing."""
    return error.status == 403 and code_of(error) in _LACKING
