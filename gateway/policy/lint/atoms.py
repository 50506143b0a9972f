"""What single comparisons in a condition say: of a field and of written values, as far as it can be known.

Only what is certain is taken: a comparison that isn't one of a field with constants is None, and stays a fact of its
own.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.policy.expressions import VARIABLE
from gateway.policy.syntax import Call, Constant, Listed, Loop, Select, Tree, Variable, children

Test = Callable[[Any], bool]

NOT, AND, OR, CHOICE = "!_", "_&&_", "_||_", "_?:_"
EQUAL, UNEQUAL, IN = "_==_", "_!=_", "@in"

_COMPARES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    EQUAL: operator.eq,
    UNEQUAL: operator.ne,
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}
_TURNED: Final = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_"}
_METHODS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
}
_NEVER_FAIL: Final = frozenset((NOT, AND, OR, CHOICE, IN, "size", *_COMPARES, *_METHODS))
_PLAIN: Final = ("string_value", "int64_value")
_UNTYPED: Final = ("fields", "facts")
"""What lies in these may be missing, or of any type."""

_ELEMENTS: Final = {"tags": 64, "skills": 50, "fields": 100, "opened_during": 200}
"""How many elements a field has at most."""

STEPS_MAX: Final = 9_000
"""Steps of loops that surely fit into an evaluation's budget."""


def field_of(tree: Tree) -> str:
    """The field of the contact that an expression is; empty for anything else."""
    match tree:
        case Select(Variable(name), field, False) if name in (VARIABLE, "." + VARIABLE):
            return field
    return ""


def compared(tree: Tree) -> tuple[str, Test] | None:
    """A field, and what is asked of its value."""
    match tree:
        case Select(Variable(), field, True) if field_of(Select(tree.owner, field)):
            return field, bool
        case Call(function, (left, right)) if function in _COMPARES:
            if isinstance(left, Constant):
                left, right, function = right, left, _TURNED.get(function, function)
            if isinstance(right, Constant) and right.type in _PLAIN and (field := field_of(left)):
                return field, _comparing(_COMPARES[function], right.value)
        case Call("@in", (left, Listed(elements))) if field := field_of(left):
            values = [element.value for element in elements if isinstance(element, Constant) and element.type in _PLAIN]
            if len(values) == len(elements):
                return field, lambda value: value in values
        case Call(function, (left, Constant("string_value", word))) if function in _METHODS:
            if field := field_of(left):
                return field, _comparing(_METHODS[function], word)
    return None


def member(tree: Tree) -> tuple[str, str] | None:
    """A list of the contact's, and the word that must be in it."""
    match tree:
        case Call("@in", (Constant("string_value", word), right)) if field := field_of(right):
            return field, str(word)
    return None


Words = tuple[frozenset[str], bool]
"""These words, or, if the second says so, all words but these."""


def words_of(tree: Tree, name: str) -> Words | None:
    """The words for which an expression over the name of a loop holds."""
    match tree:
        case Constant("bool_value", value):
            return frozenset(), bool(value)
        case Call("!_", (inner,)):
            turned = words_of(inner, name)
            return None if turned is None else (turned[0], not turned[1])
        case Call("_==_" | "_!=_" as function, (Variable(own), Constant("string_value", word))) if own == name:
            return frozenset((word,)), function == UNEQUAL
        case Call("_==_" | "_!=_" as function, (Constant("string_value", word), Variable(own))) if own == name:
            return frozenset((word,)), function == UNEQUAL
        case Call("@in", (Variable(own), Listed(elements))) if own == name:
            listed = [element.value for element in elements if isinstance(element, Constant)]
            return (frozenset(listed), False) if len(listed) == len(elements) else None
        case Call("_||_" | "_&&_" as function, (left, right)):
            first, second = words_of(left, name), words_of(right, name)
            if first is None or second is None:
                return None
            if function == OR:
                return _united(first, second)
            words, but = _united((first[0], not first[1]), (second[0], not second[1]))
            return words, not but
    return None


def _united(first: Words, second: Words) -> Words:
    match first, second:
        case (words, False), (others, False):
            return words | others, False
        case (words, True), (others, True):
            return words & others, True
        case (words, False), (others, True):
            return others - words, True
        case _:
            return first[0] - second[0], True


def may_fail(tree: Tree) -> bool:
    """Whether an evaluation may end in an error, such as a key that is missing or a division by zero."""
    match tree:
        case Constant() | Variable():
            return False
        case Select():
            path = _path(tree)
            return path is None or (path[0] in _UNTYPED and len(path) > 1 + tree.tested)
        case Call(function, args):
            return function not in _NEVER_FAIL or any(may_fail(arg) for arg in args)
        case Listed(elements):
            return any(may_fail(element) for element in elements)
        case _:
            return True


def _path(tree: Tree) -> tuple[str, ...] | None:
    """The names behind `contact`; None for what doesn't begin there."""
    names: list[str] = []
    while isinstance(tree, Select):
        names.append(tree.field)
        tree = tree.owner
    return tuple(reversed(names)) if isinstance(tree, Variable) else None


def steps_of(tree: Tree) -> float:
    """How many steps of loops an evaluation takes at most; infinite where nobody knows."""
    if not isinstance(tree, Loop):
        return sum(steps_of(child) for child in children(tree))
    match tree.over:
        case Listed(elements):
            count: float = len(elements)
        case over:
            count = _ELEMENTS.get(field_of(over), float("inf"))
    once = 1 + steps_of(tree.goes_on) + steps_of(tree.step)
    return steps_of(tree.over) + steps_of(tree.start) + steps_of(tree.result) + (count * once if count else 0)


def _comparing(compare: Callable[[Any, Any], bool], constant: Any) -> Test:
    return lambda value: compare(value, constant)
