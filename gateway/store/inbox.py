"""The inbox: records as they came, until they are done or parked.

A row is claimed with a lease and a number that grows (`attempt`). Each function here is a part of one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.store import Added, Conflict, Listed
from gateway.model.instant import Instant
from gateway.model.record import InboxRow, Record
from gateway.store import audit
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import cursors, inbox
from gateway.store.statement import Row, Statement, each, together, value, word

_NEW = (
    "connector",
    "form",
    "key",
    "stream",
    "received_at",
    "historical",
    "state",
    "attempt",
    "replayed_at_attempt",
    "due",
    "body",
)
_add = Statement(insert(inbox).on_conflict_do_nothing(), _NEW)
_AT_ONCE = 16
"""Rows of one statement: between two statements the thread that adds may have to wait for the event loop's."""

_add_at_once = str(
    insert(inbox)
    .values([dict.fromkeys(_NEW)] * _AT_ONCE)
    .on_conflict_do_nothing()
    .compile(dialect=sqlite.dialect(paramstyle="qmark"))
)
_latest_added = Statement(sa.select(inbox.c.connector, inbox.c.key).order_by(inbox.c.id.desc()).limit(value("most")))
_add_parked = Statement(insert(inbox), (*_NEW, "reason"))
_set_cursor = Statement(
    insert(cursors).on_conflict_do_update(
        index_elements=["connector", "stream"], set_={"cursor": sa.literal_column("excluded.cursor")}
    ),
    ("connector", "stream", "cursor"),
)
_cursor = Statement(
    sa.select(cursors.c.cursor).where(cursors.c.connector == value("of"), cursors.c.stream == value("stream"))
)
_connectors_after = Statement(
    sa.select(sa.func.min(inbox.c.connector)).where(inbox.c.connector > value("after"), inbox.c.due.isnot(None))
)
# What a backfill read comes last: it is in no hurry, and there may be much of it.
_ready_of = Statement(
    sa.select(inbox.c.id, inbox.c.attempt - inbox.c.replayed_at_attempt)
    .where(inbox.c.connector == value("of"), inbox.c.due.isnot(None), inbox.c.due <= value("now"))
    .order_by(inbox.c.historical, inbox.c.received_at, inbox.c.id)
)
_RECORD = (
    inbox.c.id,
    inbox.c.connector,
    inbox.c.form,
    inbox.c.key,
    inbox.c.stream,
    inbox.c.received_at,
    inbox.c.historical,
    inbox.c.attempt,
    inbox.c.replayed_at_attempt,
    inbox.c.body,
)
_each, (_id,) = each("rows", 1)
_lease = Statement(
    sa.update(inbox)
    .where(inbox.c.id.in_(sa.select(_id).select_from(_each)))
    .values(state=word("leased"), attempt=inbox.c.attempt + 1, due=value("until"))
    .returning(*_RECORD)
)
_mine = (inbox.c.id == value("row"), inbox.c.attempt == value("fence"), inbox.c.state == word("leased"))
_done = Statement(sa.update(inbox).where(*_mine).values(state=word("done"), due=sa.null()))
_park = Statement(sa.update(inbox).where(*_mine).values(state=word("parked"), due=sa.null(), reason=value("why")))
_replay = Statement(
    sa.update(inbox)
    .where(inbox.c.id == value("row"))
    .values(
        state=sa.case((inbox.c.due.isnot(None), inbox.c.state), else_=word("ready")),
        replayed_at_attempt=sa.case((inbox.c.due.isnot(None), inbox.c.replayed_at_attempt), else_=inbox.c.attempt),
        due=sa.func.coalesce(inbox.c.due, 0),
        reason=sa.null(),
    )
)
_release = Statement(sa.update(inbox).where(inbox.c.due > sa.literal_column("0")).values(due=0))
_oldest = Statement(
    sa.select(sa.func.min(inbox.c.received_at)).where(
        inbox.c.connector == value("of"), inbox.c.historical == sa.literal_column("0"), inbox.c.due.isnot(None)
    )
)
_so_many = Statement(
    sa.select(sa.func.count()).select_from(
        sa.select(inbox.c.id).where(inbox.c.due.isnot(None)).limit(value("most")).subquery()
    )
)

