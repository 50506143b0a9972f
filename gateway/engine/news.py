"""What is new about contacts: what has arrived of them, as far as their journals haven't all of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.kernel.store import ContactRow, JournalEntry
from gateway.model.event import Event
from gateway.model.identity import StrandKey, contact_id
from gateway.rules.advance import Sourced, in_order
from gateway.rules.journal import additions, is_news


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of a strand, and when its record was received."""

    event: Event
    received_at: int
    body: bytes = b""
    """The event as the journal keeps it, where that is at hand."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new about a contact: entries that its journal doesn't have yet, and those of their events that say
    something new, in order. `touched` is the earliest instant that they change; None where events only add.

    `held`: a backfill has just told of the contact, and its log is still to be read. Until then no time passes for it:
    it may have been answered long ago.
    """

    row: ContactRow
    new: tuple[JournalEntry, ...] = ()
    fresh: tuple[Sourced, ...] = ()
    touched: int = 0
    replacing: bool = False
    held: bool = False
    gone: tuple[tuple[str, str], ...] = ()
    """Events that have turned out not to have happened, as (connector, id)."""


def news_of(
    strand: StrandKey,
    row: ContactRow | None,
    arrivals: Sequence[Arrival],
    known: Mapping[str, Event],
    gone: Sequence[Event] = (),
) -> News | None:
    """What arrived for a strand's contact, as far as the journal hasn't all of it, and what in it has not happened
    after all."""
    kept, replacing = additions(known, [arrival.event for arrival in arrivals])
    if not kept and not gone:
        return None
    told = {arrival.event.id: arrival for arrival in arrivals}
    new = tuple(
        JournalEntry(strand=strand, event=event, received_at=told[id].received_at, body=_body(event, told[id]))
        for id, event in kept.items()
    )
    if row is None:
        # Who is first heard of in hindsight surprises nobody with what lies before.
        read_at = max((arrival.received_at for arrival in arrivals), default=0)
        live_from = read_at if all(arrival.event.historical for arrival in arrivals) else 0
        row = ContactRow(id=contact_id(strand), version=0, strands=(strand,), state=None, live_from=live_from)
    fresh = in_order(Sourced(strand.connector, event) for event in kept.values() if is_news(event, known))
    # What is told anew under a known id also moves away from where it stood.
    moved = (event for id in kept for event in (kept[id], known.get(id)) if event is not None)
    touched = min(int(event.at) for event in (*moved, *gone))
    withdrawn = tuple((strand.connector, event.id) for event in gone)
    return News(row, new, tuple(fresh), touched, replacing, gone=withdrawn)


def _body(event: Event, told: Arrival) -> bytes:
    return told.body if told.event is event else b""
