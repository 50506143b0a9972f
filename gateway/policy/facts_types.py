"""The types of enrichers' facts as plain values, so that they can be kept beside the policy that was checked by them.

A type is a word, `[type]` for a list of it, or a mapping of fields to their types. Laws: fields have the names under
which facts are stored; what can't be told, or lies too deep, is untyped; the same types are told by the same text.
"""

import types
from collections.abc import Mapping
from itertools import count
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

DEPTH_MAX: Final = 6
"""Levels of an enricher's own types; what lies deeper is untyped."""

FIELDS_MAX: Final = 1_000
"""Of one enricher, at all levels; what comes behind them is untyped."""

UNTYPED: Final = "mapping"
"""The facts of an enricher of which nothing is known: a mapping of anything."""

WORDS: Final = frozenset({"text", "whole", "number", "flag", "anything", UNTYPED})

FactsType = str | list["FactsType"] | dict[str, "FactsType"]
"""One of the words, or a list or mapping as above."""

FactsTypes = Mapping[str, FactsType]
"""By enricher."""

_SCALARS: Final = ((bool, "flag"), (int, "whole"), (float, "number"), (str, "text"))


def facts_type_of(declared: type | None) -> FactsType:
    """What an enricher's `facts_type`, a msgspec Struct, says; None: nobody knows it."""
    return UNTYPED if declared is None else _of(declared, 0, count())


def told(facts: FactsTypes) -> bytes:
    """The types as JSON, empty where there is none."""
    return msgspec.json.encode(facts, order="sorted") if facts else b""


def read_told(body: bytes) -> dict[str, FactsType]:
    """What `told` has written. Raises ValueError for anything else."""
    types = msgspec.json.decode(body, type=dict[str, Any]) if body else {}
    return {name: _checked(type_) for name, type_ in types.items()}


def _checked(value: Any, inside_list: bool = False) -> FactsType:
    if isinstance(value, dict):
        return {name: _checked(inner) for name, inner in value.items()}
    if isinstance(value, list) and len(value) == 1 and not inside_list:
        return [_checked(value[0], inside_list=True)]
    if isinstance(value, str) and value in WORDS:
        return value
    raise ValueError(f"{str(value)[:40]!r} is no type of facts")


def _of(hint: Any, depth: int, seen: "count[int]") -> FactsType:
    hint = _bare(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _fields(hint, depth, seen)
    if origin in (list, tuple, set, frozenset) and arguments:
        inner = _of(arguments[0], depth, seen)
        return "anything" if isinstance(inner, list) else [inner]
    if origin is dict or hint is dict:
        return UNTYPED
    if origin is Literal:
        return "text" if all(isinstance(word, str) for word in arguments) else "anything"
    return next((word for kind, word in _SCALARS if isinstance(hint, type) and issubclass(hint, kind)), "anything")


def _fields(declared: type[msgspec.Struct], depth: int, seen: "count[int]") -> FactsType:
    if depth > DEPTH_MAX:
        return UNTYPED
    found: dict[str, FactsType] = {}
    for field in msgspec.structs.fields(declared):
        if next(seen) >= FIELDS_MAX:
            return UNTYPED
        found[field.encode_name] = _of(field.type, depth + 1, seen)
    return found


def _bare(hint: Any) -> Any:
    """A type without its annotations, and without None or UNSET beside it."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        members = [inner for inner in get_args(hint) if inner not in (type(None), msgspec.UnsetType)]
        return _bare(members[0]) if len(members) == 1 else Any
    return hint
