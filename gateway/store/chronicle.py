"""All that happened to a contact in one order of time, part by part from the latest on: each part is a few ranges of
indexes, however long the history is.

A place is an instant, a rank (events, what was said, deliveries) and a key among those of that rank and instant.
"""

from typing import Final, NamedTuple

import sqlalchemy as sa

from gateway.kernel import place as places
from gateway.kernel.board import BadPlace
from gateway.kernel.store import Chronicle, Delivery, JournalEntry
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry
from gateway.store.coding import entries, read_event
from gateway.store.library import Connection
from gateway.store.outbox import SHOWN, delivery
from gateway.store.schema import deliveries, journal, ledger, strands
from gateway.store.statement import Statement, value

_LISTING: Final = "chronicle"
_EVENT, _SAID, _DELIVERY, _BEYOND = range(4)
_LAST_KEY: Final = "\U0010ffff" * 300
_LAST: Final = 2**63 - 1

Thing = JournalEntry | LedgerEntry | Delivery


class Place(NamedTuple):
    """What is before it is wanted."""

    at: int
    rank: int
    key: str


_j, _l, _d = journal.c, ledger.c, deliveries.c
_event_key = _j.event + sa.literal_column("' '") + _j.connector
_strands = Statement(
    sa.select(strands.c.connector, strands.c.kind, strands.c.ref).where(strands.c.contact == value("of"))
)
_events = Statement(
    sa.select(_j.at, _event_key, _j.received_at, _j.body)
    .where(_j.connector == value("by"), _j.kind == value("type"), _j.ref == value("object"))
    .where(_j.at <= value("until"), sa.or_(_j.at < value("until"), _event_key < value("key")))
    .order_by(_j.at.desc(), _event_key.desc())
    .limit(value("most"))
)
_said = Statement(
    sa.select(_l.at, _l.id, _l.entry)
    .where(_l.contact == value("of"), _l.at <= value("until"), sa.or_(_l.at < value("until"), _l.id < value("key")))
    .order_by(_l.at.desc(), _l.id.desc())
    .limit(value("most"))
)
_deliveries = Statement(
    sa.select(*SHOWN)
    .where(_d.contact == value("of"), _d.created_at <= value("until"))
    .where(sa.or_(_d.created_at < value("until"), _d.id < value("key")))
    .order_by(_d.created_at.desc(), _d.id.desc())
    .limit(value("most"))
)


def place(before: str | None, until: int | None) -> Place:
    """Where to begin. Raises BadPlace for a text that no part has given."""
    if before is None:
        return Place(_LAST if until is None else until, _BEYOND, "")
    (at, rank), key = places.read(before, _LISTING, 2)
    numbered = rank != _DELIVERY or (key.isascii() and key.isdigit() and len(key) < 19)
    if not (_EVENT <= rank <= _DELIVERY and numbered):
        raise BadPlace("this isn't a place that a timeline has given")
    return Place(at, rank, key)


def part(connection: Connection, contact: str, limit: int, before: Place) -> Chronicle:
    """At most `limit` things that are before a place, the latest first."""
    most, until = limit + 1, before.at
    found: list[tuple[int, int, int | str, Thing]] = []
    key = _key(before, _EVENT)
    for connector, kind, ref in _strands.rows(connection, of=contact):
        which = {"by": connector, "type": kind, "object": ref}
        for at, name, received_at, body in _events.rows(connection, **which, until=until, key=key, most=most):
            event = read_event(body, f"contact {contact}")
            entry = JournalEntry(strand=StrandKey(connector, kind, ref), event=event, received_at=received_at)
            found.append((at, _EVENT, name, entry))
    key = _key(before, _SAID)
    for at, name, body in _said.rows(connection, of=contact, until=until, key=key, most=most):
        found.append((at, _SAID, name, entries.decode(body, contact)))
    number = _LAST if before.rank > _DELIVERY else int(before.key) if before.rank == _DELIVERY else -1
    for row in _deliveries.rows(connection, of=contact, until=until, key=number, most=most):
        one = delivery(row)
        found.append((one.created_at, _DELIVERY, one.id, one))
    found.sort(key=lambda thing: thing[:3], reverse=True)
    shown = found[:limit]
    return Chronicle(
        things=tuple(thing for *_, thing in shown),
        next=_written(*shown[-1][:3]) if shown and len(found) > limit else None,
    )


def _key(before: Place, rank: int) -> str:
    """What the keys of a rank are less than, at the place's own instant."""
    if rank == before.rank:
        return before.key
    return _LAST_KEY if rank < before.rank else ""


def _written(at: int, rank: int, key: int | str) -> str:
    return places.written(_LISTING, at, rank, id=str(key))
