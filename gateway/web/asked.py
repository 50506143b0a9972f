"""What a request asks of a listing: how many rows, and which. Whatever else stands in a query is refused by name."""

from collections.abc import Collection

from aiohttp import web

LIMIT = 100
LIMIT_MAX = 1_000
"""Rows of one listing."""

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


def word_of(request: web.Request, name: str, words: Collection[str]) -> str | None:
    """One of fixed words; None where the query has none. Raises BadQuestion."""
    word = request.query.get(name)
    if word is not None and word not in words:
        raise BadQuestion(f"{name} is one of {', '.join(words)}")
    return word


def only(request: web.Request, *names: str) -> None:
    """Refuse a query that has anything but `names`. Raises BadQuestion."""
    if set(request.query) - set(names):
        raise BadQuestion(f"the query may have {', '.join(names)}" if names else "this takes no query")
