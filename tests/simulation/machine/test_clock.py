"""A process's clocks: who dozes, for how long, and at which instant it looks again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.engine.supervise import POLL_S
from tests.simulation.machine.clock import BLOCKED_S, PERFORMING, POLLS, UNDER_WAY_S, SimClock
from tests.simulation.machine.due import Due
from tests.simulation.machine.loop import SimLoop

START = 1_772_442_000_000
NOTHING = Due(None, 0)
JUDGING = "judge waits"


class Dozing:
    """A clock under a loop of its own, with what stands in its database."""

    def __init__(self) -> None:
        self.loop = SimLoop()
        self.due = NOTHING
        self.busy = False
        self.clock = SimClock(self.loop, START, lambda _: self.due, lambda: self.busy)

    async def woken(self, task: str, seconds: float = POLL_S) -> float:
        """When a loop of that name, that waits now, comes back."""

        async def waits() -> None:
            await self.clock.sleep(seconds)

        began = self.loop.time()
        await self.loop.create_task(waits(), name=task)
        return self.loop.time() - began


def told(work: Callable[[Dozing], Awaitable[None]]) -> None:
    """A story of one clock."""
    dozing = Dozing()
    try:
        dozing.loop.run_until_complete(work(dozing))  # type: ignore[arg-type]
    finally:
        dozing.loop.close()


def test_a_wall_clock_can_be_wrong_and_the_steady_one_is_not() -> None:
    """Both go on together."""

    async def story(dozing: Dozing) -> None:
        clock = dozing.clock
        await clock.sleep(12.5)
        assert (clock.now(), clock.monotonic()) == (START + 12_500, 12.5)
        clock.ahead_ms = -9_000
        await clock.sleep(1.0)
        assert (clock.now(), clock.monotonic()) == (START + 4_500, 13.5)

    told(story)


def test_where_nothing_can_be_found_nobody_looks() -> None:
    """Not until something is due, by the clock that the process believes, or for so long. Other waits are meant."""

    async def story(dozing: Dozing) -> None:
        assert await dozing.woken(JUDGING) == POLLS[JUDGING][1]
        dozing.due = Due(dozing.clock.now() + 5_000, 0)
        assert await dozing.woken(JUDGING) == pytest.approx(5.0)
        dozing.clock.ahead_ms = -2_000
        dozing.due = Due(dozing.clock.now() + 7_000, 0)
        assert await dozing.woken(JUDGING) == pytest.approx(7.0)
        dozing.due = Due(dozing.clock.now() + 1, 0)
        assert await dozing.woken(JUDGING) == pytest.approx(POLL_S)
        dozing.due = NOTHING
        assert await dozing.woken(JUDGING, 2.5) == pytest.approx(2.5)
        assert await dozing.woken("somebody") == pytest.approx(POLL_S)

    told(story)


def test_who_is_stirred_looks_at_its_next_poll() -> None:
    """At the instant at which it would have looked, had it looked all the while."""

    async def story(dozing: Dozing) -> None:
        for after_s, woken_s in ((7.33, 7.4), (0.01, 0.1), (3_599.95, 3_600.0)):
            dozing.loop.call_later(after_s, dozing.clock.stir)
            assert await dozing.woken(JUDGING) == pytest.approx(woken_s, abs=1e-3)

    told(story)


def test_who_is_stirred_wakes_in_the_same_order_in_each_run() -> None:
    """Not by the addresses of anything in memory: else a seed would not say all."""

    def woken() -> list[int]:
        numbers: list[int] = []

        async def story(dozing: Dozing) -> None:
            async def waits(number: int) -> None:
                await dozing.woken(JUDGING)
                numbers.append(number)

            tasks = [dozing.loop.create_task(waits(number)) for number in range(100)]
            await asyncio.sleep(1.01)
            dozing.clock.stir()
            await asyncio.gather(*tasks)

        told(story)
        return numbers

    kept = []  # else one run's memory would lie where the other's lay
    for size in (1, 7, 50):
        kept.append([asyncio.Event() for _ in range(size)])
        assert woken() == woken()


def test_who_is_stirred_in_vain_dozes_again() -> None:
    """And everybody is stirred at once."""

    async def story(dozing: Dozing) -> None:
        dozing.loop.call_later(1.0, dozing.clock.stir)
        both = await asyncio.gather(dozing.woken(JUDGING), dozing.woken("fetch waits", POLLS["fetch waits"][0]))
        assert max(both) < 3.0
        assert await dozing.woken(JUDGING) == POLLS[JUDGING][1]

    told(story)


def test_performing_looks_after_its_leases_and_after_what_must_not_go() -> None:
    """While something is under way, or due at an endpoint that is left alone; the others needn't."""

    async def story(dozing: Dozing) -> None:
        dozing.due = Due(None, 3)
        assert await dozing.woken(PERFORMING) == BLOCKED_S
        assert await dozing.woken(JUDGING) == POLLS[JUDGING][1]
        dozing.busy = True
        assert await dozing.woken(PERFORMING) == pytest.approx(UNDER_WAY_S)
        dozing.due = NOTHING
        assert await dozing.woken(PERFORMING) == pytest.approx(UNDER_WAY_S)
        assert await dozing.woken(JUDGING) == POLLS[JUDGING][1]

    told(story)
