"""Work beside the caller."""

import asyncio
import gc
import threading
from contextlib import suppress

import pytest
import structlog.testing

from gateway.kernel import spawn as module
from gateway.kernel.spawn import InlineSpawn, LoopSpawn, ThreadOverloaded


def test_calls_of_one_thread_run_in_order_on_that_thread() -> None:
    """One after the other, in the order in which they were made; two names are two threads."""

    async def run() -> None:
        spawn = LoopSpawn()
        seen: list[int] = []
        names = await asyncio.gather(
            *(spawn.call("one", lambda n=n: (seen.append(n), threading.current_thread().name)[1]) for n in range(100))
        )
        assert seen == list(range(100))
        assert set(names) == {"one"}
        assert await spawn.call("two", lambda: threading.current_thread().name) == "two"
        await spawn.close()

    asyncio.run(run())


def test_what_a_call_raises_is_raised_to_the_caller() -> None:
    """On a thread and inline; the thread lives on."""

    async def run() -> None:
        for spawn in (LoopSpawn(), InlineSpawn()):
            with pytest.raises(ZeroDivisionError):
                await spawn.call("one", lambda: 1 // 0)
            assert await spawn.call("one", lambda: 7) == 7
            await spawn.close()

    asyncio.run(run())


def test_close_finishes_what_is_queued_and_ends_the_threads() -> None:
    """Every call that was made is done; no thread of ours is left."""

    async def run() -> None:
        spawn = LoopSpawn()
        done: list[int] = []
        calls = [spawn.call("closing", lambda n=n: done.append(n)) for n in range(50)]
        await spawn.close()
        assert len(done) == 50
        await asyncio.gather(*calls)
        assert "closing" not in {thread.name for thread in threading.enumerate()}

    asyncio.run(run())


def test_a_thread_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call beyond the bound is refused and does nothing; with room again, calls are taken."""
    monkeypatch.setattr(module, "CALLS_MAX", 2)

    async def run() -> None:
        spawn = LoopSpawn()
        gate = threading.Event()
        held = [spawn.call("one", gate.wait), spawn.call("one", gate.wait)]
        with pytest.raises(ThreadOverloaded, match="one has 2 calls"):
            spawn.call("one", gate.wait)
        gate.set()
        await asyncio.gather(*held)
        assert await spawn.call("one", lambda: 7) == 7
        await spawn.close()

    asyncio.run(run())


def test_a_caller_who_goes_away_harms_no_thread() -> None:
    """The answer to a cancelled caller is dropped."""

    async def run() -> None:
        spawn = LoopSpawn()
        gate = threading.Event()
        gone = asyncio.ensure_future(spawn.call("one", gate.wait))
        gone.cancel()
        gate.set()
        assert await spawn.call("one", lambda: 7) == 7
        await spawn.close()

    asyncio.run(run())


def test_a_task_is_held_and_its_failure_is_logged_under_its_name() -> None:
    """Nobody needs to keep the task: it is not collected, and a failure is never silent."""

    async def run() -> None:
        for spawn in (LoopSpawn(), InlineSpawn()):
            release = asyncio.Event()
            ended = asyncio.Event()

            async def work(release: asyncio.Event = release, ended: asyncio.Event = ended) -> None:
                await release.wait()
                ended.set()
                raise ZeroDivisionError

            spawn.task("divides", work())
            await asyncio.sleep(0)
            gc.collect()
            with structlog.testing.capture_logs() as logs:
                release.set()
                await ended.wait()
                await asyncio.sleep(0)
                await spawn.close()
            assert [(line["event"], line["task"]) for line in logs] == [("a task has failed", "divides")]

    asyncio.run(run())


def test_close_cancels_tasks() -> None:
    """A task that still runs is cancelled, and that is no failure."""

    async def run() -> None:
        spawn = InlineSpawn()
        task = spawn.task("waits", asyncio.Event().wait())  # type: ignore[arg-type]
        with structlog.testing.capture_logs() as logs:
            await asyncio.sleep(0)
            await spawn.close()
        assert task.cancelled()
        assert logs == []

    asyncio.run(run())


def test_a_task_that_never_ends_keeps_nobody_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's, that swallows its cancellation: it is named and left behind, by the end of the loop, too."""
    monkeypatch.setattr(module, "END_S", 0.01)

    async def stubborn() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    async def run() -> None:
        spawn = LoopSpawn()
        spawn.task("ask payments", stubborn())
        await asyncio.sleep(0)
        with structlog.testing.capture_logs() as logs:
            await spawn.close()
        assert [(line["event"], line["task"]) for line in logs] == [("a task doesn't end", "ask payments")]

    asyncio.run(run())


def test_inline_calls_run_in_the_callers_own_step() -> None:
    """At once, on the caller's thread, before the answer is awaited."""

    async def run() -> None:
        spawn = InlineSpawn()
        seen: list[str] = []
        answer = spawn.call("any", lambda: seen.append(threading.current_thread().name))
        assert seen == [threading.current_thread().name]
        await answer
        await spawn.close()

    asyncio.run(run())