SHOWN = sa.select(
    inbox.c.id,
    inbox.c.connector,
    inbox.c.state,
    inbox.c.form,
    inbox.c.key,
    inbox.c.received_at,
    inbox.c.attempt,
    inbox.c.reason,
    inbox.c.body,
)
_one = Statement(SHOWN.where(inbox.c.id == value("row")))
_arrived = Statement(
    sa.select(*_RECORD)
    .where(inbox.c.connector == value("of"), inbox.c.id < value("before"))
    .order_by(inbox.c.id.desc())
    .limit(value("most"))
)
_LAST = (1 << 63) - 1


def rows_of(connector: str, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The rows to add for records of a connector."""
    return [
        {
            "connector": connector,
            "form": record.form,
            "key": None if record.key is None else storable(record.key),
            "stream": record.stream,
            "received_at": int(record.received_at),
            "historical": int(record.historical),
            "state": "ready",
            "attempt": 0,
            "replayed_at_attempt": 0,
            "due": 0,
            "body": record.body,
        }
        for record in records
    ]


def add(connection: Connection, rows: list[dict[str, Any]]) -> Added:
    """Add the rows whose key is new."""
    accepted = _add.many(connection, rows) if rows else 0
    return Added(accepted=accepted, duplicates=len(rows) - accepted)


def add_all(connection: Connection, asked: Sequence[list[dict[str, Any]]]) -> list[Added]:
    """Add the rows of several, each as `add` would."""
    rows = [row for some in asked for row in some]
    at_once = len(rows) - len(rows) % _AT_ONCE
    new: list[bool] = []
    for start in range(0, at_once, _AT_ONCE):
        new += _added(connection, rows[start : start + _AT_ONCE])
    new += [add(connection, [row]).accepted > 0 for row in rows[at_once:]]
    told, found = [], iter(new)
    for some in asked:
        accepted = sum(islice(found, len(some)))
        told.append(Added(accepted=accepted, duplicates=len(some) - accepted))
    return told


def _added(connection: Connection, rows: list[dict[str, Any]]) -> list[bool]:
    """Add as many rows as one statement takes; whether each was new."""
    count = connection.execute(_add_at_once, [row[name] for row in rows for name in _NEW]).rowcount
    if count == len(rows):
        return [True] * count
    added = {(connector, key) for connector, key in _latest_added.rows(connection, most=count)} if count > 0 else set()
    new = []
    for row in rows:
        name = row["connector"], row["key"]
        new.append(row["key"] is None or name in added)
        added.discard(name)
    return new


def add_parked(connection: Connection, row: dict[str, Any], reason: str) -> None:
    """Add a row that nobody is to take up by itself."""
    _add_parked.many(connection, [{**row, "state": "parked", "due": None, "reason": storable(reason)}])


def add_page(
    connection: Connection, connector: str, stream: str, rows: list[dict[str, Any]], cursor: str | None
) -> Added:
    """Add a page's rows, and move the cursor behind them."""
    added = add(connection, rows)
    _set_cursor.run(connection, connector=connector, stream=stream, cursor=cursor)
    return added


def cursor_of(connection: Connection, connector: str, stream: str) -> str | None:
    """Where a stream was left."""
    row = _cursor.one(connection, of=connector, stream=stream)
    return None if row is None else row[0]


def claim(connection: Connection, now: int, lease_ms: int, limit: int) -> list[InboxRow]:
    """Lease rows that may be claimed, the oldest of each connector in turn; or one alone that was leased before."""
    with ExitStack() as stack:
        queues = [
            stack.enter_context(closing(_ready_of.run(connection, of=name, now=now))) for name in _waiting(connection)
        ]
        found = list(islice(_in_turn(queues), limit))
    if not found:
        return []
    again = next((id for id, tries in found if tries), None)
    wanted = [(id,) for id, _ in found] if again is None else [(again,)]
    return [_claimed(row) for row in sorted(_lease.rows(connection, rows=together(wanted), until=now + lease_ms))]


def claimable(connection: Connection, now: int) -> bool:
    """Whether there is any row to claim."""
    return any(_ready_of.one(connection, of=name, now=now) is not None for name in _waiting(connection))


def _waiting(connection: Connection) -> Iterator[str]:
    """The connectors that have rows which are neither done nor parked, each found by one step into an index."""
    name: str | None = ""
    while name is not None:
        row = _connectors_after.one(connection, after=name)
        name = None if row is None else row[0]
        if name is not None:
            yield name


def _in_turn(queues: Sequence[Iterator[Row]]) -> Iterator[Row]:
    """One of each queue, and round again, until all are empty."""
    left = list(queues)
    while left:
        heads = [(queue, next(queue, None)) for queue in left]
        left = [queue for queue, head in heads if head is not None]
        yield from (head for _, head in heads if head is not None)


def _claimed(row: Row) -> InboxRow:
    id, connector, form, key, stream, received_at, historical, attempt, replayed_at, body = row
    return InboxRow(
        id=id,
        connector=connector,
        record=Record(
            body=body,
            form=form,
            key=key,
            stream=stream,
            historical=bool(historical),
            received_at=Instant(received_at),
        ),
        attempt=attempt,
        tries=attempt - replayed_at,
        state="leased",
    )


def finish(connection: Connection, done: Sequence[tuple[int, int]], parked: Sequence[tuple[int, int, str]]) -> None:
    """Mark claimed rows as through. Raises Conflict if one of them has been claimed again since."""
    finished = _done.many(connection, [{"row": id, "fence": attempt} for id, attempt in done]) if done else 0
    if parked:
        finished += _park.many(
            connection, [{"row": id, "fence": attempt, "why": storable(why)} for id, attempt, why in parked]
        )
    if finished != len(done) + len(parked):
        raise Conflict("a record of this batch has been claimed by somebody else")


def replay(connection: Connection, id: int, now: int, by: str) -> bool:
    """Make a row ready again; one that waits or is worked on stays as it is. Audited."""
    before = one(connection, id)
    if before is None:
        return False
    _replay.run(connection, row=id)
    detail = f"{before.state}, of {before.connector}{f': {before.reason}' if before.reason else ''}"
    audit.note(connection, now, by, "record.replay", str(id), detail)
    return True


def release(connection: Connection) -> None:
    """End every lease: whoever held them is dead."""
    _release.run(connection)


def oldest_waiting(connection: Connection, connectors: Sequence[str]) -> int | None:
    """Receipt of the oldest row of these connectors that is neither done nor parked, nor a backfill's."""
    found = [row[0] for connector in connectors if (row := _oldest.one(connection, of=connector)) is not None]
    return min((received_at for received_at in found if received_at is not None), default=None)


def waits_beyond(connection: Connection, most: int) -> bool:
    """Whether more than so many rows are neither done nor parked."""
    row = _so_many.one(connection, most=most + 1)
    return row is not None and row[0] > most


def arrivals(connection: Connection, connector: str, before: int | None, limit: int) -> list[InboxRow]:
    """The records of a connector that came before a row, the latest first, whatever has become of them."""
    found = _arrived.rows(connection, of=connector, before=_LAST if before is None else before, most=limit)
    return [_claimed(row) for row in found]


def one(connection: Connection, id: int) -> Listed | None:
    """One row."""
    row = _one.one(connection, row=id)
    return None if row is None else listed(row)


def listed(row: Row) -> Listed:
    """The record that a row of SHOWN holds."""
    id, connector, state, form, key, received_at, attempt, reason, body = row
    return Listed(
        id=id,
        connector=connector,
        state=state,
        form=form,
        key=key,
        received_at=received_at,
        attempt=attempt,
        reason=reason,
        body=body,
    )
