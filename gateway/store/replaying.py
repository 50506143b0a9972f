"""Sending once more what has ended, outside of the order of its contact; and enabling an endpoint. Each is audited.

Each function here is a part of one transaction.
"""

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from gateway.kernel.outbox import Replayed
from gateway.rules.breaker import enabled
from gateway.store import audit, endpoints, performing
from gateway.store.library import Connection
from gateway.store.schema import deliveries
from gateway.store.statement import Statement, value, word

BATCH_MAX = 500
"""Deliveries that one transaction looks at."""

_d = deliveries.c
_over = _d.state.in_([word("delivered"), word("dead")])
_replay = Statement(
    sa.update(deliveries)
    .where(_d.id == value("row"), _over)
    .values(state=word("ready"), replay_due=value("now"), ended_at=value("now"))
)
_sooner = Statement(
    sa.update(deliveries)
    .where(_d.id == value("row"), _d.state == word("ready"), _d.due > value("now"))
    .values(due=value("now"), next_at=value("now"))
)
_exists = Statement(sa.select(_d.id).where(_d.id == value("row")))
_made = Statement(
    sa.select(_d.id, _d.created_at, _d.endpoint, _d.state)
    .where(
        _d.created_at >= value("since"),
        _d.created_at < value("until"),
        sa.or_(_d.created_at > value("since"), _d.id > value("behind")),
    )
    .order_by(_d.created_at, _d.id)
    .limit(value("most"))
)


class Place(NamedTuple):
    """How far a replay of a range has come: the next row is made at or after `since`, and behind the row `behind`."""

    since: int
    behind: int = -1
    replayed: int = 0
    audited: int | None = None
    done: bool = False


def one(connection: Connection, id: int, now: int, by: str) -> Replayed | None:
    """Replay a delivery that has ended; one that waits stays in its order, due at once if it is the first."""
    if _exists.one(connection, row=id) is None:
        return None
    became: Replayed = "due" if _replay.run(connection, row=id, now=now).rowcount == 1 else "waiting"
    if became == "waiting":
        _sooner.run(connection, row=id, now=now)
    audit.note(connection, now, by, "delivery.replay", str(id), became)
    return became


def some(
    connection: Connection, endpoint: str | None, place: Place, until: int, states: Collection[str], now: int, by: str
) -> Place:
    """Replay the next few of those made before `until`; how far it has come."""
    found = _made.rows(connection, since=place.since, until=until, behind=place.behind, most=BATCH_MAX)
    chosen = [id for id, _, name, state in found if state in states and (endpoint is None or name == endpoint)]
    replayed = place.replayed + _replay.many(connection, [{"row": id, "now": now} for id in chosen])
    detail = f"{replayed} of {' and '.join(sorted(states))}, made before {until}"
    audited = place.audited
    if audited is None:
        detail += f", from {place.since} on"
        audited = audit.note(connection, now, by, "deliveries.replay", endpoint or "*", detail)
    else:
        audit.set_detail(connection, audited, detail)
    if len(found) < BATCH_MAX:
        return Place(place.since, place.behind, replayed, audited, done=True)
    id, made_at, *_ = found[-1]
    return Place(made_at, id, replayed, audited)


def enable(connection: Connection, name: str, now: int, by: str) -> bool:
    """Let an endpoint have its deliveries again; what failed there is due at once, the first of it."""
    state = endpoints.one(connection, name)
    if state is None:
        return False
    endpoints.write(connection, [replace(state, health=enabled(state.health))])
    performing.hasten(connection, name, now, performing.HASTENED_MAX)
    audit.note(connection, now, by, "endpoint.enable", name, state.health.disabled_why or "it was not disabled")
    return True
