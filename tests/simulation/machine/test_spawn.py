"""A simulated process's tasks and threads: order within a thread, what fails, and what a dead process is not told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.simulation.machine.loop import SimLoop
from tests.simulation.machine.spawn import Dead, SimSpawn


@dataclass
class Owner:
    """A process that notes what fails."""

    dead: bool = False
    failures: list[tuple[str, str]] = field(default_factory=list)

    def failed(self, task: str, error: BaseException) -> None:
        """A task of it has failed."""
        self.failures.append((task, repr(error)))


def told(work: Callable[[SimSpawn, Owner], Awaitable[None]], lag: Callable[[str], float] = lambda _: 0.01) -> Owner:
    """A story of one process."""
    owner, loop = Owner(), SimLoop(Random(1))
    try:
        loop.run_until_complete(work(SimSpawn(owner, lag), owner))  # type: ignore[arg-type]
    finally:
        loop.close()
    return owner


def test_calls_of_a_thread_run_in_their_order_and_threads_beside_each_other() -> None:
    """However long each takes: none overtakes another of its thread, and none waits for another thread's."""
    dice = Random(7)
    ran: list[tuple[str, int]] = []

    async def story(spawn: SimSpawn, _: Owner) -> None:
        def call(thread: str, number: int) -> int:
            ran.append((thread, number))
            return number

        asked = [
            spawn.call(thread, lambda thread=thread, number=number: call(thread, number))
            for number in range(50)
            for thread in ("write", "read")
        ]
        assert [await one for one in asked] == [number for number in range(50) for _ in range(2)]

    told(story, lambda thread: dice.uniform(0.0, 0.01 if thread == "read" else 0.1))
    for thread in ("write", "read"):
        assert [number for name, number in ran if name == thread] == list(range(50))
    assert ran.index(("read", 49)) < ran.index(("write", 49)) - 20


def test_what_a_call_raises_comes_to_whoever_asked() -> None:
    """And the next call of that thread runs."""

    async def story(spawn: SimSpawn, _: Owner) -> None:
        broken = spawn.call("write", lambda: 1 // 0)
        sound = spawn.call("write", lambda: 5)
        with pytest.raises(ZeroDivisionError):
            await broken
        assert await sound == 5

    told(story)


def test_a_dead_process_is_told_nothing_and_starts_nothing() -> None:
    """A call that was under way may still have been done; whoever waits for it never hears of it."""

    async def story(spawn: SimSpawn, owner: Owner) -> None:
        def last() -> None:
            owner.dead = True

        first = spawn.call("write", last)
        second = spawn.call("write", lambda: 5)
        await asyncio.sleep(60)
        assert not first.done()  # type: ignore[attr-defined]
        assert not second.done()  # type: ignore[attr-defined]
        with pytest.raises(Dead):
            spawn.call("write", lambda: 5)
        with pytest.raises(Dead):
            spawn.task("more", asyncio.sleep(0))

    told(story)


def test_a_task_that_fails_is_told_by_its_name() -> None:
    """One that ends, or is cancelled, is not."""

    async def story(spawn: SimSpawn, _: Owner) -> None:
        async def fails() -> None:
            raise ValueError("so")

        spawn.task("fails", fails())
        spawn.task("ends", asyncio.sleep(1))
        cancelled = spawn.task("is cancelled", asyncio.sleep(9))
        await asyncio.sleep(2)
        cancelled.cancel()
        await asyncio.sleep(2)
        assert not spawn.tasks

    assert told(story).failures == [("fails", "ValueError('so')")]
