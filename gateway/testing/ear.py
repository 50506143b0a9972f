"""What listens in the kit: sockets on loopback that only gather, and an ear that gives what they gathered when a story
says so. So what is sent arrives in the order, and as often, as the story wants, and at the time of its clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from gateway.kernel.sockets import SystemSockets
from gateway.kernel.spawn import InlineSpawn
from gateway.plugin import ByteStream, Heard, Listens, Record, Socket, Source
from gateway.testing.clock import StoryClock

Kind = Literal["udp", "tcp"]
TURNS: Final = 12
"""So often others go on before it is looked whether all of them wait."""

STEP_S: Final = 0.25
STEPS: Final = 16
"""So many steps of the story's clock pass after something was sent: four seconds."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A datagram, or a part of a connection, to one of the connector's ports. A part without data ends it."""

    kind: Kind
    port: int
    source: Source
    data: bytes


class Gathering:
    """The sockets of a story, where the simulator sends to; whoever reads, hears of it what the story gives."""

    def __init__(self, clock: StoryClock) -> None:
        self._clock = clock
        self._sockets: dict[tuple[Kind, int], Socket] = {}
        self._system = SystemSockets()
        self._came: list[Sent] = []
        self._streams: dict[tuple[int, Source], bytearray] = {}

    async def open(self, kind: Kind, host: str, port: int) -> int:
        """Gather what comes there; the port. Raises OSError."""
        if (kind, port) in self._sockets:
            return port
        chosen = port
        if kind == "udp":
            opened = await self._system.udp(host, port, lambda data, source: self._heard(chosen, data, source))
        else:
            opened = await self._system.tcp(host, port, lambda stream: self._served(chosen, stream))
        chosen = opened.port
        self._sockets[kind, chosen] = opened
        return chosen

    async def gather(self) -> None:
        """Take in what has come."""
        quiet = before = 0
        while quiet < TURNS:
            await self._clock.sleep(0)
            came = len(self._came) + sum(map(len, self._streams.values()))
            quiet, before = (quiet + 1, before) if came == before else (0, came)
        for (port, source), data in self._streams.items():
            if data:
                self._came.append(Sent("tcp", port, source, bytes(data)))
                data.clear()

    def taken(self) -> list[Sent]:
        """What was gathered since the last call."""
        came, self._came = self._came, []
        return came

    async def close(self) -> None:
        """Close every socket."""
        for opened in self._sockets.values():
            opened.close()
        await self.gather()

    def _heard(self, port: int, data: bytes, source: Source) -> None:
        self._came.append(Sent("udp", port, source, data))

    async def _served(self, port: int, stream: ByteStream) -> None:
        held = self._streams[port, stream.source] = bytearray()
        while True:
            held += await stream.read(1)


@dataclass(slots=True)
class _Mute:
    """A socket of the connector's: what it sends goes nowhere, and is noted."""

    port: int
    sent: list[tuple[bytes, Source]]
    lost: int = 0

    def send(self, data: bytes, to: Source) -> None:
        """Note it."""
        self.sent.append((data, to))

    def close(self) -> None:
        """Nothing: the story's sockets stay."""


