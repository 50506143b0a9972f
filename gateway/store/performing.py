"""What is done with deliveries: claimed with a lease, finished under a fence, given back, let go sooner.

Each function here is a part of one transaction. The law of order: `outbox`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.outbox import Delivery, Outcome, Performed
from gateway.store import endpoints, outbox
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import attempts, deliveries
from gateway.store.statement import Row, Statement, value, word

HASTENED_MAX = 500
"""So many of an endpoint's deliveries become due in the transaction that closes its breaker; the rest in others."""

REPLAYS_SHARE = 4
"""Replays have one part in so many of an endpoint's room, where there is more to do than room."""

_d = deliveries.c
_ready = _d.state == word("ready")
_mine = (_d.id == value("row"), _d.attempt == value("fence"), _d.state == word("leased"))

_next_due = Statement(sa.select(sa.func.min(_d.endpoint)).where(_d.endpoint > value("after"), _d.due.isnot(None)))
_next_replay = Statement(
    sa.select(sa.func.min(_d.endpoint)).where(_d.endpoint > value("after"), _d.replay_due.isnot(None))
)
_first_due = Statement(sa.select(sa.func.min(_d.due)).where(_d.endpoint == value("to"), _d.due.isnot(None)))
_first_replay = Statement(
    sa.select(sa.func.min(_d.replay_due)).where(_d.endpoint == value("to"), _d.replay_due.isnot(None))
)
_due = Statement(
    outbox.WHOLE.where(_d.endpoint == value("to"), _d.due <= value("now")).order_by(_d.due, _d.id).limit(value("most"))
)
_oldest = Statement(
    outbox.WHOLE.where(_d.endpoint == value("to"), _d.due.isnot(None), sa.or_(_ready, _d.due <= value("now")))
    .order_by(_d.due, _d.id)
    .limit(value("most"))
)
_replays = Statement(
    outbox.WHOLE.where(_d.endpoint == value("to"), _d.replay_due <= value("now"))
    .order_by(_d.replay_due, _d.id)
    .limit(value("most"))
)
_leased = sa.update(deliveries).where(_d.id == value("row"))
_lease = Statement(_leased.values(state=word("leased"), attempt=_d.attempt + 1, due=value("until")))
_lease_replay = Statement(_leased.values(state=word("leased"), attempt=_d.attempt + 1, replay_due=value("until")))
_prolong = Statement(
    sa.update(deliveries)
    .where(*_mine)
    .values(
        due=sa.case((_d.due.isnot(None), value("until"))),
        replay_due=sa.case((_d.replay_due.isnot(None), value("until"))),
    )
)
_finish = Statement(
    sa.update(deliveries)
    .where(*_mine)
    .values(
        state=value("became"),
        tries=_d.tries + 1,
        next_at=value("again"),
        due=value("again"),
        replay_due=sa.null(),
        last_status=value("answered"),
        last_error=value("failed"),
        delivered_at=sa.func.coalesce(value("through"), _d.delivered_at),
        ended_at=value("ended"),
    )
    .returning(_d.endpoint, _d.contact)
)
_return = Statement(
    sa.update(deliveries)
    .where(*_mine)
    .values(
        state=word("ready"),
        due=_d.next_at,
        replay_due=sa.case((_d.replay_due.isnot(None), sa.literal_column("0"))),
    )
)
_head = (
    sa.select(_d.id)
    .where(_d.endpoint == value("to"), _d.contact == value("about"), _d.next_at.isnot(None))
    .order_by(_d.sequence)
    .limit(sa.literal_column("1"))
    .scalar_subquery()
)
_elect = Statement(sa.update(deliveries).where(_d.id == _head, _ready, _d.due.is_(None)).values(due=_d.next_at))
_add_attempt = Statement(insert(attempts), ("delivery", "attempt", "at", "status", "error", "duration_ms"))
_release = Statement(
    # That it compares the endpoint lets SQLite take the index of what is leased.
    sa.update(deliveries)
    .where(sa.literal_column("state = 'leased'", sa.Boolean), _d.endpoint >= word(""))
    .values(
        due=sa.case((_d.due.isnot(None), sa.literal_column("0"))),
        replay_due=sa.case((_d.replay_due.isnot(None), sa.literal_column("0"))),
    )
)
_hasten = Statement(
    sa.update(deliveries)
    .where(
        _d.id.in_(
            sa.select(_d.id)
            .where(_d.endpoint == value("to"), _d.due > value("now"), _ready)
            .order_by(_d.due)
            .limit(value("most"))
        )
    )
    .values(due=_d.created_at, next_at=value("now"))
)


def _jumps(connection: Connection, following: Statement) -> Iterator[str]:
    """Every endpoint in an index: a jump for each, however many rows it has."""
    after = ""
    while (row := following.one(connection, after=after)) is not None and row[0] is not None:
        after = row[0]
        yield after


