"""Runs over streams: the first over a stream's past, and those that somebody asked for, until they are through.

Each function here is a part of one transaction. `pages` and `cursor` are the fence: who goes on from another page than
the row's was overtaken.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.store import Added, Conflict, SyncRow
from gateway.store import inbox
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import syncs
from gateway.store.statement import Row, Statement, value, word

LIVE_KEPT = 20
"""Pulls of a stream that are over and still shown to whoever asked: a command may ask every minute, for years."""

_c = syncs.c
_NAMES = tuple(column.name for column in syncs.c if column.name != "id")
_add = Statement(insert(syncs), _NAMES)
_shown = sa.select(*syncs.c)
_one = Statement(_shown.where(_c.id == value("row")))
_latest = Statement(_shown.order_by(_c.id.desc()).limit(value("most")))
_latest_of = Statement(_shown.where(_c.connector == value("of")).order_by(_c.id.desc()).limit(value("most")))
_open = _shown.where(_c.ended_at.is_(None)).order_by(_c.id).limit(value("most"))
_all_open = Statement(_open)
_open_of = Statement(_open.where(_c.connector == value("of")))
_any_backfill = Statement(
    sa.select(_c.id)
    .where(_c.connector == value("of"), _c.stream == value("name"), _c.lane == word("backfill"))
    .limit(sa.literal_column("1"))
)
_ended_live = sa.and_(
    _c.connector == value("of"), _c.stream == value("name"), _c.lane == word("live"), _c.ended_at.isnot(None)
)
_kept = sa.select(_c.id).where(_ended_live).order_by(_c.id.desc()).limit(value("kept"))
_forget = Statement(sa.delete(syncs).where(_ended_live, _c.id.not_in(_kept)))
_set = Statement(
    sa.update(syncs)
    .where(
        _c.id == value("row"),
        _c.pages == value("was_pages"),
        _c.cursor.is_(value("was_cursor")),
        _c.ended_at.is_(None),
    )
    .values({name: value(name) for name in _NAMES if name not in ("connector", "stream", "lane", "asked_at")})
)


def ask(connection: Connection, wanted: SyncRow) -> SyncRow:
    """Keep a wish, or find the run that fulfils it already."""
    under_way = [
        row
        for row in listing(connection, wanted.connector, ended=False, limit=1_000)
        if row.stream == wanted.stream and row.lane == wanted.lane
    ]
    if wanted.lane == "backfill" and under_way:
        since = wanted.since or 0
        for row in under_way:
            if (row.since or 0) <= since and (row.until is None or since < row.until):
                return row  # what lies behind its end is pulled as what is new
        first = min(row.since or 0 for row in under_way)
        if since < first:
            wanted = replace(wanted, until=first)
    elif under_way:
        return under_way[0]
    _add.many(connection, [_values(wanted)])
    _forget.run(connection, of=wanted.connector, name=wanted.stream, kept=LIVE_KEPT)
    (found,) = listing(connection, wanted.connector, ended=True, limit=1)
    return found


def first_backfill(connection: Connection, wanted: SyncRow) -> None:
    """Keep a wish unless its stream has ever had a backfill."""
    if _any_backfill.one(connection, of=wanted.connector, name=wanted.stream) is None:
        _add.many(connection, [_values(wanted)])


def listing(connection: Connection, connector: str | None, *, ended: bool, limit: int) -> list[SyncRow]:
    """The latest runs, or, without `ended`, those that are not over, in the order in which they were asked for."""
    if connector is None:
        rows = (_latest if ended else _all_open).rows(connection, most=limit)
    else:
        rows = (_latest_of if ended else _open_of).rows(connection, of=connector, most=limit)
    return [_run(row) for row in rows]


def one(connection: Connection, id: int) -> SyncRow | None:
    """One run."""
    row = _one.one(connection, row=id)
    return None if row is None else _run(row)


def add_page(connection: Connection, was: SyncRow, now: SyncRow, rows: list[dict[str, Any]]) -> Added:
    """Add a page's rows, and note how far the run has come. Raises Conflict."""
    added = inbox.add(connection, rows)
    told = {"accepted": now.accepted + added.accepted, "duplicates": now.duplicates + added.duplicates}
    _move(connection, was, {**_values(now), **told})
    return added


def note(connection: Connection, row: SyncRow) -> None:
    """Note how a run stands that brought no page. Raises Conflict."""
    _move(connection, row, _values(row))


def _move(connection: Connection, was: SyncRow, values: Mapping[str, Any]) -> None:
    if _set.run(connection, row=was.id, was_pages=was.pages, was_cursor=was.cursor, **values).rowcount == 0:
        raise Conflict(f"the run {was.id} over {was.connector}/{was.stream} has been taken on by somebody else")


def _run(row: Row) -> SyncRow:
    return SyncRow(**dict(zip(("id", *_NAMES), row, strict=True)))


def _values(row: SyncRow) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _NAMES}
    return {**told, "failure": None if row.failure is None else storable(row.failure)}
