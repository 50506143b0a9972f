"""Read a stream's past, page by page, with a cursor of its own: what is new is pulled beside it and goes first.

Laws. A run ends at the end of the stream, or where what is new begins. Each page and how far the run has come are one
transaction, so that it goes on where it was, whatever ended the process. What it reads is marked as historical. It
pauses while much waits to be judged: neither memory nor disk fills up, however long the past is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from msgspec.structs import replace as changed

from gateway.engine.arrive import arrived
from gateway.engine.pausing import because, rests
from gateway.engine.pull import FAILURE_MAX, Pulled, Puller, next_page, pulling, unmoved
from gateway.engine.world import Link, World
from gateway.kernel.failpoint import reached
from gateway.kernel.lane import in_lane
from gateway.kernel.log import hide_secrets
from gateway.kernel.store import Conflict, StoreFull, SyncRow
from gateway.plugin import OverBudget, Permanent, Stream, VendorError
from gateway.rules.retry import growing_wait
from gateway.rules.strain import asked_wait

IDLE_S = 2.0
"""A run that somebody asked for is found after this long."""

BACKLOG_MAX = 5_000
"""While more records than this wait to be judged, no page of the past is read."""

BACKLOG_WAIT_S = 0.2
BACKOFF_FIRST_S = 5.0
BACKOFF_MAX_S = 300.0
SPENT = "the account's budget is spent"
"""What a run waits for whose turn it is, where the vendor's limits don't allow another request yet."""

FAILURES_MAX = 8
"""A command gives up after so many failures in a row; a daemon goes on trying."""


class Broken(RuntimeError):
    """The connector breaks the rules of pulling: the run can't go on."""


async def backfill_page(world: World, link: Link, stream: Stream, run: SyncRow) -> SyncRow:
    """Read one page of a run; the run as it is then. Raises VendorError, Conflict, StoreFull, and Broken."""
    connector = pulling(link)
    now = world.clock.now()
    reach_s = max(0.0, (now - (run.since or 0)) / 1000)
    with in_lane("backfill"):
        page = await next_page(connector, replace(stream, backfill_s=reach_s), run.cursor, now)
    reached("backfill.pulled")
    if page.more and page.cursor == run.cursor:
        raise Broken(str(unmoved(link, stream, run.cursor)))
    over = not page.more or (page.reached is not None and run.until is not None and page.reached >= run.until)
    moved = changed(
        run,
        cursor=page.cursor,
        reached=run.reached if page.reached is None else max(page.reached, run.reached or 0),
        pages=run.pages + 1,
        began_at=run.began_at or now,
        ended_at=world.clock.now() if over else None,
        failure=None,
    )
    records = [changed(record, historical=True) for record in page.records]
    added = await world.store.add_backfill_page(run, moved, arrived(world, link, records))
    return changed(moved, accepted=run.accepted + added.accepted, duplicates=run.duplicates + added.duplicates)


