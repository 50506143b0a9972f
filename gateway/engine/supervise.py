"""Keep the engine's loops going, and stop them in order.

A loop is a step and how long to wait after it. A step that raises is logged and tried again after a growing wait; a
full disk and a conflict are weather: one line in the log, no traceback. Stopping lets the step under way finish.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.engine.world import World
from gateway.kernel.ports import Task
from gateway.kernel.store import Conflict, StoreFull
from gateway.rules.retry import growing_wait

POLL_S = 0.1
"""Work that nobody announced is found after this long."""

HELD_POLL_S = 0.02
"""What is due and may not be judged yet is looked at again after this long."""

FAILED_WAIT_FIRST_S = 0.2
FAILED_WAIT_MAX_S = 10.0

Step = Callable[[], Awaitable[float]]
"""Does one piece of work; returns the seconds until the next, 0 for at once."""


@dataclass(slots=True)
class Loop:
    """One loop. `nudge` ends its waiting early; `failures` in a row are 0 while all is well, `failure` is the last."""

    world: World
    name: str
    step: Step
    failures: int = 0
    failure: str = ""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _task: Task | None = None

    def start(self) -> None:
        """Begin, beside the caller."""
        self._task = self.world.spawn.task(self.name, self._run())

    def nudge(self) -> None:
        """There is work: don't wait for the poll."""
        self._woken.set()

    def end(self) -> None:
        """Take up no further step; the one under way goes on."""
        self._stopping = True
        self._woken.set()

    async def stop(self) -> None:
        """Finish the step under way and end."""
        self.end()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            try:
                wait_s = await self.step()
                self.failures = 0
            except Exception as error:  # the loop outlives every step: what failed is logged and tried again
                wait_s = self._failed(error)
            if wait_s > 0:
                await self._wait(wait_s)

    def _failed(self, error: Exception) -> float:
        """Note a failed step; the seconds until the next."""
        self.failures += 1
        self.failure = type(error).__name__
        self.world.meters.loop_failures.add(self.name)
        if isinstance(error, Conflict | StoreFull):
            self.world.log.warning("step_postponed", loop=self.name, failures=self.failures, reason=str(error))
        else:
            self.world.log.exception("step_failed", loop=self.name, failures=self.failures)
        return growing_wait(FAILED_WAIT_FIRST_S, FAILED_WAIT_MAX_S, self.failures)

    async def _wait(self, seconds: float) -> None:
        if self._stopping or self._woken.is_set():
            self._woken.clear()
            return
        timer = self.world.spawn.task(f"{self.name} waits", self._sleep(seconds))
        await self._woken.wait()
        self._woken.clear()
        timer.cancel()

    async def _sleep(self, seconds: float) -> None:
        await self.world.clock.sleep(seconds)
        self._woken.set()
