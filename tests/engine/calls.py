"""A connector of the tests that assembles: calls whose facts are sets of marks, each by the leg that it was seen on.

A record is JSON: a list of pieces, each with the names that it is known by and its marks. Marks of some words make the
connector do what it must not.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from gateway.engine.verify import strays, verdicts
from gateway.kernel.store import ContactRow
from gateway.model.identity import StrandKey, contact_id
from gateway.plugin import (
    CallAnswered,
    CallEnded,
    CallQueued,
    ContactObserved,
    ContactOpened,
    Event,
    Finding,
    Instant,
    Piece,
    Record,
    Ref,
    StatusChanged,
)
from gateway.store.history import SqliteHistory
from tests.engine.rig import HOUR, T0, Rig

LOST_MS = HOUR
"""A call of which nothing is heard for so long counts as lost."""

POLICY = """
version: 1
name: calls
queues:
  general: {team: t1, tier: 1}
  urgent: {team: t2, tier: 2}
severity:
  - {id: vip, when: '"vip" in contact.tags', severity: 1}
sla:
  - {id: answer, metric: speed_of_answer, within: 1m, warn: [50%]}
  - {id: work, metric: resolution, within: 30m}
routing:
  - {id: urgent, when: contact.severity == 1, queue: urgent}
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  late:
    steps: [{after: 0m, notify: [lead]}, {after: 5m, notify: [lead]}]
escalation:
  - {id: late, on: sla.breached, chain: late}
"""


class Mark(msgspec.Struct, frozen=True, order=True):
    """Something that was seen: what, when, and on which leg."""

    what: str
    at: int
    leg: str


class Marks(msgspec.Struct, frozen=True):
    """What is known of a call."""

    marks: frozenset[Mark] = frozenset()


class Others(msgspec.Struct, frozen=True):
    """Facts of another program."""

    others: int = 0


class Calls:
    """The connector. `facts` are of the type that it reads now."""

    plugin: ClassVar[str] = "calls"
    settings_type: ClassVar[type[BaseModel]] = BaseModel
    facts_type: ClassVar[type[msgspec.Struct]] = Marks

    def normalize(self, record: Record) -> Iterator[Event | Piece]:
        """The pieces of a record."""
        for piece in json.loads(record.body):
            marks = frozenset(Mark(*mark) for mark in piece["marks"])
            facts = Others() if any(mark.what == "others" for mark in marks) else Marks(marks)
            names: Any = piece["names"] if piece.get("listed") else tuple(piece["names"])
            yield Piece(names, facts)

    def join(self, facts: Marks, more: Marks) -> Any:
        """Both."""
        both = Marks(facts.marks | more.marks)
        if _has(both, "join raises"):
            raise ZeroDivisionError("joined")
        return Others() if _has(both, "joined to another") else both

    def tell(self, facts: Marks) -> Iterator[Event]:
        """A call is opened on the leg that began first, and ends where it does, else when nothing was heard of it for
        an hour; until it is answered a caller who was known is shown as such."""
        if _has(facts, "tell raises"):
            raise ZeroDivisionError("told")
        if _has(facts, "nothing") or not _has(facts, "begin"):
            return
        began = min((mark.at, mark.leg) for mark in facts.marks if mark.what == "begin")
        ref = Ref("call", began[1])
        yield from _told(facts, ref, Instant(began[0]))
        if _has(facts, "twice"):
            yield CallQueued(id=f"{ref.id}:opened", at=Instant(began[0]), ref=ref)
        if _has(facts, "elsewhere"):
            yield CallQueued(id="elsewhere", at=Instant(began[0]), ref=Ref("call", "elsewhere"))
        if _has(facts, "far ahead"):
            yield CallQueued(id=f"{ref.id}:ahead", at=Instant(began[0] + 100 * HOUR), ref=ref)
        if _has(facts, "unreadable"):
            yield CallQueued(id=f"{ref.id}:{'x' * 200}", at=Instant(began[0]), ref=ref)

    async def check(self) -> Sequence[Finding]:
        """Nothing to ask."""
        return []


class Renewed(Calls):
    """The same connector in a later version, which can't read what it has kept."""

    facts_type: ClassVar[type[msgspec.Struct]] = msgspec.defstruct("Renewed", [("needed", int)])


def _has(facts: Marks, what: str) -> bool:
    return any(mark.what == what for mark in facts.marks)


def _told(facts: Marks, ref: Ref, began: Instant) -> Iterator[Event]:
    answers = sorted(mark.at for mark in facts.marks if mark.what == "answer")
    ends = sorted(mark.at for mark in facts.marks if mark.what == "end")
    if not _has(facts, "unopened"):
        yield ContactOpened(id=f"{ref.id}:opened", at=began, ref=ref, kind="call", channel="phone")
    if _has(facts, "vip") and not answers and not _has(facts, "no vip"):
        yield ContactObserved(id=f"{ref.id}:vip", at=began, ref=ref, sequence=1, tags=("vip",))
    if answers:
        yield CallAnswered(id=f"{ref.id}:answered", at=Instant(answers[0]), ref=ref)
    if _has(facts, "shared"):
        yield CallQueued(id="shared", at=began, ref=ref)
    last = max(mark.at for mark in facts.marks)
    at = Instant(ends[0] if ends else last + LOST_MS)
    yield CallEnded(id=f"{ref.id}:end", at=at, ref=ref, reason="hung up" if ends else "lost")
    yield StatusChanged(id=f"{ref.id}:solved", at=at, ref=ref, sequence=1, to="solved")


def piece(names: Iterable[str], *marks: tuple[str, int], leg: str = "a", **more: Any) -> dict[str, Any]:
    """A piece with marks, each `(what, milliseconds after T0)`, seen on a leg."""
    return {"names": list(names), "marks": [[what, T0 + at, leg] for what, at in marks], **more}


async def heard(rig: Rig, *pieces: dict[str, Any], historical: bool = False, received_at: int | None = None) -> None:
    """A record with these pieces comes in now."""
    at = rig.clock.now() if received_at is None else T0 + received_at
    record = Record(body=json.dumps(pieces).encode(), historical=historical, received_at=Instant(at))
    await rig.store.add_records("calls", [record])


async def call(rig: Rig, leg: str = "a") -> ContactRow:
    """The contact of a call, which must be known."""
    row = await rig.store.find_contact(contact_id(StrandKey("calls", "call", leg)))
    assert row is not None
    return row


async def journal(rig: Rig, leg: str = "a") -> dict[str, Event]:
    """The events of a call by id."""
    return {entry.event.id: entry.event for entry in await rig.store.history((await call(rig, leg)).id)}


async def differences(rig: Rig) -> list[str]:
    """What `gateway db verify` finds in the rig's file: where what is kept isn't what the journal says."""
    history = await SqliteHistory.open(rig.path, rig.spawn)
    try:
        found = [f"{one.table}: {one.what}" for one in await strays(history)]
        async for verdict in verdicts(history, rig.clock.now()):
            found += [f"{verdict.names}: {one}" for one in verdict.differences]
        return found
    finally:
        await history.close()