@dataclass(slots=True)
class Backfiller:
    """A connector's runs: those over the past, one page a step, and the pulls that somebody asked for.

    `pullers` pull what is new, by stream.
    """

    world: World
    link: Link
    pullers: Mapping[str, Puller]
    stopped: Callable[[], bool] = lambda: False
    failures: int = 0
    _not_before: float = 0.0

    async def step(self) -> float:
        """Do one piece; the seconds until the next."""
        runs = await self.world.store.syncs(connector=self.link.name)
        if await rests(self.world, self.link):
            for run in runs:
                await self._wait_for(run, because(self.link))
            return IDLE_S
        for run in runs:
            if run.stream not in self.pullers:
                await self._over(run, f"the connector has no stream {run.stream!r} any more")
            elif run.lane == "live":
                await self._live(run)
        past = next((run for run in runs if run.lane == "backfill" and run.stream in self.pullers), None)
        # Not before what is new is read: it would be taken for the past, and nobody called for it.
        if past is None or self.stopped() or not self.pullers[past.stream].succeeded:
            return IDLE_S
        ahead_s = self._not_before - self.world.clock.monotonic()
        if ahead_s > 0:
            return min(ahead_s, IDLE_S)
        if await self.world.store.waits_beyond(BACKLOG_MAX):
            await self._wait_for(past, "what was read is judged first")
            return BACKLOG_WAIT_S
        return await self._past(past)

    async def _live(self, run: SyncRow) -> None:
        """Pull what is new, because somebody asked for it. It goes on at the next step where the budget is spent."""
        if run.began_at is None:
            run = changed(run, began_at=self.world.clock.now())
            await self.world.store.note_sync(run)  # who asked sees that it is taken up: a pull may take long
        so_far = Pulled(0, 0, 0)

        def told(pulled: Pulled) -> None:
            nonlocal so_far
            so_far = pulled

        try:
            pulled = await self.pullers[run.stream].once(told)
        except OverBudget:
            moved = changed(with_pulled(run, so_far), failure=SPENT)
            if moved != run:
                await self.world.store.note_sync(moved)
        except (VendorError, StoreFull) as error:
            await self._over(run, hide_secrets(str(error)))
        except Exception as error:  # a plugin's fault must stay its own: the run ends, the rest goes on
            self.link.fault(error)
            await self._over(run, self.link.last_fault)
        else:
            await self._over(with_pulled(run, pulled))

    async def _past(self, run: SyncRow) -> float:
        stream = self.pullers[run.stream].stream
        try:
            moved = await backfill_page(self.world, self.link, stream, run)
        except OverBudget as error:
            return await self._wait(run, "what is live goes first within the account's budget", error.retry_after_s)
        except VendorError as error:
            return await self._failed(run, hide_secrets(str(error)), asked_wait(getattr(error, "retry_after_s", None)))
        except StoreFull as error:
            return await self._failed(run, str(error))
        except Conflict:
            raise  # somebody else goes on with this run
        except Broken as error:
            self.link.fault(error)
            await self._over(run, hide_secrets(str(error)))
            return 0.0
        except Exception as error:  # a plugin's fault must stay its own: the run waits, the rest goes on
            self.link.fault(error)
            return await self._failed(run, self.link.last_fault)
        self.failures = 0
        if moved.ended_at is not None:
            self.world.log.info("backfill_done", connector=run.connector, stream=run.stream, accepted=moved.accepted)
        return 0.0

    async def _failed(self, run: SyncRow, why: str, asked_s: float = 0.0) -> float:
        self.failures += 1
        self.link.count("pull_failed")
        self.world.log.warning("backfill_failed", connector=run.connector, stream=run.stream, why=why[:FAILURE_MAX])
        backoff_s = growing_wait(BACKOFF_FIRST_S, BACKOFF_MAX_S, self.failures)
        return await self._wait(run, why, max(asked_s, backoff_s) * self.world.rng.uniform(1.0, 1.2))

    async def _wait(self, run: SyncRow, why: str, seconds: float) -> float:
        """Leave the past alone for so long; what is asked for meanwhile is done all the same."""
        self._not_before = self.world.clock.monotonic() + seconds
        await self._wait_for(run, why)
        return min(seconds, IDLE_S)

    async def _wait_for(self, run: SyncRow, why: str) -> None:
        """Tell what a run waits for, if that isn't told yet."""
        if run.failure != why[:FAILURE_MAX]:
            await self.world.store.note_sync(changed(run, failure=why[:FAILURE_MAX]))

    async def _over(self, run: SyncRow, failure: str | None = None) -> None:
        why = None if failure is None else failure[:FAILURE_MAX]
        await self.world.store.note_sync(changed(run, ended_at=self.world.clock.now(), failure=why))


def with_pulled(run: SyncRow, pulled: Pulled) -> SyncRow:
    """A run of what is new, with what it brought since."""
    return changed(run, accepted=run.accepted + pulled.accepted, duplicates=run.duplicates + pulled.duplicates)


async def pull_all(world: World, puller: Puller, told: Callable[[Pulled, str], None]) -> Pulled:
    """Pull what is new to its end, for a command: waits for the budget. `told` hears of each page, and what is waited
    for. Raises what `Puller.once` raises."""
    before = total = Pulled(0, 0, 0)

    def seen(pulled: Pulled) -> None:
        nonlocal total
        pages, accepted = before.pages + pulled.pages, before.accepted + pulled.accepted
        total = Pulled(pages, accepted, before.duplicates + pulled.duplicates)
        told(total, "")

    while True:
        try:
            await puller.once(seen)
        except OverBudget as error:
            before = total
            told(total, f"{SPENT}; {error.retry_after_s:.0f} s to wait")
            await world.clock.sleep(error.retry_after_s)
        else:
            return total


async def backfill(
    world: World, link: Link, stream: Stream, run: SyncRow, told: Callable[[SyncRow, str], None]
) -> SyncRow:
    """Read a run to its end, for a command: waits for the budget, and as often as FAILURES_MAX for a vendor that fails.

    `told` hears of each page, and what is waited for. Raises VendorError, Conflict, StoreFull, Broken.
    """
    failures = 0
    while run.ended_at is None:
        try:
            run = await backfill_page(world, link, stream, run)
            failures = 0
            told(run, "")
        except OverBudget as error:
            told(run, f"{SPENT}; {error.retry_after_s:.0f} s to wait")
            await world.clock.sleep(error.retry_after_s)
        except VendorError as error:
            failures += 1
            if isinstance(error, Permanent) or failures == FAILURES_MAX:
                raise
            asked_s = asked_wait(getattr(error, "retry_after_s", None))
            wait_s = max(asked_s, growing_wait(BACKOFF_FIRST_S, BACKOFF_MAX_S, failures))
            told(run, f"{hide_secrets(str(error))[:FAILURE_MAX]}; again in {wait_s:.0f} s")
            await world.clock.sleep(wait_s)
    return run
