"""What a condition of a query means for this org: which rows it holds for, and where such rows are to be looked for.

Laws. A comparison that Salesforce refuses is refused before any row is looked at: of a field that isn't there, of one
that can't be compared, with a value of another type. `places` and `ids` may name too many rows, never too few.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import inf
from typing import Any, Final

from gateway_salesforce.simulator.ids import as_long
from gateway_salesforce.simulator.org import Org, Table
from gateway_salesforce.simulator.schema import UNFILTERED, Field, Json, Object, Schema
from gateway_salesforce.simulator.soql import Comparison, Condition, Joined, Literal, Negated, Path, SoqlError

Get = Callable[[Json], Any]
"""A value of a row, perhaps by way of others."""

Holds = Callable[[Json], bool]
PATH_MAX: Final = 6
"""A field behind at most five relationships."""

_KINDS: Final = {
    "datetime": ("instant", "dateTime", "and should not be enclosed in quotes"),
    "boolean": ("boolean", "boolean", "and should not be enclosed in quotes"),
    "int": ("number", "int", "and should not be enclosed in quotes"),
}
_TEXT: Final = ("text", "string", "and should be enclosed in quotes")


@dataclass(frozen=True, slots=True)
class Reached:
    """A field at the end of a path, and how a row's value of it is had. `steps`: the relationships on the way."""

    field: Field
    get: Get
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finder:
    """Reads names and conditions on one object."""

    org: Org
    schema: Schema
    object: Object

    def reach(self, path: Path) -> Reached:
        """The field that a path names. Raises SoqlError."""
        object, steps, gets = self.object, [], []
        if len(path) > 1 and path[0].lower() == object.name.lower():
            path = path[1:]  # a field may be told with its object's name
        if len(path) > PATH_MAX:
            raise _no_relationship(path)
        for name in path[:-1]:
            field = next((one for one in self.schema.fields(object) if one.relationship.lower() == name.lower()), None)
            if field is None or not field.to:
                raise _no_relationship(path)
            target = self.schema.object(field.target)
            if target is None:
                raise _no_relationship(path)
            gets.append(field.name)
            steps.append(field.relationship)
            object = target
        found = self.schema.field(object, path[-1])
        if found is None:
            raise SoqlError(
                "INVALID_FIELD",
                f"No such column '{path[-1]}' on entity '{object.name}'. If you are attempting to use a custom field, "
                "be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe "
                "call for the appropriate names.",
            )
        return Reached(found, self._getter(tuple(gets), found.name), tuple(steps))

    def _getter(self, references: tuple[str, ...], name: str) -> Get:
        if not references:
            return lambda values: values.get(name)

        def get(values: Json) -> Any:
            found = values
            for reference in references:
                id = found.get(reference)
                referred = self.org.seen(id) if id else None
                if referred is None:
                    return None
                found = referred
            return value_of(found, name)

        return get

    def holds(self, condition: Condition | None) -> Holds:
        """Whether a condition holds for a row. Raises SoqlError for one that can't be asked."""
        match condition:
            case None:
                return lambda values: True
            case Negated(part):
                inner = self.holds(part)
                return lambda values: not inner(values)
            case Joined(every, parts):
                asked = [self.holds(part) for part in parts]
                if every:
                    return lambda values: all(one(values) for one in asked)
                return lambda values: any(one(values) for one in asked)
            case Comparison():
                return self._compares(condition)

    def _compares(self, comparison: Comparison) -> Holds:
        reached = self.reach(comparison.path)
        field, get, sign = reached.field, reached.get, comparison.sign
        if field.type in UNFILTERED:
            raise SoqlError("INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")
        values = [_value(field, literal, sign) for literal in comparison.values]
        first = values[0]
        folded = field.type not in ("id", "reference", "datetime", "boolean", "int")

        def told(found: Any) -> Any:
            return found.casefold() if folded and isinstance(found, str) else found

        match sign:
            case "=" | "in":
                return lambda row: told(get(row)) in values
            case "!=" | "not in":
                return lambda row: told(get(row)) not in values
            case "like":
                return lambda row: _like(told(get(row)), first)
        if field.type == "boolean" or first is None:
            raise _wrong_sign(sign, field)
        order = _ORDERS[sign]
        return lambda row: (found := told(get(row))) is not None and order(found, first)

    def places(self, condition: Condition | None) -> tuple[float, float]:
        """When a row may have been written for which a condition holds, in milliseconds."""
        match condition:
            case Joined(every, parts):
                lows, highs = zip(*(self.places(part) for part in parts), strict=True)
                return (max(lows), min(highs)) if every else (min(lows), max(highs))
            case Comparison((name,), sign, (Literal("instant", int(at)),)) if name.lower() == self.object.stamp.lower():
                return {"=": (at, at), ">": (at, inf), ">=": (at, inf), "<": (-inf, at), "<=": (-inf, at)}.get(
                    sign, (-inf, inf)
                )
        return -inf, inf

    def ids(self, condition: Condition | None, table: Table) -> Iterable[str] | None:
        """The ids of rows for which a condition may hold, where it names them or what they hang on."""
        match condition:
            case Joined(True, parts):
                return next((ids for part in parts if (ids := self.ids(part, table)) is not None), None)
            case Joined(False, parts):
                named = [self.ids(part, table) for part in parts]
                return None if None in named else dict.fromkeys(chain.from_iterable(filter(None, named)))
            case Comparison((name,), "=" | "in", values):
                wanted = [as_long(literal.value) for literal in values if isinstance(literal.value, str)]
                if None in wanted or len(wanted) < len(values):
                    return None
                known = [id for id in wanted if id is not None]
                if name.lower() == "id":
                    return known
                field = self.schema.field(self.object, name)
                return None if field is None else _listed(table.under(field.name, known))
        return None


