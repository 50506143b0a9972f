"""pydantic's errors in plain words: what is wrong, at which path of the data, and what to write instead.

Law: a message never repeats a value, but for words that should have been one of a fixed list.
"""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gateway.kernel.problems import did_you_mean, key_in_words

_EXPECTED: Mapping[str, str] = {
    "string_type": "text (put it in quotes if it looks like a number, a date or true/false)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_type": "a date such as 2026-12-24",
    "date_parsing": "a date such as 2026-12-24",
    "date_from_datetime_parsing": "a date such as 2026-12-24",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of names to values",
    "mapping_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "dataclass_type": "a mapping of keys to values",
    "none_required": "nothing",
}

_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "multiple_of": ("multiple_of", "must be a multiple of {}"),
    "string_too_short": ("min_length", "must have at least {} character(s)"),
    "string_too_long": ("max_length", "must have at most {} characters"),
    "string_pattern_mismatch": ("pattern", "must match the pattern {}"),
    "too_short": ("min_length", "must have at least {} item(s)"),
    "too_long": ("max_length", "must have at most {} items"),
}


Labels = tuple[tuple[tuple[str | int, ...], str], ...]
"""The members of unions that an error went through, outermost first: the path to the union, and the member's name."""


@dataclass(frozen=True)
class Wrong:
    """One error: the path of the value in the data, or of its key, a short id and a message."""

    path: tuple[str | int, ...]
    id: str
    message: str
    at_key: bool = False


def explain(error: ValidationError, model: type[BaseModel], data: Any) -> list[Wrong]:
    """Every error of a validation. Of a union's members only the one that the data fits best speaks."""
    members: list[tuple[Labels, Wrong]] = []
    for item in error.errors(include_url=False):
        path, labels = _path_in(item["loc"], data, missing=item["type"] == "missing")
        members.append((labels, _wrong(item, path, model)))
    return list(_best(members))


def _path_in(loc: Sequence[Any], data: Any, *, missing: bool) -> tuple[tuple[str | int, ...], Labels]:
    """The path that exists in the data (and one step beyond), and the labels of unions, each with the path to it."""
    path: list[str | int] = []
    labels: list[tuple[tuple[str | int, ...], str]] = []
    for index, part in enumerate(loc):
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data)
        )
        if inside:
            path.append(part)
            data = data[part]
        elif missing and index == len(loc) - 1:
            path.append(part)
        elif part != "[key]":
            labels.append((tuple(path), str(part)))
    return tuple(path), tuple(labels)


def _best(members: list[tuple[Labels, Wrong]]) -> Iterator[Wrong]:
    unions: dict[tuple[str | int, ...], dict[str, list[tuple[Labels, Wrong]]]] = {}
    for labels, wrong in members:
        if not labels:
            yield wrong
            continue
        (path, label), *rest = labels
        unions.setdefault(path, {}).setdefault(label, []).append((tuple(rest), wrong))
    for path, branches in unions.items():
        yield from _joined(branches) or _best(max(branches.values(), key=partial(_fit, path)))


def _fit(path: tuple[str | int, ...], members: list[tuple[Labels, Wrong]]) -> tuple[bool, int, int, int, int]:
    """How well a union's member fits: of the right type at all, its keys the right ones, its errors deep and few."""
    wrongs = [wrong for _, wrong in members]
    typed = not all(wrong.path == path and wrong.message.startswith("expected ") for wrong in wrongs)
    keys = sum(wrong.id in ("unknown-key", "missing-key") and len(wrong.path) == len(path) + 1 for wrong in wrongs)
    meant = sum("did you mean" in wrong.message for wrong in wrongs)
    return typed, -keys, meant, max(len(wrong.path) for wrong in wrongs), -len(wrongs)


