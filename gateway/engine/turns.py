"""Let others go on in the middle of a long computation: the doors share their loop with judging.

Law. Judging takes turns of a few milliseconds. While it keeps up with what comes in they are short, so that a sender
hardly notices; when it lags behind they are long enough that judging outruns the doors, whatever the load.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TypeVar

from gateway.kernel.ports import Clock

T = TypeVar("T")

SHORT = 48
"""Contacts that are judged in one turn, about 2 ms, while judging keeps up."""

LONG = 128
"""Contacts in one turn, about 6 ms, when it lags, and for what is due."""

LAG_MS = 1_000
"""A record that has waited so long says that judging lags."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How much is done before others get a turn."""

    clock: Clock
    most: int = SHORT

    @classmethod
    def for_lag(cls, clock: Clock, waited_ms: int) -> "Turns":
        """By how long the oldest record has waited."""
        return cls(clock, LONG if waited_ms > LAG_MS else SHORT)

    async def of(self, things: Iterable[T]) -> AsyncIterator[T]:
        """The things one by one, with a pause for others after each turn."""
        for place, thing in enumerate(things, start=1):
            yield thing
            if place % self.most == 0:
                await self.clock.sleep(0)
