"""Reading a checked CEL expression: which of the contact's fields it reads, which keys of a field, and the words it
compares them with.

The library hands out its syntax tree only as bytes of `cel.expr.CheckedExpr`; the few fields of that message that are
needed are described here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

_EQUALITY: Final = frozenset({"_==_", "_!=_"})
_INDEX: Final = "_[_]"
_MEMBERSHIP: Final = frozenset({"@in", "_in_", "in"})

_NESTED: Final = "facts"
_BELOW_MAX: Final = 8

_FIELDS: Final = {
    "CheckedExpr": (("expr", 4, "Expr"), ("source_info", 5, "SourceInfo")),
    "SourceInfo": (("positions", 4, "*Position"),),
    "Position": (("key", 1, "int64"), ("value", 2, "int32")),
    "Expr": (
        ("id", 2, "int64"),
        ("constant", 3, "Constant"),
        ("ident", 4, "Ident"),
        ("select", 5, "Select"),
        ("call", 6, "Call"),
        ("list", 7, "CreateList"),
        ("struct", 8, "CreateStruct"),
        ("comprehension", 9, "Comprehension"),
    ),
    "Constant": (
        ("null_value", 1, "int64"),
        ("bool_value", 2, "bool"),
        ("int64_value", 3, "int64"),
        ("uint64_value", 4, "uint64"),
        ("double_value", 5, "double"),
        ("string_value", 6, "string"),
        ("bytes_value", 7, "bytes"),
    ),
    "Ident": (("name", 1, "string"),),
    "Select": (("operand", 1, "Expr"), ("field", 2, "string"), ("test_only", 3, "bool")),
    "Call": (("target", 1, "Expr"), ("function", 2, "string"), ("args", 3, "*Expr")),
    "CreateList": (("elements", 1, "*Expr"),),
    "CreateStruct": (("message_name", 1, "string"), ("entries", 2, "*Entry")),
    "Entry": (("field_key", 2, "string"), ("map_key", 3, "Expr"), ("value", 4, "Expr")),
    "Comprehension": (
        ("iter_var", 1, "string"),
        ("iter_range", 2, "Expr"),
        ("accu_var", 3, "string"),
        ("accu_init", 4, "Expr"),
        ("loop_condition", 5, "Expr"),
        ("loop_step", 6, "Expr"),
        ("result", 7, "Expr"),
        ("iter_var2", 8, "string"),
    ),
}


@dataclass(frozen=True)
class Read:
    """A field of the contact that is read: its name, empty for the contact as a whole. `at` counts characters.

    `key`: what alone is read of it, where it is a map and the key stands in the expression; None: all of it. `below`:
    what alone is read of that, and so on, where it is what an enricher knows.
    """

    field: str
    at: int
    key: str | None = None
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """A field of the contact that is compared with a word."""

    field: str
    word: str
    at: int


@dataclass(frozen=True)
class Uses:
    """What an expression does with the contact."""

    reads: tuple[Read, ...]
    compared: tuple[Compared, ...]


def uses_of(serialized: bytes, variable: str) -> Uses:
    """What the checked expression in these bytes does with `variable`."""
    checked = _read(serialized)
    positions = {entry.key: entry.value for entry in checked.source_info.positions}
    walk = _Walk(variable, positions)
    walk.visit(checked.expr, frozenset())
    return Uses(tuple(walk.reads), tuple(walk.compared))


def checked_expression(serialized: bytes) -> Any:
    """The root of a checked expression's syntax: a message `Expr` with the fields that are described above."""
    return _read(serialized).expr


def _read(serialized: bytes) -> Any:
    return _message_class().FromString(any_pb2.Any.FromString(serialized).value)


