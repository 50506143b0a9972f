"""Checks of facts that come in pieces: joined in any order they are the same, and what is told of them holds."""

from itertools import combinations, permutations
from typing import Any, Final, NamedTuple

import msgspec

from gateway.kernel.rng import SeededRng
from gateway.plugin import DAY_MS, BadPayload, ContactOpened, Event, Piece, Record, encode_event
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.checks.normalize import fault_of
from gateway.testing.places import told, where, where_raised
from gateway.testing.subject import Subject, record_of
from gateway.testing.watch import watched

FACTS_MAX: Final = 1 << 20
"""Bytes of one object's facts that the gateway keeps."""

NAMES_MAX: Final = 64
NAME_MAX: Final = 300
TRIPLES: Final = 400
"""So many triples of facts are joined both ways."""

ORDERS: Final = 6
"""Orders in which the pieces of one object come."""

AT_ONCE: Final = 3
"""So many packets come at a time, so that facts grow by small steps."""


@check(
    "assembles-pieces",
    "Pieces have names and facts that can be kept",
    level="bronze",
    needs=("assembles",),
    since="1.1",
)
async def assembles_pieces(subject: Subject) -> None:
    """Each piece has 1 to 64 names of 1 to 300 characters, and facts of `facts_type` that come back from JSON as they
    were; those of one object take less than a megabyte.

    Why: facts are kept as JSON, and found by their names; what doesn't come back is lost at the next restart.
    Mend: make `facts_type` of texts, numbers, tuples and such Structs, and cut names that a stranger can make long.

    Example::

        class Visit(Struct, frozen=True, omit_defaults=True):
            rang: tuple[int, ...] = ()
    """
    connector = subject.made()
    for name, piece, _ in await _pieces(subject):
        if not isinstance(piece.facts, connector.facts_type):
            raise _unmet(subject, f"{name}: the facts are a {type(piece.facts).__name__}", "normalize")
        if not 0 < len(piece.names) <= NAMES_MAX or not all(0 < len(one) <= NAME_MAX for one in piece.names):
            raise _unmet(subject, f"{name}: a piece has {len(piece.names)} names", "normalize")
        body = msgspec.json.encode(piece.facts)
        if len(body) > FACTS_MAX:
            raise _unmet(subject, f"{name}: the facts have {len(body)} bytes", "normalize")
        try:
            back = msgspec.json.decode(body, type=connector.facts_type)
        except msgspec.ValidationError as error:
            raise _unmet(subject, f"{name}: the facts can't be read again: {error}", "facts_type") from None
        if back != piece.facts:
            raise _unmet(subject, f"{name}: the facts come back from JSON as others", "facts_type")


@check("assembles-joins", "Joined in any order, facts are the same", level="bronze", needs=("assembles",), since="1.1")
async def assembles_joins(subject: Subject) -> None:
    """`join` is commutative, associative and idempotent on the facts of the samples and of what the simulator sent; it
    changes nothing that it is given, and touches nothing.

    Why: packets are lost, doubled and overtaken by others, and what is stored is joined again after a crash.
    Mend: join every field by a minimum, a maximum or a union, and bound a union by keeping its smallest.
    """
    connector = subject.made()
    facts = _different([known.piece.facts for known in await _pieces(subject)])
    for one in facts:
        if _joined(subject, connector, one, one) != one:
            raise _unmet(subject, "joined with itself, something becomes another", "join")
    for one, other in combinations(facts, 2):
        before = msgspec.json.encode([one, other])
        both = _joined(subject, connector, one, other)
        if both != _joined(subject, connector, other, one):
            raise _unmet(subject, "two facts joined the other way round are others", "join")
        if both != _joined(subject, connector, both, other):
            raise _unmet(subject, "joined with what is in them already, facts become others", "join")
        if msgspec.json.encode([one, other]) != before:
            raise _unmet(subject, "`join` changes what it is given", "join")
    triples = list(combinations(facts, 3))
    chance = SeededRng(1)
    for place in range(min(TRIPLES, len(triples))):
        one, other, third = triples[place if len(triples) <= TRIPLES else int(chance.uniform(0, len(triples) - 1))]
        left = _joined(subject, connector, _joined(subject, connector, one, other), third)
        if left != _joined(subject, connector, one, _joined(subject, connector, other, third)):
            raise _unmet(subject, "three facts joined in another order are others", "join")
    if len(facts) > 1 and (touched := watched(lambda: connector.join(facts[0], facts[1]))):
        raise _unmet(subject, f"`join` touches {touched[0]}", "join")


@check("assembles-tells", "What is told of facts holds", level="bronze", needs=("assembles",), since="1.1")
async def assembles_tells(subject: Subject) -> None:
    """`tell` gives sound events under ids of their own, all of one `ref`, none more than a day after it was heard of;
    the same each time, from another instance, and without touching anything.

    Why: what is told takes the place of what was told before; an event under another id would be another fact.
    Mend: make ids of the object's own name and of what happened; take no time but those of the facts.

    Example::

        def tell(self, facts: Visit) -> Iterator[Event]:
            ref = Ref("visit", facts.name)
            if facts.rang:
                yield CallRinging(id=f"{facts.name}:rang", at=Instant(min(facts.rang)), ref=ref)
    """
    connector, another = subject.made(), subject.made()
    said = 0
    for name, piece, latest in await _pieces(subject):
        events = _told(subject, connector, piece.facts)
        said += len(events)
        for event in events:
            if fault := fault_of(event):
                raise _unmet(subject, f"{name}: {fault}")
            if latest is not None and event.at > latest:
                raise _unmet(subject, f"{name}: {event.id!r} lies more than a day ahead")
        if len({event.id for event in events}) != len(events):
            raise _unmet(subject, f"{name}: two events share an id")
        if len({event.ref for event in events}) > 1:
            raise _unmet(subject, f"{name}: the events of one object are of {len({e.ref for e in events})} refs")
        if sum(isinstance(event, ContactOpened) for event in events) > 1:
            raise _unmet(subject, f"{name}: one object is opened twice")
        first = _bytes(events)
        if touched := watched(lambda facts=piece.facts: list(connector.tell(facts))):  # type: ignore[misc]
            raise _unmet(subject, f"{name}: `tell` touches {touched[0]}")
        if (
            _bytes(_told(subject, connector, piece.facts)) != first
            or _bytes(_told(subject, another, piece.facts)) != first
        ):
            raise _unmet(subject, f"{name}: told twice, it is something else")
    if not said:
        raise _unmet(subject, "of all that came nothing is told")


