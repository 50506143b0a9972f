"""How much there is, counted in full: kept so long that counting takes no more than a small share of the time.

With a thousand contacts every count is fresh; with a million it is some seconds old.
"""

from dataclasses import dataclass, field

from gateway.engine.gateway import Gateway
from gateway.engine.standing import standing

KEPT_FACTOR = 200
"""A count is good for so many times as long as it took."""


@dataclass(slots=True)
class Counted:
    """The counts of one gateway."""

    gateway: Gateway
    _counts: dict[str, int] = field(default_factory=dict)
    _good_until_s: float = 0.0

    async def read(self) -> dict[str, int]:
        """The store's counts, and `outdated`: open contacts that are still to be judged by the policy in force."""
        world = self.gateway.world
        began_s = world.clock.monotonic()
        if not self._counts or began_s >= self._good_until_s:
            stands = await standing(self.gateway.bench.policies, world.store, world.clock.now())
            self._counts = {**await world.store.counts(), "outdated": stands.left}
            ended_s = world.clock.monotonic()
            self._good_until_s = ended_s + KEPT_FACTOR * (ended_s - began_s)
        return self._counts
