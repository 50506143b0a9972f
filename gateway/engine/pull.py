"""Ask the vendors for what is new: pages into the inbox, each with the cursor behind it in one transaction.

Laws. What is new begins when a stream is first pulled; what lies before it is for `engine/backfill`. Where that first
pull fails, what is new begins all the same where the past was said to end: nothing lies between. The loop belongs to
the core: a connector gives one page. A cursor that doesn't move while there is more stops the run, and so does the
bound on pages; a page has a deadline. A page that was stored is never asked for again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.engine.arrive import arrived
from gateway.engine.pausing import LOOK_EVERY_S, rests
from gateway.engine.world import Link, World
from gateway.kernel.failpoint import reached
from gateway.kernel.log import hide_secrets
from gateway.kernel.store import StoreFull, SyncRow
from gateway.plugin import EARLIEST, OverBudget, Page, Pulls, Record, Stream, Transient, VendorError
from gateway.rules.retry import growing_wait
from gateway.rules.strain import asked_wait

PAGES_PER_RUN_MAX = 10_000
RECORDS_PER_PAGE_MAX = 10_000
PAGE_DEADLINE_S = 300.0
"""For one page as a whole, the retries of its requests included; a connector that hangs is ended then."""

FAILURE_MAX = 300
"""Characters of a failure that are kept."""

BACKOFF_FIRST_S = 5.0
BACKOFF_MAX_S = 300.0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a run brought."""

    pages: int
    accepted: int
    duplicates: int


async def begin(world: World, link: Link, stream: Stream) -> None:
    """Before a stream is pulled for the first time: its past is to be read too, as far as the connector reaches back.

    Kept before the first page, so that no end of the process comes between.
    """
    if stream.backfill_s <= 0 or await world.store.cursor(link.name, stream.name) is not None:
        return
    now = world.clock.now()
    await world.store.first_backfill(wish(link.name, stream.name, now, since=now - round(stream.backfill_s * 1000)))


def wish(connector: str, stream: str, now: int, *, since: int | None = None) -> SyncRow:
    """A run to ask for: over the past since an instant, up to now; or, without one, a pull of what is new."""
    if since is None:
        return SyncRow(id=0, connector=connector, stream=stream, lane="live", asked_at=now)
    since = max(since, EARLIEST)
    return SyncRow(id=0, connector=connector, stream=stream, lane="backfill", asked_at=now, since=since, until=now)


