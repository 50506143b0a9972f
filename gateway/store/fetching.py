"""Look-ups: objects to be read again at their vendor. Requests for one object coalesce into one row.

`generation` grows with each request; a look-up that was claimed before the latest request doesn't end the row, unless
what it brought is as new as what was `wanted` since. What was fetched whole is noted by its version: who knows of
nothing newer needn't ask. Each function here is a part of one transaction.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.reading import Waits
from gateway.kernel.store import COUNTED_MAX, Conflict, FetchKey, FetchRow, LookUp
from gateway.model.identity import Ref
from gateway.store import inbox
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import fetches, pauses, versions
from gateway.store.statement import Statement, upsert, value

_columns = fetches.c
# The first generation is the time of the request, so that a row that is made anew never repeats an old number.
_becomes_live = sa.and_(_columns.historical > sa.literal_column("excluded.historical"), _columns.claimed.is_(None))
_ask = Statement(
    insert(fetches).on_conflict_do_update(
        index_elements=["connector", "kind", "ref"],
        set_={
            "generation": _columns.generation + 1,
            "reason": sa.literal_column("excluded.reason"),
            "historical": sa.func.min(_columns.historical, sa.literal_column("excluded.historical")),
            "wanted": sa.func.max(_columns.wanted, sa.literal_column("excluded.wanted")),
            # What has waited in the queue of a backfill is in a hurry from now on, and not since then.
            "asked_at": sa.case((_becomes_live, sa.literal_column("excluded.asked_at")), else_=_columns.asked_at),
            "due": sa.case((_becomes_live, sa.literal_column("excluded.due")), else_=_columns.due),
        },
    ),
    ("connector", "kind", "ref", "reason", "generation", "attempt", "tries", "asked_at", "due", "historical", "wanted"),
)
_NEWEST = 1 << 62
"""What is wanted by who asks without a version: no answer of before is new enough."""

_this = sa.and_(_columns.connector == value("of"), _columns.kind == value("type"), _columns.ref == value("object"))
_may = sa.not_(sa.exists(sa.select(sa.literal_column("1")).where(pauses.c.connector == value("of"))))
"""Nobody has paused the connector."""

_first = Statement(sa.select(sa.func.min(_columns.connector)).where(_columns.connector > value("after")))
_due_of = Statement(
    sa.select(sa.func.min(_columns.due)).where(
        _columns.connector == value("of"), _columns.historical == value("past"), _may
    )
)
_due_refs = (
    sa.select(_columns.kind, _columns.ref)
    .where(_columns.connector == value("of"), _columns.due <= value("now"))
    .order_by(_columns.historical, _columns.due, _columns.asked_at)
    .limit(value("most"))
)
_due = Statement(_due_refs.add_columns(_columns.historical))
_put_off = Statement(
    sa.update(fetches)
    .where(_columns.connector == value("of"), sa.tuple_(_columns.kind, _columns.ref).in_(_due_refs))
    .values(claimed=sa.null(), due=value("until"), failure=value("why"))
)
_lease = Statement(
    sa.update(fetches)
    .where(_this)
    .values(attempt=_columns.attempt + 1, claimed=_columns.generation, wanted=0, due=value("until"))
    .returning(
        _columns.reason,
        _columns.attempt,
        _columns.generation,
        _columns.tries,
        _columns.asked_at,
        _columns.historical,
    )
)
_mine = sa.and_(_this, _columns.attempt == value("fence"), _columns.claimed == value("seen"))
_end = Statement(
    sa.delete(fetches).where(
        _mine, sa.or_(_columns.generation == _columns.claimed, _columns.wanted <= value("brought"))
    )
)
_again = Statement(
    sa.update(fetches).where(_mine).values(attempt=0, tries=0, claimed=sa.null(), due=0, failure=sa.null())
)
_postpone = Statement(
    sa.update(fetches)
    .where(_mine)
    .values(claimed=sa.null(), due=value("until"), failure=value("why"), tries=_columns.tries + value("counts"))
)
_oldest = Statement(
    sa.select(sa.func.min(_columns.asked_at)).where(
        _columns.connector == value("of"),
        _columns.historical == sa.literal_column("0"),
        _columns.failure.is_(None),
        _may,
    )
)
_some = sa.select(_columns.ref).where(_columns.connector == value("of"), _columns.historical == value("past"))
_how_many = Statement(sa.select(sa.func.count()).select_from(_some.limit(value("most")).subquery()))
_versions = versions.c
_version = Statement(
    sa.select(_versions.version).where(
        _versions.connector == value("of"), _versions.kind == value("type"), _versions.ref == value("object")
    )
)
_set_version = upsert(versions, ("connector", "kind", "ref"), ("version",))
_release = Statement(sa.update(fetches).where(_columns.claimed.isnot(None)).values(claimed=sa.null(), due=0))


def ask(connection: Connection, asked: Sequence[LookUp], now: int) -> None:
    """Ask for look-ups. One that waits after a failure goes on waiting; what is known to be fetched isn't asked for."""
    _ask.many(
        connection,
        [
            {
                "connector": wanted.key.connector,
                "kind": wanted.key.ref.kind,
                "ref": wanted.key.ref.id,
                "reason": storable(wanted.reason),
                "generation": now,
                "attempt": 0,
                "tries": 0,
                "asked_at": wanted.asked_at,
                "due": now,
                "historical": int(wanted.historical),
                "wanted": _NEWEST if wanted.version is None else wanted.version,
            }
            for wanted in asked
            if wanted.version is None or wanted.version > _fetched(connection, wanted.key)
        ],
    )


