"""The network of the simulation: what happens to each request on its way, and the Net of a simulated process.

Laws. What was sent goes on by itself: neither the sender's deadline nor the death of its process calls it back, and
what was delivered was delivered. Each request draws the same number of chances whatever happens to it, so that one
fault switched off doesn't shift the others. All rates at 0: everything arrives, after some milliseconds.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.model.instant import DAY_MS, SECOND_MS
from tests.simulation.machine.loop import PARTY, Party
from tests.simulation.world.universe import Reply, Reset, Unreachable
from tests.simulation.world.witness import Fault, Heard, Witness

T = TypeVar("T")

NEAR_S = 0.03
"""A way takes so long on average while nothing is wrong with it."""

LONG_FIRST_S = 0.5
LONG_MAX_S = 90.0
LONG_POWER = 1.2
"""A long way takes at least the first, one in ten 8 s, one in thirty 30 s, and none longer than the most."""

AGAIN_MAX_S = 30.0
"""A proxy that doubles a request sends it again within this time."""

Loss = Literal["refused", "reset", "silence"]
"""What the sender sees of what is lost: no connection, a broken one, or nothing until its deadline."""

LOSSES: tuple[Loss, ...] = ("refused", "reset", "silence")


class Lost(Exception):
    """A request without an answer, as its sender sees it."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