def anything_due(connection: Connection, now: int, room: Mapping[str, int], probes: Collection[str]) -> bool:
    """Whether a claim would find something."""
    for following, first in ((_next_due, _first_due), (_next_replay, _first_replay)):
        for name in _jumps(connection, following):
            if room.get(name, 0) <= 0:
                continue
            due = first.one(connection, to=name)
            if name in probes or (due is not None and due[0] is not None and due[0] <= now):
                return True
    return False


def claim(
    connection: Connection, now: int, lease_ms: int, room: Mapping[str, int], probes: Collection[str]
) -> list[Delivery]:
    """Lease what is due, the longest due of each endpoint first, as many as it has room for."""
    replays = {
        name: _replays.rows(connection, to=name, now=now, most=room[name])
        for name in list(_jumps(connection, _next_replay))
        if room.get(name, 0) > 0
    }
    normal: list[Row] = []
    again: list[Row] = []
    for name in dict.fromkeys((*_jumps(connection, _next_due), *replays)):
        most = room.get(name, 0)
        if most <= 0:
            continue
        waiting = replays.get(name, [])
        which = _oldest if name in probes else _due
        found = which.rows(connection, to=name, now=now, most=most - min(len(waiting), most // REPLAYS_SHARE))
        normal += found
        again += waiting[: most - len(found)]
    until = now + lease_ms
    if normal:
        _lease.many(connection, [{"row": row[0], "until": until} for row in normal])
    if again:
        _lease_replay.many(connection, [{"row": row[0], "until": until} for row in again])
    return [*(_claimed(row, replay=False) for row in normal), *(_claimed(row, replay=True) for row in again)]


def _claimed(row: Row, *, replay: bool) -> Delivery:
    found = outbox.delivery(row)
    return replace(found, state="leased", attempt=found.attempt + 1, tries=found.tries + 1, replay=replay)


def prolong(connection: Connection, held: Sequence[tuple[int, int]], until: int) -> None:
    """Prolong leases, each under its fence."""
    _prolong.many(connection, [{"row": id, "fence": attempt, "until": until} for id, attempt in held])


def finish(connection: Connection, performed: Performed, new: outbox.PreparedNotices) -> tuple[int, ...]:
    """Write all that came of deliveries; those whose fence has moved. Raises Conflict."""
    endpoints.write(connection, performed.endpoints)
    overtaken = []
    tried: list[dict[str, Any]] = []
    through: dict[Row, None] = {}
    for outcome in performed.outcomes:
        changed = _end(connection, outcome)
        if changed is None:
            overtaken.append(outcome.delivery)
            continue
        tried.append(_attempt(outcome))
        if outcome.state != "ready":
            through[changed] = None
    if tried:
        _add_attempt.many(connection, tried)
    if through:
        elect(connection, through)
    if performed.returned:
        _return.many(connection, [{"row": id, "fence": attempt} for id, attempt in performed.returned])
    for name in performed.closed:
        hasten(connection, name, performed.now, HASTENED_MAX)
    outbox.add(connection, new)
    return tuple(overtaken)


def _end(connection: Connection, outcome: Outcome) -> Row | None:
    """Write one outcome; the pair (endpoint, contact) of its delivery, None where the fence has moved."""
    retry = outcome.state == "ready"
    changed = _finish.rows(
        connection,
        row=outcome.delivery,
        fence=outcome.attempt,
        became=outcome.state,
        again=(outcome.at if outcome.next_at is None else outcome.next_at) if retry else None,
        answered=outcome.status,
        failed=None if outcome.error is None else storable(outcome.error),
        through=outcome.at if outcome.state == "delivered" else None,
        ended=None if retry else outcome.at,
    )
    return changed[0] if changed else None


def _attempt(outcome: Outcome) -> dict[str, Any]:
    return {
        "delivery": outcome.delivery,
        "attempt": outcome.attempt,
        "at": outcome.at,
        "status": outcome.status,
        "error": None if outcome.error is None else storable(outcome.error),
        "duration_ms": outcome.duration_ms,
    }


def elect(connection: Connection, pairs: Collection[Row]) -> None:
    """Let the first that waits of each (endpoint, contact) go."""
    _elect.many(connection, [{"to": endpoint, "about": contact} for endpoint, contact in pairs])


def hasten(connection: Connection, endpoint: str, now: int, limit: int) -> int:
    """Let what failed at an endpoint be due at once, in the order in which it was made; how many."""
    return max(_hasten.run(connection, to=endpoint, now=now, most=limit).rowcount, 0)


def release(connection: Connection) -> None:
    """End every lease: whoever held them is dead."""
    _release.run(connection)
