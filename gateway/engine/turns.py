"""Let others go on in the middle of a long computation: the doors share their loop and their disk with judging.

Laws. Judging takes turns of a few milliseconds, and commits few records at a time: a sender hardly notices. The more
senders wait at once, the longer it rests after each batch: in a burst the doors go first. Only when it lags behind and
no crowd is the cause, or for too long, its turns and batches are so large that it outruns the doors, whatever the load.
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

BEHIND_MS = 250
"""A record that has waited so long says that small batches are too slow."""

BATCH_MIN = 40
"""Records of one transaction: a sender's own commit waits for it, about 5 ms."""

BATCH_MAX = 128
"""Records of one transaction where their waiting counts more than a sender's: each costs a fifth less."""

BATCH_OF_PAST = 256
"""Records of one transaction while nothing waits but what a backfill has read: nobody waits for it, and a sender who
comes meanwhile waits some 40 ms."""

CROWD = 24
"""So many requests that wait for their commit at once are no crowd yet."""

EACH = 2
"""For each so many beyond it judging rests once as long as it has worked."""

REST_MAX = 9
"""How many times as long it rests at most."""

REST_STEP_S = 0.01
"""After this long it looks whether the crowd has gone."""

BURST_MS = 30_000
"""While the oldest record has waited for no longer than this, a crowd may be a burst that ends by itself."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How much is done before others get a turn: contacts that are judged, records of one transaction."""

    clock: Clock
    most: int = SHORT
    batch: int = BATCH_MIN

    @classmethod
    def for_lag(cls, clock: Clock, waited_ms: int) -> "Turns":
        """By how long the oldest record has waited."""
        most = LONG if waited_ms > LAG_MS else SHORT
        return cls(clock, most, BATCH_MAX if waited_ms > BEHIND_MS else BATCH_MIN)

    async def of(self, things: Iterable[T]) -> AsyncIterator[T]:
        """The things one by one, with a pause for others after each turn."""
        for place, thing in enumerate(things, start=1):
            yield thing
            if place % self.most == 0:
                await self.clock.sleep(0)


@dataclass(slots=True)
class Courtesy:
    """How judging shares with the doors, by how many requests are `under_way`."""

    clock: Clock
    under_way: Sized
    _peak: int = 0
    _crowded: bool = False
    _owing: bool = False

    def entered(self) -> None:
        """A request has come: a crowd comes and goes in waves, since a whole group is answered at once."""
        self._peak = max(self._peak, len(self.under_way))

    async def rest(self, worked_s: float, oldest: int | None) -> None:
        """Let senders go first, after having worked so long; the oldest record that waits came at `oldest`."""
        self._crowded = False
        if oldest is None or self.clock.now() - oldest > BURST_MS:
            return
        began = self.clock.monotonic()
        self._peak = len(self.under_way)
        while self.clock.monotonic() - began < worked_s * min(REST_MAX, (self._peak - CROWD) // EACH):
            self._crowded, self._owing, self._peak = True, True, 0
            await self.clock.sleep(REST_STEP_S)

    def turns(self, oldest: int | None) -> Turns:
        """How much judging may do at once now; while there is a crowd, it lags because it rests. With no `oldest` all
        that waits was read in hindsight."""
        if oldest is None and not self.under_way:
            return Turns(self.clock, LONG, BATCH_OF_PAST)
        if oldest is None or self._crowded:
            return Turns(self.clock)
        return Turns.for_lag(self.clock, self.clock.now() - oldest)

    def owes(self, oldest: int | None) -> bool:
        """Whether records wait because judging has let a crowd go first, and hasn't caught up since."""
        if oldest is None or self.clock.now() - oldest <= LAG_MS:
            self._owing = False
        return self._owing
