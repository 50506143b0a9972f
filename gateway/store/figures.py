"""What waits, as monitors ask for it again and again: bounded counts along indexes, however much there is.

Each function here only reads.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from gateway.kernel.store import COUNTED_MAX, Waiting
from gateway.store.library import Connection
from gateway.store.schema import contacts, deliveries, inbox
from gateway.store.statement import Statement, value, word

_i, _d, _c = inbox.c, deliveries.c, contacts.c


def _bounded(table: sa.Table, *terms: sa.ColumnElement[bool]) -> Statement:
    """Counts the rows of the table that these terms choose, up to a bound."""
    found = sa.select(sa.literal_column("1")).select_from(table).where(*terms).limit(value("most")).subquery()
    return Statement(sa.select(sa.func.count()).select_from(found))


class _ByName:
    """Rows that wait under one name each, by an index that begins with the name."""

    def __init__(self, name: sa.Column[str], waits: sa.ColumnElement[bool], oldest: sa.Column[int]) -> None:
        of = name == value("of")
        self._next = Statement(sa.select(sa.func.min(name)).where(name > value("after"), waits))
        self._count = _bounded(name.table, of, waits)
        self._oldest = Statement(sa.select(sa.func.min(oldest)).where(of, waits))

    def read(self, connection: Connection) -> dict[str, Waiting]:
        return {
            name: Waiting(
                count=_number(self._count, connection, of=name, most=COUNTED_MAX),
                oldest=(self._oldest.one(connection, of=name) or (None,))[0],
            )
            for name in self._names(connection)
        }

    def _names(self, connection: Connection) -> Iterator[str]:
        """Every name under which something waits: a jump in the index for each."""
        after = ""
        while (row := self._next.one(connection, after=after)) is not None and row[0] is not None:
            after = row[0]
            yield after


_records = _ByName(_i.connector, _i.due.isnot(None), _i.received_at)
_parked = _bounded(inbox, _i.reason.isnot(None))
_dead = _bounded(deliveries, _d.state == word("dead"))
_due = _bounded(contacts, _c.next_due <= value("now"))
_first_due = Statement(sa.select(sa.func.min(_c.next_due)).where(_c.next_due.isnot(None)))


def records(connection: Connection) -> dict[str, Waiting]:
    """The records that wait to be judged, by connector; the oldest by its receipt."""
    return _records.read(connection)


def parked(connection: Connection) -> int:
    """The records that are parked, up to COUNTED_MAX."""
    return _number(_parked, connection, most=COUNTED_MAX)


def dead(connection: Connection) -> int:
    """The deliveries that were given up, up to COUNTED_MAX."""
    return _number(_dead, connection, most=COUNTED_MAX)


def due(connection: Connection, now: int) -> Waiting:
    """The contacts whose time has come and that aren't judged yet; the oldest by its `next_due`."""
    first = (_first_due.one(connection) or (None,))[0]
    late = first if first is not None and first <= now else None
    count = 0 if late is None else _number(_due, connection, now=now, most=COUNTED_MAX)
    return Waiting(count=count, oldest=late)


def _number(statement: Statement, connection: Connection, **values: object) -> int:
    row = statement.one(connection, **values)
    return int(row[0]) if row else 0
