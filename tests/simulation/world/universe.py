"""One world under one seed: customers, senders, a network, a disk, endpoints, and the gateway between them.

Laws. All chance comes from streams with names, so that what one part draws moves no other's. All instants that are
shared are true ones; only the gateway may believe another time. The world around outlives every process of the gateway.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from gateway.engine.attempt import Endpoint
from gateway.plugin import Connector, Request
from gateway.policy.load import Loaded
from tests.simulation.machine.disk import SimDisk
from tests.simulation.machine.loop import SimLoop
from tests.simulation.machine.process import Process, Reset, Unreachable
from tests.simulation.world.swarm import Swarm
from tests.simulation.world.witness import Fault, Witness
from tests.support.policies import loaded

__all__ = ["Death", "Reset", "Universe", "Unreachable"]

T = TypeVar("T")

WEATHER = frozenset({"step_postponed", "store_full", "fetched_not_stored", "connector_raised", "backlog_full"})
"""What the gateway may log as an error while something is wrong outside of it."""


@dataclass(frozen=True)
class Death:
    """How the first process of the gateway ends: before this step of its own, alone or with the machine's power."""

    step: int
    power_fails: bool = False


@dataclass(frozen=True)
class Reply:
    """What the gateway answered at its door; `received_at` is by its own clock."""

    status: int
    body: bytes
    retry_after_s: int | None
    received_at: int


