"""Reads single values of a vendor's JSON: the value, None where the vendor says nothing, or BadPayload.

What vendors write alike; what an id or a time looks like differs, and is the connector's to read. Nothing is converted:
1 is no text, and not true. `what` and `key` name the value in the error, which quotes nothing of it.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from gateway.plugin.connector import BadPayload

Json = Mapping[str, Any]
"""An object of JSON."""

Value = TypeVar("Value")


def mapping(value: object, what: str) -> Json:
    """An object. Raises BadPayload for anything else."""
    if not isinstance(value, dict):
        raise BadPayload(f"{what} is no object")
    return value


def mappings(value: object, what: str) -> list[Json]:
    """A list of objects; empty for None. Raises BadPayload for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadPayload(f"{what} is no list")
    return [mapping(item, f"an item of {what}") for item in value]


def text(source: Json, key: str) -> str | None:
    """Text, which may be empty; None for null or no such key. Raises BadPayload for anything else."""
    value = source.get(key)
    if value is not None and not isinstance(value, str):
        raise BadPayload(f"{key} is no text")
    return value


def flag(source: Json, key: str) -> bool | None:
    """True or false; None for null or no such key. Raises BadPayload for anything else, 0 and 1 included."""
    value = source.get(key)
    if value is not None and not isinstance(value, bool):
        raise BadPayload(f"{key} is neither true nor false")
    return value


def needed(value: Value | None, key: str) -> Value:
    """The value that `key` was read as, which must be there. Raises BadPayload for None."""
    if value is None:
        raise BadPayload(f"{key} is missing")
    return value
