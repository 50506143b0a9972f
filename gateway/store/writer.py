"""Group commit: everything that is asked for while a commit runs shares the next one.

Laws: an answer is given only after the commit; parts run in the order in which they were given; a part that fails takes
nothing from the others. A part may run twice (its first run was rolled back), so it touches nothing but the connection.
What senders wait for is added in transactions of its own, in turn with those of the parts: it waits for the one that
runs, and for no other. Where small groups follow each other, the next one gathers for a moment: a transaction of five
costs hardly less than one of twenty.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import structlog

from gateway.kernel.failpoint import reached_each
from gateway.kernel.ports import Clock, Spawn
from gateway.kernel.store import StoreFull
from gateway.store.library import Connection, named

T = TypeVar("T")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Part = Callable[[Connection], Any]
Run = Callable[[Connection, Sequence[Any]], Sequence[Any]]
"""Does what several have asked for, in their order; an answer for each."""

PARTS_MAX = 1_000
"""Parts of one transaction."""

WAITING_MAX = 4_096
"""Parts that may wait; more wait for their turn to wait."""

GATHER_S = 0.002
"""How long a group gathers that might else be small."""

SMALL = range(2, 32)
"""After a group of so many, more are on their way; after one that came alone nobody waits."""

_UNABLE = {
    5: "another process holds the database for writing",
    6: "another process holds the database for writing",
    8: "the database can't be written",
    10: "the disk fails",
    13: "the disk is full",
    14: "the database can't be opened",
}
"""Primary result codes of SQLite that say nothing about the statement, only that nothing can be written now."""

_log = structlog.get_logger("gateway.store")


class _Waiting(NamedTuple):
    name: str
    asked: Any
    future: "asyncio.Future[Any]"


class Writer(Generic[Asked, Answer]):
    """The one connection that writes. `commits` counts the transactions that it has committed, `writes` what was asked,
    `failures` the transactions that couldn't be written; those of a group whose parts then succeed alone, too.

    `add_all` is what is done for those who `add`, for many of them at once. Without a clock nothing gathers. Names are
    those of the transactions' failpoints: the method of the Store port that asks.
    """

    def __init__(
        self,
        connection: Connection,
        driver: Any,
        spawn: Spawn,
        thread: str,
        add_all: Callable[[Connection, Sequence[Asked]], Sequence[Answer]],
        clock: Clock | None = None,
    ) -> None:
        self.connection = connection
        self.commits = 0
        self.writes = 0
        self.failures = 0
        self._failing = False
        self._error: type[Exception] = driver.Error
        self._spawn = spawn
        self._thread = thread
        self._add_all = add_all
        self._clock = clock
        self._room = asyncio.Semaphore(WAITING_MAX)
        self._adding: deque[_Waiting] = deque()
        self._waiting: deque[_Waiting] = deque()
        self._added = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.measure: Callable[[], None] | None = None
        """Called on the writer's thread after each group."""

        self.after: Callable[[], Awaitable[None]] | None = None
        """Called on the loop, and awaited, when a group's callers have their answers."""

    async def write(self, name: str, part: Callable[[Connection], T]) -> T:
        """Run `part` in a transaction and come back after the commit. Raises its error, StoreFull or StoreUnusable."""
        answer: T = await self._done(self._waiting, name, part)
        return answer

    async def add(self, name: str, asked: Asked) -> Answer:
        """Add it with what others add, and come back after the commit. Raises as `write` does."""
        answer: Answer = await self._done(self._adding, name, asked)
        return answer

    async def drained(self) -> None:
        """Come back when nothing waits."""
        await self._idle.wait()

    async def _done(self, queue: deque[_Waiting], name: str, asked: Any) -> Any:
        async with self._room:
            future = asyncio.get_running_loop().create_future()
            queue.append(_Waiting(name, asked, future))
            if self._idle.is_set():
                self._idle.clear()
                self._spawn.task("store-write", self._pump())
            return await future

    async def _pump(self) -> None:
        taken: list[_Waiting] = []
        try:
            while self._adding or self._waiting:
                if self._added in SMALL and 0 < len(self._adding) < SMALL.stop and not self._waiting:
                    await self._gather()
                self._added = len(self._adding) or self._added
                for queue, run in ((self._adding, self._add_all), (self._waiting, _one_by_one)):
                    taken = [queue.popleft() for _ in range(min(len(queue), PARTS_MAX))]
                    taken = [waiting for waiting in taken if not waiting.future.done()]
                    if taken:
                        await self._answer(run, taken)
        finally:
            self._idle.set()
            for waiting in (*taken, *self._adding, *self._waiting):
                waiting.future.cancel()
            self._adding.clear()
            self._waiting.clear()

    async def _gather(self) -> None:
        if self._clock is not None:
            await self._clock.sleep(GATHER_S)

    async def _answer(self, run: Run, taken: Sequence[_Waiting]) -> None:
        outcomes = await self._spawn.call(self._thread, partial(self._group, run, taken))
        for waiting, outcome in zip(taken, outcomes, strict=True):
            _settle(waiting.future, outcome)
        if self.after is not None:
            await self.after()

    def _group(self, run: Run, taken: Sequence[_Waiting]) -> list[Any]:
        outcomes = self._together(run, taken)
        if self.measure is not None:
            self.measure()
        return outcomes

    def _together(self, run: Run, taken: Sequence[_Waiting]) -> list[Any]:
        """What each was answered or raised. One transaction if all succeed, else one each."""
        try:
            return self._transaction(run, taken)
        except Exception as error:  # whose fault it is shows when each runs alone
            known = self._named(error)
            if len(taken) == 1:
                return [known]
        return [outcome for one in taken for outcome in self._together(run, [one])]

    def _transaction(self, run: Run, taken: Sequence[_Waiting]) -> list[Any]:
        names = [waiting.name for waiting in taken]
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            reached_each(names, "begun")
            results = [*run(self.connection, [waiting.asked for waiting in taken])]
            reached_each(names, "before_commit")
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self._failing = False
        self.commits += 1
        self.writes += len(taken)
        reached_each(names, "committed")
        return results

    def _named(self, error: Exception) -> Exception:
        """The error as callers know it; one that says that nothing can be written is counted."""
        if isinstance(error, self._error):
            why = _UNABLE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if why is not None:
                self.failures += 1
                if not self._failing:  # told once: senders try again and again, and the disk may be full of logs
                    _log.warning("a transaction couldn't be written", why=why, reason=str(error))
                self._failing = True
                full = StoreFull(f"nothing was stored: {why}")
                full.__cause__ = error
                return full
        return named(error)


def _one_by_one(connection: Connection, parts: Sequence[Part]) -> list[Any]:
    return [part(connection) for part in parts]


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