def _fetched(connection: Connection, key: FetchKey) -> int:
    """The version at which an object was last fetched whole; -1 if it never was."""
    row = _version.one(connection, of=key.connector, type=key.ref.kind, object=key.ref.id)
    return -1 if row is None else int(row[0])


def connectors_due(connection: Connection, now: int) -> list[str]:
    """The connectors that have something due and aren't paused: as many steps in an index as there are connectors with
    look-ups."""
    found = []
    name = ""
    while (row := _first.one(connection, after=name)) is not None and row[0] is not None:
        name = row[0]
        dues = (_due_of.one(connection, of=name, past=past) for past in (0, 1))
        if any(due is not None and due[0] is not None and due[0] <= now for due in dues):
            found.append(name)
    return found


def claim(connection: Connection, connector: str, now: int, lease_ms: int, limit: int, past: int) -> list[FetchRow]:
    """Lease what is due of a connector, the most overdue first; of what a backfill asked for at most `past`."""
    claimed: list[FetchRow] = []
    for kind, ref, in_hindsight in _due.rows(connection, of=connector, now=now, most=limit):
        if in_hindsight and sum(one.historical for one in claimed) >= past:
            break  # what is live comes first: there is none behind this
        row = _lease.rows(connection, of=connector, type=kind, object=ref, until=now + lease_ms)[0]
        reason, attempt, generation, tries, asked_at, historical = row
        claimed.append(
            FetchRow(
                key=FetchKey(connector, Ref(kind, ref)),
                reason=reason,
                attempt=attempt,
                generation=generation,
                tries=tries,
                asked_at=asked_at,
                historical=bool(historical),
            )
        )
    return claimed


def put_off(connection: Connection, connector: str, now: int, until: int, reason: str, limit: int) -> int:
    """Let what is due of a connector wait, with no try: it holds back no time meanwhile, as after a failure."""
    return _put_off.run(connection, of=connector, now=now, most=limit, until=until, why=storable(reason)).rowcount


def finish(connection: Connection, row: FetchRow, records: list[dict[str, Any]], version: int | None) -> None:
    """Put what came into the inbox, and end the look-up unless something newer than `version`, which it brought, was
    asked for since. Raises Conflict."""
    brought = -1 if version is None else version
    if (
        _end.run(connection, **_fence(row), brought=brought).rowcount == 0
        and _again.run(connection, **_fence(row)).rowcount == 0
    ):
        raise Conflict(f"the look-up of {row.key.connector} {row.key.ref.kind} {row.key.ref.id} is not ours any more")
    if brought > _fetched(connection, row.key):
        ref = row.key.ref
        _set_version.many(
            connection, [{"connector": row.key.connector, "kind": ref.kind, "ref": ref.id, "version": brought}]
        )
    inbox.add(connection, records)


def give_up(connection: Connection, row: FetchRow, record: dict[str, Any], reason: str) -> None:
    """End the look-up as a parked record, or begin it anew if it was asked for again. Raises Conflict."""
    if _end.run(connection, **_fence(row), brought=-1).rowcount:
        inbox.add_parked(connection, record, reason)
    elif _again.run(connection, **_fence(row)).rowcount == 0:
        raise Conflict(f"the look-up of {row.key.connector} {row.key.ref.kind} {row.key.ref.id} is not ours any more")


def postpone(connection: Connection, row: FetchRow, next_at: int, reason: str, counted: bool) -> None:
    """Give the look-up back, due at `next_at`. Raises Conflict."""
    counts = int(counted)
    if _postpone.run(connection, **_fence(row), until=next_at, why=storable(reason), counts=counts).rowcount == 0:
        raise Conflict(f"the look-up of {row.key.connector} {row.key.ref.kind} {row.key.ref.id} is not ours any more")


def release(connection: Connection) -> None:
    """End every lease: whoever held them is dead."""
    _release.run(connection)


def _fence(row: FetchRow) -> dict[str, Any]:
    return {
        "of": row.key.connector,
        "type": row.key.ref.kind,
        "object": row.key.ref.id,
        "fence": row.attempt,
        "seen": row.generation,
    }


def oldest(connection: Connection, connectors: Sequence[str]) -> int | None:
    """The earliest request of these connectors that has not failed yet; what waits for a person waits for nobody."""
    found = [row[0] for connector in connectors if (row := _oldest.one(connection, of=connector)) is not None]
    return min((asked_at for asked_at in found if asked_at is not None), default=None)


def waiting(connection: Connection, connectors: Sequence[str]) -> dict[str, Waits]:
    """What waits to be looked up, of each connector."""
    counts = {
        (name, past): (_how_many.one(connection, of=name, past=past, most=COUNTED_MAX) or (0,))[0]
        for name in connectors
        for past in (0, 1)
    }
    return {
        name: Waits(live=counts[name, 0], past=counts[name, 1], oldest=oldest(connection, [name]))
        for name in connectors
    }
