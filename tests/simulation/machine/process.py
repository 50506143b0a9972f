"""One life of the gateway: the real engine on the real store, from its start to its end, however that comes.

Laws. What dies takes its memory along: no task of it makes another step, no `finally` reaches the world. What it had
written to the disk stays as far as the disk keeps it. A life that stands still goes on as if nothing had been, but the
clocks have gone on.
"""

import asyncio
import warnings
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

import structlog

from gateway.engine.attempt import Endpoint
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.policies import Policies
from gateway.engine.world import Link, World
from gateway.kernel import failpoint
from gateway.kernel.ports import Net
from gateway.kernel.rng import SeededRng
from gateway.plugin import Connector
from gateway.policy.load import Loaded
from gateway.store.sqlite import SqliteStore
from tests.simulation.machine.clock import STIRRING, SimClock
from tests.simulation.machine.disk import SimDisk
from tests.simulation.machine.driver import SimDriver
from tests.simulation.machine.due import Due, due_after
from tests.simulation.machine.loop import PARTY, SimLoop
from tests.simulation.machine.spawn import Dead, SimSpawn

T = TypeVar("T")

DATABASE = "gateway.db"


class Unreachable(ConnectionError):
    """No process of the gateway listens."""


class Reset(ConnectionError):
    """The process has died before it answered."""


class Process:
    """`start` it; then `ask` it for something, let it `die`, or `stop` it in order."""

    def __init__(
        self,
        number: int,
        loop: SimLoop,
        disk: SimDisk,
        *,
        start: int,
        lag: Callable[[str], float],
        net: Net,
        busy: Callable[[], bool],
        died: Callable[["Process", str], None],
        logged: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self.number = number
        self.dead = False
        self.paused = False
        self.ready = False
        self.steps = 0
        self.fuse: int | None = None
        """So many more steps, and it dies."""

        self.trap: tuple[str, int] | None = None
        """It dies at this point of the code, when it passes there for the so manieth time."""

        self.loop = loop
        self.disk = disk
        self.clock = SimClock(loop, start, self._due, busy)
        self.spawn = SimSpawn(self, lag)
        self.store: SqliteStore
        self.gateway: Gateway
        self._net = net
        self._died = died
        self._logged = logged
        self._remains: list[asyncio.Task[Any]] = []
        self._asked: dict[asyncio.Future[Any], None] = {}
        self._context = copy_context()
        self._context.run(PARTY.set, self)

    # ── Its life ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def boot(
        self,
        connectors: Mapping[str, Connector],
        endpoints: Mapping[str, Endpoint],
        policy: Loaded,
    ) -> None:
        """Open the database and start the loops, as the daemon does."""
        failpoint.listen(self.reached)
        self.store = await SqliteStore.on(
            SimDriver(self.disk),
            DATABASE,
            self.spawn,
            exclusive=True,
            clock=self.clock,
            rewrite_log=partial(self.disk.rewrite_log, DATABASE),
        )
        now = self.clock.now()
        world = World(self.clock, SeededRng(self.number), self._net, self.spawn, self.store, self._log())
        world.meters.started_at = now
        policies = await Policies.open(self.store, self.spawn)
        await policies.follow(world, policy, asyncio.Lock())
        bench = Bench(
            policies=policies,
            live_from=await self.store.started(list(connectors), now),
            subscriptions={name: endpoint.notices for name, endpoint in endpoints.items()},
            source="simulation",
            admin_url="http://gateway",
        )
        links = {name: Link(name, connector) for name, connector in connectors.items()}
        self.gateway = Gateway(world, links, bench, endpoints)
        self.gateway.start()
        self.ready = True

    async def shut(self) -> None:
        """End in order, as at SIGTERM."""
        self.ready = False
        await self.gateway.stop()
        await self.store.close()

    def die(self, why: str) -> None:
        """End this instant."""
        if self.dead:
            return
        self.dead = True
        self.ready = False
        failpoint.listen(None)
        self._remains = self.loop.tasks_of(self)
        self.loop.drop(lambda party: party is self)
        asked, self._asked = self._asked, {}
        for answer in asked:
            if not answer.done():
                answer.set_exception(Reset(why))
        self._died(self, why)

    def bury(self) -> None:
        """Take apart what a dead process has left in memory, so that nothing of it is ever resumed or complained of."""
        for task in self._remains:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            with suppress(BaseException), warnings.catch_warnings(action="ignore"):
                task.get_coro().close()
        self._remains = []

    # ── What is asked of it ──────────────────────────────────────────────────────────────────────────────────────
    def ask(self, name: str, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Let the process do something; the answer comes to whoever is outside. Reset if it dies before."""
        answer: asyncio.Future[T] = self.loop.create_future()
        if self.dead:
            work.close()
            answer.set_exception(Reset(name))
            return answer
        self._asked[answer] = None
        self._context.run(self.spawn.task, name, self._answered(work, answer))
        return answer

    async def _answered(self, work: Coroutine[Any, Any, T], answer: "asyncio.Future[T]") -> None:
        try:
            result = await work
        except Exception as error:  # handed to whoever asked
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(result)
        self._asked.pop(answer, None)

    # ── How it is killed ─────────────────────────────────────────────────────────────────────────────────────────
    def stepping(self, loop: SimLoop) -> bool:
        """One more step of its own; False if it dies before it."""
        self.steps += 1
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.die("at a step")
                return False
        return True

    def reached(self, point: str) -> None:
        """It passes a named point of the code."""
        if self.dead:
            raise Dead(point)
        self.loop.note(point)
        if point.removesuffix(".committed") in STIRRING:
            self.clock.stir()
        if self.trap is not None and self.trap[0] == point:
            self.trap = (point, self.trap[1] - 1)
            if self.trap[1] <= 0:
                self.die(f"at {point}")
                raise Dead(point)

    def pause(self) -> None:
        """Let it stand still until `go_on`."""
        self.loop.hold(self)

    def go_on(self) -> None:
        """Let it run again."""
        self.loop.release(self)
        self.clock.stir()

    # ── What its parts report ────────────────────────────────────────────────────────────────────────────────────
    def failed(self, task: str, error: BaseException) -> None:
        """A task has failed."""
        self._logged("error", {"event": "a task has failed", "task": task, "error": repr(error)})

    def _due(self, now: int) -> Due:
        return due_after(self.store.writer.connection, now)

    def _log(self) -> Any:
        return structlog.wrap_logger(None, processors=[structlog.processors.format_exc_info, self._take])

    def _take(self, _: object, method: str, line: dict[str, Any]) -> Any:
        self._logged(method, line)
        raise structlog.DropEvent
