"""What a request asks of a listing: how many rows, and which. Whatever else stands in a query is refused by name."""

from collections.abc import Collection

from aiohttp import web

from gateway.model.instant import parse_instant

LIMIT = 100
LIMIT_MAX = 1_000
"""Rows of one listing."""

NUMBER_MAX = 2**63 - 1
DELIVERY_STATES = ("ready", "leased", "delivered", "dead")
RECORD_STATES = ("ready", "leased", "parked", "done")


class BadQuestion(ValueError):
    """A query that can't be answered, with what to ask instead."""


def limit_of(request: web.Request) -> int:
    """`limit`, from 1 to LIMIT_MAX. Raises BadQuestion."""
    text = request.query.get("limit", str(LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= LIMIT_MAX):
        raise BadQuestion(f"limit is a number from 1 to {LIMIT_MAX}")
    return int(text)


def number_of(request: web.Request, name: str) -> int:
    """A whole number from 0 to 2^63 - 1, once; 0 where the query has none. Raises BadQuestion."""
    texts = request.query.getall(name, ["0"])
    text = texts[0]
    if len(texts) != 1 or not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= NUMBER_MAX):
        raise BadQuestion(f"{name} is one number from 0 to {NUMBER_MAX}")
    return int(text)


def word_of(request: web.Request, name: str, words: Collection[str]) -> str | None:
    """One of fixed words; None where the query has none. Raises BadQuestion."""
    word = request.query.get(name)
    if word is not None and word not in words:
        raise BadQuestion(f"{name} is one of {', '.join(words)}")
    return word


def instant_of(request: web.Request, name: str) -> int | None:
    """An instant in RFC 3339, once; None where the query has none. Raises BadQuestion."""
    texts = request.query.getall(name, [])
    if not texts:
        return None
    try:
        if len(texts) > 1:
            raise ValueError("it is asked for more than once")
        return parse_instant(texts[0][:100])
    except ValueError as error:
        raise BadQuestion(f"{name} is one time such as 2026-03-02T09:00:00Z: {error}") from None


def only(request: web.Request, *names: str) -> None:
    """Refuse a query that has anything but `names`. Raises BadQuestion."""
    if set(request.query) - set(names):
        raise BadQuestion(f"the query may have {', '.join(names)}" if names else "this takes no query")
