"""Work beside the caller in a simulated process: its tasks, and calls on its threads.

Laws. Calls of one thread run one after the other, in the order in which they were made, each as one step; between
asking and running, and between running and being told, others make theirs, and the process may die. A dead process
starts nothing and is told nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Dead(BaseException):
    """The process that does this has ended: nothing of it reaches the world any more."""


class Owner(Protocol):
    """The process that the tasks and threads belong to."""

    dead: bool

    def failed(self, task: str, error: BaseException) -> None:
        """A task has ended by an exception."""
        ...


class _Call(NamedTuple):
    function: Callable[[], Any]
    future: "asyncio.Future[Any]"


@dataclass
class _Thread:
    waiting: deque[_Call] = field(default_factory=deque)
    running: bool = False


class SimSpawn:
    """The Spawn of one simulated process. `lag` gives the virtual seconds that a thread takes for a call."""

    def __init__(self, owner: Owner, lag: Callable[[str], float]) -> None:
        self._owner = owner
        self._lag = lag
        self._threads: dict[str, _Thread] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def task(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start `work` as a task of the process."""
        if self._owner.dead:
            work.close()
            raise Dead(name)
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def call(self, thread: str, function: Callable[[], T]) -> Awaitable[T]:
        """Run `function` on a thread of the process."""
        if self._owner.dead:
            raise Dead(thread)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        worker = self._threads.setdefault(thread, _Thread())
        worker.waiting.append(_Call(function, future))
        if not worker.running:
            worker.running = True
            loop.call_later(self._lag(thread), self._run, thread, worker)
        return future

    def _run(self, name: str, worker: _Thread) -> None:
        """One call of a thread; what comes of it is told a step later."""
        call = worker.waiting.popleft()
        loop = asyncio.get_running_loop()
        result: Any = None
        failure: BaseException | None = None
        try:
            result = call.function()
        except BaseException as error:  # handed to the caller, whatever it is
            failure = error
        if self._owner.dead:
            return
        loop.call_soon(_settle, call.future, result, failure)
        if worker.waiting:
            loop.call_later(self._lag(name), self._run, name, worker)
        else:
            worker.running = False

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._owner.failed(task.get_name(), failure)


def _settle(future: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
