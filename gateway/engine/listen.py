"""Keep a connector listening: lend it sockets and a way into the inbox, and take them back when it ends.

Laws. What can't be had (a port that is taken) is tried again, sooner at first, and is said wherever connectors are
shown. Stopping waits for what the connector still has to offer, and not for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from gateway.engine.arrive import keep
from gateway.engine.world import Link, World
from gateway.kernel.log import hide_secrets
from gateway.kernel.ports import ByteStream, Heard, Socket
from gateway.kernel.store import Store, StoreFull
from gateway.plugin import Listens, Record
from gateway.rules.retry import growing_wait

FAILURE_MAX = 300
"""Characters of a failure that are told."""

AGAIN_FIRST_S = 0.2
AGAIN_MAX_S = 10.0
"""What is sent meanwhile is lost: a connector that can't listen tries again soon. One that has listened for so long
begins anew."""

END_S = 5.0
"""A connector has so long to offer what it has, and return."""

NOTED = "listening "
"""Under this and its name, the store has why a connector doesn't listen; nothing while it does."""

Emit = Callable[[Link, Sequence[Record]], Awaitable[bool]]


@dataclass(slots=True)
class Listener:
    """A connector that listens. `failure` says why it doesn't, empty while it does; `failures` are those in a row."""

    world: World
    link: Link
    connector: Listens
    emit: Emit
    failure: str = ""
    failures: int = 0
    addresses: tuple[str, ...] = ()
    """Where it listens now, such as `udp 0.0.0.0:9060`."""

    _ending: bool = False
    _ear: "Lent | None" = None
    _deadline: asyncio.Timeout | None = None
    _noted: str | None = None

    def end(self) -> None:
        """Let the connector offer what it has, and return; after a while its listening is cut off."""
        self._ending = True
        if self._ear is not None:
            self._ear.end()
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + END_S)

    async def step(self) -> float:
        """Listen until it is time to end, or until the connector fails; the seconds until it is to listen again."""
        self._ear = ear = Lent(self.world, self.link, self.emit, self._listens, self._ending)
        began_s = self.world.clock.monotonic()
        try:
            async with asyncio.timeout(END_S if self._ending else None) as self._deadline:
                await self.connector.listen(ear)
            why = "it has stopped listening by itself"
        except OSError as error:  # the system refuses, and may give another time what it doesn't now
            why = hide_secrets(error.strerror or f"{type(error).__name__}: {error}")
        except Exception as error:  # a plugin's fault must stay its own: it listens again, the rest goes on
            self.link.fault(error)
            why = self.link.last_fault
        finally:
            self._deadline = None
            self.addresses = ()
            ear.close()
        if self._ending:
            return 0.0
        if self.world.clock.monotonic() - began_s >= AGAIN_MAX_S:
            self.failures = 0
        return await self._failed(why[:FAILURE_MAX])

    async def _listens(self) -> None:
        """Note that the connector has come to rest: its sockets are open."""
        if self._ear is not None:
            self.addresses = tuple(self._ear.addresses)
        if self.failure:
            self.failure = ""
            self.link.worked()
        await self._note()

    async def _failed(self, why: str) -> float:
        self.failures += 1
        self.failure = why
        self.link.count("listen_failed")
        wait_s = growing_wait(AGAIN_FIRST_S, AGAIN_MAX_S, self.failures)
        self.world.log.warning("listen_failed", connector=self.link.name, why=why, again_in_s=wait_s)
        await self._note()
        return wait_s

    async def _note(self) -> None:
        """Let other processes read how it stands, as far as the disk lets it be written."""
        if self._noted == self.failure:
            return
        try:
            await self.world.store.note(f"{NOTED}{self.link.name}", self.failure.encode())
            self._noted = self.failure
        except StoreFull as error:
            self.world.log.warning("not_noted", connector=self.link.name, reason=str(error))


async def noted_failure(store: Store, connector: str) -> str:
    """Why a connector didn't listen when a gateway last tried; empty where it did. For other processes."""
    return (await store.noted(f"{NOTED}{connector}") or b"").decode()


async def keep_heard(world: World, link: Link, records: Sequence[Record]) -> bool:
    """Store what a connector has heard; False: nothing was kept, and it is to be offered again."""
    return not records or await keep(world, link, records) is not None


@dataclass(slots=True)
class Lent:
    """What `gateway.plugin.Ear` promises, for one time of listening."""

    world: World
    link: Link
    keep: Emit
    listens: Callable[[], Awaitable[None]]
    """To be told that the connector has come to rest."""

    ending: bool = False
    addresses: list[str] = field(default_factory=list)
    """Where it listens, in words."""

    _sockets: list[Socket] = field(default_factory=list)
    _resting: set[asyncio.Event] = field(default_factory=set)

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return self.world.clock.now()

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """Listen for datagrams. Raises OSError."""
        return self._opened("udp", host, await self.world.sockets.udp(host, port, heard))

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        """Listen for connections. Raises OSError."""
        return self._opened("tcp", host, await self.world.sockets.tcp(host, port, serve))

    async def emit(self, records: Sequence[Record]) -> bool:
        """Have records stored; False: nothing was kept."""
        kept = await self.keep(self.link, records)
        if not kept:
            # Who offers again and again without a rest must not keep those from their turn who would make room.
            await self.world.clock.sleep(0)
        return kept

    async def rest(self, seconds: float) -> bool:
        """Wait, not longer than until it is time to end; whether it is."""
        if not self.ending:
            await self.listens()
        if not self.ending:  # which may have come meanwhile
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

    def _opened(self, protocol: str, host: str, socket: Socket) -> Socket:
        self.world.log.info(
            "connector_listens", connector=self.link.name, protocol=protocol, address=host, port=socket.port
        )
        self._sockets.append(socket)
        self.addresses.append(f"{protocol} {f'[{host}]' if ':' in host else host}:{socket.port}")
        return socket

    async def _wake(self, woken: asyncio.Event, seconds: float) -> None:
        await self.world.clock.sleep(seconds)
        woken.set()