async def pull_once(
    world: World,
    link: Link,
    stream: Stream,
    progress: Callable[[Pulled], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Pulled:
    """Pull a stream to its end, or to the end of the page under way once `stopped`.

    Raises VendorError, or RuntimeError for a connector that breaks the loop's rules.
    """
    connector = pulling(link)
    cursor = await world.store.cursor(link.name, stream.name)
    total = Pulled(0, 0, 0)
    stream = replace(stream, backfill_s=await _since_begun_s(world, link, stream) if cursor is None else 0.0)
    while total.pages < PAGES_PER_RUN_MAX:
        page = await next_page(connector, stream, cursor, world.clock.now())
        reached("page.pulled")
        if page.more and page.cursor == cursor:
            raise unmoved(link, stream, cursor)
        records = arrived(world, link, page.records)
        added = await world.store.add_page(link.name, stream.name, records, page.cursor)
        total = Pulled(total.pages + 1, total.accepted + added.accepted, total.duplicates + added.duplicates)
        cursor = page.cursor
        if progress is not None:
            progress(total)
        if not page.more or stopped():
            return total
    raise RuntimeError(f"{link.name}/{stream.name}: {PAGES_PER_RUN_MAX} pages and no end")


async def _since_begun_s(world: World, link: Link, stream: Stream) -> float:
    """How long ago the past was said to end, in seconds; a stream without a past begins now."""
    runs = await world.store.syncs(connector=link.name, ended=True)
    ends = [run.until for run in runs if run.lane == "backfill" and run.stream == stream.name and run.until is not None]
    return max(0.0, (world.clock.now() - max(ends)) / 1000) if ends else 0.0


def pulling(link: Link) -> Pulls:
    """The connector, which has something to pull. Raises TypeError."""
    if not isinstance(link.connector, Pulls):
        raise TypeError(f"connector {link.name} has nothing to pull")
    return link.connector


def unmoved(link: Link, stream: Stream, cursor: str | None) -> RuntimeError:
    """What to raise for a page that has more behind it, and no new cursor."""
    return RuntimeError(f"{link.name}/{stream.name}: there is more, but the cursor stays at {cursor!r}")


async def next_page(connector: Pulls, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page. Raises Transient where none comes in time, TypeError or ValueError for what is no page."""
    try:
        async with asyncio.timeout(PAGE_DEADLINE_S):
            page: Any = await connector.pull(stream, cursor, now)
    except TimeoutError:
        raise Transient(f"no page within {PAGE_DEADLINE_S:g} s") from None
    if not isinstance(page, Page) or not all(isinstance(record, Record) for record in page.records):
        raise TypeError("pull gives a page of records, and nothing else")
    if len(page.records) > RECORDS_PER_PAGE_MAX:
        raise ValueError(f"a page has {RECORDS_PER_PAGE_MAX} records at most")
    return page


@dataclass(slots=True)
class Puller:
    """One stream's turn-taking: how long until it is pulled again. A run ends between two pages when `stopped`."""

    world: World
    link: Link
    stream: Stream
    stopped: Callable[[], bool] = lambda: False
    failures: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    succeeded: bool = False
    """Whether what is new has been pulled since the start."""

    pulled_at: int | None = None
    """When what is new was last pulled, since the start."""

    failure: str = ""
    """How the last pull failed; empty after one that didn't."""

    _begun: bool = False

    async def once(self, progress: Callable[[Pulled], None] | None = None) -> Pulled:
        """Pull once, when no other pull of the stream is under way. Raises what `pull_once` raises."""
        async with self._turn:
            if not self._begun:
                await begin(self.world, self.link, self.stream)
                self._begun = True
            pulled = await pull_once(self.world, self.link, self.stream, progress, self._resting)
            if not self._resting():
                self.succeeded, self.pulled_at = True, self.world.clock.now()
            return pulled

    def _resting(self) -> bool:
        return self.stopped() or self.link.pause is not None

    async def step(self) -> float:
        """Pull once, unless the connector is paused; returns the seconds until the next time."""
        if await rests(self.world, self.link):
            return LOOK_EVERY_S
        try:
            pulled = await self.once()
        except OverBudget as error:  # what was pulled until then is kept
            return max(1.0, asked_wait(error.retry_after_s))
        except VendorError as error:
            return self._failed(str(error), asked_wait(getattr(error, "retry_after_s", None)))
        except StoreFull as error:  # weather, and no fault of the connector's
            return self._failed(str(error))
        except Exception as error:  # a plugin's fault must stay its own: this stream waits, the rest goes on
            self.link.fault(error)
            return self._failed(self.link.last_fault)
        self.failures, self.failure = 0, ""
        self.link.worked()
        if pulled.accepted:
            self.world.log.info(
                "stream_pulled", connector=self.link.name, stream=self.stream.name, accepted=pulled.accepted
            )
        return self.stream.every_s if self.link.pause is None else LOOK_EVERY_S

    def _failed(self, why: str, asked_s: float = 0.0) -> float:
        self.failures += 1
        self.failure = hide_secrets(why)[:FAILURE_MAX]
        self.link.count("pull_failed")
        backoff_s = growing_wait(BACKOFF_FIRST_S, BACKOFF_MAX_S, self.failures)
        wait_s = max(asked_s, backoff_s) * self.world.rng.uniform(1.0, 1.2)
        self.world.log.warning(
            "pull_failed", connector=self.link.name, stream=self.stream.name, why=why[:300], again_in_s=round(wait_s)
        )
        return wait_s
