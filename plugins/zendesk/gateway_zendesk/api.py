"""Asking Zendesk's API: one object, pages turned to their end, and what a refusal says.

Laws. Everything that fails is a VendorError. Links to the next page aren't followed: behind a proxy they lead past it.
An answer of another shape than the API's is ill weather (Transient), never an object that is gone.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from gateway.plugin import (
    BadPayload,
    Instant,
    Permanent,
    RateLimited,
    Record,
    Transient,
    VendorError,
    VendorHttp,
    VendorResponse,
    read_json,
)

T = TypeVar("T")

PER_PAGE: Final = 100
"""The most that Zendesk gives on a page of a list."""

_OFFSET_LIMIT = b"Pagination limit reached"
_LACKING: Final = {403: ("Forbidden", "AccessDenied", "NotAuthorized"), 404: ("InvalidEndpoint",)}
_WRONG_SHAPE = "the vendor answered JSON of another shape than its API has"
_USER_KEYS = ("id", "name", "email", "phone", "role", "locale", "verified", "suspended")
Params = Mapping[str, str | int]


async def ask(http: VendorHttp, path: str, params: Params | None = None) -> dict[str, Any]:
    """The object at `path`. Raises VendorError."""
    return an_object((await answer_of(http, path, params)).json())


async def answer_of(http: VendorHttp, path: str, params: Params | None = None) -> VendorResponse:
    """The answer of `path`. A 429 that no waiting ends, for a page too far in a numbered list, is Permanent."""
    try:
        return await http.get(path, params)
    except RateLimited as error:
        if _OFFSET_LIMIT in error.body:
            what = f"{path}: Zendesk turns no more pages by number here"
            raise Permanent(what, status=error.status, body=error.body) from None
        raise


async def pages(
    http: VendorHttp, path: str, params: Params | None = None, *, at_most: int
) -> AsyncIterator[dict[str, Any]]:
    """The pages of a list, one at a time, at most `at_most`; the last of them says that there are more.

    Pages are turned by cursor, or by number where Zendesk still does so.
    """
    turn: dict[str, str | int] = {}
    for _ in range(at_most):
        page = await ask(http, path, {"page[size]": PER_PAGE, **(params or {}), **turn})
        yield page
        following = _following(page, turn)
        if following is None:
            return
        if following == turn:
            raise Transient(f"{path}: the page behind a page is that page again")
        turn = following


def read_as(kind: type[T], body: bytes | msgspec.Raw) -> T:
    """An answer, or a piece of one, as a shape. Raises Transient."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Transient(_WRONG_SHAPE) from None


def has_more(page: Mapping[str, Any]) -> bool:
    """Whether there is a page behind this one."""
    return _following(page, {}) is not None


def _following(page: Mapping[str, Any], turn: Params) -> dict[str, str | int] | None:
    meta = page.get("meta")
    if isinstance(meta, dict):
        after = meta.get("after_cursor")
        return {"page[after]": after} if meta.get("has_more") is True and isinstance(after, str) and after else None
    return {"page": int(turn.get("page", 1)) + 1} if page.get("next_page") else None


def an_object(value: object) -> dict[str, Any]:
    """An object of an answer."""
    if not isinstance(value, dict):
        raise Transient(_WRONG_SHAPE)
    return value


def objects(value: object) -> list[dict[str, Any]]:
    """A list of objects of an answer; empty where there is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Transient(_WRONG_SHAPE)
    return [an_object(item) for item in value]


def trimmed(users: Iterable[Mapping[str, Any]], *more: str) -> list[dict[str, Any]]:
    """Users with what is needed of them (and `more`), and no more of a person than that."""
    keys = (*_USER_KEYS, *more)
    return [{key: user[key] for key in keys if key in user} for user in users if isinstance(user.get("id"), int)]


def fetched(content: Mapping[str, Any], now: int, version: int | None = None) -> Record:
    """What a look-up found, as a record."""
    return Record(body=msgspec.json.encode(content), form="fetched", version=version, received_at=Instant(now))


class Refusal(NamedTuple):
    """What Zendesk says about a request that it refuses."""

    name: str
    words: str


def refusal(body: bytes) -> Refusal:
    """The name and the words of an error, from any of the shapes in which Zendesk tells it; empty for any other."""
    try:
        answer = read_json(body)
    except BadPayload:
        return Refusal("", "")
    listed = answer.get("errors") if isinstance(answer, dict) else None
    error = (
        listed[0] if isinstance(listed, list) and listed else answer.get("error") if isinstance(answer, dict) else None
    )
    if isinstance(error, str):
        return Refusal(error, _first_text(answer, "description", "message"))
    if isinstance(error, dict):
        return Refusal(_first_text(error, "code", "title"), _first_text(error, "detail", "message", "title"))
    return Refusal("", "")


def _first_text(source: Mapping[str, Any], *keys: str) -> str:
    return next((value for key in keys if isinstance(value := source.get(key), str)), "")[:200]


def is_gone(error: VendorError) -> bool:
    """Whether a refusal says that the object is not there, rather than that there is no such API."""
    return error.status == 404 and refusal(error.body).name == "RecordNotFound"


def is_not_available(error: VendorError) -> bool:
    """Whether Zendesk itself says that the account or the token hasn't got this API; a proxy's page says nothing."""
    return refusal(error.body).name in _LACKING.get(error.status or 0, ())
