"""What a gateway has left on the disk: read through the store, as it lies there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from gateway.engine import verify
from gateway.engine.whatif import Answer, Inquiry, ask, batches_of, kept_policies
from gateway.kernel.crew import OneProcess
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import ContactRow, Delivery, JournalEntry, Listed
from gateway.model.instant import DAY_MS
from gateway.model.judgement import LedgerEntry
from gateway.policy.whatif.outcome import Window
from gateway.store.coding import read_recorded
from gateway.store.history import SqliteHistory
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
    database: Path

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
        return Kept(stories, await store.inbox(limit=EVERYTHING), whole, attempts, database)

    return on_store(database, read)


def verified(database: Path, *, until: int = 0) -> list[str]:
    """What `gateway db verify` finds in the database, beside a gateway that may be running. With `until`, everything
    must have been done that is due by then."""

    async def walk() -> list[str]:
        spawn = LoopSpawn()
        history = await SqliteHistory.open(str(database), spawn)
        try:
            found = [f"{one.table}: {one.what}" for one in await verify.strays(history)]
            async for verdict in verify.verdicts(history, now_ms(), until=until):
                found.extend(f"contact {verdict.contact}: {one}" for one in verdict.differences)
                if until and verdict.awaits:
                    found.append(f"contact {verdict.contact} awaits the policy in force")
            return found
        finally:
            await history.close()
            await spawn.close()

    return asyncio.run(walk())


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


def asked_what_if(database: Path) -> Answer | None:
    """What would have been, had the policy that came last been in force from the beginning; None where none came."""

    async def ask_it(store: SqliteStore) -> Answer | None:
        now, rows = now_ms(), await kept_policies(store)
        if not rows:
            return None
        window, live = Window(now - 30 * DAY_MS, now + 1), await store.live_from()
        inquiry = Inquiry(rows, replace(rows[-1], since=0), window, live, check=True)
        return await ask(inquiry, batches_of(store, window.since), OneProcess(), read_recorded, shown=1)

    return on_store(database, ask_it)
