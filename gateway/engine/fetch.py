"""Look objects up where a push was not enough: requests coalesce by object, answers are records in the inbox.

Laws. Each connector has its own queue, limit and breaker: a vendor that is slow or dead delays no other. While it is
left alone its look-ups are put off together, and no try is counted. What a backfill asked for leaves room for what is
live, and while the account's budget has none for it, it isn't taken up. What is refused for good a few times, or could
not be asked for in a week, becomes a parked record: it is seen, and asked for again by a replay.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from gateway.engine.arrive import arrived
from gateway.engine.world import Link, Links, World
from gateway.kernel.failpoint import reached
from gateway.kernel.lane import in_lane
from gateway.kernel.log import hide_secrets
from gateway.kernel.ports import Task
from gateway.kernel.store import Conflict, FetchRow, StoreFull
from gateway.model.identity import Ref
from gateway.model.instant import DAY_MS, Instant
from gateway.model.record import LOOK_UP, Record
from gateway.plugin import AddressRefused, BadPayload, Fetch, OverBudget, Permanent, Unauthorized, VendorError
from gateway.rules.retry import growing_wait
from gateway.rules.strain import CALM, after_failure, asked_wait, room

DEADLINE_S = 60.0
"""For one look-up as a whole; a connector that hangs is ended then."""

LEASE_MS = 90_000
"""Longer than a look-up can take."""

POLL_S = 1.0
"""Look-ups whose wait is over are found after this long; those that a record asks for are announced."""

LOOK_UPS_MAX = 4
"""Look-ups of one connector under way."""

OF_PAST_MAX = 3
"""Of these, so many may be a backfill's: one that waits for the budget must not keep what is live waiting."""

HELD_MAX_MS = 30_000
"""With the budget spent, look-ups aren't taken up for so long at most: other paths of the account may have room."""

PUT_OFF_MAX = 1_000
"""Look-ups that are put off in one transaction."""

BACKOFF_FIRST_MS = 2_000
BACKOFF_MAX_MS = 300_000
REFUSALS_MAX = 5
"""So often a look-up may be refused for good, or make its connector raise."""

REFUSED_FIRST_MS = 30_000
GIVE_UP_AFTER_MS = 7 * DAY_MS
RECORDS_MAX = 10_000
"""Records that one look-up may bring."""

REASON_MAX = 300


