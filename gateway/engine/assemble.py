"""Put objects together that are told in pieces, in the transaction that judges them: what is known of each is joined,
and what follows from it takes the place of what was told before.

Laws. The same pieces give the same events, in any order and any batches. What isn't told any more has not happened: the
journal loses it. Objects that were told apart and turn out to be one go on as one; the other contact is merged into it.
A record of which any piece can't be used tells nothing at all: it is parked, whole, and no other that came with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from gateway.engine.news import Arrival
from gateway.engine.tellings import REASON_MAX, Telling, encoded, usable
from gateway.engine.world import Link, Links, World
from gateway.kernel.assemblies import Assembly, Told
from gateway.model.event import ContactMerged, ContactOpened, Event, identified
from gateway.model.identity import Ref, StrandKey, derived_id
from gateway.plugin import Assembles, BadPayload, Piece
from gateway.rules.journal import contradicts

NAMES_MAX = 256
"""Names that one object may have; one that goes by more is none."""

FACTS_MAX = 1 << 20
"""Bytes of the facts of one object."""

EVENTS_MAX = 2_000
"""Events that one object may have."""


@dataclass(slots=True, eq=False)
class Whole:
    """One object as far as it is known now. `stored` are the rows that it was kept as: several where they were told
    apart until now. `kept` are its facts as they will be kept."""

    link: Link
    assembles: Assembles
    stored: list[Assembly]
    names: set[str]
    facts: Any
    tellings: list[Telling] = field(default_factory=list)
    events: tuple[Event, ...] = ()
    kept: bytes = b""

    @property
    def told(self) -> list[Told]:
        """What was told of it before, in the order of the ids."""
        return sorted({told for row in self.stored for told in row.told}, key=lambda told: told.event)

    @property
    def received_at(self) -> int:
        """When the latest of its pieces came in. A record that is replayed much later says nothing of the future."""
        received = (telling.row.record.received_at for telling in self.tellings)
        return max(map(int, (*received, *(row.received_at for row in self.stored))))


@dataclass(slots=True)
class Change:
    """What is new of one object: events that arrive by strand, and events that have not happened after all. `row` is
    what is kept of it from now on, in place of those that it was `joined` of."""

    row: Assembly
    joined: tuple[Assembly, ...]
    arrivals: dict[StrandKey, list[Arrival]] = field(default_factory=dict)
    gone: dict[StrandKey, list[Event]] = field(default_factory=dict)


async def put_together(world: World, links: Links, tellings: Sequence[Telling]) -> list[Whole]:
    """The objects that these records have pieces of. A record whose pieces can't be used is marked `wrong`."""
    for telling in tellings:
        telling.assembled.clear()
    taken = [telling for telling in tellings if telling.pieces and not telling.wrong]
    if not taken:
        return []
    named = {(telling.row.connector, name): None for telling in taken for name in telling.names()}
    stored = await world.store.assemblies(list(named))
    try:
        return _together(_Objects(links, stored), taken)
    except Exception:  # some record's fault: told after each, they show whose, and the others go on
        objects = _Objects(links, stored)
        for telling in taken:
            objects.try_it(telling)
            await world.clock.sleep(0)  # this may take long: the doors have their turn
        return objects.touched()


def _together(objects: "_Objects", tellings: Iterable[Telling]) -> list[Whole]:
    """The objects, each told once. Raises what a connector raises, and for what can't be used."""
    for telling in tellings:
        objects.take(telling)
    wholes = objects.touched()
    for whole in wholes:
        _tell(whole)
    return wholes


def asked(wholes: Iterable[Whole]) -> Iterator[tuple[StrandKey, tuple[str, str]]]:
    """The strands and events, as (connector, id), of which has to be known what the journal says."""
    for whole in wholes:
        connector = whole.link.name
        for told in whole.told:
            yield _strand(connector, told.ref), (connector, told.event)
        for event in whole.events:
            yield _strand(connector, event.ref), (connector, event.id)


def change(whole: Whole, journal: Mapping[str, Event]) -> Change:
    """What an object's events change of what the journal has of its connector's, by id."""
    connector, before, received_at = whole.link.name, whole.told, whole.received_at
    events = [*whole.events, *_merged(whole, before, journal)]
    found = Change(_row(whole, events), tuple(whole.stored[1:]))
    historical = all(telling.row.record.historical for telling in whole.tellings)
    for event in events:
        kept = journal.get(event.id)
        if kept is None or contradicts(event, kept):
            event = replace(event, rev=0 if kept is None else kept.rev + 1, historical=historical and kept is None)
            found.arrivals.setdefault(_strand(connector, event.ref), []).append(Arrival(event, received_at))
    ids = {event.id for event in events}
    for told in before:
        if told.event not in ids and told.event in journal:
            found.gone.setdefault(_strand(connector, told.ref), []).append(journal[told.event])
    for telling in whole.tellings:
        telling.assembled |= found.arrivals.keys() | found.gone.keys()
    return found


def _merged(whole: Whole, before: Sequence[Told], journal: Mapping[str, Event]) -> Iterator[Event]:
    """Of what was told as a contact of its own and is none: that it was opened, and where it has gone."""
    for told in before:
        opened = journal.get(told.event)
        if told.opens and whole.events and told.ref != whole.events[0].ref and isinstance(opened, ContactOpened):
            yield opened
            yield ContactMerged(
                id=derived_id("joined", opened.id),
                at=opened.at,
                ref=opened.ref,
                sequence=opened.sequence + 1,
                into=whole.events[0].ref,
            )


