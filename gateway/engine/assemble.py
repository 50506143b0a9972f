"""Put objects together that are told in pieces, in the transaction that judges them: what is known of each is joined,
and what follows from it takes the place of what was told before.

Laws. The same pieces give the same events, in any order and any batches. What isn't told any more has not happened: the
journal loses it. Objects that were told apart and turn out to be one go on as one; the other contact is merged into it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from gateway.engine.judge import Arrival
from gateway.engine.tellings import REASON_MAX, Telling, usable
from gateway.engine.world import Link, Links, World
from gateway.kernel.assemblies import Assembly, Told
from gateway.model.event import ContactMerged, ContactOpened, Event, identified
from gateway.model.identity import Ref, StrandKey
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
    apart until now."""

    link: Link
    stored: list[Assembly]
    names: set[str]
    facts: Any
    tellings: list[Telling] = field(default_factory=list)
    events: tuple[Event, ...] = ()

    @property
    def told(self) -> frozenset[Told]:
        """What was told of it before."""
        return frozenset(told for row in self.stored for told in row.told)

    @property
    def received_at(self) -> int:
        """When the last of its new pieces came in."""
        return max(int(telling.row.record.received_at) for telling in self.tellings)


@dataclass(slots=True)
class Change:
    """What is new of one object: events that arrive by strand, and events that have not happened after all."""

    arrivals: dict[StrandKey, list[Arrival]] = field(default_factory=dict)
    gone: dict[StrandKey, list[Event]] = field(default_factory=dict)
    row: Assembly | None = None
    joined: tuple[Assembly, ...] = ()


async def put_together(world: World, links: Links, tellings: Sequence[Telling]) -> list[Whole]:
    """The objects that these records say something new of. A record whose pieces can't be used is marked `wrong`."""
    parts = [(telling, piece) for telling in tellings if not telling.wrong for piece in telling.pieces]
    if not parts:
        return []
    named = dict.fromkeys((telling.row.connector, name) for telling, piece in parts for name in piece.names)
    objects = _Objects(links, await world.store.assemblies(list(named)))
    for telling, piece in parts:
        objects.take(telling, piece)
    return [whole for whole in objects.touched() if _tell(whole)]


def asked(wholes: Iterable[Whole]) -> Iterator[tuple[StrandKey, tuple[str, str]]]:
    """The strands and events, as (connector, id), of which has to be known what the journal says."""
    for whole in wholes:
        connector = whole.link.name
        for told in whole.told:
            yield StrandKey(connector, told.ref.kind, told.ref.id), (connector, told.event)
        for event in whole.events:
            yield StrandKey(connector, event.ref.kind, event.ref.id), (connector, event.id)


def change(whole: Whole, known: Mapping[tuple[str, str], Event], now: int) -> Change:
    """What an object's events change of what the journal has."""
    found, connector = Change(), whole.link.name
    historical = all(telling.row.record.historical for telling in whole.tellings)
    events = list(whole.events)
    ids = {event.id for event in events}
    refs = {event.ref for event in events}
    for ref in sorted({told.ref for told in whole.told} - refs, key=lambda ref: (ref.kind, ref.id)):
        # It was told of as a contact of its own: that one stays, and says where it has gone.
        opened = [
            event
            for told in whole.told
            if told.ref == ref and isinstance(event := known.get((connector, told.event)), ContactOpened)
        ]
        events += [*opened, *_merged(opened, events[0].ref)]
        ids |= {event.id for event in events}
    for event in events:
        before = known.get((connector, event.id))
        if before is None or contradicts(event, before):
            rev = 0 if before is None else before.rev + 1
            event = replace(event, rev=rev, historical=historical and before is None)
            strand = StrandKey(connector, event.ref.kind, event.ref.id)
            found.arrivals.setdefault(strand, []).append(Arrival(event, whole.received_at))
    for told in sorted(whole.told, key=lambda told: told.event):
        withdrawn = known.get((connector, told.event))
        if told.event not in ids and withdrawn is not None:
            strand = StrandKey(connector, told.ref.kind, told.ref.id)
            found.gone.setdefault(strand, []).append(withdrawn)
    base = whole.stored[0] if whole.stored else None
    found.row = Assembly(
        connector=connector,
        id=min(whole.names) if base is None else base.id,
        version=0 if base is None else base.version,
        names=tuple(sorted(whole.names)),
        facts=msgspec.json.encode(whole.facts),
        told=tuple(Told(event.ref, event.id) for event in events),
        updated_at=now,
    )
    found.joined = tuple(whole.stored[1:])
    for telling in whole.tellings:
        telling.assembled |= found.arrivals.keys() | found.gone.keys()
    return found


