"""Time is an event: contacts whose `next_due` has come are judged by the same rules as those that have news.

Law of the watermark. Time never reaches the receipt of the oldest record that still waits, be it on its way to the
disk, in the inbox, or for a look-up that it asked for: a reply that has come must not become a breach, at the very
deadline neither. While running, a connector that is behind can hold time back by at most 5 s; after a start until its
backlog is through. An ill connector holds back nothing, nor does a look-up that has failed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.engine.judge import Bench, JudgingFailed, Written, let_time_pass
from gateway.engine.world import Links, World
from gateway.kernel.store import Conflict, ContactRow

HELD_BACK_MAX_MS = 5_000
BATCH_MAX = 200
FAILED_WAIT_MS = 600_000
"""A contact that can't be judged is tried again after this long."""


@dataclass(slots=True)
class Watermark:
    """How far time may pass. `started_at`: records received before it are the backlog of the start."""

    started_at: int
    drained: bool = False

    async def read(self, world: World, links: Links, arriving: Iterable[int] = ()) -> int:
        """The latest instant to which contacts may be judged now; `arriving` are receipts of requests under way."""
        now = world.clock.now()
        under_way = min(arriving, default=None)
        healthy = [name for name, link in links.items() if link.healthy]
        stored = await world.store.oldest_waiting(healthy)
        if stored is None or stored >= self.started_at:
            self.drained = True
        if not self.drained and stored is not None:
            return min(now, stored - 1)
        asked = await world.store.oldest_look_up(healthy)
        oldest = min((at for at in (under_way, stored, asked) if at is not None), default=None)
        return now if oldest is None else min(now, max(oldest - 1, now - HELD_BACK_MAX_MS))


async def tick(world: World, bench: Bench, watermark: int) -> int:
    """Judge what is due by the watermark, the most overdue first; how many contacts there were."""
    rows = await world.store.due_contacts(until=watermark, limit=BATCH_MAX)
    if rows:
        await take_to(world, bench, rows, watermark)
    return len(rows)


async def take_to(world: World, bench: Bench, rows: Sequence[ContactRow], watermark: int) -> set[str]:
    """Let time pass for these contacts, in one transaction; the ids of those that can't be judged."""
    written = Written()
    now = world.clock.now()
    failed = set()
    for row in rows:
        try:
            await let_time_pass(world, bench, written, row, now, watermark)
        except JudgingFailed:
            failed.add(row.id)
            world.log.exception("judging_failed", contact=row.id)
            written.contacts.append(replace(row, next_due=now + FAILED_WAIT_MS))
    try:
        await world.store.commit(written.batch(now))
    except Conflict:
        # A record was judged in between: what is due is found again at the next tick.
        world.log.info("tick_conflicted", contacts=len(rows))
    return failed