@dataclass(slots=True)
class Fetcher:
    """The look-ups under way, by connector. `landed` is called after each: there is room for another.

    `held`: until when none is taken up, since the budget is spent; by connector, and whether a backfill asked for it.
    """

    world: World
    links: Links
    landed: Callable[[], None]
    flying: dict[str, dict[FetchRow, Task]] = field(default_factory=dict)
    held: dict[tuple[str, bool], int] = field(default_factory=dict)

    async def step(self) -> int:
        """Send off what is due and has room, put off what has to wait for its vendor; how many look-ups."""
        moved = 0
        for name in await self.world.store.look_ups_due(self.world.clock.now()):
            link = self.links.get(name)
            if link is not None:  # those of a connector that isn't configured wait until it is again
                moved += await self._turn(link)
        return moved

    async def finish(self) -> None:
        """Wait for what is under way."""
        for tasks in list(self.flying.values()):
            for task in list(tasks.values()):
                await task

    def cut_off(self) -> None:
        """End what is under way: the next start looks it up again."""
        for tasks in self.flying.values():
            for task in tasks.values():
                task.cancel()

    async def _turn(self, link: Link) -> int:
        """One connector's turn: it never waits for the vendor."""
        now = self.world.clock.now()
        if link.fetches is None:
            return await self._put_off(link, now + BACKOFF_MAX_MS, f"connector {link.name} can't look anything up")
        if now < link.strain.alone_until:
            return await self._put_off(link, link.strain.alone_until, "its vendor fails, and is left alone for a while")
        tasks = self.flying.setdefault(link.name, {})
        free = room(link.strain, now, LOOK_UPS_MAX) - len(tasks)
        if free <= 0 or now < self.held.get((link.name, False), 0):
            return 0
        past = 0 if now < self.held.get((link.name, True), 0) else OF_PAST_MAX - sum(row.historical for row in tasks)
        rows = await self.world.store.claim_fetches(
            connector=link.name, now=now, lease_ms=LEASE_MS, limit=free, past=past
        )
        for row in rows:
            task = self.world.spawn.task(f"look up {link.name} {row.key.ref.kind}", self._look_up(link, row))
            tasks[row] = task
        return len(rows)

    async def _put_off(self, link: Link, until: int, why: str) -> int:
        count = await self.world.store.put_off_fetches(
            connector=link.name, now=self.world.clock.now(), until=until, reason=why, limit=PUT_OFF_MAX
        )
        link.count("look_ups_put_off", count)
        return count

    async def _look_up(self, link: Link, row: FetchRow) -> None:
        try:
            await self._try(link, row)
        except Conflict:
            self.world.log.info("fetch_overtaken", connector=link.name)
        except StoreFull:
            # The answer is lost, the lease is not: when it is over, the object is looked up again.
            self.world.log.error("fetched_not_stored", connector=link.name)
        finally:
            self.flying[link.name].pop(row, None)
            self.landed()

    async def _try(self, link: Link, row: FetchRow) -> None:
        try:
            with in_lane("backfill" if row.historical else "live"):
                records = await _asked(link, row.key.ref, self.world.clock.now())
        except OverBudget as error:  # no fault of the vendor's: it wasn't asked
            wait_ms = asked_wait(error.retry_after_s) * 1000
            self.held[link.name, row.historical] = self.world.clock.now() + round(min(wait_ms, HELD_MAX_MS))
            await self._postpone(link, row, str(error), wait_ms, counted=False)
        except TimeoutError:
            await self._vendor_failed(link, row, f"no answer within {DEADLINE_S:g} s", 0.0)
        except VendorError as error:
            if isinstance(error, Permanent) and not isinstance(error, Unauthorized | AddressRefused):
                link.strain = CALM  # the vendor works: it has an answer about the object
                await self._refused(link, row, hide_secrets(str(error)))
            else:
                await self._vendor_failed(
                    link, row, hide_secrets(str(error)), asked_wait(getattr(error, "retry_after_s", None))
                )
        except Exception as error:  # a plugin's fault must stay its own: the look-up waits, the rest goes on
            link.fault(error)
            await self._refused(link, row, link.last_fault)
        else:
            reached("fetch.answered")
            link.strain = CALM
            link.worked()
            link.count("fetched", len(records))
            if row.historical:
                records = [replace(record, historical=True) for record in records]
            await self.world.store.finish_fetch(row, arrived(self.world, link, records))

    async def _vendor_failed(self, link: Link, row: FetchRow, why: str, asked_s: float) -> None:
        now = self.world.clock.now()
        was_alone = link.strain.alone_until
        link.strain = after_failure(link.strain, now, asked_s, self.world.rng.uniform(0, 1))
        if link.strain.alone_until > now >= was_alone:
            alone_s = round((link.strain.alone_until - now) / 1000)
            self.world.log.warning("vendor_left_alone", connector=link.name, for_s=alone_s, why=why[:REASON_MAX])
        if now - row.asked_at >= GIVE_UP_AFTER_MS:
            await self._give_up(link, row, why)
            return
        backoff_ms = growing_wait(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, row.attempt)
        await self._postpone(link, row, why, max(asked_s * 1000, backoff_ms), counted=False)

    async def _refused(self, link: Link, row: FetchRow, why: str) -> None:
        if row.tries + 1 >= REFUSALS_MAX:
            await self._give_up(link, row, why)
            return
        wait_ms = growing_wait(REFUSED_FIRST_MS, BACKOFF_MAX_MS, row.tries + 1)
        await self._postpone(link, row, why, wait_ms, counted=True)

    async def _postpone(self, link: Link, row: FetchRow, why: str, wait_ms: float, *, counted: bool) -> None:
        link.count("fetch_failed")
        self.world.log.warning("fetch_failed", connector=link.name, object=row.key.ref.kind, why=why[:REASON_MAX])
        next_at = self.world.clock.now() + round(wait_ms * self.world.rng.uniform(1.0, 1.2))
        await self.world.store.postpone_fetch(row, next_at, why[:REASON_MAX], counted=counted)

    async def _give_up(self, link: Link, row: FetchRow, why: str) -> None:
        link.count("look_ups_given_up")
        self.world.log.error("fetch_given_up", connector=link.name, object=row.key.ref.kind, why=why[:REASON_MAX])
        reason = f"its look-up was given up: {why}"[:REASON_MAX]
        await self.world.store.give_up_fetch(row, as_record(row, self.world.clock.now()), reason)


async def _asked(link: Link, ref: Ref, now: int) -> list[Record]:
    """What the connector finds. Raises TypeError for anything but records, and ValueError for too many."""
    if link.fetches is None:
        raise TypeError(f"connector {link.name} can't look anything up")
    async with asyncio.timeout(DEADLINE_S):
        found = list(await link.fetches.fetch(ref, now))
    if not all(isinstance(record, Record) for record in found):
        raise TypeError("fetch gives records, and nothing else")
    if len(found) > RECORDS_MAX:
        raise ValueError(f"a look-up brings {RECORDS_MAX} records at most")
    if not all(is_version(record.version) for record in found):
        raise ValueError("a version is a whole number from 0 to 2^62, or None")
    return found


def is_version(version: object) -> bool:
    """Whether the store can hold and compare it."""
    return version is None or (type(version) is int and 0 <= version < 1 << 62)


def as_record(row: FetchRow, now: int) -> Record:
    """A look-up that was given up, as a record for the inbox: who replays it asks for it again."""
    ref = row.key.ref
    body = msgspec.json.encode({"kind": ref.kind, "id": ref.id, "reason": row.reason})
    return Record(body=body, form=LOOK_UP, received_at=Instant(now))


def asked_again(record: Record) -> Fetch:
    """The look-up that a replayed record asks for. Raises BadPayload."""
    try:
        asked = msgspec.json.decode(record.body, type=dict[str, str])
        return Fetch(Ref(asked["kind"], asked["id"]), asked["reason"])
    except (msgspec.MsgspecError, KeyError, ValueError):
        raise BadPayload("this is no look-up that can be made again") from None
