"""Work that several processes share: jobs go out, answers come back. The only place where processes are started.

Laws. Each process sets itself up once. Every job is answered once, in no promised order; that of a process that dies is
done in this one, and said. Whatever ends the caller ends the processes: they ignore Ctrl-C themselves, and go when
their pipe is closed.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection, wait
from threading import current_thread, main_thread
from typing import Any, Final, Generic, TypeVar

from gateway.kernel.memory import settle
from gateway.kernel.ports import Spawn

Job = TypeVar("Job")
Answer = TypeVar("Answer")

THREAD: Final = "crew"
"""Where the processes are waited for."""

ENDS_S: Final = 5.0
"""A process that is asked to end has so long; then it is killed."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OneProcess:
    """The Crew of this process alone."""

    async def answers(
        self, setup: Callable[[], Callable[[Job], Answer]], jobs: AsyncIterator[Job]
    ) -> AsyncGenerator[tuple[Job, Answer]]:
        """Every job with its answer, in order."""
        work = setup()
        async for job in jobs:
            yield job, work(job)


class Processes:
    """The Crew of several processes. `told` hears of one that is lost."""

    def __init__(self, spawn: Spawn, size: int, told: Callable[[str], None]) -> None:
        self._spawn = spawn
        self._size = size
        self._told = told

    async def answers(
        self, setup: Callable[[], Callable[[Job], Answer]], jobs: AsyncIterator[Job]
    ) -> AsyncGenerator[tuple[Job, Answer]]:
        """Every job with its answer, as they come."""
        # Started on this thread, the main one: only it can see to it that Ctrl-C passes them by.
        with _deaf_to_interrupts():
            hands: list[_Hand[Job, Answer]] = [_Hand(setup, number) for number in range(self._size)]
        lost: deque[Job] = deque()
        own: Callable[[Job], Answer] | None = None
        more = True
        try:
            while True:
                for hand in [one for one in hands if one.job is None]:
                    if (job := await anext(jobs, None) if more else None) is None:
                        more = False
                        break
                    hand.job = job
                    await self._spawn.call(THREAD, partial(hand.send, job))
                busy = {hand.pipe: hand for hand in hands if hand.job is not None}
                if not busy:
                    break
                for pipe in await self._spawn.call(THREAD, partial(wait, list(busy))):
                    hand = busy[pipe]  # type: ignore[index]  # only pipes are waited for
                    job, answer = hand.take()
                    if answer is None:
                        self._told(f"a process of several has been lost ({hand.why}); the others go on")
                        hands.remove(hand)
                        hand.end()
                        lost.append(job)
                    else:
                        yield job, answer
                while lost or (more and not hands):
                    job_ = lost.popleft() if lost else await anext(jobs, None)
                    if job_ is None:
                        more = False
                        break
                    own = own or setup()
                    yield job_, own(job_)
        finally:
            for hand in hands:
                hand.end()


class _Hand(Generic[Job, Answer]):
    """One process, the pipe to it, and the job that it has."""

    def __init__(self, setup: Callable[[], Callable[[Job], Answer]], number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.job: Job | None = None
        self.why = ""
        self._process = context.Process(target=_serve, args=(setup, theirs), name=f"{THREAD}-{number}", daemon=True)
        self._process.start()
        theirs.close()

    def send(self, job: Job) -> None:
        """Hand a job over; whether it arrives is seen when it is answered."""
        try:
            self.pipe.send(job)
        except OSError:
            return

    def take(self) -> tuple[Job, Answer | None]:
        """The job and its answer; None where there will be none, and `why`."""
        job, self.job = self.job, None
        if job is None:
            raise ValueError("nothing was asked")
        try:
            worked, answer = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(ENDS_S)
            self.why = f"it ended with {self._process.exitcode}"
            return job, None
        if not worked:
            self.why = str(answer)
            return job, None
        return job, answer

    def end(self) -> None:
        """Let it go, whatever it is doing."""
        self._process.terminate()
        self._process.join(ENDS_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        # Last: whoever still waits at the other end of it has been woken by the process's end.
        self.pipe.close()


def _serve(setup: Callable[[], Callable[[Any], Any]], pipe: "Connection[Any, Any]") -> None:
    """What a process does until its pipe is closed."""
    try:
        work = setup()
        settle()
        while True:
            pipe.send((True, work(pipe.recv())))
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:  # told on the other side, where people look
        pipe.send((False, f"{type(error).__name__}: {error}"[:300]))


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that start meanwhile ignore Ctrl-C: whoever started them hears it, and ends them."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
