"""Loops outlive their steps, wait until something is to be done, and end in order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.engine.supervise import FAILED_WAIT_FIRST_S, FAILED_WAIT_MAX_S, HELD_POLL_S, POLL_S, Loop
from gateway.kernel.store import Conflict, StoreFull
from tests.engine.rig import MINUTE, T0, Rig, ToldClock, opening, run, until


@dataclass
class StandingClock(ToldClock):
    """A clock whose sleeps end only when the test says so; it keeps how long was asked for."""

    asked: list[float] = field(default_factory=list)
    sleepers: list[asyncio.Event] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Sleep until woken."""
        self.asked.append(seconds)
        woken = asyncio.Event()
        self.sleepers.append(woken)
        await woken.wait()


@dataclass
class Steps:
    """A step that does what it is told: waits so long, or raises; after the last one it waits for ever."""

    told: list[float | Exception]
    taken: int = 0

    async def __call__(self) -> float:
        """One step."""
        told = self.told[self.taken] if self.taken < len(self.told) else 999.0
        self.taken += 1
        if isinstance(told, Exception):
            raise told
        return told


async def quiet() -> None:
    """Let others go on until they must have come to rest."""
    for _ in range(20):
        await asyncio.sleep(0)


def told(story: Callable[[Rig, StandingClock], Awaitable[None]]) -> None:
    """Tell a story whose clock stands still."""
    clock = StandingClock()

    async def with_clock(rig: Rig) -> None:
        await story(rig, clock)

    run(with_clock, clock=clock)


def test_a_loop_goes_on_at_once_or_waits_as_its_step_says() -> None:
    """0 is at once; anything else is slept for, and then the next step comes."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        steps = Steps([0.0, 0.0, POLL_S, 7.0])
        loop = Loop(rig.world, "steps", steps)
        loop.start()
        await until(lambda: len(clock.asked) == 1)
        assert (steps.taken, clock.asked) == (3, [POLL_S])
        clock.sleepers[-1].set()
        await until(lambda: len(clock.asked) == 2)
        assert (steps.taken, clock.asked) == (4, [POLL_S, 7.0])
        await loop.stop()

    told(story)


def test_a_loop_survives_a_step_that_raises() -> None:
    """It is logged with the loop's name and tried again after a wait that grows to its bound; a success resets it."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        steps = Steps([*[RuntimeError("no")] * 8, 1.0, RuntimeError("no")])
        loop = Loop(rig.world, "steps", steps)
        loop.start()
        for number in range(1, 11):
            await until(lambda number=number: len(clock.asked) == number)  # type: ignore[misc]
            clock.sleepers[-1].set()
        expected = [min(FAILED_WAIT_MAX_S, FAILED_WAIT_FIRST_S * 2**power) for power in range(8)]
        assert clock.asked == [*expected, 1.0, FAILED_WAIT_FIRST_S]
        assert expected[-1] == FAILED_WAIT_MAX_S
        failed = [entry for entry in rig.log.entries if entry["event"] == "step_failed"]
        assert [entry["failures"] for entry in failed] == [*range(1, 9), 1]
        assert {entry["loop"] for entry in failed} == {"steps"}
        await loop.stop()

    told(story)


def test_a_full_disk_is_weather() -> None:
    """What passes by itself is one line without a traceback; the loop counts its failures until a step succeeds."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        loop = Loop(
            rig.world, "steps", Steps([StoreFull("nothing was stored: the disk is full"), Conflict("moved"), 1.0])
        )
        loop.start()
        for number, failing in ((1, (1, "StoreFull")), (2, (2, "Conflict")), (3, (0, "Conflict"))):
            await until(lambda number=number: len(clock.asked) == number)  # type: ignore[misc]
            assert (loop.failures, loop.failure) == failing
            clock.sleepers[-1].set()
        told = [entry for entry in rig.log.entries if entry["event"].startswith("step_")]
        assert [(entry["event"], entry["reason"]) for entry in told] == [
            ("step_postponed", "nothing was stored: the disk is full"),
            ("step_postponed", "moved"),
        ]
        assert not [entry for entry in told if "exc_info" in entry]
        await loop.stop()

    told(story)


def test_a_nudge_ends_the_waiting() -> None:
    """Work that is announced is taken up without the poll, once."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        steps = Steps([])
        loop = Loop(rig.world, "steps", steps)
        loop.start()
        await until(lambda: len(clock.asked) == 1)
        loop.nudge()
        await until(lambda: len(clock.asked) == 2)
        assert steps.taken == 2
        await quiet()
        assert steps.taken == 2
        await loop.stop()

    told(story)


def test_a_nudge_in_the_middle_of_a_step_is_not_lost() -> None:
    """What was announced while the step was at work brings another one before any waiting."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        steps = Steps([])

        async def nudged() -> float:
            if steps.taken == 0:
                loop.nudge()
            return await steps()

        loop = Loop(rig.world, "steps", nudged)
        loop.start()
        await until(lambda: len(clock.asked) == 1)
        assert steps.taken == 2
        await loop.stop()

    told(story)


def test_a_stop_lets_the_step_under_way_finish() -> None:
    """It ends no earlier, and no other step begins."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        gate, taken = asyncio.Event(), []

        async def slow() -> float:
            taken.append("begun")
            await gate.wait()
            taken.append("finished")
            return 0.0

        loop = Loop(rig.world, "slow", slow)
        loop.start()
        await until(lambda: taken == ["begun"])
        stopping = asyncio.ensure_future(loop.stop())
        await quiet()
        assert not stopping.done()
        gate.set()
        await stopping
        assert taken == ["begun", "finished"]

    told(story)


def test_a_stop_ends_the_waiting_and_its_timer() -> None:
    """A loop that waits ends at once and leaves nothing behind; one that never ran has nothing to end."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        loop = Loop(rig.world, "steps", Steps([]))
        await loop.stop()
        loop = Loop(rig.world, "steps", Steps([]))
        loop.start()
        await until(lambda: len(clock.asked) == 1)
        await loop.stop()
        await quiet()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    told(story)


def test_a_slow_loop_keeps_no_other_from_ending() -> None:
    """When the gateway stops, every loop is told so at once, whichever is waited for first."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        gate, steps = asyncio.Event(), Steps([])

        async def slow() -> float:
            await gate.wait()
            return 0.0

        rig.gateway.loops = [Loop(rig.world, "quick", steps), Loop(rig.world, "slow", slow)]
        for loop in rig.gateway.loops:
            loop.start()
        await until(lambda: len(clock.asked) == 1)
        stopping = asyncio.ensure_future(rig.gateway.stop())
        await quiet()
        rig.gateway.loops[0].nudge()
        await quiet()
        assert (steps.taken, stopping.done()) == (1, False)
        gate.set()
        await stopping

    told(story)


def test_the_judging_loop_sleeps_no_longer_than_until_something_is_due() -> None:
    """A deadline that is nearer than the poll is judged as soon as its millisecond is over; held back, it is looked at
    again after a pause."""

    async def story(rig: Rig, clock: StandingClock) -> None:
        await rig.post(opening())
        await rig.settle()
        assert await rig.gateway._judge() == POLL_S
        clock.at = T0 + 15 * MINUTE - 30
        await rig.settle()
        assert await rig.gateway._judge() == 0.031
        clock.at += 30
        assert await rig.gateway._judge() == 0.001
        rig.gateway._arriving[1] = clock.at
        clock.at += 1
        assert await rig.gateway._judge() == HELD_POLL_S
        del rig.gateway._arriving[1]
        assert await rig.gateway.judge_once() == 1

    told(story)