@check("assembles-grows", "What was opened stays open to knowledge", level="silver", needs=("assembles",), since="1.1")
async def assembles_grows(subject: Subject) -> None:
    """As the pieces of an object come, in several orders, an opening that was told is told from then on, and what is
    told in the end is the same in each order.

    Why: a contact that exists can't be made undone; clocks, notices and people hang on it.
    Mend: tell the opening as soon as it is known for sure, and let later facts change its time or its customer only.
    """
    connector = subject.made()
    objects = _objects(await _pieces(subject))
    chance = SeededRng(2)
    for pieces in objects:
        ends = set()
        for order in _orders(pieces, chance):
            facts, opened = None, False
            for piece in order:
                facts = piece.facts if facts is None else _joined(subject, connector, facts, piece.facts)
                events = _told(subject, connector, facts)
                opens = any(isinstance(event, ContactOpened) for event in events)
                if opened and not opens:
                    raise _unmet(subject, f"the opening of {piece.names[0][:60]!r} was told, and is taken back")
                opened = opens
            ends.add(tuple(_bytes(_told(subject, connector, facts))))
        if len(ends) > 1:
            raise _unmet(subject, f"in another order, {pieces[0].names[0][:60]!r} is told otherwise", "join")


class _Known(NamedTuple):
    """A piece, where it comes from, and how late what is told of it may be dated, if that is known."""

    name: str
    piece: Piece
    latest: int | None


async def _pieces(subject: Subject) -> list[_Known]:
    """Every piece of the samples, and of a story in which little is heard at a time; it is told once."""
    if "pieces" not in subject.memory:
        subject.memory["pieces"] = await _gathered(subject)
    if not subject.memory["pieces"]:
        raise NotApplicable("neither a sample nor the simulator gives a piece")
    return list(subject.memory["pieces"])


async def _gathered(subject: Subject) -> list[_Known]:
    connector = subject.made()
    records: list[tuple[str, Record, int | None]]
    records = [(sample.name, sample.record, None) for sample in subject.sampled() if not sample.parked]
    if "simulates" in subject.able:
        async with subject.stage(objects=3) as on, subject.reader(on) as ours:
            for name in sorted(on.simulator.acts) * 2:
                await on.acted(name)
                await ours.deliver(on.wire.taken())
                sent = on.sent()
                for place in range(0, len(sent), AT_ONCE):
                    await ours.hear(sent[place : place + AT_ONCE], steps=2)
            await ours.hear([])
            on.shown()
            await ours.sync()
            for row in await ours.inbox():
                latest = row.received_at + DAY_MS
                records.append((f"record {row.id} of the simulator's", record_of(row), latest))
    found = []
    for name, record, latest in records:
        try:
            said = list(connector.normalize(record))
            found += [_Known(name, item, latest) for item in said if isinstance(item, Piece)]
        except BadPayload:
            continue
    return found


def _objects(pieces: list[_Known]) -> list[list[Piece]]:
    """The pieces of each object: those that share a name, directly or by others."""
    groups: list[tuple[set[str], list[Piece]]] = []
    for _, piece, _ in pieces:
        names, members = set(piece.names), [piece]
        apart = []
        for known, others in groups:
            if names & known:
                names |= known
                members = others + members
            else:
                apart.append((known, others))
        groups = [*apart, (names, members)]
    return [members for _, members in groups]


def _orders(pieces: list[Piece], chance: SeededRng) -> list[list[Piece]]:
    """The order in which they came, its reverse, and some of chance; all of few."""
    if len(pieces) <= 3:
        return [list(order) for order in permutations(pieces)]
    orders = [pieces, pieces[::-1]]
    for _ in range(ORDERS - len(orders)):
        orders.append(sorted(pieces, key=lambda _: chance.uniform(0, 1)))
    return orders


def _different(facts: list[Any]) -> list[Any]:
    """Each once; of many, every so many-th."""
    seen = {msgspec.json.encode(one): one for one in facts}
    kept = list(seen.values())
    return kept[:: len(kept) // 40 + 1]


def _joined(subject: Subject, connector: Any, one: Any, other: Any) -> Any:
    try:
        return connector.join(one, other)
    except Exception as error:  # foreign code: whatever it raises is what was found
        place = where_raised(subject.kind, error, "join")
        raise Unmet(f"`join` raises {told(error)}", where=place) from None


def _told(subject: Subject, connector: Any, facts: Any) -> list[Event]:
    try:
        return list(connector.tell(facts))
    except Exception as error:  # foreign code: whatever it raises is what was found
        place = where_raised(subject.kind, error, "tell")
        raise Unmet(f"`tell` raises {told(error)}", where=place) from None


def _bytes(events: list[Event]) -> list[bytes]:
    return sorted(encode_event(event) for event in events)


def _unmet(subject: Subject, what: str, member: str = "tell") -> Unmet:
    return Unmet(what, where=where(subject.kind, member))
