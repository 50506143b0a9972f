"""What the gateway notes of itself: since when its connectors run, and small values for other processes to read.

Each function here is a part of one transaction.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.store.library import Connection
from gateway.store.schema import connectors, notes
from gateway.store.statement import Statement, upsert, value

NOTE_BYTES_MAX = 1 << 20
"""The largest value that can be noted."""

_start = Statement(insert(connectors).on_conflict_do_nothing(), ("name", "live_from"))
_started = Statement(sa.select(connectors.c.live_from).where(connectors.c.name == value("of")))
_note = upsert(notes, ("name",), ("body",))
_noted = Statement(sa.select(notes.c.body).where(notes.c.name == value("of")))


def started(connection: Connection, names: Sequence[str], now: int) -> dict[str, int]:
    """`live_from` of each connector; now for one that has never been started."""
    _start.many(connection, [{"name": name, "live_from": now} for name in names])
    return {name: row[0] for name in names if (row := _started.one(connection, of=name)) is not None}


def note(connection: Connection, name: str, body: bytes) -> None:
    """Keep a small value under a name, in place of the last. Raises ValueError for one that is too large."""
    if len(body) > NOTE_BYTES_MAX:
        raise ValueError(f"{name} has {len(body)} bytes, and a note has {NOTE_BYTES_MAX} at most")
    _note.run(connection, name=name, body=body)


def noted(connection: Connection, name: str) -> bytes | None:
    """What was last kept under a name."""
    row = _noted.one(connection, of=name)
    return None if row is None else row[0]
