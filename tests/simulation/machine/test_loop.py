"""The loop of a universe: virtual time, order by chance, and parties that die or stand still."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from random import Random
from threading import Thread
from typing import Any

import pytest

from tests.simulation.machine.loop import PARTY, SimLoop, Stuck

HOUR_S = 3_600.0


@dataclass(eq=False)
class Someone:
    """A party; it dies when it has made `steps` more."""

    dead: bool = False
    paused: bool = False
    steps: int = 10**9

    def stepping(self, loop: SimLoop) -> bool:
        """One step more."""
        self.steps -= 1
        self.dead = self.steps < 0
        return not self.dead


@contextmanager
def a_loop(order: Random | None = None) -> Iterator[SimLoop]:
    """One that is closed in the end, with what dead parties have left."""
    loop = SimLoop(order)
    try:
        yield loop
    finally:
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            task.get_coro().close()  # type: ignore[union-attr]
        loop.close()


def begun(loop: SimLoop, party: Someone, work: Callable[[], Any]) -> Any:
    """Whatever `work` begins belongs to the party."""
    context = copy_context()
    context.run(PARTY.set, party)
    return context.run(work)


def told(work: Callable[[SimLoop], Awaitable[None]], order: Random | None = None) -> SimLoop:
    """A story under a loop of its own."""
    with a_loop(order) as loop:
        loop.run_until_complete(work(loop))  # type: ignore[arg-type]
    return loop


def test_time_passes_by_waiting_alone_for_most_of_a_year() -> None:
    """After months a float of seconds is coarse; each timer is reached all the same, at its instant."""

    async def story(loop: SimLoop) -> None:
        for hour in range(1, 300 * 24 + 1):
            await asyncio.sleep(HOUR_S)
            assert loop.time() == hour * HOUR_S
        began = loop.time()
        for _ in range(100):
            await asyncio.sleep(0)
        assert loop.time() == began
        await asyncio.sleep(0.1)
        assert loop.time() == pytest.approx(began + 0.1, abs=1e-6)

    told(story)


def test_what_is_dead_makes_no_step_and_says_no_last_word() -> None:
    """Neither a step that was ready, nor a timer, nor a `finally`; everybody else goes on."""
    said: list[str] = []

    async def speak(name: str) -> None:
        said.append(f"{name} begins")
        try:
            await asyncio.sleep(2.0)
            said.append(f"{name} goes on")
        finally:
            said.append(f"{name} ends")

    with a_loop() as loop:

        async def story() -> None:
            party = Someone()
            begun(loop, party, lambda: loop.create_task(speak("party")))
            begun(loop, party, lambda: loop.call_later(3.0, said.append, "a timer of the party's"))
            other = loop.create_task(speak("other"))
            await asyncio.sleep(1.0)
            begun(loop, party, lambda: loop.call_soon(said.append, "a step of the party's"))
            party.dead = True
            left = loop.tasks_of(party)
            loop.drop(lambda one: one is party)
            await other
            await asyncio.sleep(HOUR_S)
            assert len(left) == 1
            assert not left[0].done()

        loop.run_until_complete(story())
        assert said == ["party begins", "other begins", "other goes on", "other ends"]


def test_a_party_can_die_at_any_step() -> None:
    """The step at which it dies isn't made."""
    for steps in range(5):
        done: list[int] = []

        async def work(done: list[int] = done) -> None:
            for number in range(5):
                done.append(number)
                await asyncio.sleep(0)

        with a_loop() as loop:
            party = Someone(steps=steps)
            task = begun(loop, party, lambda loop=loop, work=work: loop.create_task(work()))
            loop.run_until_complete(asyncio.sleep(1.0))
            assert done == list(range(steps))
            assert party.dead
            assert not task.done()


def test_what_stands_still_goes_on_with_its_timers() -> None:
    """What has come meanwhile runs when it goes on, what is to come later at its own time, what was cancelled never."""
    ran: list[tuple[str, float]] = []

    async def story(loop: SimLoop) -> None:
        def note(name: str) -> None:
            ran.append((name, loop.time()))

        def timers() -> list[asyncio.TimerHandle]:
            return [loop.call_later(at, note, f"at {at}") for at in (1, 3, 5, 20)]

        async def work() -> None:
            await asyncio.sleep(4)
            note("a task")

        party = Someone()
        _, _, at_five, _ = begun(loop, party, timers)
        task = begun(loop, party, lambda: loop.create_task(work()))
        await asyncio.sleep(2)
        loop.hold(party)
        begun(loop, party, lambda: loop.call_soon(note, "a step"))
        await asyncio.sleep(5)
        at_five.cancel()
        assert ran == [("at 1", 1.0)]
        await asyncio.sleep(3)
        loop.release(party)
        await task
        await asyncio.sleep(20)

    told(story)
    assert ran[0] == ("at 1", 1.0)
    assert sorted(ran[1:]) == [("a step", 10.0), ("a task", 10.0), ("at 20", 20.0), ("at 3", 10.0)]


async def a_crowd(loop: SimLoop) -> None:
    """Some who come at the same instants, and are noted."""

    async def one(name: str) -> None:
        for _ in range(10):
            await asyncio.sleep(1.0)
            loop.note(name)

    await asyncio.gather(*(one(name) for name in "abcde"))


def test_a_seed_makes_the_same_steps_again() -> None:
    """And another one others; without one, all go in their order."""
    assert told(a_crowd, Random(1)).digest == told(a_crowd, Random(1)).digest
    assert len({told(a_crowd, order).digest for order in (None, Random(1), Random(2), Random(3))}) == 4
    assert told(a_crowd).digest == told(a_crowd).digest


def test_a_thread_may_not_call_in() -> None:
    """Whoever does what blocks, on a thread beside the loop, is told when it comes back."""
    caught: list[BaseException] = []

    async def story(loop: SimLoop) -> None:
        def intrude() -> None:
            try:
                loop.call_soon_threadsafe(int)
            except RuntimeError as error:
                caught.append(error)

        thread = Thread(target=intrude)
        thread.start()
        thread.join()

    told(story)
    assert [str(error) for error in caught] == ["a thread has called into the simulation"]


def test_where_nothing_can_happen_any_more_it_says_so() -> None:
    """A future that nobody will ever answer, instead of a wait for ever."""
    with a_loop() as loop, pytest.raises(Stuck, match=r"after 5\.000 s"):
        loop.run_until_complete(asyncio.sleep(5))
        loop.run_until_complete(loop.create_future())


def test_garbage_makes_no_steps() -> None:
    """A generator that is left in the middle is collected at some time, which must not move anything."""

    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number
            await asyncio.sleep(0)

    async def story(collects: bool) -> None:
        generator = numbers()
        await anext(generator)
        del generator
        if collects:
            gc.collect()
        await asyncio.sleep(1)

    digests = set()
    for collects in (True, False):
        loop = SimLoop()
        loop.run_until_complete(story(collects))
        digests.add(loop.digest)
        loop.close()
    assert len(digests) == 1
