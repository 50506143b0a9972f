"""What is in force and since when: when connectors first started, and policies. Each is a part of one transaction."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.store.library import Connection
from gateway.store.schema import connectors, contacts, policies
from gateway.store.statement import Statement, value

_start = Statement(insert(connectors).on_conflict_do_nothing(), ("name", "live_from"))
_started = Statement(sa.select(connectors.c.live_from).where(connectors.c.name == value("of")))
_in_force = Statement(
    sa.select(policies.c.hash, policies.c.active_since).order_by(policies.c.id.desc()).limit(sa.literal_column("1"))
)
_activate = Statement(insert(policies), ("hash", "name", "text", "active_since"))
_rejudge = Statement(
    sa.update(contacts)
    .where(contacts.c.policy != value("hash"))
    .values(next_due=sa.func.min(sa.func.coalesce(contacts.c.next_due, value("now")), value("now")))
)


def started(connection: Connection, names: Sequence[str], now: int) -> dict[str, int]:
    """`live_from` of each connector; now for one that has never been started."""
    _start.many(connection, [{"name": name, "live_from": now} for name in names])
    return {name: row[0] for name in names if (row := _started.one(connection, of=name)) is not None}


def policy_in_force(connection: Connection, hash: str, name: str, text: str, now: int) -> int:
    """Since when this policy is in force. One that was in force before, and is again, counts from now."""
    row = _in_force.one(connection)
    if row is not None and row[0] == hash:
        since: int = row[1]
        return since
    _activate.run(connection, hash=hash, name=name, text=text, active_since=now)
    _rejudge.run(connection, hash=hash, now=now)
    return now
