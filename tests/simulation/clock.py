"""The gateway's clocks: a wall clock that can be set wrong, and a steady one. Both follow the loop's virtual time."""

import asyncio
from collections.abc import Callable

from gateway.engine.fetch import POLL_S as FETCH_POLL_S
from gateway.engine.retain import EVERY_S as RETAIN_S
from gateway.engine.supervise import POLL_S
from gateway.engine.watch import EVERY_S as WATCH_S
from tests.simulation.loop import SimLoop

POLLS = {
    "judge waits": (POLL_S, 60.0),
    "perform waits": (POLL_S, 60.0),
    "fetch waits": (FETCH_POLL_S, 60.0),
    "watch waits": (WATCH_S, 3_600.0),
    "retain waits": (RETAIN_S, 3_600.0),
}
"""The loops that look whether there is something to do: how often, and how long at most they are left alone where there
can't be. Any other wait of theirs is one that they mean."""

STIRRING = frozenset(
    {"add_page", "finish_fetch", "enable_endpoint", "replay_delivery", "replay_deliveries", "replay_record"}
)
"""Transactions that give a loop something to do which nobody tells it of: it finds it at its next poll."""

UNDER_WAY_S = 1.0
"""While a request is under way, leases must be renewed: so often they look."""


class SimClock:
    """A process's clocks. `ahead_ms`: how far its wall clock is ahead of true time.

    A poll that can find nothing is not simulated: a loop that waits sleeps on until something is written, or until the
    next instant that stands in the database (`next_due`, by this wall clock). What it finds it finds at the same moment
    at which it would have found it, to the tenth of a second.
    """

    def __init__(
        self, loop: SimLoop, start: int, next_due: Callable[[int], int | None], busy: Callable[[], bool]
    ) -> None:
        self._loop = loop
        self._start = start
        self._next_due = next_due
        self._busy = busy
        self._sleepers: set[asyncio.Future[None]] = set()
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
        poll_s, longest = POLLS.get(task.get_name() if task is not None else "", (-1.0, 0.0))
        if seconds == poll_s:
            await self._doze(seconds, longest)
        else:
            await asyncio.sleep(seconds)

    def stir(self) -> None:
        """Something has changed: whoever dozes looks again at its next poll."""
        sleepers, self._sleepers = self._sleepers, set()
        for sleeper in sleepers:
            if not sleeper.done():
                sleeper.set_result(None)

    async def _doze(self, seconds: float, longest: float) -> None:
        now, began = self.now(), self._loop.time()
        due = self._next_due(now)
        most = min(longest, UNDER_WAY_S if self._busy() else longest, longest if due is None else (due - now) / 1000)
        if most <= seconds:
            await asyncio.sleep(seconds)
            return
        sleeper: asyncio.Future[None] = self._loop.create_future()
        self._sleepers.add(sleeper)
        timer = self._loop.call_later(most, _wake, sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleepers.discard(sleeper)
        if self._loop.time() < timer.when():
            await asyncio.sleep(seconds - (self._loop.time() - began) % seconds)


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