@dataclass
class Universe:
    """The world with this seed; it begins at the instant `start`, in milliseconds since the epoch."""

    seed: int
    start: int
    swarm: Swarm
    death: Death | None = None
    tell: Callable[[str], None] | None = None
    """Is told every line of the trace."""

    witness: Witness = field(default_factory=Witness)
    loop: SimLoop = field(init=False)
    disk: SimDisk = field(init=False)
    process: Process | None = None
    power_fails: bool = False
    """When the process dies next, the machine loses its power too."""

    net: Any = None
    connectors: Callable[[], Mapping[str, Connector]] = dict
    endpoints: Mapping[str, Any] = field(default_factory=dict)
    """The receivers of notices."""

    configured: Mapping[str, Endpoint] = field(default_factory=dict)
    """The same as the gateway is configured with them."""

    policy: Loaded = field(init=False)
    lives: list[Process] = field(default_factory=list)
    _dice: dict[str, Random] = field(default_factory=dict)
    _around: set["asyncio.Task[Any]"] = field(default_factory=set)
    _down: "asyncio.Event" = field(init=False)
    logged: list[str] = field(default_factory=list)
    """Every line of the gateway's log."""

    failures: list[BaseException] = field(default_factory=list)
    """Exceptions of the world itself: a fault of the simulation, not of the gateway."""

    def __post_init__(self) -> None:
        self._context = copy_context()
        self.loop = SimLoop(self.dice("order") if self.swarm.shuffled else None)
        self.disk = SimDisk()
        self._down = asyncio.Event()

    # ── What everybody has ───────────────────────────────────────────────────────────────────────────────────────
    def now(self) -> int:
        """The true instant."""
        return self.start + int(self.loop.time() * 1000)

    def dice(self, stream: str) -> Random:
        """The chance of this name."""
        if stream not in self._dice:
            seed = hashlib.blake2b(f"{self.seed} {stream}".encode(), digest_size=8).digest()
            self._dice[stream] = Random(int.from_bytes(seed))
        return self._dice[stream]

    async def sleep(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        await asyncio.sleep(seconds)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Something that goes on beside all others, whatever becomes of the gateway."""
        # Whoever asks for it: a process that dies doesn't take along what goes on around it.
        task = self.loop.create_task(work, name=name, context=self._context.copy())
        self._around.add(task)
        task.add_done_callback(self._ended)
        return task

    def trace(self, kind: str, *details: object) -> None:
        """Something that has happened: a part of the trace's hash."""
        self.loop.note(kind, *details)
        if self.tell is not None:
            self.tell(f"{self.loop.time():14.3f} {kind} {' '.join(map(str, details))}")

    def fault(self, kind: str, detail: str = "") -> None:
        """Something is being done to the gateway."""
        self.witness.faults.append(Fault(self.now(), kind, detail))
        self.trace(kind, detail)

    # ── The gateway's lives ──────────────────────────────────────────────────────────────────────────────────────
    async def boot(self) -> None:
        """Start a process of the gateway and wait until it is ready; Reset if it dies meanwhile."""
        process = Process(
            len(self.lives),
            self.loop,
            self.disk,
            start=self.start,
            lag=self._lag,
            net=self.net,
            busy=lambda: self.net.under_way > 0,
            died=self._died,
            logged=self._logged,
        )
        if self.death is not None and not self.lives:
            process.fuse, self.power_fails = self.death.step, self.death.power_fails
        self.lives.append(process)
        self.process = process
        self._down.clear()
        self.trace("boot", process.number)
        await process.ask("boot", process.boot(self.connectors(), self.configured, self.policy))
        self.fault("up", str(process.number))

    async def shut(self) -> None:
        """Stop the gateway in order."""
        process = self.process
        if process is None:
            return
        await process.ask("shut", process.shut())
        process.die("in order")

    async def ended(self) -> None:
        """Come back when no process of the gateway lives."""
        await self._down.wait()

    async def ask(self, name: str, work: Callable[[Process], Awaitable[T]]) -> T:
        """Let the gateway that runs do something. Raises Unreachable and Reset."""
        process = self.process
        if process is None or not process.ready:
            raise Unreachable(name)

        async def asked() -> T:
            return await work(process)

        return await process.ask(name, asked())

    async def post(self, connector: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What a client sees of one request at the gateway's door. Raises Unreachable and Reset."""

        async def posted(process: Process) -> Reply:
            received_at = process.clock.now()
            request = Request("POST", headers, {}, body, received_at)
            try:
                answer = await process.gateway.receive(connector, request)
            except Exception as error:  # the door's own answer to what it doesn't expect
                self._logged("error", {"event": "the door has failed", "error": repr(error)})
                return Reply(500, b"", None, received_at)
            if answer is None:
                return Reply(404, b"", None, received_at)
            return Reply(answer.status, answer.body, answer.retry_after_s, received_at)

        reply = await self.ask("receive", posted)
        self.trace("answered", connector, reply.status, reply.body)
        return reply

    async def reload(self, policy: str) -> None:
        """Let a policy come into force, as a reload does; also the next start begins with it."""
        self.policy = loaded(policy)
        self.fault("reload", self.policy.policy.name)
        await self.ask("reload", lambda process: process.gateway.follow(self.policy))

    # ── What is left of it ───────────────────────────────────────────────────────────────────────────────────────
    def close(self) -> None:
        """Take everything apart."""
        if self.process is not None:
            self.process.die("the end of the world")
        for process in self.lives:
            process.bury()
        for task in self._around:
            task.cancel()
        if self._around:
            self.loop.run_until_complete(asyncio.gather(*self._around, return_exceptions=True))
        self.loop.close()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._around.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(failure)

    def _died(self, process: Process, why: str) -> None:
        self.fault("down", why)
        if self.power_fails:
            self.power_fails = False
            self.disk.power_cut(self.dice("power"))
        else:
            self.disk.kill()
        self.process = None
        self._down.set()

    def _lag(self, thread: str) -> float:
        """How long a thread takes for a call."""
        dice = self.dice("disk")
        if self.swarm.slow_disk and dice.random() < self.swarm.slow_disk:
            return dice.uniform(0.5, 20.0)
        if self.swarm.sluggish_disk and dice.random() < self.swarm.sluggish_disk:
            return dice.uniform(0.05, 1.2)
        return dice.uniform(0.0001, 0.003)

    def _logged(self, method: str, line: dict[str, Any]) -> None:
        event = str(line.get("event"))
        words = [f"{name}={line[name]}" for name in sorted(line) if name != "event"]
        self.logged.append(" ".join((event, *words)))
        self.trace(f"log {method}", event, *words)
        if method in ("error", "critical", "exception") and event not in WEATHER:
            self.witness.errors.append(f"{event} {line}")