def _row(whole: Whole, events: Iterable[Event]) -> Assembly:
    """What is kept of an object."""
    base = whole.stored[0] if whole.stored else None
    return Assembly(
        connector=whole.link.name,
        id=min(whole.names) if base is None else base.id,
        version=0 if base is None else base.version,
        names=tuple(sorted(whole.names)),
        facts=whole.kept,
        told=tuple(Told(event.ref, event.id, isinstance(event, ContactOpened)) for event in events),
        received_at=whole.received_at,
    )


def _strand(connector: str, ref: Ref) -> StrandKey:
    return StrandKey(connector, ref.kind, ref.id)


class _Objects:
    """The objects that pieces are of, found by their names."""

    def __init__(self, links: Links, stored: Sequence[Assembly]) -> None:
        self._links = links
        self._stored = {(row.connector, name): row for row in stored for name in row.names}
        self._by_name: dict[tuple[str, str], Whole] = {}

    def touched(self) -> list[Whole]:
        """The objects that a piece was taken of, the first first."""
        return [whole for whole in dict.fromkeys(self._by_name.values()) if whole.tellings]

    def take(self, telling: Telling) -> None:
        """Add a record's pieces to the objects that they are of. Raises what the connector raises, TypeError and
        BadPayload."""
        link = self._links[telling.row.connector]
        for piece in telling.pieces:
            self._add(link, telling, piece)

    def try_it(self, telling: Telling) -> None:
        """Take a record's pieces and tell what they are of, or mark it `wrong` and take none of them."""
        link, before = self._links[telling.row.connector], dict(self._by_name)
        try:
            self.take(telling)
            for whole in dict.fromkeys(self._by_name[link.name, name] for name in telling.names()):
                _tell(whole)
        except Exception as error:  # a plugin's fault must stay its own: the record is kept, the batch goes on
            self._by_name = before
            _refuse(telling, link, error)

    def _add(self, link: Link, telling: Telling, piece: Piece) -> None:
        """Add a piece to the object that it is of; objects that it is of alike are one from now on. What they were
        stays as it is."""
        if link.assembles is None:
            raise TypeError("only a connector that assembles gives pieces")
        wholes = self._of(link, link.assembles, piece.names)
        facts = piece.facts
        for whole in wholes:
            facts = link.assembles.join(whole.facts, facts)
        if not isinstance(facts, link.assembles.facts_type):
            raise TypeError(f"`join` gives a {link.assembles.facts_type.__name__}")
        names = {*piece.names}.union(*(whole.names for whole in wholes))
        if len(names) > NAMES_MAX:
            known = {name for whole in wholes for name in whole.names}
            shared = ", ".join(sorted(known.intersection(piece.names))[:3])
            raise BadPayload(f"one object would have more than {NAMES_MAX} names; what many share is no name: {shared}")
        stored = [row for whole in wholes for row in whole.stored]
        tellings = [*(one for whole in wholes for one in whole.tellings), telling]
        one = Whole(link, link.assembles, stored, names, facts, tellings)
        self._by_name.update(((link.name, name), one) for name in names)

    def _of(self, link: Link, assembles: Assembles, names: Iterable[str]) -> list[Whole]:
        """The objects that have any of these names, each once."""
        found: dict[Whole, None] = {}
        for name in names:
            whole = self._by_name.get((link.name, name))
            if whole is None and (row := self._stored.get((link.name, name))) is not None:
                facts = msgspec.json.decode(row.facts, type=assembles.facts_type)
                whole = Whole(link, assembles, [row], set(row.names), facts)
                self._by_name.update(((link.name, known), whole) for known in row.names)
            if whole is not None:
                found[whole] = None
        return list(found)


def _tell(whole: Whole) -> None:
    """Ask what the facts say. Raises what the connector raises, BadPayload and ValueError where it can't be used."""
    whole.kept = msgspec.json.encode(whole.facts)
    if len(whole.kept) > FACTS_MAX:
        raise BadPayload(f"more than {FACTS_MAX} bytes would be known of one object")
    events: list[Event] = []
    for event in whole.assembles.tell(whole.facts):
        if len(events) == EVENTS_MAX:
            raise ValueError(f"one object has {EVENTS_MAX} events at most")
        events.append(usable(identified(event), whole.received_at))
        encoded(events[-1])
    _check(events, whole.told)
    whole.events = tuple(events)


def _check(events: Sequence[Event], before: Sequence[Told]) -> None:
    """Raise ValueError where these can't be all events of an object of which others were told before."""
    refs = {event.id: event.ref for event in events}
    if len(refs) != len(events):
        raise ValueError("two events of an object have the same id")
    if len({*refs.values()}) > 1:
        raise ValueError("the events of an object are of one ref")
    if before and not events:
        raise ValueError("what was told of an object can't be taken back whole")
    for told in before:
        ref = refs.get(told.event, told.ref)
        if ref != told.ref:
            raise ValueError(f"event {told.event} was told of {told.ref.kind} {told.ref.id}: its id stays with it")
    opens = {event.ref for event in events if isinstance(event, ContactOpened)}
    if any(told.opens and told.ref not in opens and told.ref in refs.values() for told in before):
        raise ValueError("what was opened stays so")


def _refuse(telling: Telling, link: Link, error: Exception) -> None:
    if isinstance(error, BadPayload):
        why = str(error)
    else:
        link.fault(error)
        why = f"the connector raised {link.last_fault}"
    telling.wrong = why[:REASON_MAX] or "not usable"
