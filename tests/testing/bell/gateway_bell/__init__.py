"""A small connector that listens and puts facts together: its mutations show that the kit notices."""

from typing import ClassVar

import msgspec
from msgspec import Struct
from pydantic import BaseModel, ConfigDict

from gateway.plugin import (
    MINUTE_MS,
    BadPayload,
    CallAnswered,
    CallEnded,
    ContactOpened,
    Finding,
    Instant,
    Piece,
    Record,
    Ref,
    hookimpl,
)

WHAT = ("rang", "let_in", "left")
AT = range(946_684_800_000, 1 << 42)


class BellSettings(BaseModel):
    """A door."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    udp: int = 0
    """Where it listens for datagrams."""

    tcp: int = 0
    """Where it listens for connections."""

    allow: tuple[str, ...] = ()
    """Who may send."""


class Visit(Struct, frozen=True, omit_defaults=True):
    """What is known of one visit: when each thing was seen first, 0 for never."""

    name: str
    rang: int = 0
    let_in: int = 0
    left: int = 0


def first(one, other):
    """The earlier of two instants, of which either may be missing."""
    return min(one, other) if one and other else one or other


class Bell:
    """A door's bell."""

    plugin: ClassVar[str] = "bell"
    settings_type = BellSettings
    facts_type = Visit

    def __init__(self, name, settings, context):
        self.settings = settings
        self.waiting, self.heard_of = {}, 0

    @staticmethod
    def simulator(settings, seed):
        """A door."""
        from gateway_bell.simulator import BellSimulator

        return BellSimulator(seed)

    async def listen(self, ear):
        """Hear what the door says."""
        await ear.udp("127.0.0.1", self.settings.udp, self.heard)
        await ear.tcp("127.0.0.1", self.settings.tcp, self.serve)
        while not await ear.rest(0.5):
            await self.offer(ear)
        await self.offer(ear)

    async def serve(self, stream):
        """A connection: two bytes of length, then what a datagram holds."""
        while True:
            length = int.from_bytes(await stream.read(2), "big")
            self.heard(await stream.read(length), stream.source)

    def heard(self, data, source):
        """A datagram: name, what happened, and when."""
        if source[0] not in self.settings.allow:
            return
        try:
            name, what, at = data.decode("ascii").split(" ")
            visit = Visit(name, **{what: int(at)})
            if what not in WHAT or int(at) not in AT or not 0 < len(name) < 100:
                return
        except (ValueError, TypeError):
            return
        self.heard_of += 1
        known = self.waiting.get(name)
        self.waiting[name] = visit if known is None else self.join(known, visit)

    async def offer(self, ear):
        """Have stored what waits."""
        offered = dict(self.waiting)
        if offered and await ear.emit([self.record(visit, ear.now()) for visit in offered.values()]):
            self.waiting = {name: visit for name, visit in self.waiting.items() if offered.get(name) is not visit}

    def record(self, visit, now):
        """What is known of a visit."""
        return Record(body=msgspec.json.encode(visit), key=f"visit:{visit.name}", exact=True, received_at=Instant(now))

    def normalize(self, record):
        """What was heard."""
        try:
            visit = msgspec.json.decode(record.body, type=Visit)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BadPayload(str(error)) from None
        if not 0 < len(visit.name) < 100 or any(at and at not in AT for at in (visit.rang, visit.let_in, visit.left)):
            raise BadPayload("no visit")
        yield Piece((visit.name,), visit)

    def join(self, facts, more):
        """The earliest of both."""
        return Visit(min(facts.name, more.name), *(first(getattr(facts, one), getattr(more, one)) for one in WHAT))

    def tell(self, facts):
        """A visit that nobody has ended is over after a minute."""
        if not facts.rang:
            return
        ref = Ref("visit", facts.name)
        yield ContactOpened(id=f"{facts.name}:rang", at=Instant(facts.rang), ref=ref, kind="call", channel="other")
        if facts.let_in:
            yield CallAnswered(id=f"{facts.name}:let_in", at=Instant(facts.let_in), ref=ref)
        ended = facts.left or max(facts.rang, facts.let_in) + MINUTE_MS
        yield CallEnded(id=f"{facts.name}:left", at=Instant(ended), ref=ref)

    async def check(self):
        """What was heard so far."""
        return [Finding(True, f"{self.heard_of} things were heard")]


@hookimpl
def gateway_connectors(register):
    """Register the connector."""
    register(Bell)
