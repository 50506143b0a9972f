"""Checks of what an enricher may say: facts that conditions can read, each with a default, each described."""

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from gateway.kernel.json_schema import attribute_texts
from gateway.testing.check import Unmet, check
from gateway.testing.places import told, where
from gateway.testing.subject import Subject

DEPTH_MAX: Final = 4
"""Structs within structs; conditions go a little deeper, people don't."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
     "namespace", "null", "package", "return", "true", "var", "void", "while"}
)  # fmt: skip
"""Words of the language of conditions: none of them can stand behind a dot."""

_SCALARS: Final = (str, int, float, bool)


@check("facts-typed", "Every fact has a type that conditions can read", level="bronze", since="1.2", of=("enricher",))
def facts_typed(subject: Subject) -> None:
    """Each field of `facts_type` is a text, a number, a boolean, a Struct of such fields, or a list or tuple of one of
    them; None may stand beside it. Its name is in small letters, and no word of the language of conditions.

    Why: `contact.facts.NAME.paid > 500.0` is checked when a policy is loaded; of an untyped field nothing can be.
    Mend: give each fact a field of its own; write an instant as text (`2026-03-02T09:00:00Z`).

    Example::

        class Facts(msgspec.Struct, frozen=True, kw_only=True):
            orders: int = 0
            last_order_at: str = ""
    """
    for path, name, hint in _fields(subject.kind.facts_type):
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise _unmet(subject, f"`{path}` can't be written in a condition")
        if hint is not None:
            raise _unmet(subject, f"`{path}` is {hint}, which conditions can't read as a type")


@check("facts-defaults", "Every fact has a default", level="bronze", since="1.2", of=("enricher",))
def facts_defaults(subject: Subject) -> None:
    """`facts_type` and each Struct in it can be made without arguments.

    Why: facts that were kept by an older version lack the fields of a newer one; a condition reads the default.
    Mend: give each field the value that it has for somebody who isn't known: 0, an empty text, False.
    """
    kinds = [subject.kind.facts_type, *_structs(subject.kind.facts_type)]
    for kind in kinds:
        try:
            kind()
        except TypeError as error:
            raise _unmet(subject, f"{kind.__name__} can't be made without arguments: {told(error)}") from None


@check("facts-described", "Every fact is described", level="silver", since="1.2", of=("enricher",))
def facts_described(subject: Subject) -> None:
    """Behind each field of `facts_type` there stands a string that says what it is.

    Why: whoever writes a rule has nothing else to read: is `paid` before refunds or after, in cents or in euros?
    Mend: write a string of one sentence on the line below the field.
    """
    for kind in (subject.kind.facts_type, *_structs(subject.kind.facts_type)):
        texts = attribute_texts(kind)
        if bare := [name for name in kind.__struct_fields__ if not texts.get(name, "").strip()]:
            raise _unmet(subject, f"nothing is said about `{kind.__name__}.{bare[0]}`")


def _fields(kind: type, before: str = "", depth: int = 1) -> Iterator[tuple[str, str, str | None]]:
    """Path and name of every field, and what its type is, if conditions can't read it."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        path = f"{before}{name}"
        bare, listed = _bare(hint), False
        if get_origin(bare) in (list, tuple):
            bare, listed = _bare(_item(bare)), True
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            yield path, name, None if depth < DEPTH_MAX else "nested too deep"
            if depth < DEPTH_MAX:
                yield from _fields(bare, f"{path}.", depth + 1)
        elif isinstance(bare, type) and issubclass(bare, _SCALARS):
            yield path, name, None
        else:
            yield path, name, f"{'a list of ' if listed else ''}{getattr(bare, '__name__', bare)}"


def _structs(kind: type, depth: int = 1) -> list[type[msgspec.Struct]]:
    """The Structs within a Struct."""
    found: list[type[msgspec.Struct]] = []
    for hint in get_type_hints(kind, include_extras=True).values():
        bare = _bare(hint)
        bare = _bare(_item(bare)) if get_origin(bare) in (list, tuple) else bare
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and depth < DEPTH_MAX:
            found += [bare, *_structs(bare, depth + 1)]
    return list(dict.fromkeys(found))


def _item(hint: Any) -> Any:
    """What a list is of, or a tuple of any length; Any for a tuple of so many."""
    of = get_args(hint)
    return of[0] if of and (get_origin(hint) is list or of[1:] == (...,)) else Any


def _bare(hint: Any) -> Any:
    """A type without its annotations, and without None beside it."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        members = [inner for inner in get_args(hint) if inner not in (type(None), msgspec.UnsetType)]
        return _bare(members[0]) if len(members) == 1 else Any
    return hint


def _unmet(subject: Subject, what: str) -> Unmet:
    return Unmet(what, where=where(subject.kind.facts_type))
