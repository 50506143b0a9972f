"""What a gateway has left on the disk: read through the store, as it lies there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from gateway.engine.policies import Policies
from gateway.engine.whatif import Answer, Inquiry, ask, batches_of, kept_policies
from gateway.kernel.crew import OneProcess
from gateway.kernel.spawn import InlineSpawn, LoopSpawn
from gateway.kernel.store import ContactRow, Delivery, JournalEntry, Listed
from gateway.model.instant import DAY_MS
from gateway.model.judgement import LedgerEntry
from gateway.policy.whatif.outcome import Window
from gateway.rules.advance import Judged, Sourced
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from gateway.store.coding import read_recorded
from gateway.store.sqlite import SqliteStore
from tests.acceptance.process import DEADLINE_S, now_ms

T = TypeVar("T")
EVERYTHING = 100_000


@dataclass(frozen=True)
class Story:
    """One contact: its row, its events, what has been said of it."""

    row: ContactRow
    history: list[JournalEntry]
    ledger: dict[str, LedgerEntry]

    def replayed(self, policies: Timeline, until: int) -> Judged:
        """What its events imply by `until`, from nothing."""
        events = [Sourced(entry.strand.connector, entry.event) for entry in self.history]
        return replay(events, policies, until)

    def said(self, type: str) -> list[LedgerEntry]:
        """What was said of this type."""
        return [entry for entry in self.ledger.values() if entry.type == type]


@dataclass(frozen=True)
class Kept:
    """Everything of a database that tests look at. Deliveries have their bodies; `attempts` are by delivery."""

    stories: dict[str, Story]
    inbox: list[Listed]
    deliveries: list[Delivery]
    attempts: dict[int, list[Mapping[str, Any]]]
    policies: Timeline
    whatif: Answer | None
    """What differs had the policy that is in force been in force from the beginning; None before the first one."""

    @property
    def events(self) -> list[str]:
        """The ids of all events that the journal has, one for each entry."""
        return [entry.event.id for story in self.stories.values() for entry in story.history]


def on_store(database: Path, work: Callable[[SqliteStore], Awaitable[T]]) -> T:
    """Run `work` on the database, beside a gateway that may be running."""

    async def run() -> T:
        spawn = LoopSpawn()
        store = await SqliteStore.open(str(database), spawn, exclusive=False)
        try:
            return await work(store)
        finally:
            await store.close()
            await spawn.close()

    return asyncio.run(run())


def kept(database: Path) -> Kept:
    """All that the database has."""

    async def read(store: SqliteStore) -> Kept:
        stories = {
            row.id: Story(row, await store.history(row.id), await store.ledger(row.id))
            for row in await store.contacts(limit=EVERYTHING)
        }
        listed = await store.deliveries(limit=EVERYTHING)
        whole = [delivery for one in listed if (delivery := await store.delivery(one.id)) is not None]
        attempts = {delivery.id: await store.attempts(delivery.id) for delivery in whole}
        policies = await (await Policies.open(store, InlineSpawn())).timeline(0)
        return Kept(stories, await store.inbox(limit=EVERYTHING), whole, attempts, policies, await _asked(store))

    return on_store(database, read)


async def _asked(store: SqliteStore) -> Answer | None:
    now, rows = now_ms(), await kept_policies(store)
    if not rows:
        return None
    inquiry = Inquiry(
        rows, replace(rows[-1], since=0), Window(now - 30 * DAY_MS, now + 1), await store.live_from(), True
    )
    return await ask(inquiry, batches_of(store, inquiry.window.since), OneProcess(), read_recorded, shown=1)


def wait_for_counts(
    database: Path, wanted: Callable[[dict[str, int]], bool], what: str, *, then: Callable[[], None] = lambda: None
) -> None:
    """Look at the counts beside a running gateway until they are as wanted, `then` do something at once."""

    async def look(store: SqliteStore) -> None:
        ends = now_ms() + DEADLINE_S * 1_000
        while not wanted(counts := await store.counts()):
            assert now_ms() < ends, f"this never came to be: {what}; {counts}"
            await asyncio.sleep(0.005)
        then()

    on_store(database, look)


def is_quiet(counts: dict[str, int]) -> bool:
    """Nothing waits to be judged or to be delivered."""
    return counts["inbox_ready"] == 0 and counts["deliveries_ready"] == 0
