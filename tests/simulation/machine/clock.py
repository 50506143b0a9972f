"""The gateway's clocks: a wall clock that can be set wrong, and a steady one. Both follow the loop's virtual time."""

import asyncio
from collections.abc import Callable

from gateway.engine.backfill import IDLE_S
from gateway.engine.fetch import POLL_S as FETCH_POLL_S
from gateway.engine.retain import EVERY_S as RETAIN_S
from gateway.engine.supervise import POLL_S
from gateway.engine.watch import EVERY_S as WATCH_S
from tests.simulation.machine.due import Due
from tests.simulation.machine.loop import SimLoop

POLLS = {
    "judge waits": (POLL_S, 3_600.0),
    "perform waits": (POLL_S, 3_600.0),
    "fetch waits": (FETCH_POLL_S, 3_600.0),
    "watch waits": (WATCH_S, 3_600.0),
    "retain waits": (RETAIN_S, 3_600.0),
}
"""The loops that look whether there is something to do: how often, and how long at most they are left alone where there
can't be. Any other wait of theirs is one that they mean."""

READS_NO_PAST = "backfill "
"""The loops that look for runs over a past. Nobody here asks for one, and no stream has a past: they are left alone."""

STIRRING = frozenset(
    {
        "add_page",
        "enable_endpoint",
        "finish_fetch",
        "replay_deliveries",
        "replay_delivery",
        "replay_record",
        "resume_connector",
    }
)
"""Transactions that give a loop something to do which nobody tells it of: it finds it at its next poll."""

ALONE_S = 86_400.0
PERFORMING = "perform waits"
UNDER_WAY_S = 2.0
"""While a request is under way, its lease must be renewed: so often performing looks."""

BLOCKED_S = 60.0
"""Where deliveries are due that must not go, since their endpoint is left alone, performing looks so often."""


class SimClock:
    """A process's clocks. `ahead_ms`: how far its wall clock is ahead of true time.

    A poll that can find nothing is not simulated: a loop that waits sleeps on until something is written, or until the
    next instant that stands in the database (`due`, by this wall clock). What it finds it finds at the same moment
    at which it would have found it, to the tenth of a second.
    """

    def __init__(self, loop: SimLoop, start: int, due: Callable[[int], Due], busy: Callable[[], bool]) -> None:
        self._loop = loop
        self._start = start
        self._due = due
        self._busy = busy
        # In the order in which they fell asleep: a set's would be that of their addresses, another one in each run.
        self._sleepers: dict[asyncio.Future[None], None] = {}
        self.ahead_ms = 0

    def now(self) -> int:
        """Milliseconds since the epoch, as this process believes."""
        return self._start + int(self._loop.time() * 1000) + self.ahead_ms

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds`."""
        task = asyncio.current_task()
        name = "" if task is None else task.get_name()
        poll_s, longest = POLLS.get(name, (-1.0, 0.0))
        if seconds == IDLE_S and name.startswith(READS_NO_PAST):
            await asyncio.sleep(ALONE_S)
        elif seconds == poll_s:
            await self._doze(seconds, self._left_alone_s(longest, name))
        else:
            await asyncio.sleep(seconds)

    def stir(self) -> None:
        """Something has changed: whoever dozes looks again at its next poll."""
        sleepers, self._sleepers = self._sleepers, {}
        for sleeper in sleepers:
            if not sleeper.done():
                sleeper.set_result(None)

    def _left_alone_s(self, longest: float, loop: str) -> float:
        """How long a loop can't find anything to do, if nothing is written meanwhile."""
        now = self.now()
        due = self._due(now)
        most = longest if due.next is None else min(longest, (due.next - now) / 1000)
        if loop == PERFORMING and self._busy():
            most = min(most, UNDER_WAY_S)
        return min(most, BLOCKED_S) if loop == PERFORMING and due.blocked else most

    async def _doze(self, seconds: float, most: float) -> None:
        began = self._loop.time()
        if most <= seconds:
            await asyncio.sleep(seconds)
            return
        sleeper: asyncio.Future[None] = self._loop.create_future()
        self._sleepers[sleeper] = None
        timer = self._loop.call_later(most, _wake, sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleepers.pop(sleeper, None)
        if self._loop.time() < timer.when():
            await asyncio.sleep(seconds - (self._loop.time() - began) % seconds)


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
