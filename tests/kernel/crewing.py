"""Work for processes of tests: it must stand in a module that they can import."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable

from gateway.kernel.crew import Processes
from gateway.kernel.spawn import LoopSpawn


def doubling() -> Callable[[int], int]:
    """Doubles numbers."""
    return lambda number: 2 * number


def dying() -> Callable[[int], int]:
    """Ends its process at 3, once: the one who asks survives it."""
    parent = os.getpid()

    def work(number: int) -> int:
        if number == 3 and os.getpid() == parent and parent != int(os.environ["CREW_OF"]):
            os.kill(parent, signal.SIGKILL)
        return 2 * number

    return work


def never() -> Callable[[int], int]:
    """Can't be set up in any process but the one that asks."""
    if os.getpid() != int(os.environ["CREW_OF"]):
        raise ValueError("no work here")
    return doubling()


def failing() -> Callable[[int], int]:
    """Raises at 3, everywhere."""

    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return 2 * number

    return work


def waiting() -> Callable[[int], int]:
    """Says that it has begun, and never ends."""

    def work(number: int) -> int:
        os.write(1, b"%d\n" % os.getpid())  # at once: two processes write to one pipe
        while True:
            signal.pause()

    return work


async def numbers(count: int) -> AsyncIterator[int]:
    """The numbers from 0 on."""
    for number in range(count):
        yield number


async def _wait() -> None:
    spawn = LoopSpawn()
    try:
        async for _ in Processes(spawn, 2, print).answers(waiting, numbers(5)):
            pass
    finally:
        await spawn.close()


if __name__ == "__main__":
    try:
        asyncio.run(_wait())
    except KeyboardInterrupt:
        sys.exit(130)
