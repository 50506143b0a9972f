"""Let others go on in the middle of a long computation: the doors share their loop with judging.

Laws. Judging takes turns of a few milliseconds. While it keeps up with what comes in they are short, so that a sender
hardly notices. In a burst the doors go first: while senders wait in a crowd, judging rests after each batch for most of
the time. When it has lagged behind for long it rests no more, and its turns are long enough that judging outruns the
doors, whatever the load.
"""

from collections.abc import AsyncIterator, Iterable, Sized
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

CROWD = 32
"""So many requests that wait for their commit at once are a crowd."""

REST_MAX = 9
"""How many times as long as it has worked judging rests for a crowd."""

REST_STEP_S = 0.01
"""After this long it looks whether the crowd has gone."""

BURST_MS = 30_000
"""While the oldest record has waited for no longer than this, a crowd may be a burst that ends by itself."""


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


@dataclass(slots=True)
class Courtesy:
    """How long judging rests after a batch, by how many requests are `under_way`."""

    clock: Clock
    under_way: Sized
    _peak: int = 0
    _owing: bool = False

    def entered(self) -> None:
        """A request has come: a crowd comes and goes in waves, since a whole group is answered at once."""
        self._peak = max(self._peak, len(self.under_way))

    async def rest(self, worked_s: float, oldest: int | None) -> None:
        """Let a crowd go first, after having worked so long; the oldest record that waits came at `oldest`."""
        if oldest is None or self.clock.now() - oldest > BURST_MS:
            return
        ends = self.clock.monotonic() + REST_MAX * worked_s
        self._peak = len(self.under_way)
        while self._peak >= CROWD and self.clock.monotonic() < ends:
            self._peak, self._owing = 0, True
            await self.clock.sleep(REST_STEP_S)

    def owes(self, oldest: int | None) -> bool:
        """Whether records wait because judging has let a crowd go first, and hasn't caught up since."""
        if oldest is None or self.clock.now() - oldest <= LAG_MS:
            self._owing = False
        return self._owing
