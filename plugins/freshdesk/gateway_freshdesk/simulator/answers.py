"""Answers as Freshdesk's API gives them: JSON, its kinds of errors, and pages by number with a `Link` to the next."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from gateway.plugin import BadPayload, Instant, parse_instant, read_json
from gateway_freshdesk.simulator.ticket import Json

PER_PAGE: Final = 30
PER_PAGE_MAX: Final = 100
_DIGITS_MAX: Final = 9
_ENCODER = msgspec.json.Encoder()
Item = TypeVar("Item")


class Refusal(Exception):
    """A request that is answered with an error; without content, with an empty body."""

    def __init__(self, status: int, content: Any = None, headers: dict[str, str] | None = None) -> None:
        self.status, self.content, self.headers = status, content, headers


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON; without content, an empty body."""
    body = b"" if content is None else _ENCODER.encode(content)
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


def nothing_there() -> Refusal:
    """There is no such thing: Freshdesk has no words for it."""
    return Refusal(404)


def stranger() -> Refusal:
    """Nobody known asks."""
    return Refusal(401, {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."})


def no_feature(name: str) -> Refusal:
    """The plan lacks it."""
    message = f"The {name} feature(s) is/are not supported in your plan. Please upgrade your account to use it."
    return Refusal(403, {"code": "require_feature", "message": message})


def not_here(method: str) -> Refusal:
    """It is removed, and may not be changed."""
    return Refusal(405, {"message": f"{method} method is not allowed. It should be one of these method(s): GET"})


def invalid(field: str, message: str, code: str = "invalid_value") -> Refusal:
    """Something of the request is wrong."""
    errors = [{"field": field, "message": message, "code": code}]
    return Refusal(400, {"description": "Validation failed", "errors": errors})


def number(request: web.Request, name: str, default: int, most: int) -> int:
    """A parameter that is a whole number from 1 to `most`. Raises Refusal."""
    given = request.query.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= _DIGITS_MAX and 1 <= int(given) <= most):
        upper = "" if most == PAGE_ANY else f" less than or equal to {most}"
        raise invalid(name, f"It should be a Positive Integer{upper}")
    return int(given)


PAGE_ANY: Final = 10**_DIGITS_MAX
"""More pages than there are."""


def page_of(request: web.Request, size_max: int) -> tuple[int, int]:
    """Which page is asked for, and of how many rows. Raises Refusal."""
    page = number(request, "page", 1, PAGE_ANY)
    return page, min(number(request, "per_page", PER_PAGE, PER_PAGE_MAX), size_max)


def instant(request: web.Request, name: str) -> Instant | None:
    """A parameter that is a time in ISO 8601; None where it isn't given. Raises Refusal."""
    given = request.query.get(name)
    if given is None:
        return None
    try:
        return parse_instant(given)
    except (ValueError, OverflowError):
        raise invalid(name, "It should be in the 'combined date and time ISO8601' format", "invalid_date") from None


def chosen(request: web.Request, name: str, words: Sequence[str], default: str) -> str:
    """A parameter that is one of these words. Raises Refusal."""
    given = request.query.get(name, default)
    if given not in words:
        raise invalid(name, f"It should be one of these values: '{','.join(words)}'")
    return given


def listed(
    request: web.Request, rows: Sequence[Item], shown: Callable[[Item], Json], size_max: int, base: str
) -> web.Response:
    """A page of `rows`, with a link to the next one where there is one. Raises Refusal."""
    page, size = page_of(request, size_max)
    found = [shown(row) for row in rows[(page - 1) * size : page * size]]
    return reply(found, headers=next_link(request, page, base) if len(rows) > page * size else None)


def next_link(request: web.Request, page: int, base: str) -> dict[str, str]:
    """The header that names the next page."""
    query = urlencode({**request.query, "page": str(page + 1)})
    return {"Link": f'<{base}{request.path}?{query}>; rel="next"'}


async def sent(request: web.Request) -> Json:
    """The JSON object that a request brings. Raises Refusal."""
    try:
        body = read_json(await request.read())
    except BadPayload:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, {"code": "invalid_json", "message": "Request body has invalid json format"})
    return body