def _listed(ids: Iterator[str] | None) -> list[str] | None:
    return None if ids is None else list(ids)


def value_of(values: Json, name: str) -> Any:
    """A row's value of a field; what kind of owner it is stands in none of its own."""
    if name == "Type" and name not in values:
        return "User"
    return values.get(name)


def _value(field: Field, literal: Literal, sign: str) -> Any:
    """A literal as the field's values are. Raises SoqlError for one of another type."""
    if literal.kind == "null":
        return None
    if field.type in ("id", "reference"):
        known = as_long(str(literal.value)) if literal.kind == "text" else None
        if known is None:
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {str(literal.value)[:40]}")
        if sign == "like":
            raise _wrong_sign(sign, field)
        return known
    kind, name, hint = _KINDS.get(field.type, _TEXT)
    if literal.kind != kind:
        raise SoqlError(
            "INVALID_FIELD", f"value of filter criterion for field '{field.name}' must be of type {name} {hint}"
        )
    if sign == "like" and kind != "text":
        raise _wrong_sign(sign, field)
    return literal.value.casefold() if isinstance(literal.value, str) else literal.value


def _like(found: Any, pattern: Any) -> bool:
    """Whether a text is like a pattern with % and _, in time that grows with both lengths at most."""
    if not isinstance(found, str) or not isinstance(pattern, str):
        return False
    at, place, star, mark = 0, 0, -1, 0
    while at < len(found):
        if place < len(pattern) and pattern[place] == "%":
            star, mark, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in ("_", found[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            mark += 1
            at, place = mark, star + 1
        else:
            return False
    return pattern[place:].strip("%") == ""


_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _wrong_sign(sign: str, field: Field) -> SoqlError:
    return SoqlError("INVALID_FIELD", f"invalid operator {sign} on {field.type} field '{field.name}'")


def _no_relationship(path: Path) -> SoqlError:
    return SoqlError(
        "INVALID_FIELD",
        f"Didn't understand relationship '{'.'.join(path[:-1])[:80]}' in field path. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name.",
    )
