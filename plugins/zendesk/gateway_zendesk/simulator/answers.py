"""Answers as Zendesk's API gives them: JSON, its four kinds of errors, and pages by cursor or by number."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from gateway_zendesk.simulator.ticket import Json

PER_PAGE_MAX: Final = 100
ROWS_BY_NUMBER_MAX: Final = 10_000
_ENCODER = msgspec.json.Encoder()
Item = TypeVar("Item")


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        self.status, self.content, self.headers = status, content, headers


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON."""
    body = _ENCODER.encode(content)
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


def no_record() -> Refusal:
    """There is nothing of this id."""
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


def no_endpoint() -> Refusal:
    """There is no such path, or the plan lacks it."""
    return Refusal(404, {"error": "InvalidEndpoint", "description": "Not found"})


def forbidden() -> Refusal:
    """Whoever asks may not, or the plan lacks it."""
    message = (
        "You do not have access to this page. Please contact the account owner of this help desk for further help."
    )
    return Refusal(403, {"error": {"title": "Forbidden", "message": message}})


def stranger() -> Refusal:
    """Nobody known asks."""
    return Refusal(401, {"error": "Couldn't authenticate you"})


def invalid(description: str) -> Refusal:
    """A parameter is wrong."""
    return Refusal(400, {"error": "InvalidValue", "description": description})


def bad_page(detail: str, code: str = "InvalidPaginationParameter") -> Refusal:
    """A page that there is not."""
    return Refusal(400, {"errors": [{"code": code, "title": "Invalid pagination parameter", "detail": detail}]})


def number(request: web.Request, name: str, default: int | None = None) -> int:
    """A parameter that is a whole number. Raises Refusal."""
    given = request.query.get(name)
    if given is None and default is not None:
        return default
    try:
        return int(given or "")
    except ValueError:
        raise invalid(f"{name} is no number") from None


def included(request: web.Request) -> frozenset[str]:
    """What the request wants beside."""
    return frozenset(request.query.get("include", "").replace(" ", "").split(",")) - {""}


def listed(
    request: web.Request,
    base: str,
    name: str,
    rows: Sequence[Item],
    shown: Callable[[Item], Json],
    id_of: Callable[[Item], int],
    size_max: int = PER_PAGE_MAX,
) -> tuple[Json, list[Item]]:
    """A page of `rows`, which are in the order of their ids: by cursor where the request says so, else by number."""
    url = f"{base}{request.path}"
    if "page[size]" in request.query or "page[after]" in request.query:
        return _by_cursor(request, url, name, rows, shown, id_of, size_max)
    size = max(1, min(number(request, "per_page", size_max), size_max))
    page = number(request, "page", 1)
    if page < 1 or page * size > max(ROWS_BY_NUMBER_MAX, size):
        raise bad_page("the page is beyond the 10,000th row", "InvalidPaginationDepth")
    chosen = list(rows[(page - 1) * size : page * size])
    more = len(rows) > page * size
    kept = _kept(request)
    links = {
        "next_page": f"{url}?page={page + 1}&per_page={size}{kept}" if more else None,
        "previous_page": f"{url}?page={page - 1}&per_page={size}{kept}" if page > 1 else None,
    }
    return {name: [shown(row) for row in chosen], **links, "count": len(rows)}, chosen


def _by_cursor(
    request: web.Request,
    url: str,
    name: str,
    rows: Sequence[Item],
    shown: Callable[[Item], Json],
    id_of: Callable[[Item], int],
    size_max: int,
) -> tuple[Json, list[Item]]:
    size = number(request, "page[size]", size_max)
    if not 1 <= size <= PER_PAGE_MAX:
        raise bad_page(f"page[size] is not from 1 to {PER_PAGE_MAX}")
    size = min(size, size_max)
    after = position(request.query["page[after]"]) if "page[after]" in request.query else None
    rest = [row for row in rows if after is None or id_of(row) > after]
    chosen = rest[:size]
    more = len(rest) > size
    last = cursor_at(id_of(chosen[-1])) if chosen else None
    kept = _kept(request)
    meta = {
        "has_more": more,
        "after_cursor": last,
        "before_cursor": cursor_at(id_of(chosen[0])) if chosen else None,
    }
    after_url = f"{url}?page%5Bafter%5D={last}&page%5Bsize%5D={size}{kept}"
    links = {"next": after_url if more else None, "prev": None}
    return {name: [shown(row) for row in chosen], "meta": meta, "links": links}, chosen


def _kept(request: web.Request) -> str:
    """What of the query stays from page to page."""
    kept = {key: value for key, value in request.query.items() if not key.startswith(("page", "per_page"))}
    return f"&{urlencode(kept)}" if kept else ""


def cursor_at(id: int) -> str:
    """The cursor behind a row of a list."""
    return base64.urlsafe_b64encode(f"o:{id}".encode()).decode().rstrip("=")


def position(cursor: str) -> int:
    """The row behind which a cursor stands. Raises Refusal."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return int(base64.b64decode(padded, altchars=b"-_", validate=True).decode().removeprefix("o:"))
    except (binascii.Error, UnicodeError, ValueError):
        raise bad_page("page[after] is not valid") from None
