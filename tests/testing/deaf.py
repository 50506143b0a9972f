"""The small bell with one thing wrong with it, many times over: each stands beside the check that must notice."""

import random
from typing import Any

from gateway_bell import WHAT, Bell, Visit, first
from gateway_bell.simulator import BellSimulator
from msgspec import Struct
from msgspec.structs import replace as changed

from gateway.plugin import DAY_MS, CallAnswered, ContactOpened, Instant, Piece, Ref

TABLE = []
"""The id of a check, and a connector that fails it."""


def breaks(id):
    """Note a broken connector, or a broken simulator of a good one."""

    def noted(kind):
        simulated = staticmethod(lambda settings, seed: kind(seed))
        whole = type(kind.__name__, (Bell,), {"simulator": simulated}) if issubclass(kind, BellSimulator) else kind
        TABLE.append((id, whole))
        return kind

    return noted


@breaks("simulator-works")
class Mute(BellSimulator):
    """It sends nothing."""

    def send(self, visit, what):
        pass


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
class Loose(Struct, frozen=True):
    """Facts whose type says nothing."""

    names: Any = ()


@breaks("assembles-pieces")
class Vague(Bell):
    """Its facts come back as others."""

    facts_type = Loose

    def normalize(self, record):
        return (Piece(item.names, Loose(item.names)) for item in super().normalize(record))


@breaks("assembles-pieces")
class Mistyped(Bell):
    """Its facts are of another type than it says."""

    facts_type = Loose


@breaks("assembles-pieces")
class Nameless(Bell):
    """Its pieces have no name."""

    def normalize(self, record):
        return (Piece((), item.facts) for item in super().normalize(record))


@breaks("assembles-joins")
class Latest(Bell):
    """What comes last counts."""

    def join(self, facts, more):
        return Visit(more.name, *(getattr(more, one) or getattr(facts, one) for one in WHAT))


@breaks("assembles-joins")
class Adding(Bell):
    """What comes twice counts twice."""

    def join(self, facts, more):
        return changed(super().join(facts, more), rang=facts.rang + more.rang)


@breaks("assembles-joins")
class Middle(Bell):
    """It keeps what lies between."""

    def join(self, facts, more):
        rang = facts.rang and more.rang and (facts.rang + more.rang) // 2
        return changed(super().join(facts, more), rang=rang or first(facts.rang, more.rang))


@breaks("assembles-joins")
class Raising(Bell):
    """It joins what is of one name only."""

    def join(self, facts, more):
        if facts.name != more.name:
            raise KeyError(more.name)
        return super().join(facts, more)


def retold(retell):
    """A bell that tells otherwise."""

    def tell(self, facts):
        return (retell(event) for event in Bell.tell(self, facts))

    return type("Retold", (Bell,), {"tell": tell})


for _retell in (
    lambda event: changed(event, id=f"{event.id}:{random.random()}"),
    lambda event: changed(event, id="same"),
    lambda event: changed(event, id=""),
    lambda event: changed(event, ref=Ref("visit", event.id)),
    lambda event: changed(event, at=Instant(event.at + 2 * DAY_MS)),
    lambda event: ContactOpened(id=event.id, at=event.at, ref=event.ref, kind="call", channel="other"),
):
    TABLE.append(("assembles-tells", retold(_retell)))


@breaks("assembles-tells")
class Silent(Bell):
    """It tells nothing."""

    def tell(self, facts):
        return iter(())


@breaks("assembles-grows")
class Doubtful(Bell):
    """It takes back what it told."""

    def tell(self, facts):
        return super().tell(facts) if not facts.let_in else iter(())


# ── sockets ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("listen-opens")
class Brief(Bell):
    """It listens for a moment."""

    async def listen(self, ear):
        await ear.udp("127.0.0.1", self.settings.udp, self.heard)
        await ear.rest(1)


@breaks("listen-opens")
class Closed(Bell):
    """It listens nowhere."""

    async def listen(self, ear):
        while not await ear.rest(1):
            pass


@breaks("listen-opens")
class Endless(Bell):
    """It doesn't end."""

    async def listen(self, ear):
        await ear.udp("127.0.0.1", self.settings.udp, self.heard)
        while True:
            if await ear.rest(1):
                await ear.udp("127.0.0.1", 0, self.heard)


@breaks("listen-opens")
class Failing(Bell):
    """It raises when it is to end."""

    async def offer(self, ear):
        if ear.ending:
            raise KeyError("ear")


@breaks("listen-offers")
class Careless(Bell):
    """It forgets what nobody has kept."""

    async def offer(self, ear):
        await super().offer(ear)
        self.waiting = {}


@breaks("listen-offers")
class Abrupt(Bell):
    """It ends without a word."""

    async def offer(self, ear):
        if not ear.ending:
            await super().offer(ear)


@breaks("listen-offers")
class Hoarding(Bell):
    """It keeps all to itself."""

    async def offer(self, ear):
        pass


@breaks("listen-hostile")
class Fragile(Bell):
    """It takes letters for granted."""

    def heard(self, data, source):
        data.decode("ascii")
        super().heard(data, source)


@breaks("listen-hostile")
class Polite(Bell):
    """It answers everybody."""

    async def listen(self, ear):
        socket = await ear.udp("127.0.0.1", self.settings.udp, lambda data, source: socket.send(b"?", source))
        while not await ear.rest(1):
            pass


@breaks("listen-hostile")
class Offended(Bell):
    """It hears nothing any more."""

    def heard(self, data, source):
        if len(data) < 8:
            self.heard = lambda data, source: None
            self.offended = True
        elif not getattr(self, "offended", False):
            super().heard(data, source)


@breaks("listen-strangers")
class Trusting(Bell):
    """It hears everybody."""

    def heard(self, data, source):
        super().heard(data, (self.settings.allow[0], 1))


# ── the truth ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("truth-heard")
class Partial(Bell):
    """It leaves out who was let in."""

    def tell(self, facts):
        return (event for event in super().tell(facts) if not isinstance(event, CallAnswered))


@breaks("truth-disordered")
class Orderly(Bell):
    """What comes before the ring is none of its business."""

    def heard(self, data, source):
        if data.split(b" ")[0].decode("latin-1") in self.waiting or b"rang" in data:
            super().heard(data, source)

    async def offer(self, ear):
        known = self.waiting
        await super().offer(ear)
        self.waiting = known if ear.now() else {}
