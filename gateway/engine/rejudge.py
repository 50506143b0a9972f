"""A policy that has come into force takes over every open contact, in the background: the soonest deadline first.

Law. What is due is never late for it: a batch is small, and records and deadlines come between two of them. Contacts
that have ended keep what they were judged by; should they be reopened, they go through every policy since. One that
can't be judged waits, and keeps nobody behind it waiting.
"""

from dataclasses import dataclass, field

from gateway.engine.judge import Bench
from gateway.engine.tick import FAILED_WAIT_MS, take_to
from gateway.engine.world import World

BATCH_MAX = 50


@dataclass(slots=True)
class Rejudging:
    """The walk through the open contacts. `failed` has those that could not be judged, with the instant of it;
    `through` is the policy that had everybody when it was last looked."""

    failed: dict[str, int] = field(default_factory=dict)
    through: int | None = None

    async def step(self, world: World, bench: Bench, watermark: int, *, judged: bool = True) -> int:
        """Take one batch of contacts on to what is in force now; how many there were. `judged`: whether anybody has
        been judged since the last step; else a look that found nobody needn't be taken again."""
        present = bench.policies.in_force(watermark)
        if present is None or (present.since == self.through and not judged):
            return 0
        now = world.clock.now()
        self.failed = {id: at for id, at in self.failed.items() if now < at + FAILED_WAIT_MS}
        rows = await world.store.outdated(present.since, BATCH_MAX + len(self.failed))
        self.through = None if rows else present.since
        waiting = [row for row in rows if row.id not in self.failed][:BATCH_MAX]
        if waiting:
            self.failed |= dict.fromkeys(await take_to(world, bench, waiting, watermark), now)
        return len(waiting)
