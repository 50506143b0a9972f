"""The shape of what is kept: every struct with its fields, their order, types and defaults, as lines to compare."""

import re
import types
from collections.abc import Iterator
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

_WORDS: Final = re.compile(r"'[^']*'(?: \| '[^']*')*")

Shape = dict[str, list[str]]
"""Each struct by its name: how it is laid out, then one line a field."""


def shape_of(kind: Any) -> Shape:
    """The shape of a type and of all structs in it."""
    found: Shape = {}
    waiting = list(_structs(kind))
    while waiting:
        struct = waiting.pop(0)
        if struct.__name__ not in found:
            found[struct.__name__] = [_layout(struct), *_fields(struct)]
            hints = get_type_hints(struct, include_extras=True)
            waiting.extend(inner for name in struct.__struct_fields__ for inner in _structs(hints[name]))
    return found


def only_added(before: Shape, after: Shape) -> bool:
    """Whether nothing has changed but that fields with a default were added (at the end of arrays, anywhere in maps),
    or words to fields of fixed words."""
    return all(_only_longer(lines, after.get(name, [])) for name, lines in before.items())


def _only_longer(before: list[str], after: list[str]) -> bool:
    is_map = before[0].startswith("map")
    after = [next((old for old in before if _has_more_words(old, line)), line) for line in after]
    kept = [line for line in after if line in before] if is_map else after[: len(before)]
    added = [line for line in after if line not in before] if is_map else after[len(before) :]
    return kept == before and all(" = " in line for line in added)


def _has_more_words(before: str, after: str) -> bool:
    """Whether a field is as it was, but for words that were added to those which it may have."""
    if _WORDS.sub("", before) != _WORDS.sub("", after):
        return False
    pairs = zip(_WORDS.findall(before), _WORDS.findall(after), strict=True)
    return all(set(old.split(" | ")) <= set(new.split(" | ")) for old, new in pairs)


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for inner in get_args(kind):
        yield from _structs(inner)


def _layout(struct: type[msgspec.Struct]) -> str:
    config = struct.__struct_config__
    words = ["array" if config.array_like else "map"]
    words += [f"{config.tag_field}: {config.tag}"] if config.tag_field else []
    words += ["defaults left out"] if config.omit_defaults else []
    return ", ".join(words)


def _fields(struct: type[msgspec.Struct]) -> Iterator[str]:
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        default = ""
        if field.default is not msgspec.NODEFAULT:
            default = f" = {field.default!r}"
        elif field.default_factory is not msgspec.NODEFAULT:
            default = f" = {field.default_factory()!r}"
        yield f"{field.encode_name}: {_named(hints[field.name])}{default}"


def _named(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if kind in (None, type(None)):
        return "None"
    if origin is Literal:
        return " | ".join(repr(word) for word in inner)
    if origin in (Union, types.UnionType):
        return " | ".join(_named(part) for part in inner)
    if hasattr(kind, "__metadata__"):
        return f"{_named(inner[0])} {' '.join(map(repr, kind.__metadata__))}"
    if kind is ...:
        return "..."
    name = "UNSET" if kind is msgspec.UnsetType else getattr(origin or kind, "__name__", str(kind))
    return f"{name}[{', '.join(map(_named, inner))}]" if inner else name
