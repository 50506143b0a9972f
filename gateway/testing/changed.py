"""Documents with one thing wrong in them, at a time: what vendors send on their worse days."""

import json
from collections.abc import Iterator
from typing import Any, Final

_UNKNOWN: Final = "kit_unknown_word"
_TEXT: Final = "שלום עולם 👩‍👩‍👧‍👦 \u202eevil\u202c é \x00 \ud7ff"


def changes(value: Any) -> Iterator[tuple[str, Any]]:
    """The document with one thing wrong in it, at a time, and what."""
    for path in _paths(value):
        place = ".".join(map(str, path)) or "the whole"
        old = _at(value, path)
        if inner := _document_in(old):
            for within, changed in changes(inner):
                yield f"within the text `{place}`, {within}", _with(value, path, json.dumps(changed))
        yield f"no `{place}`", _without(value, path)
        wrong: tuple[Any, ...] = (None, [old], {"kit": old}, _UNKNOWN, "", 10**30, -1, 1.5, True)
        for new in wrong:
            yield f"`{place}` = {json.dumps(new)[:40]}", _with(value, path, new)


def _document_in(value: Any) -> dict[str, Any]:
    """The document that a text holds; empty where it holds none."""
    try:
        inner = json.loads(value) if isinstance(value, str) and value[:1] == "{" else {}
    except ValueError:
        return {}
    return inner if isinstance(inner, dict) else {}


def texts(value: Any) -> Iterator[tuple[str, Any]]:
    """The document with one of its texts in many scripts, and which."""
    for path in _paths(value):
        if isinstance(_at(value, path), str):
            yield ".".join(map(str, path)), _with(value, path, _TEXT)


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, but of long lists the first two items only."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from _paths(inner, (*before, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of the document with another value at a place; what isn't on the way there is shared."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], new)
    return copy


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(value[path[0]], path[1:])
    return copy
