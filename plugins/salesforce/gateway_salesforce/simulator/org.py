"""The simulated org itself: its rows, and which of them somebody who reads can see now. No sockets here.

Laws. Times are milliseconds of whole seconds. A row's stamp is when the org wrote it: the story's time until somebody
reads, so that an org can have a history, and now from then on: nothing appears behind a reader. What is committed late
has the stamp of when it was done, and is seen a while after; until then the row is as it was before, or not there.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from gateway.plugin import SECOND_MS, NowFunction
from gateway_salesforce.simulator.ids import Ids
from gateway_salesforce.simulator.schema import OBJECTS, PREFIXES, Json

LATE_S: Final = 60
"""How much later than its stamp a change is seen that is committed late."""

_INDEXED: Final = ("ParentId", "CaseId", "ContactId", "AccountId")
_AT_ONCE: Final = frozenset({"Account", "Contact", "MessagingEndUser"})
"""Objects that are committed before anything can refer to them."""

Place = tuple[int, str]


@dataclass(slots=True)
class Row:
    """One row: what it holds, and what is seen of it while its last change isn't committed."""

    object: str
    values: Json
    shown_from: int = 0
    before: Json | None = None
    """What was seen before `shown_from`; None: it was not there."""

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.values["Id"])

    def seen(self, now: int) -> Json | None:
        """What it holds for somebody who reads; None: it isn't there yet."""
        return self.values if self.shown_from <= now else self.before


class Table:
    """The rows of one object: by id, by when they were written, and by what they hang on."""

    def __init__(self, name: str) -> None:
        self.object = OBJECTS[name]
        self.ids = Ids(self.object.prefix)
        self.rows: dict[str, Row] = {}
        self.late: set[str] = set()
        """Rows of which something isn't committed yet, when they were looked at last."""

        self._places: list[Place] = []
        self._under: dict[str, dict[str, list[str]]] = {
            name: defaultdict(list) for name in _INDEXED if name.lower() in self.object.fields
        }

    def put(self, row: Row, before: Json | None) -> None:
        """Place a row, or move it from where it was with what it held `before`."""
        id = row.id
        if before is not None:
            del self._places[bisect_left(self._places, (before[self.object.stamp], id))]
        place = (int(row.values[self.object.stamp]), id)
        if not self._places or self._places[-1] < place:
            self._places.append(place)
        else:
            insort(self._places, place)
        for name, under in self._under.items():
            parent = row.values.get(name)
            if before is None or before.get(name) != parent:
                if before is not None and before.get(name) is not None:
                    under[before[name]].remove(id)
                if parent is not None:
                    under[parent].append(id)
        self.rows[id] = row

    def drop(self, id: str) -> None:
        """Take a row away for good."""
        row = self.rows.pop(id)
        del self._places[bisect_left(self._places, (row.values[self.object.stamp], id))]
        for name, under in self._under.items():
            if row.values.get(name) is not None:
                under[row.values[name]].remove(id)
        self.late.discard(id)

    def between(self, low: int, high: int) -> Iterator[str]:
        """The ids of what was written in this stretch, both ends with it, in the order of time and id."""
        start, end = bisect_left(self._places, (low, "")), bisect_left(self._places, (high + 1, ""))
        return (id for _, id in islice(self._places, start, end))

    def under(self, name: str, parents: Iterable[str]) -> Iterator[str] | None:
        """The ids of what hangs on these by a field; None where nobody counts by that field."""
        if name not in self._under:
            return None
        return (id for parent in parents for id in self._under[name].get(parent, ()))


@dataclass(slots=True)
class Org:
    """What one org holds."""

    now: NowFunction
    read: bool = False
    """Whether somebody has read rows: from then on nothing may appear behind them."""

    late: bool = False
    """Whether changes are committed late."""

    tables: dict[str, Table] = field(default_factory=dict)
    cases: list[str] = field(default_factory=list)
    """The cases, in the order in which they were opened."""

    def __post_init__(self) -> None:
        self.tables = {name: Table(name) for name, found in OBJECTS.items() if found.prefix}

    def add(self, object: str, at: int, values: Json) -> Row:
        """A new row, written at `at`."""
        table = self.tables[object]
        stamp = self.written(at)
        filled: Json = {
            "Id": table.ids.next(),
            "CreatedDate": stamp if table.object.stamp == "CreatedDate" else at - at % SECOND_MS,
            "LastModifiedDate": at - at % SECOND_MS,
            "SystemModstamp": stamp,
            "IsDeleted": False,
            **values,
        }
        names = table.object.fields
        row = Row(object, {field.name: filled.get(field.name) for field in names.values()})
        row.shown_from = 0 if object in _AT_ONCE else self._shown_from(0)
        table.put(row, None)
        if row.shown_from:
            table.late.add(row.id)
        if object == "Case":
            self.cases.append(row.id)
        return row

    def change(self, row: Row, at: int, values: Json, *, by_system: bool = False) -> None:
        """A row holds other values. What the org does by itself doesn't count as a user's change."""
        before, table = row.values, self.tables[row.object]
        stamps: Json = {"SystemModstamp": max(self.written(at), before.get("SystemModstamp") or 0)}
        if not by_system:
            stamps["LastModifiedDate"] = max(at - at % SECOND_MS, before.get("LastModifiedDate") or 0)
        stamps = {name: value for name, value in stamps.items() if name in before}
        now = self.now()
        shown_from = self._shown_from(row.shown_from if row.shown_from > now else 0)
        if shown_from and row.shown_from <= now:
            row.before = before
        row.shown_from = shown_from
        row.values = {**before, **stamps, **values}
        table.put(row, before)
        if shown_from:
            table.late.add(row.id)

    def drop(self, row: Row) -> None:
        """A row is gone for good."""
        self.tables[row.object].drop(row.id)
        if row.object == "Case":
            self.cases.remove(row.id)

    def row(self, id: str) -> Row | None:
        """A row as it is, whether or not that is committed; deleted ones too."""
        name = PREFIXES.get(id[:3])
        return None if name is None else self.tables[name].rows.get(id)

    def held(self, id: str, object: str) -> Row:
        """A row that is to be changed. Raises ValueError where there is none, or it is deleted."""
        row = self.row(id)
        if row is None or row.object != object or row.values.get("IsDeleted"):
            raise ValueError(f"there is no {object} {id}")
        return row

    def rows(self, object: str) -> Iterator[Row]:
        """All rows of an object, as they were made."""
        return iter(self.tables[object].rows.values())

    def under(self, object: str, field: str, parent: str) -> list[Row]:
        """What hangs on a row."""
        table = self.tables[object]
        return [table.rows[id] for id in table.under(field, (parent,)) or ()]

    def seen(self, id: str) -> Json | None:
        """What somebody who reads finds under an id."""
        row = self.row(id)
        return None if row is None else row.seen(self.now())

    def settle(self, object: str) -> set[str]:
        """The rows of an object of which something isn't committed yet."""
        table, now = self.tables[object], self.now()
        for id in [id for id in table.late if table.rows[id].shown_from <= now]:
            table.late.discard(id)
            table.rows[id].before, table.rows[id].shown_from = None, 0
        return table.late

    def written(self, at: int) -> int:
        """The stamp of what happened at `at`."""
        moment = self.now() if self.read else at
        return moment - moment % SECOND_MS

    def _shown_from(self, already: int) -> int:
        """When a change of now is committed; `already`: when the one before it is. 0: at once."""
        late = self.now() + LATE_S * SECOND_MS if self.late else 0
        return max(late, already)

    def owner(self, id: Any) -> Json | None:
        """A user or a queue."""
        return self.seen(str(id)) if id else None
