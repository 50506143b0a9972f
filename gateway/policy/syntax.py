"""A condition's syntax as plain values: two expressions are equal if they say the same, wherever they stand.

Macros of CEL are unfolded (`has` is a tested select, `exists` a loop); a method's target is its first argument.
"""

from dataclasses import dataclass
from typing import Any

from gateway.policy.checked import checked_expression


@dataclass(frozen=True, slots=True)
class Constant:
    """A written value; `type` keeps 1 and 1.0 and true apart."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    """A name: `contact`, or a loop's own."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`owner.field`, or `has(owner.field)` where it is only tested."""

    owner: "Tree"
    field: str
    tested: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator, by CEL's name of it, such as `_==_`."""

    function: str
    args: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Listed:
    """`[a, b]`."""

    elements: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Struct:
    """A map or a message, by its name; keys and values in turns."""

    name: str
    parts: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Loop:
    """What `exists`, `all`, `filter` and `map` unfold to."""

    names: tuple[str, str, str]
    over: "Tree"
    start: "Tree"
    goes_on: "Tree"
    step: "Tree"
    result: "Tree"


Tree = Constant | Variable | Select | Call | Listed | Struct | Loop

ALL, EXISTS = "all", "exists"


def tree_of(serialized: bytes) -> Tree:
    """The syntax of a checked expression."""
    return _tree(checked_expression(serialized))


def children(tree: Tree) -> tuple[Tree, ...]:
    """The parts of which an expression is made."""
    match tree:
        case Select(owner):
            return (owner,)
        case Call(_, parts) | Listed(parts) | Struct(_, parts):
            return parts
        case Loop():
            return (tree.over, tree.start, tree.goes_on, tree.step, tree.result)
        case _:
            return ()


def quantified(loop: Loop) -> tuple[str, Tree] | None:
    """`exists` or `all`, and what it asks of each element; None for another loop."""
    name = loop.names[2]
    match loop.start, loop.step, loop.result:
        case Constant("bool_value", start), Call(operator, (Variable(before), asked)), Variable(result):
            if before == result == name and operator == ("_&&_" if start else "_||_"):
                return (ALL if start else EXISTS), asked
    return None


def put(tree: Tree, name: str, value: Tree) -> Tree:
    """The expression with a value in the place of a loop's name."""
    match tree:
        case Variable(own):
            return value if own == name else tree
        case Select(owner, field, tested):
            return Select(put(owner, name, value), field, tested)
        case Call(function, args):
            return Call(function, tuple(put(arg, name, value) for arg in args))
        case Listed(elements):
            return Listed(tuple(put(element, name, value) for element in elements))
        case Struct(message, parts):
            return Struct(message, tuple(put(part, name, value) for part in parts))
        case Loop(names, over):
            inner = [
                part if name in names else put(part, name, value)
                for part in (tree.start, tree.goes_on, tree.step, tree.result)
            ]
            return Loop(names, put(over, name, value), *inner)
    return tree


def _tree(node: Any) -> Tree:
    kind = node.WhichOneof("kind")
    if kind == "constant":
        return _constant(node.constant)
    if kind == "ident":
        return Variable(str(node.ident.name))
    if kind == "select":
        return Select(_tree(node.select.operand), str(node.select.field), bool(node.select.test_only))
    if kind == "call":
        target = (_tree(node.call.target),) if node.call.HasField("target") else ()
        return Call(str(node.call.function), (*target, *map(_tree, node.call.args)))
    if kind == "list":
        return Listed(tuple(map(_tree, node.list.elements)))
    if kind == "struct":
        parts: list[Tree] = []
        for entry in node.struct.entries:
            key = _tree(entry.map_key) if entry.HasField("map_key") else Constant("string_value", entry.field_key)
            parts += (key, _tree(entry.value))
        return Struct(str(node.struct.message_name), tuple(parts))
    if kind == "comprehension":
        loop = node.comprehension
        return Loop(
            (str(loop.iter_var), str(loop.iter_var2), str(loop.accu_var)),
            _tree(loop.iter_range),
            _tree(loop.accu_init),
            _tree(loop.loop_condition),
            _tree(loop.loop_step),
            _tree(loop.result),
        )
    return Constant("", None)


def _constant(constant: Any) -> Constant:
    type_ = constant.WhichOneof("kind") or ""
    return Constant(type_, getattr(constant, type_) if type_ else None)
