"""Reads single values of a provider's JSON: the value, nothing where nothing is said, or BadPayload.

What both providers write alike; each has a module of its own for the rest. Every text is cut: what is kept is small.
"""

from typing import Final

from gateway.plugin import BadPayload, Json, mapping
from gateway.plugin import text as plain_text

TEXT_MAX: Final = 200
"""Characters of a text that are kept."""


def part(source: Json, key: str) -> Json:
    """An object within another; empty where there is none."""
    value = source.get(key)
    return {} if value is None else mapping(value, key)


def text(source: Json, key: str) -> str:
    """Text, cut; empty where there is none."""
    return (plain_text(source, key) or "")[:TEXT_MAX]


def whole(value: object, key: str, at_most: int) -> int:
    """A whole number from -`at_most` to `at_most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not -at_most <= value <= at_most:
        raise BadPayload(f"{key} is no number that is possible")
    return value
