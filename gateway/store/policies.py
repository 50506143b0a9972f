"""Policies, each kept under the instant from which it judges. Each function here is a part of one transaction."""

import sqlalchemy as sa

from gateway.kernel.store import PolicyRow
from gateway.store.coding import damaged, storable
from gateway.store.library import Connection
from gateway.store.schema import policies
from gateway.store.statement import Statement, upsert, value

_c = policies.c
_head = sa.select(_c.since, _c.hash, _c.name, _c.stored_at)
_listing = Statement(_head.order_by(_c.since))
# As bytes, so that text which is none can be told with its place.
_one = Statement(
    _head.add_columns(sa.cast(_c.text, sa.LargeBinary), _c.calendars, _c.facts).where(_c.since == value("instant"))
)
_withdraw = Statement(sa.delete(policies).where(_c.since > value("now")))
_put = upsert(policies, ("since",), ("hash", "name", "stored_at", "text", "calendars", "facts"))


def listing(connection: Connection) -> list[PolicyRow]:
    """All of them, the earliest first, without what is long."""
    return [
        PolicyRow(since=since, hash=hash, name=name, stored_at=stored_at)
        for since, hash, name, stored_at in _listing.rows(connection)
    ]


def one(connection: Connection, since: int) -> PolicyRow | None:
    """The policy of exactly this instant, whole. Raises StoreUnusable where its text is none."""
    row = _one.one(connection, instant=since)
    if row is None:
        return None
    since, hash, name, stored_at, text, calendars, facts = row
    try:
        text = text.decode()
    except UnicodeDecodeError as error:
        raise damaged(f"the text of the policy of {since}", error) from error
    return PolicyRow(
        since=since, hash=hash, name=name, stored_at=stored_at, text=text, calendars=calendars, facts=facts
    )


def put_in_force(connection: Connection, policy: PolicyRow) -> None:
    """Keep it in place of one of the same instant, and of those that are not in force yet at its `stored_at`."""
    _withdraw.run(connection, now=policy.stored_at)
    _put.run(
        connection,
        since=int(policy.since),
        hash=policy.hash,
        name=storable(policy.name),
        stored_at=int(policy.stored_at),
        text=storable(policy.text),
        calendars=policy.calendars,
        facts=policy.facts,
    )