def _merged(opened: Iterable[ContactOpened], into: Ref) -> Iterator[Event]:
    for event in opened:
        yield ContactMerged(id=f"{event.id}:joined", at=event.at, ref=event.ref, sequence=event.sequence + 1, into=into)


class _Objects:
    """The objects that pieces are of, found by their names."""

    def __init__(self, links: Links, stored: Sequence[Assembly]) -> None:
        self._links = links
        self._stored = {(row.connector, name): row for row in stored for name in row.names}
        self._by_name: dict[tuple[str, str], Whole] = {}
        self._touched: dict[Whole, None] = {}

    def touched(self) -> list[Whole]:
        """The objects that a piece has said something new of, the first first."""
        return list(self._touched)

    def take(self, telling: Telling, piece: Piece) -> None:
        """Add a piece to the object that it is of; objects that it is of alike are one from now on."""
        link = self._links[telling.row.connector]
        if link.assembles is None:
            raise TypeError("only a connector that assembles gives pieces")
        try:
            wholes = self._of(link, link.assembles, piece.names)
            facts = piece.facts
            for whole in wholes:
                facts = link.assembles.join(whole.facts, facts)
            names = {*piece.names}.union(*(whole.names for whole in wholes))
            if len(names) > NAMES_MAX:
                raise BadPayload(f"one object would have {len(names)} names: {NAMES_MAX} are allowed")
        except Exception as error:  # a plugin's fault must stay its own: the record is kept, the batch goes on
            _refuse([telling], link, error)
            return
        grown = not wholes or len(wholes) > 1 or facts != wholes[0].facts or names != wholes[0].names
        one = wholes[0] if wholes else Whole(link, [], set(), facts)
        for other in wholes[1:]:
            one.stored += other.stored
            one.tellings += other.tellings
            self._touched.pop(other, None)
        one.facts, one.names = facts, names
        if grown:
            self._touched[one] = None
        one.tellings.append(telling)
        self._by_name.update(((link.name, name), one) for name in names)

    def _of(self, link: Link, assembles: Assembles, names: Iterable[str]) -> list[Whole]:
        """The objects that have any of these names, each once."""
        found: dict[Whole, None] = {}
        for name in names:
            whole = self._by_name.get((link.name, name))
            if whole is None and (row := self._stored.get((link.name, name))) is not None:
                whole = Whole(link, [row], set(row.names), msgspec.json.decode(row.facts, type=assembles.facts_type))
                self._by_name.update(((link.name, known), whole) for known in row.names)
            if whole is not None:
                found[whole] = None
        return list(found)


def _tell(whole: Whole) -> bool:
    """Ask what the facts say; False where they can't be used, which is noted with the records that they came by."""
    assembles = whole.link.assembles
    try:
        if assembles is None:
            raise TypeError("only a connector that assembles has objects in pieces")
        if len(msgspec.json.encode(whole.facts)) > FACTS_MAX:
            raise BadPayload(f"more than {FACTS_MAX} bytes would be known of one object")
        whole.events = tuple(usable(identified(event), whole.received_at) for event in assembles.tell(whole.facts))
        if len({event.id for event in whole.events}) != len(whole.events) or len(whole.events) > EVENTS_MAX:
            raise ValueError(f"an object's events have ids of their own, and are {EVENTS_MAX} at most")
        if not whole.events and whole.told:
            raise ValueError("what was told of an object can't be taken back whole")
    except Exception as error:  # a plugin's fault must stay its own: the records are kept, the batch goes on
        _refuse(whole.tellings, whole.link, error)
        return False
    return True


def _refuse(tellings: Iterable[Telling], link: Link, error: Exception) -> None:
    if isinstance(error, BadPayload):
        why = str(error)
    else:
        link.fault(error)
        why = f"the connector raised {link.last_fault}"
    for telling in tellings:
        telling.wrong = why[:REASON_MAX]
