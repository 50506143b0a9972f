"""The Spawn of the running gateway (tasks on the loop, named threads), and one that runs every call inline.

Laws: a task is held until it ends, and keeps nobody from stopping; a failure is logged under the task's name; calls of
one thread run one after the other, in the order in which they were made; a queue has a bound.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, NamedTuple, TypeVar

import structlog

T = TypeVar("T")

CALLS_MAX = 10_000
"""Calls that may wait for one thread; more are refused."""

END_S = 2.0
"""A task has so long to end that is told to; a plugin's may go on for ever, and is left behind."""

CLOSE_S = 10.0
"""A thread has so long to end; one that hangs ends with the process."""

_log = structlog.get_logger("gateway.spawn")


class ThreadOverloaded(RuntimeError):
    """A thread has as many calls waiting as it may have; nothing of this call has been done."""


class _Call(NamedTuple):
    function: Callable[[], Any]
    future: "asyncio.Future[Any]"


class _Worker:
    """One daemon thread and the calls that wait for it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting = 0
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, function: Callable[[], T]) -> "asyncio.Future[T]":
        if self._waiting >= CALLS_MAX:
            raise ThreadOverloaded(f"the thread {self._name} has {CALLS_MAX} calls waiting")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._calls.put(_Call(function, future))
        return future

    def close(self) -> None:
        """Let the thread do what is queued, and wait for its end; not for ever: one may hang in a file system."""
        self._calls.put(None)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            result: Any = None
            failure: BaseException | None = None
            try:
                result = call.function()
            except BaseException as error:  # handed to the caller, whatever it is
                failure = error
            try:
                call.future.get_loop().call_soon_threadsafe(self._settle, call.future, result, failure)
            except RuntimeError:  # the loop has closed: nobody waits for this result any more
                continue

    def _settle(self, future: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
        self._waiting -= 1
        if future.done():
            return
        if failure is None:
            future.set_result(result)
        else:
            future.set_exception(failure)


class _Tasks:
    """Tasks of the running loop, held until they end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def task(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start `work`; it is kept alive until it ends, and a failure is logged under `name`."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.error("a task has failed", task=task.get_name(), exc_info=failure)

    async def _cancel_tasks(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, stubborn = await asyncio.wait(tasks, timeout=END_S)
        for task in stubborn:
            _log.error("a task doesn't end", task=task.get_name())
            # Who ends the loop would wait for it.
            asyncio._unregister_task(task)


class LoopSpawn(_Tasks):
    """Work of a real process. A named thread starts with its first call."""

    def __init__(self) -> None:
        super().__init__()
        self._workers: dict[str, _Worker] = {}

    def call(self, thread: str, function: Callable[[], T]) -> Awaitable[T]:
        """Run `function` on the thread of that name. Raises ThreadOverloaded."""
        worker = self._workers.get(thread)
        if worker is None:
            worker = self._workers[thread] = _Worker(thread)
        return worker.put(function)

    async def close(self) -> None:
        """Cancel the tasks that still run, then let every thread finish what is queued, and end it."""
        await self._cancel_tasks()
        workers, self._workers = tuple(self._workers.values()), {}
        await asyncio.gather(*(asyncio.to_thread(worker.close) for worker in workers))


class _Done(Generic[T]):
    """An awaitable whose answer is there already."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._failure: Exception | None = None
        try:
            self._result = function()
        except Exception as error:  # handed to whoever awaits
            self._failure = error

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()
        if self._failure is not None:
            raise self._failure
        return self._result


class InlineSpawn(_Tasks):
    """Runs every call at once, in the caller's own step: for simulations and tests."""

    def call(self, thread: str, function: Callable[[], T]) -> Awaitable[T]:
        """Run `function` now; its failure is raised where the answer is awaited."""
        return _Done(function)

    async def close(self) -> None:
        """Cancel the tasks that still run."""
        await self._cancel_tasks()
