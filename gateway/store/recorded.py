"""Contacts with their whole history, a batch by one statement. Each function here is a part of one transaction."""

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from gateway.kernel.recorded import Recorded
from gateway.kernel.store import StoreUnusable
from gateway.model.words import ENDED
from gateway.store.coding import decode_strands
from gateway.store.library import Connection
from gateway.store.schema import connectors, contacts, journal, strands
from gateway.store.statement import Row, Statement, value

_ENDED: Final = sorted(ENDED)
_NOTHING: Final = sa.null()
_touched = sa.or_(
    contacts.c.status.not_in([sa.literal_column(f"'{word}'") for word in _ENDED]),
    contacts.c.updated_at >= value("since"),
)
_picked = (
    sa.select(contacts.c.id, contacts.c.live_from, contacts.c.strands, contacts.c.state)
    .where(contacts.c.id > value("after"), _touched)
    .order_by(contacts.c.id)
    .limit(value("most"))
    .cte("picked")
)
# The contacts first, each once, then the events of all of them: a state isn't repeated with every event.
_recorded = Statement(
    sa.union_all(
        sa.select(_picked.c.id, _picked.c.live_from, _picked.c.strands, _picked.c.state, _NOTHING, _NOTHING),
        # By `in`, so that the strands of these contacts are looked up: joined, the whole journal would be looked at.
        sa.select(strands.c.contact, _NOTHING, _NOTHING, _NOTHING, journal.c.connector, journal.c.body)
        .select_from(
            strands.join(
                journal,
                sa.and_(
                    strands.c.connector == journal.c.connector,
                    strands.c.kind == journal.c.kind,
                    strands.c.ref == journal.c.ref,
                ),
            )
        )
        .where(strands.c.contact.in_(sa.select(_picked.c.id))),
    )
)
_count = Statement(sa.select(sa.func.count()).select_from(contacts).where(_touched))
_live = Statement(sa.select(connectors.c.name, connectors.c.live_from))


def batch(connection: Connection, after: str, since: int, limit: int) -> list[Recorded]:
    """The first contacts behind an id, by id; see the port."""
    heads: dict[str, Row] = {}
    events: dict[str, list[tuple[str, bytes]]] = {}
    for id, live_from, held, state, connector, body in _recorded.rows(connection, after=after, since=since, most=limit):
        if connector is None:
            heads[id], events[id] = (live_from, held, state), []
        else:
            events[id].append((connector, body))
    return [_recorded_of(id, heads[id], events[id]) for id in sorted(heads)]


def count(connection: Connection, since: int) -> int:
    """How many contacts all batches have together."""
    row = _count.one(connection, since=since)
    return 0 if row is None else int(row[0])


def live_from(connection: Connection) -> dict[str, int]:
    """Since when each connector is live."""
    return dict(_live.rows(connection))


def _recorded_of(id: str, head: Row, events: Iterable[tuple[Any, ...]]) -> Recorded:
    live_from, held, state = head
    try:
        first = decode_strands(held, id)
    except StoreUnusable as error:
        return Recorded(id=id, damage=str(error))
    connector = first[0].connector if first else ""
    return Recorded(id=id, connector=connector, live_from=live_from, state=state, events=tuple(events))
