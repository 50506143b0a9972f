"""A policy that has come into force takes over every open contact, in the background: the soonest deadline first.

Law. What is due is never late for it: a batch is small, and records and deadlines come between two of them. Contacts
that have ended keep what they were judged by; should they be reopened, they go through every policy since.
"""

from gateway.engine.judge import Bench
from gateway.engine.tick import take_to
from gateway.engine.world import World

BATCH_MAX = 50


async def rejudge(world: World, bench: Bench, watermark: int) -> int:
    """Take one batch of contacts on to what is in force now; how many came through. 0: all of them are done, or none of
    this batch can be judged."""
    present = bench.policies.in_force(watermark)
    if present is None:
        return 0
    rows = await world.store.outdated(present.since, BATCH_MAX)
    return await take_to(world, bench, rows, watermark) if rows else 0