@dataclass(slots=True)
class _Stream:
    """A connection that somebody made."""

    source: Source
    _held: bytearray = field(default_factory=bytearray)
    _ended: bool = False
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def feed(self, data: bytes) -> None:
        """More of it has come; nothing: it has ended."""
        self._held += data
        self._ended = self._ended or not data
        self._more.set()

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises EOFError."""
        while len(self._held) < size:
            if self._ended:
                raise EOFError("the connection has ended")
            self._more.clear()
            await self._more.wait()
        data = bytes(self._held[:size])
        del self._held[:size]
        return data


Keep = Callable[[Sequence[Record]], Awaitable[bool]]


class KitEar:
    """An ear by the story's clock. `keep` stores what is offered."""

    def __init__(self, gathering: Gathering, clock: StoryClock, keep: Keep) -> None:
        self.gathering = gathering
        self._clock = clock
        self._keep = keep
        self._spawn = InlineSpawn()
        self._heard: dict[int, Heard] = {}
        self._serve: dict[int, Callable[[Any], Awaitable[None]]] = {}
        self._streams: dict[tuple[int, Source], _Stream] = {}
        self._resting: dict[asyncio.Event, int] = {}
        self._opening = asyncio.Lock()
        self.ending = False
        self.opened: list[int] = []
        self.answered: list[tuple[bytes, Source]] = []
        """What the connector has sent."""

        self.raised: list[BaseException] = []
        """What its handlers raised."""

        self.offered = 0
        """How many records it has offered."""

        self.counts: dict[str, int] = {}

    def now(self) -> int:
        """The story's time."""
        return self._clock.now()

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """Hear the datagrams that the story gives. Raises OSError."""
        chosen = await self._open("udp", host, port)
        self._heard[chosen] = heard
        return _Mute(chosen, self.answered)

    async def tcp(self, host: str, port: int, serve: Callable[[Any], Awaitable[None]]) -> Socket:
        """Have the connections that the story gives. Raises OSError."""
        chosen = await self._open("tcp", host, port)
        self._serve[chosen] = serve
        return _Mute(chosen, self.answered)

    async def emit(self, records: Sequence[Record]) -> bool:
        """Have records stored."""
        self.offered += len(records)
        return await self._keep(records)

    async def rest(self, seconds: float) -> bool:
        """Wait until the story's clock has moved so far, or until it is time to end; whether it is."""
        if not self.ending:
            woken = asyncio.Event()
            self._resting[woken] = self.now() + round(max(seconds, 0.0) * 1000)
            try:
                await woken.wait()
            finally:
                self._resting.pop(woken, None)
        return self.ending

    def hears(self, port: int) -> bool:
        """Whether datagrams to a port are heard."""
        return port in self._heard

    def count(self, what: str, number: int = 1) -> None:
        """Count something."""
        self.counts[what] = self.counts.get(what, 0) + number

    def give(self, sent: Sent) -> None:
        """Let the connector hear something."""
        if sent.kind == "udp":
            if (heard := self._heard.get(sent.port)) is not None:
                try:
                    heard(sent.data, sent.source)
                except Exception as error:  # foreign code: the gateway logs it and goes on, the kit tells it
                    self.raised.append(error)
            return
        stream = self._streams.get((sent.port, sent.source))
        if stream is None and (serve := self._serve.get(sent.port)) is not None:
            stream = self._streams[sent.port, sent.source] = _Stream(sent.source)
            self._spawn.task("kit connection", self._served(serve, stream))
        if stream is not None:
            stream.feed(sent.data)

    async def pass_(self, steps: int = STEPS) -> None:
        """Let the story's time go on, step by step, and the connector with it."""
        await self._turns()
        for _ in range(steps):
            self._clock.pass_(STEP_S)
            now = self.now()
            for woken in [woken for woken, at in self._resting.items() if at <= now]:
                woken.set()
            await self._turns()

    async def end(self) -> None:
        """It is time to end: whoever rests is told, and connections are cut."""
        self.ending = True
        for woken in self._resting:
            woken.set()
        await self._turns()
        await self._spawn.close()

    async def _open(self, kind: Kind, host: str, port: int) -> int:
        async with self._opening:
            self.opened.append(chosen := await self.gathering.open(kind, host, port))
        return chosen

    async def _turns(self) -> None:
        """Let others go on until all of them wait; a socket is opened on a thread of the system's, in its own time."""
        for _ in range(TURNS):
            await self._clock.sleep(0)
            async with self._opening:
                pass

    async def _served(self, serve: Callable[[Any], Awaitable[None]], stream: _Stream) -> None:
        try:
            await serve(stream)
        except (EOFError, OSError):
            return
        except Exception as error:  # foreign code: the gateway logs it and goes on, the kit tells it
            self.raised.append(error)


class Listening:
    """A connector that listens in a story, with the ear that it was lent."""

    def __init__(self, connector: Listens, ear: KitEar) -> None:
        self._spawn = InlineSpawn()
        self._connector = connector
        self.ear = ear
        self.ended = False
        """Whether `listen` has come back."""

        self.failure: BaseException | None = None

    async def begin(self) -> None:
        """Let it open its sockets. Raises what it raises on the way."""
        self._spawn.task("kit listens", self._listen())
        await self.ear.pass_(1)
        if self.failure is not None:
            raise self.failure

    async def hear(self, sent: Sequence[Sent], *, steps: int = STEPS) -> None:
        """Let it hear something, and do what it does about it in so many steps of the clock."""
        for one in sent:
            self.ear.give(one)
        await self.ear.pass_(steps)

    async def end(self) -> None:
        """Tell it that it is time to end, and end it if it won't."""
        await self.ear.end()
        await self.ear.pass_(1)
        await self._spawn.close()

    async def _listen(self) -> None:
        try:
            await self._connector.listen(self.ear)
        except Exception as error:  # foreign code: told by the checks whose business it is
            self.failure = error
        self.ended = True


async def gathering_for(connector: Listens, clock: StoryClock) -> Gathering:
    """The sockets that such a connector opens: it is let listen for a moment. Raises what it raises."""
    found = Gathering(clock)

    async def nothing(records: Sequence[Record]) -> bool:
        return True

    listening = Listening(connector, KitEar(found, clock, nothing))
    try:
        await listening.begin()
    except BaseException:
        await found.close()
        raise
    finally:
        await listening.end()
    return found