class Outside(Protocol):
    """The universe, as far as those see it who live around the gateway."""

    swarm: Any
    witness: Witness
    process: Any
    """The process of the gateway that runs now, or None."""

    @property
    def endpoints(self) -> Mapping[str, "Receiver"]:
        """The endpoints, by name."""
        ...

    def now(self) -> int:
        """True virtual milliseconds since the epoch."""
        ...

    def dice(self, stream: str) -> Random:
        """The chance of that name."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after so much virtual time."""
        ...

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> object:
        """A task of the outside, whoever asks for it: it survives every process."""
        ...

    def trace(self, kind: str, *details: object) -> None:
        """Note something in the trace."""
        ...

    async def post(self, connector: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """A request at the gateway's door. Raises Unreachable or Reset."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver says, and what the witness wrote down of its request."""

    heard: Heard
    response: NetResponse


class Receiver(Protocol):
    """Who takes the gateway's requests."""

    @property
    def host(self) -> str:
        """The host of its URL."""
        ...

    @property
    def link(self) -> "Link":
        """The way to it."""
        ...

    async def hear(self, request: NetRequest) -> Answered | None:
        """Take a request. None: it will never answer. Raises Unreachable."""
        ...


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request. `again_s`: so much later a proxy sends it a second time."""

    there_s: float
    back_s: float
    request: Loss | None = None
    reply: Loss | None = None
    again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """The way is down from an instant until another: there, back, or both. A loud one refuses, another swallows."""

    start: int
    end: int
    there: bool
    back: bool
    loud: bool


class Link:
    """One way between two parties. A `calm` one has no faults, only a delay."""

    def __init__(self, universe: Outside, name: str, *, calm: bool = False) -> None:
        self.name = name
        self._universe = universe
        self._calm = calm
        self._dice = universe.dice(f"net {name}")
        self._outage = self._next_outage(universe.now())

    def recover(self) -> None:
        """No faults from now on."""
        self._calm = True

    async def carry(self, call: Callable[[], Awaitable[T | None]], deadline_s: float, what: str = "") -> T:
        """Take a request to the other side, where `call` is made, and its answer back. Raises Lost.

        `call` gives None for an answer that never comes; it may raise Unreachable and Reset. `what` names the request.
        """
        end: asyncio.Future[T | Lost] = asyncio.get_running_loop().create_future()
        self._universe.spawn(f"way {self.name}", self._way(self.fate(), call, end, what))
        try:
            async with asyncio.timeout(deadline_s):
                got = await end
        except TimeoutError:
            raise Lost(f"no complete answer within {deadline_s:g} s", timed_out=True) from None
        if isinstance(got, Lost):
            raise got
        return got

    def fate(self) -> Fate:
        """What becomes of the next request."""
        swarm, chance = self._universe.swarm, [self._dice.random() for _ in range(11)]
        there_s, back_s = (-NEAR_S * math.log(1 - chance[at]) for at in (0, 1))
        if self._calm:
            return Fate(there_s, back_s)
        if chance[2] < swarm.net_slow:
            there_s = _long(chance[3])
        if chance[4] < swarm.net_slow:
            back_s = _long(chance[5])
        return Fate(
            there_s,
            back_s,
            _loss(chance[6], swarm.net_lost, LOSSES),
            _loss(chance[7], swarm.net_reply_lost, LOSSES[1:]),
            chance[9] * AGAIN_MAX_S * chance[10] if chance[8] < swarm.net_doubled else None,
        )

    def outage(self) -> Outage | None:
        """The outage that is now, if there is one."""
        now = self._universe.now()
        while self._outage is not None and self._outage.end <= now:
            self._outage = self._next_outage(self._outage.end)
        if self._calm or self._outage is None or now < self._outage.start:
            return None
        return self._outage

    def _next_outage(self, after: int) -> Outage | None:
        swarm = self._universe.swarm
        if not swarm.net_outages:
            return None
        dice = self._universe.dice(f"net {self.name} outages")
        start = after + round(dice.expovariate(swarm.net_outages / DAY_MS))
        end = start + 1 + round(dice.expovariate(1 / (swarm.net_outage_s * SECOND_MS)))
        side = dice.randrange(4)
        return Outage(start, end, there=side != 0, back=side != 1, loud=dice.random() < 0.5)

    async def _way(
        self, fate: Fate, call: Callable[[], Awaitable[T | None]], end: "asyncio.Future[T | Lost]", what: str
    ) -> None:
        """There, and back again. `end` stays open where the sender hears nothing."""
        await self._universe.sleep(fate.there_s)
        outage = self.outage()
        lost = ("refused" if outage.loud else "silence") if outage is not None and outage.there else fate.request
        if lost is not None:
            self._lose(lost, end, f"{what} there")
            return
        if fate.again_s is not None:
            detail = f"{self.name} {what}".strip()
            self._universe.witness.faults.append(Fault(self._universe.now(), "net.doubled", detail))
            self._universe.trace("doubled", detail)
            self._universe.spawn(f"way {self.name} again", self._again(fate.again_s, call))
        try:
            got = await call()
        except Unreachable:
            self._lose("refused", end, f"{what} at the door")
            return
        except Reset:
            self._lose("reset", end, f"{what} at the door")
            return
        if got is None:
            return
        await self._universe.sleep(fate.back_s)
        outage = self.outage()
        lost = "silence" if outage is not None and outage.back else fate.reply
        if lost is not None:
            self._lose(lost, end, f"{what} back")
        elif not end.done():
            end.set_result(got)

    async def _again(self, after_s: float, call: Callable[[], Awaitable[T | None]]) -> None:
        """The second of two: its answer is for nobody."""
        await self._universe.sleep(after_s)
        try:
            await call()
        except (Unreachable, Reset):
            return

    def _lose(self, how: Loss, end: "asyncio.Future[Any]", where: str) -> None:
        self._universe.trace("lost", self.name, how, where)
        if how != "silence" and not end.done():
            end.set_result(Lost(_REASONS[how]))


class SimNet:
    """The Net of the gateway: requests to the universe's endpoints. What a process has open dies with it."""

    def __init__(self, universe: Outside) -> None:
        self._universe = universe
        self._open: list[Party | None] = []

    @property
    def under_way(self) -> int:
        """Requests of whoever lives that wait for an answer: 0 when nothing is to be done."""
        self._open = [party for party in self._open if party is None or not party.dead]
        return len(self._open)

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Send, and give the answer that comes within `deadline_s` seconds. Raises NetError."""
        receiver, party = self._receiver(request.url), PARTY.get()
        self._open.append(party)
        try:
            answered = await receiver.link.carry(
                lambda: receiver.hear(request), deadline_s, request.headers.get("webhook-id", "")
            )
        except Lost as lost:
            raise NetError(lost.reason, timed_out=lost.timed_out) from None
        finally:
            if party in self._open:
                self._open.remove(party)
        # Only who still lives and waits gets here: until then the answer counts as lost.
        answered.heard.reply_lost = False
        response = answered.response
        return NetResponse(response.status, response.headers, response.body[:body_max])

    def _receiver(self, url: str) -> Receiver:
        host = urlsplit(url).hostname
        for receiver in self._universe.endpoints.values():
            if receiver.host == host:
                return receiver
        raise NetError("the host's name can't be resolved")


_REASONS: Mapping[Loss, str] = {
    "refused": "the connection was refused",
    "reset": "the connection was lost before the answer was complete",
}


def _loss(chance: float, rate: float, kinds: tuple[Loss, ...]) -> Loss | None:
    """Nothing, or one of the kinds, each as often."""
    return kinds[int(chance / rate * len(kinds))] if chance < rate else None


def _long(chance: float) -> float:
    return min(LONG_MAX_S, LONG_FIRST_S * (1 - chance) ** -LONG_POWER)
