"""What one record says: events, look-ups, and pieces of objects that nobody tells whole. A record that can't be used is
kept with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from gateway.engine.fetch import asked_again, is_version
from gateway.engine.world import Link, Links
from gateway.kernel.log import hide_secrets
from gateway.model.event import Event, check_deadline, convert_event, decode_event, encode_event, identified
from gateway.model.identity import StrandKey
from gateway.model.instant import DAY_MS, EARLIEST, format_instant
from gateway.model.record import LOOK_UP, InboxRow
from gateway.plugin import BadPayload, Fetch, Piece

REASON_MAX = 500
"""Characters of a reason that are kept."""

AHEAD_MAX_MS = DAY_MS
"""An event may be dated so far ahead of its receipt; it then waits for its time."""

NAMES_MAX = 64
"""Names that a piece may have."""

NAME_MAX = 300
"""Characters of a name."""


@dataclass(slots=True)
class Telling:
    """What one record says, or (`wrong`) why nothing of it can be used."""

    row: InboxRow
    events: list[Event] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """The events as the journal keeps them."""

    fetches: list[Fetch] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    assembled: set[StrandKey] = field(default_factory=set)
    """Strands of the objects that its pieces are of, once they were put together."""

    wrong: str = ""

    def strands(self) -> Iterator[StrandKey]:
        """Every strand that it speaks of."""
        yield from (self.strand_of(event) for event in self.events)
        yield from self.assembled

    def names(self) -> Iterator[str]:
        """The names of the objects that its pieces are of."""
        for piece in self.pieces:
            yield from piece.names

    def strand_of(self, event: Event) -> StrandKey:
        """The strand that an event of it is about."""
        return StrandKey(self.row.connector, event.ref.kind, event.ref.id)


def telling_of(links: Links, row: InboxRow) -> Telling:
    """What a record says, or why nothing of it can be used."""
    try:
        telling = _normalize(links, row)
        telling.bodies = [encoded(event) for event in telling.events]
        return telling
    except BadPayload as error:
        return Telling(row, wrong=hide_secrets(str(error))[:REASON_MAX] or "not usable")


def _normalize(links: Links, row: InboxRow) -> Telling:
    """Read a record. Raises BadPayload for whatever keeps it from being used."""
    link = links.get(row.connector)
    telling = Telling(row)
    if row.record.form == "events":
        telling.events = [usable(event, row.record.received_at) for event in _own_events(row)]
        return telling
    if row.record.form == LOOK_UP:
        telling.fetches = [asked_again(row.record)]
        return telling
    if link is None:
        raise BadPayload(f"no connector {row.connector} is configured; configure it and replay the record")
    try:
        _sort(link, telling)
    except BadPayload:
        raise
    except Exception as error:  # a plugin's fault must stay its own: the record is kept, the batch goes on
        link.fault(error)
        raise BadPayload(f"the connector raised {link.last_fault}") from error
    link.worked()
    return telling


def _sort(link: Link, telling: Telling) -> None:
    """Take what the connector says of a record, each thing to its like. Raises ValueError for what it may not say."""
    row = telling.row
    for item in link.connector.normalize(row.record):
        if isinstance(item, Fetch):
            if not is_version(item.version):
                raise ValueError("a look-up's version is a whole number from 0 to 2^62, or None")
            telling.fetches.append(item)
        elif isinstance(item, Piece):
            _check_piece(link, item)
            telling.pieces.append(item)
        else:
            telling.events.append(usable(identified(item), row.record.received_at))
    if row.record.historical:
        telling.events = [replace(event, historical=True) for event in telling.events]


def _check_piece(link: Link, piece: Piece) -> None:
    if link.assembles is None:
        raise ValueError("a piece can't be put together by a connector that has no `facts_type`, `join` and `tell`")
    if not isinstance(piece.facts, link.assembles.facts_type):
        raise ValueError(f"the facts of a piece are a {link.assembles.facts_type.__name__}")
    names: object = piece.names  # whatever a plugin says
    if not isinstance(names, tuple) or not 0 < len(names) <= NAMES_MAX:
        raise ValueError(f"a piece has a tuple of 1 to {NAMES_MAX} names")
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= NAME_MAX or not is_storable(name):
            raise ValueError(f"a name has 1 to {NAME_MAX} characters, and no half of a surrogate pair")


def is_storable(name: str) -> bool:
    """Whether a database can hold a name."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _own_events(row: InboxRow) -> list[Event]:
    try:
        return [identified(convert_event(item)) for item in msgspec.json.decode(row.record.body)["events"]]
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise BadPayload(f"not a list of events: {error}") from None


def usable(event: Event, received_at: int) -> Event:
    """The event. Raises BadPayload where it is dated as nothing may be."""
    if event.at < EARLIEST:
        raise BadPayload(f"event {event.id} is dated {format_instant(event.at)}: before the year 2000 nothing counts")
    if event.at > received_at + AHEAD_MAX_MS:
        raise BadPayload(f"event {event.id} is dated {format_instant(event.at)}: more than 24 h ahead of its receipt")
    try:
        check_deadline(event)
    except ValueError as error:
        raise BadPayload(f"event {event.id}: {error}") from None
    return event


def encoded(event: Event) -> bytes:
    """The event as the journal keeps it. Raises BadPayload where it can't be kept, or couldn't be read again."""
    try:
        body = encode_event(event)
        decode_event(body)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else type(error).__name__
        raise BadPayload(f"an event can't be kept as it is: {why}") from None
    return body
