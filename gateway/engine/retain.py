"""An end to deliveries: what has waited for seven days is given up, what ended seven days ago is removed. An hour's
tallies go a day after its deliveries.

A few in each transaction, with a pause between them: nobody waits behind it for long.
"""

from dataclasses import dataclass

from gateway.engine.world import World
from gateway.model.instant import DAY_MS
from gateway.rules.retry import KEPT_MS

BATCH_MAX = 100
"""Deliveries of one transaction: some milliseconds, and with the pause still more a second than can be delivered."""

TALLIES_KEPT_MS = KEPT_MS + DAY_MS

PAUSE_S = 0.02
EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Retention:
    """The loop's step."""

    world: World

    async def step(self) -> float:
        """Give up and remove a few; the seconds until the next step."""
        now = self.world.clock.now()
        before = now - KEPT_MS
        given_up = await self.world.store.expire_deliveries(before, now, BATCH_MAX)
        if given_up:
            self.world.log.warning("deliveries_given_up", count=given_up)
        removed = await self.world.store.remove_deliveries(before, BATCH_MAX)
        uncounted = await self.world.store.remove_tallies(now - TALLIES_KEPT_MS)
        return PAUSE_S if uncounted or max(given_up, removed) >= BATCH_MAX else EVERY_S
