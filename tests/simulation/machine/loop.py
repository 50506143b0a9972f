"""An event loop of the real asyncio in which no time passes but by waiting, and chance orders what could be at once.

Laws. Nothing here reads a clock, opens a file or starts a thread: whoever does so under this loop gets an error. When
nothing is ready, time jumps to the next timer; when there is no timer either, nothing can ever happen again, and that
is an error too. The same seed makes the same steps.

What belongs to a party (a process that can die or stand still) runs in a context that names it. Death drops what it was
about to do: no `finally` is run, nothing is cancelled, just as a killed process does none of it.
"""

import asyncio
import hashlib
import heapq
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextvars import Context, ContextVar
from random import Random
from typing import Any, Protocol
from weakref import WeakSet


class Party(Protocol):
    """Who can die or stand still."""

    dead: bool
    paused: bool

    def stepping(self, loop: "SimLoop") -> bool:
        """A step of its own is about to be made; False if it dies before it."""
        ...


PARTY: ContextVar[Party | None] = ContextVar("party", default=None)
"""To whom the running step belongs; None for the world around."""

SECOND = 1.0


class Stuck(RuntimeError):
    """Nothing is ready and nobody waits for a time: the simulation can't go on."""


class _Timers:
    """Stands where a real loop asks its sockets: nothing comes from there, time goes on instead."""

    def __init__(self, loop: "SimLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Let time pass until the next timer, and say that no socket is ready."""
        self._loop.turn(timeout)
        return []

    def close(self) -> None:
        """Nothing is open."""


class SimLoop(asyncio.BaseEventLoop):
    """One world's loop. `order` shuffles what is ready at once; None leaves it in its order."""

    def __init__(self, order: Random | None = None) -> None:
        super().__init__()
        self._selector = _Timers(self)
        self._seconds = 0.0
        self._order = order
        self._held: list[asyncio.Handle] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._tasks_of: dict[Party | None, WeakSet[asyncio.Task[Any]]] = {}
        # After some months a float of seconds can't tell a nanosecond: timers would never be reached.
        self._clock_resolution = 1e-6
        self.steps = 0
        self.set_task_factory(self._made)
        self.set_exception_handler(lambda *_: None)  # what a dead process has not retrieved is no news

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._seconds

    def note(self, *what: object) -> None:
        """Let the trace's hash depend on this."""
        self._hash.update(repr(what).encode())

    @property
    def digest(self) -> str:
        """A hash of all that has happened so far."""
        return self._hash.hexdigest()

    def turn(self, timeout: float | None) -> None:
        """What stands between two rounds of steps: time, chance, death."""
        if timeout is None:
            raise Stuck(f"nothing is ready, and nobody waits for a time, after {self._seconds:.3f} s")
        scheduled = self._scheduled
        if timeout > 0 and scheduled:
            self._seconds = max(self._seconds, scheduled[0].when())
        ready: deque[asyncio.Handle] = self._ready
        if self._order is not None and len(ready) > 1:
            ready.rotate(self._order.randrange(len(ready)))
        if ready:
            self._count(ready)

    def tasks_of(self, party: Party | None) -> list[asyncio.Task[Any]]:
        """The tasks of a party that have not ended."""
        return [task for task in self._tasks_of.get(party, ()) if not task.done()]

    def drop(self, whose: Callable[[Party | None], bool]) -> None:
        """Forget every step and every timer of some parties."""
        for handle in (*self._ready, *self._scheduled, *self._held):
            if whose(_party(handle)):
                handle.cancel()
        self._held = [handle for handle in self._held if not handle.cancelled()]

    def hold(self, party: Party) -> None:
        """Let a party make no step until `release`."""
        party.paused = True
        held = [timer for timer in self._scheduled if _party(timer) is party]
        self._held += held
        # The timers stay who they are: who holds one may still cancel it.
        self._scheduled = [timer for timer in self._scheduled if _party(timer) is not party]
        heapq.heapify(self._scheduled)

    def release(self, party: Party) -> None:
        """Let it go on; what it waited for meanwhile has come."""
        party.paused = False
        mine = [handle for handle in self._held if _party(handle) is party and not handle.cancelled()]
        self._held = [handle for handle in self._held if _party(handle) is not party]
        for handle in mine:
            if isinstance(handle, asyncio.TimerHandle):
                heapq.heappush(self._scheduled, handle)
            else:
                self._ready.append(handle)

    def _count(self, ready: deque[asyncio.Handle]) -> None:
        self.steps += len(ready)
        self._hash.update(b"%d %.6f " % (len(ready), self._seconds))
        for handle in list(ready):
            party = _party(handle)
            if party is None or handle.cancelled():
                continue
            if party.paused:
                ready.remove(handle)
                self._held.append(handle)
            elif party.dead or not party.stepping(self):
                handle.cancel()

    def _made(self, _: asyncio.AbstractEventLoop, work: Any, context: Context | None = None) -> "asyncio.Task[Any]":
        party = PARTY.get() if context is None else context.get(PARTY)
        task = asyncio.Task(work, loop=self, context=context)
        self._tasks_of.setdefault(party, WeakSet()).add(task)
        return task

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no sockets."""

    def _asyncgen_finalizer_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        """A generator that nobody needs any more is let go of: the garbage collector must not make steps."""
        self._asyncgens.discard(agen)

    def _write_to_self(self) -> None:
        raise RuntimeError("a thread has called into the simulation")


def _party(handle: asyncio.Handle) -> Party | None:
    context = handle._context
    return None if context is None else context.get(PARTY)
