"""Keep a connector listening: lend it sockets and a way into the inbox, and take them back when it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from gateway.engine.arrive import arrived
from gateway.engine.world import Link, World
from gateway.kernel.log import hide_secrets
from gateway.kernel.ports import ByteStream, Heard, Socket
from gateway.kernel.store import StoreFull
from gateway.plugin import Listens, Record

FAILURE_MAX = 300
"""Characters of a failure that are told."""

Emit = Callable[[Link, Sequence[Record]], Awaitable[bool]]


@dataclass(slots=True)
class Listener:
    """A connector that listens. `failure` says why it doesn't, empty while it does."""

    world: World
    link: Link
    connector: Listens
    emit: Emit
    failure: str = ""
    failures: int = 0
    _ending: bool = False
    _ear: "Lent | None" = None

    def end(self) -> None:
        """Let the connector offer what it has, and return."""
        self._ending = True
        if self._ear is not None:
            self._ear.end()

    async def step(self) -> float:
        """Listen until it is time to end. Raises what the connector raises, once its sockets are closed."""
        self._ear = ear = Lent(self.world, self.link, self.emit, self._ending)
        try:
            await self.connector.listen(ear)
            if not self._ending:
                raise RuntimeError(f"connector {self.link.name} has stopped listening by itself")
        except Exception as error:
            self.failures += 1
            self.failure = hide_secrets(f"{type(error).__name__}: {error}")[:FAILURE_MAX]
            self.link.fault(error)
            raise
        finally:
            ear.close()
        return 0.0


async def keep(world: World, link: Link, records: Sequence[Record]) -> bool:
    """Store what a connector has heard; False: nothing was kept, and it is to be offered again."""
    try:
        added = await world.store.add_records(link.name, arrived(world, link, records))
    except StoreFull:
        world.log.error("store_full", connector=link.name)
        return False
    link.worked()
    link.count("accepted", added.accepted)
    link.count("duplicates", added.duplicates)
    return True


@dataclass(slots=True)
class Lent:
    """What `gateway.plugin.Ear` promises, for one time of listening."""

    world: World
    link: Link
    keep: Emit
    ending: bool = False
    _sockets: list[Socket] = field(default_factory=list)
    _resting: set[asyncio.Event] = field(default_factory=set)

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.world.clock.now()

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """Listen for datagrams. Raises OSError."""
        return self._opened(await self.world.sockets.udp(host, port, heard))

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        """Listen for connections. Raises OSError."""
        return self._opened(await self.world.sockets.tcp(host, port, serve))

    async def emit(self, records: Sequence[Record]) -> bool:
        """Have records stored; False: nothing was kept."""
        return await self.keep(self.link, records)

    async def rest(self, seconds: float) -> bool:
        """Wait, not longer than until it is time to end; whether it is."""
        if not self.ending:
            woken = asyncio.Event()
            self._resting.add(woken)
            timer = self.world.spawn.task(f"{self.link.name} rests", self._wake(woken, seconds))
            try:
                await woken.wait()
            finally:
                self._resting.discard(woken)
                timer.cancel()
        return self.ending

    def count(self, what: str, number: int = 1) -> None:
        """Count something for the metrics."""
        self.link.count(what, number)

    def end(self) -> None:
        """Wake whoever rests: it is time to end."""
        self.ending = True
        for woken in self._resting:
            woken.set()

    def close(self) -> None:
        """Close every socket."""
        while self._sockets:
            self._sockets.pop().close()

    def _opened(self, socket: Socket) -> Socket:
        self._sockets.append(socket)
        return socket

    async def _wake(self, woken: asyncio.Event, seconds: float) -> None:
        await self.world.clock.sleep(seconds)
        woken.set()
