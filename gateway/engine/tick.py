"""Time is an event: contacts whose `next_due` has come are judged by the same rules as those that have news.

Law of the watermark. Time never reaches the receipt of a record that waits, be it on its way to the disk, in the
inbox, or for a look-up that it asked for, nor of one that may still come: a reply that has come must not become a
breach, at the very deadline neither. A millisecond is over when the next one has begun; until then a reply may come in
it, and so what is due at D is judged from D + 1 on. While running, a connector that is behind can hold time back by at
most 5 s, and where judging itself let a burst go first, until it has caught up; after a start until its backlog is
through. An ill connector holds back nothing, nor does a look-up that has failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.engine.judge import Bench, judge
from gateway.engine.news import News
from gateway.engine.turns import BURST_MS, LONG, Turns
from gateway.engine.world import World
from gateway.kernel.store import Conflict, ContactRow, Outlook

HELD_BACK_MAX_MS = 5_000
HELD_BACK_IN_BURST_MS = BURST_MS + HELD_BACK_MAX_MS
"""In a burst a breach is rather said late than falsely: the reply to it may wait behind the burst."""

BATCH_MAX = 512
"""Contacts of one transaction, which then takes about 100 ms: what is due at one instant is taken together."""
FAILED_WAIT_MS = 600_000
"""A contact that can't be judged is tried again after this long."""


@dataclass(slots=True)
class Watermark:
    """How far time may pass. `started_at`: records received before it are the backlog of the start."""

    started_at: int
    drained: bool = False

    def passes_to(
        self, now: int, outlook: Outlook, under_way: int | None = None, longest_ms: int = HELD_BACK_MAX_MS
    ) -> int:
        """The latest instant to which contacts may be judged, always before `now`, which isn't over.

        `outlook` is of the healthy connectors, `under_way` the earliest receipt of a request that isn't in the inbox
        yet; by `longest_ms` time may be held back.
        """
        stored = outlook.received
        if stored is None or stored >= self.started_at:
            self.drained = True
        if not self.drained and stored is not None:
            return min(now, stored) - 1
        oldest = min((at for at in (under_way, stored, outlook.asked) if at is not None), default=None)
        return now - 1 if oldest is None else min(now - 1, max(oldest - 1, now - longest_ms))


async def tick(world: World, bench: Bench, watermark: int) -> int:
    """Judge what is due by the watermark, the most overdue first; how many contacts there were."""
    rows = await world.store.due_contacts(until=watermark, limit=BATCH_MAX)
    if rows:
        await take_to(world, bench, rows, watermark)
    return len(rows)


async def take_to(world: World, bench: Bench, rows: Sequence[ContactRow], watermark: int) -> set[str]:
    """Let time pass for these contacts, in one transaction; the ids of those that can't be judged."""
    now = world.clock.now()
    # What is due is late already: it waits for the doors as seldom as it may.
    written = await judge(world, bench, [News(row) for row in rows], now, watermark, Turns(world.clock, LONG))
    for error in written.failed.values():
        world.log.error("judging_failed", contact=error.contact, exc_info=error)
    written.contacts.extend(replace(row, next_due=now + FAILED_WAIT_MS) for row in rows if row.id in written.failed)
    try:
        await world.store.commit(written.batch(now))
    except Conflict:
        # A record was judged in between: what is due is found again at the next tick.
        world.log.info("tick_conflicted", contacts=len(rows))
    return set(written.failed)
