"""Answers a query: which rows there are for it, in which order, and how each is told.

A row is told as the REST API does it: its `attributes`, its fields as they are named in the schema, what it refers to
as an object of its own, and what hangs on it as a list with a size.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Any, Final

from gateway.plugin import format_instant
from gateway_salesforce.simulator.conditions import Finder, Reached, value_of
from gateway_salesforce.simulator.org import Org
from gateway_salesforce.simulator.schema import CHILDREN, PREFIXES, UNFILTERED, Json, Object, Schema
from gateway_salesforce.simulator.soql import Path, Query, SoqlError, Sorting

_FAR: Final = 2**53


@dataclass(frozen=True, slots=True)
class Found:
    """The rows for a query, each to be told when it is its turn. `span`: the milliseconds between the first and the
    last of those that the condition holds for; None unless it was asked for."""

    rows: list[Json]
    told: Callable[[Json], Json]
    span: int | None = None


@dataclass(frozen=True, slots=True)
class Seeker:
    """Answers the queries of one who reads. `base`: what the rows' URLs begin with; `nested`: tells the rows that hang
    on one."""

    org: Org
    schema: Schema
    base: str
    nested: Callable[[list[Json], Callable[[Json], Json]], Json | None]

    def find(self, query: Query, *, everything: bool, spans: bool = False) -> Found:
        """The rows for a query; `everything`: the deleted ones too. Raises SoqlError."""
        object = self.schema.object(query.object)
        if object is None or not object.prefix:
            raise SoqlError(
                "INVALID_TYPE",
                f"sObject type '{query.object[:80]}' is not supported. If you are attempting to use a custom object, "
                "be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call "
                "for the appropriate names.",
            )
        finder = Finder(self.org, self.schema, object)
        told = self._teller(finder, query, everything=everything)
        keys = [(finder.reach(one.path), one) for one in query.order]
        for reached, _ in keys:
            if reached.field.type in UNFILTERED:
                raise SoqlError("INVALID_FIELD", f"field '{reached.field.name}' can not be sorted in a query call")
        matching = self._matching(finder, query, everything=everything)
        most = None if query.limit is None else query.offset + query.limit
        span = None
        if spans:
            rows = list(matching)
            stamps = [row[object.stamp] for row in rows] or [0]
            span, matching = max(stamps) - min(stamps), iter(rows)
        if self._in_order(object, query, finder):
            return Found(list(islice(matching, query.offset, most)), told, span)
        rows = _sorted(list(matching), keys)
        return Found(rows[query.offset : most], told, span)

    def _matching(self, finder: Finder, query: Query, *, everything: bool) -> Iterator[Json]:
        """The rows that a query's condition holds for; in the order of their stamps where it names none of them."""
        holds, table = finder.holds(query.where), self.org.tables[finder.object.name]
        late, now = self.org.settle(finder.object.name), self.org.now()
        ids = finder.ids(query.where, table)
        if ids is None:
            low, high = finder.places(query.where)
            stretch = table.between(int(max(low, -_FAR)), int(min(high, _FAR)))
            ids = stretch if not late else [*(id for id in stretch if id not in late), *sorted(late)]
        for id in ids:
            row = table.rows.get(id)
            values = None if row is None else row.seen(now)
            if values is not None and (everything or not values.get("IsDeleted")) and holds(values):
                yield values

    def _in_order(self, object: Object, query: Query, finder: Finder) -> bool:
        """Whether the rows come as they are to be sorted."""
        table = self.org.tables[object.name]
        wanted = [(one.path, one.descending) for one in query.order]
        due = [((object.stamp,), False), (("Id",), False)]
        return wanted == due and not table.late and finder.ids(query.where, table) is None

    def _teller(self, finder: Finder, query: Query, *, everything: bool) -> Callable[[Json], Json]:
        """Tells a row with the fields that a query selects."""
        reached: dict[Path, Reached] = {}
        lists: list[tuple[str, Callable[[Json], Json | None]]] = []
        for one in query.fields:
            if isinstance(one, Query):
                lists.append(self._list(finder.object, one, everything=everything))
            else:
                found = finder.reach(one)
                path = (*found.steps, found.field.name)
                if path in reached:
                    raise SoqlError("MALFORMED_QUERY", f"duplicate field selected: {'.'.join(one)[:80]}")
                reached[path] = found

        def told(values: Json) -> Json:
            row: Json = {"attributes": self.attributes(values)}
            for path, one in reached.items():
                _put(self, row, path, one, values)
            for name, listed in lists:
                row[name] = listed(values)
            return row

        return told

    def _list(self, object: Object, query: Query, *, everything: bool) -> tuple[str, Callable[[Json], Json | None]]:
        names = {name.lower(): name for name in CHILDREN.get(object.name, {})}
        name = names.get(query.object.lower())
        child = None if name is None else self.schema.object(CHILDREN[object.name][name][0])
        if name is None or child is None:
            raise SoqlError(
                "INVALID_TYPE",
                f"Didn't understand relationship '{query.object[:80]}' in FROM part of query call. If you are "
                "attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
                "name.",
            )
        field = CHILDREN[object.name][name][1]
        finder = Finder(self.org, self.schema, child)
        told, holds = self._teller(finder, query, everything=everything), finder.holds(query.where)
        keys = [(finder.reach(one.path), one) for one in query.order]

        def listed(values: Json) -> Json | None:
            now = self.org.now()
            hung = (row.seen(now) for row in self.org.under(child.name, field, values["Id"]))
            rows = [one for one in hung if one and (everything or not one.get("IsDeleted")) and holds(one)]
            rows = _sorted(rows, keys)[query.offset : None if query.limit is None else query.offset + query.limit]
            return self.nested(rows, told)

        return name, listed

    def attributes(self, values: Json) -> Json:
        """What a row is, and where."""
        object = PREFIXES[values["Id"][:3]]
        return {"type": object, "url": f"{self.base}/sobjects/{object}/{values['Id']}"}


def plain(type: str, value: Any) -> Any:
    """A field's value as JSON has it."""
    if type == "datetime" and value is not None:
        return f"{format_instant(value)[:19]}.000+0000"
    return value


def _put(seeker: Seeker, row: Json, name: Path, reached: Reached, values: Json) -> None:
    """Put a value where its path leads; what the row doesn't refer to is null."""
    place, found = row, values
    for step in name[:-1]:
        id = found.get(f"{step}Id")
        referred = seeker.org.seen(id) if id else None
        if referred is None:
            place[step] = None
            return
        found = referred
        place = place.setdefault(step, {"attributes": seeker.attributes(found)})
    place[reached.field.name] = plain(reached.field.type, value_of(found, reached.field.name))


def _sorted(rows: list[Json], keys: list[tuple[Reached, Sorting]]) -> list[Json]:
    """Rows in an order; without one, by their ids."""
    if not keys:
        return sorted(rows, key=lambda row: str(row["Id"]))
    for reached, sorting in reversed(keys):
        get = reached.get
        missing = -inf if sorting.nulls_first != sorting.descending else inf

        def key(row: Json, get: Any = get, missing: float = missing) -> tuple[float, Any]:
            value = get(row)
            return (missing, 0) if value is None else (0, value)

        rows = sorted(rows, key=key, reverse=sorting.descending)
    return rows
