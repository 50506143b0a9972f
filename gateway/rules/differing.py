"""Two values of the model compared field by field: where they differ, by the path to each field."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec import Struct

ABSENT: Final = None
"""Stands for what one of the two doesn't have."""


class Differing(NamedTuple):
    """A place such as `clocks[0].met_at`, and what each of the two has there, as plain values."""

    path: str
    one: Any
    other: Any


def differing(one: Any, other: Any, path: str = "") -> Iterator[Differing]:
    """Every place where two values differ, in the order of their fields: as deep down as both have the same shape."""
    if one == other:
        return
    if isinstance(one, Struct) and type(one) is type(other):
        for name in one.__struct_fields__:
            yield from differing(getattr(one, name), getattr(other, name), f"{path}.{name}" if path else name)
    elif isinstance(one, tuple) and isinstance(other, tuple):
        for place in range(max(len(one), len(other))):
            here, there = (value[place] if place < len(value) else ABSENT for value in (one, other))
            yield from differing(here, there, f"{path}[{place}]")
    elif isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from differing(one.get(key, ABSENT), other.get(key, ABSENT), f"{path}[{key}]")
    else:
        yield Differing(path, plain(one), plain(other))


def plain(value: Any) -> Any:
    """A value of the model as dicts, by the names of the fields, and lists."""
    if isinstance(value, Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
