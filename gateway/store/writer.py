"""Group commit: everything that is asked for while a commit runs shares the next one.

Laws: an answer is given only after the commit; parts run in the order in which they were given; a part that fails takes
nothing from the others. A part may run twice (its first run was rolled back), so it touches nothing but the connection.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from gateway.kernel.ports import Spawn
from gateway.kernel.store import StoreFull
from gateway.store.library import Connection, named

T = TypeVar("T")

Part = Callable[[Connection], Any]
PARTS_MAX = 1_000
"""Parts of one transaction."""

WAITING_MAX = 4_096
"""Parts that may wait; more wait for their turn to wait."""

_UNABLE = {
    5: "another process holds the database for writing",
    6: "another process holds the database for writing",
    8: "the database can't be written",
    10: "the disk fails",
    13: "the disk is full",
    14: "the database can't be opened",
}
"""Primary result codes of SQLite that say nothing about the statement, only that nothing can be written now."""


class _Waiting(NamedTuple):
    part: Part
    future: "asyncio.Future[Any]"


class Writer:
    """The one connection that writes. `commits` counts the transactions that it has committed, `writes` their parts."""

    def __init__(self, connection: Connection, driver: Any, spawn: Spawn, thread: str) -> None:
        self.connection = connection
        self.commits = 0
        self.writes = 0
        self._error: type[Exception] = driver.Error
        self._spawn = spawn
        self._thread = thread
        self._room = asyncio.Semaphore(WAITING_MAX)
        self._waiting: deque[_Waiting] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self.measure: Callable[[], None] | None = None
        """Called on the writer's thread after each group."""

        self.after: Callable[[], Awaitable[None]] | None = None
        """Called on the loop, and awaited, when a group's callers have their answers."""

    async def write(self, part: Callable[[Connection], T]) -> T:
        """Run `part` in a transaction and come back after the commit. Raises its error, StoreFull or StoreUnusable."""
        async with self._room:
            future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiting(part, future))
            if self._idle.is_set():
                self._idle.clear()
                self._spawn.task("store-write", self._pump())
            return await future

    async def drained(self) -> None:
        """Come back when nothing waits."""
        await self._idle.wait()

    async def _pump(self) -> None:
        taken: list[_Waiting] = []
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), PARTS_MAX))]
                taken = [waiting for waiting in taken if not waiting.future.done()]
                parts = [waiting.part for waiting in taken]
                outcomes = await self._spawn.call(self._thread, partial(self._group, parts))
                for waiting, outcome in zip(taken, outcomes, strict=True):
                    _settle(waiting.future, outcome)
                if self.after is not None:
                    await self.after()
        finally:
            self._idle.set()
            for waiting in (*taken, *self._waiting):
                waiting.future.cancel()
            self._waiting.clear()

    def _group(self, parts: Sequence[Part]) -> list[Any]:
        outcomes = self._together(parts)
        if self.measure is not None:
            self.measure()
        return outcomes

    def _together(self, parts: Sequence[Part]) -> list[Any]:
        """What each part returned or raised. One transaction if all succeed, else one each."""
        try:
            return self._transaction(parts)
        except Exception as error:  # whose fault it is shows when each runs alone
            if len(parts) == 1:
                return [self._named(error)]
        return [outcome for part in parts for outcome in self._together([part])]

    def _transaction(self, parts: Sequence[Part]) -> list[Any]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            results = [part(self.connection) for part in parts]
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self.commits += 1
        self.writes += len(parts)
        return results

    def _named(self, error: Exception) -> Exception:
        if isinstance(error, self._error):
            why = _UNABLE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if why is not None:
                full = StoreFull(f"nothing was stored: {why}")
                full.__cause__ = error
                return full
        return named(error)


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