def _joined(branches: Mapping[str, list[tuple[Labels, Wrong]]]) -> list[Wrong]:
    """One error for a value that is of none of the union's types."""
    wrongs = [members[0][1] for members in branches.values()]
    alike = all(len(members) == 1 for members in branches.values()) and len({wrong.path for wrong in wrongs}) == 1
    if len(wrongs) < 2 or not alike or not all(wrong.message.startswith("expected ") for wrong in wrongs):
        return []
    texts = dict.fromkeys(wrong.message.removeprefix("expected ") for wrong in wrongs)
    return [Wrong(wrongs[0].path, wrongs[0].id, "expected " + ", or ".join(texts))]


def _wrong(item: Any, path: tuple[str | int, ...], model: type[BaseModel]) -> Wrong:
    kind: str = item["type"]
    context: Mapping[str, Any] = item.get("ctx") or {}
    last = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "missing":
        return Wrong(path, "missing-key", f"the key {last!r} is missing")
    if kind == "extra_forbidden":
        if last == "<<":
            return Wrong(path, "unknown-key", "`<<` merges nothing in YAML 1.2: write the keys out", at_key=True)
        known = _keys_at(model, item["loc"][:-1])
        listed = ", ".join(sorted(known))
        hint = did_you_mean(last, known) or (f"; known here: {listed}" if known else "")
        return Wrong(path, "unknown-key", f"unknown key {key_in_words(last)}{hint}", at_key=True)
    if last == "[key]" and kind == "value_error":
        return Wrong(path, "bad-key", str(context.get("error", "")), at_key=True)
    if last == "[key]":
        return Wrong(path, "bad-key", "a name here must be text; put it in quotes", at_key=True)
    if kind in ("literal_error", "enum"):
        return Wrong(path, "bad-value", _one_of(item["input"], str(context.get("expected", ""))))
    if kind == "bad_secret":
        return Wrong(path, "bad-secret", item["msg"])
    if kind in ("value_error", "assertion_error"):
        return Wrong(path, "bad-value", str(context.get("error", "")) or "is not valid")
    if kind in _EXPECTED:
        return Wrong(path, "bad-value", f"expected {_EXPECTED[kind]}")
    if kind in _LIMITS and _LIMITS[kind][0] in context:
        name, words = _LIMITS[kind]
        return Wrong(path, "bad-value", words.format(context[name]))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return Wrong(path, "bad-value", f"expected one of: {context.get('expected_tags', 'the known shapes')}")
    return Wrong(path, "bad-value", _harmless(item["msg"], item["input"]))


def _one_of(value: Any, expected: str) -> str:
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    if not isinstance(value, str) or len(value) > 40:
        return f"expected {' or '.join(words)}"
    return f"{value!r} is not one of {', '.join(words)}{did_you_mean(value, words)}"


def _harmless(message: str, value: Any) -> str:
    """pydantic's own message, unless it repeats the value."""
    text = str(value)
    return "is not valid here" if len(text) > 3 and text in message else message[:1].lower() + message[1:]


def _keys_at(model: type[BaseModel], loc: Iterable[Any]) -> set[str]:
    """The keys that a mapping at `loc` may have, as the models say."""
    candidates: list[Any] = [model]
    for part in loc:
        named = [candidate for candidate in candidates if getattr(candidate, "__name__", None) == part]
        forward = named or [inner for candidate in candidates for inner in _step(candidate, part)]
        candidates = forward or candidates
    return {
        field.alias or name
        for candidate in candidates
        if isinstance(candidate, type) and issubclass(candidate, BaseModel)
        for name, field in candidate.model_fields.items()
    }


def _step(annotation: Any, part: Any) -> Iterator[Any]:
    """The types of what stands under `part` in a value of the type `annotation`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part == (field.alias or name):
                yield from _flat(field.annotation)
    elif get_args(annotation):
        for inner in get_args(annotation)[-1:] if get_origin(annotation) is dict else get_args(annotation):
            yield from _flat(inner)


def _flat(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _flat(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _flat(inner)
    elif annotation is not type(None) and annotation is not Ellipsis:
        yield annotation