class _Walk:
    def __init__(self, variable: str, positions: dict[int, int]) -> None:
        self._variable = variable
        self._positions = positions
        self.reads: list[Read] = []
        self.compared: list[Compared] = []

    def visit(self, node: Any, bound: frozenset[str]) -> None:
        kind = _kind(node)
        field = self._field_of(node, bound)
        if field:
            self.reads.append(Read(field, self._at(node)))
        elif (keyed := self._keyed(node, kind, bound)) is not None:
            self.reads.append(keyed)
        elif kind == "ident" and self._is_variable(node, bound):
            self.reads.append(Read("", self._at(node)))
        elif kind == "comprehension":
            self._comprehension(node.comprehension, bound)
        else:
            if kind == "call":
                self._compare(node.call, bound)
            for child in _children(node, kind):
                self.visit(child, bound)

    def _keyed(self, node: Any, kind: str, bound: frozenset[str]) -> Read | None:
        """The read that a node is if it asks a field for one key: `contact.a.key`, `contact.a["key"]`, `"key" in`."""
        key: str | None
        if kind == "select":
            owner, key = node.select.operand, str(node.select.field)
        elif kind == "call" and node.call.function == _INDEX:
            owner, key = node.call.args[0], _word(node.call.args[1])
        elif kind == "call" and node.call.function in _MEMBERSHIP:
            owner, key = node.call.args[1], _word(node.call.args[0])
        else:
            return None
        if key is None:
            return None
        if field := self._field_of(owner, bound):
            return Read(field, self._at(owner), key)
        above = self._keyed(owner, _kind(owner), bound)
        if above is None or above.field != _NESTED or len(above.below) >= _BELOW_MAX:
            return None
        return replace(above, below=(*above.below, key))

    def _comprehension(self, loop: Any, bound: frozenset[str]) -> None:
        self.visit(loop.iter_range, bound)
        self.visit(loop.accu_init, bound)
        self.visit(loop.result, bound | {loop.accu_var})
        inner = bound | {loop.iter_var, loop.iter_var2, loop.accu_var}
        self.visit(loop.loop_condition, inner)
        self.visit(loop.loop_step, inner)

    def _compare(self, call: Any, bound: frozenset[str]) -> None:
        if len(call.args) != 2:
            return
        left, right = call.args
        if call.function in _EQUALITY:
            pairs = [(left, right), (right, left)]
        elif call.function in _MEMBERSHIP and _kind(right) == "list":
            pairs = [(left, element) for element in right.list.elements]
        else:
            return
        for read, other in pairs:
            field = self._field_of(read, bound)
            word = _word(other)
            if field and word is not None:
                self.compared.append(Compared(field, word, self._at(other)))

    def _field_of(self, node: Any, bound: frozenset[str]) -> str:
        if _kind(node) == "select" and self._is_variable(node.select.operand, bound):
            return str(node.select.field)
        return ""

    def _is_variable(self, node: Any, bound: frozenset[str]) -> bool:
        if _kind(node) != "ident":
            return False
        # A leading dot names the variable even where a loop has taken its name.
        name = node.ident.name
        return bool(name == "." + self._variable or (name == self._variable and name not in bound))

    def _at(self, node: Any) -> int:
        return self._positions.get(node.id, 0)


def _kind(node: Any) -> str:
    return node.WhichOneof("kind") or ""


def _word(node: Any) -> str | None:
    """The text that a node is; None where it is anything else."""
    if _kind(node) == "constant" and node.constant.HasField("string_value"):
        return str(node.constant.string_value)
    return None


def _children(node: Any, kind: str) -> Iterator[Any]:
    if kind == "select":
        yield node.select.operand
    elif kind == "call":
        if node.call.HasField("target"):
            yield node.call.target
        yield from node.call.args
    elif kind == "list":
        yield from node.list.elements
    elif kind == "struct":
        for entry in node.struct.entries:
            yield entry.map_key
            yield entry.value


@lru_cache(maxsize=1)
def _message_class() -> Any:
    field_type = descriptor_pb2.FieldDescriptorProto
    scalars = {
        name: getattr(field_type, f"TYPE_{name.upper()}")
        for name in ("string", "bytes", "bool", "double", "int32", "int64", "uint64")
    }
    file: Any = descriptor_pb2.FileDescriptorProto(name="gateway/checked.proto", package="checked", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, type_ in fields:
            label = field_type.LABEL_REPEATED if type_.startswith("*") else field_type.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if type_ in scalars:
                added.type = scalars[type_]
            else:
                added.type, added.type_name = field_type.TYPE_MESSAGE, f".checked.{type_.lstrip('*')}"
            if (name == "Expr" and field != "id") or name == "Constant":
                added.oneof_index = 0
        if name in ("Expr", "Constant"):
            message.oneof_decl.add(name="kind")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("checked.CheckedExpr"))
