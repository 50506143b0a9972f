"""When so much waits to be judged that the doors must not take in more.

Law. The doors may run ahead of judging in a burst; nobody is sent away for it. Only at a bound of a million records,
which says that judging stands still or can't ever keep up, senders are told to come back later: what they keep is safer
with them than behind a disk that fills up.
"""

from dataclasses import dataclass

from gateway.engine.world import World
from gateway.kernel.store import Outlook

WAITING_MAX = 1_000_000
"""Records that may wait; with a body of 3 KB each about 4 GB."""

YOUNG_MS = 60_000
"""While the oldest record is younger than this, so many can't wait: they needn't be counted."""

COUNT_EVERY_MS = 5_000
"""Counting them takes some 50 ms."""


@dataclass(slots=True)
class Backlog:
    """Whether the doors are shut; `counted_at` is when the records were last counted."""

    full: bool = False
    counted_at: int = 0

    async def watch(self, world: World, outlook: Outlook) -> None:
        """Count what waits, if it is time to."""
        now = world.clock.now()
        if outlook.received is None or now - outlook.received < YOUNG_MS:
            self.full = False
        elif now - self.counted_at >= COUNT_EVERY_MS:
            self.counted_at = now
            was_full, self.full = self.full, await world.store.waits_beyond(WAITING_MAX)
            if self.full and not was_full:
                world.log.error("backlog_full", waiting_max=WAITING_MAX)
