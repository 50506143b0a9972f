"""Planted bugs of the way in, of judging and of time: what was told is lost, judged twice, or judged too early."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.engine import arrive, gateway, judge, policies, receive
from gateway.engine.gateway import Gateway
from gateway.engine.receive import Answer
from gateway.engine.supervise import Loop
from gateway.engine.tick import Watermark, tick
from gateway.engine.world import Link, World
from gateway.kernel.store import Added, Batch, Outlook
from gateway.plugin import Request
from gateway.rules import calendar
from gateway.rules.announce import Announced, announce
from gateway.store import inbox, judging, outbox
from gateway.store.library import Connection
from gateway.store.sqlite import SqliteStore
from gateway.store.writer import Writer
from tests.simulation.bugs.bug import Bed

BED = Bed()

TO_THE_DISK_S = 3.0
"""Less than time may be held back."""


# ── What comes in ────────────────────────────────────────────────────────────────────────────────────────────────────
@BED.bug("I1", seed=2)
def ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The sender is told 202 before its records are on the disk."""
    add = Writer.add

    async def soon(self: Writer[Any, Any], name: str, asked: Sequence[Any]) -> Added:
        self._spawn.task("add later", _quietly(add(self, name, asked)))
        return Added(accepted=len(asked), duplicates=0)

    patch.setattr(Writer, "add", soon)


@BED.bug("I1", seed=1)
def accepted_when_full(patch: pytest.MonkeyPatch) -> None:
    """A full disk is answered by a 202, since the sender can't do anything about it anyway."""
    patch.setattr(receive, "unavailable", lambda why: Answer(status=202, body=b'{"accepted":0,"duplicates":0}'))


@BED.bug("I2", seed=2)
def dedupe_for_ten_minutes(patch: pytest.MonkeyPatch) -> None:
    """A delivery key is remembered for ten minutes only."""
    rows_of = inbox.rows_of

    def short(connector: str, records: Sequence[Any]) -> list[dict[str, Any]]:
        rows = rows_of(connector, records)
        for row in rows:
            if row["key"] is not None:
                row["key"] += f"@{row['received_at'] // 600_000}"
        return rows

    patch.setattr(inbox, "rows_of", short)


@BED.bug("I1", seed=11)
def cursor_saved_first(patch: pytest.MonkeyPatch) -> None:
    """The cursor of a page is written in a transaction before that of its rows."""

    async def page(self: SqliteStore, connector: str, stream: str, records: Any, cursor: str | None) -> Added:
        rows = inbox.rows_of(connector, records)
        await self.writer.write("add_page", partial(_page, connector, stream, [], cursor))
        added: Added = await self.writer.write("add_page", lambda connection: inbox.add(connection, rows))
        return added

    patch.setattr(SqliteStore, "add_page", page)


@BED.bug("I2", seed=4)
def id_above_last(patch: pytest.MonkeyPatch) -> None:
    """The inbox is read by a cursor over its ids."""
    claim = inbox.claim

    def above(connection: Connection, now: int, lease_ms: int, limit: int) -> list[Any]:
        connection.execute("CREATE TABLE IF NOT EXISTS last (id INTEGER NOT NULL)")
        ((last,),) = connection.execute("SELECT COALESCE(MAX(id), 0) FROM last").fetchall()
        # What lies below is never looked at again.
        connection.execute("UPDATE inbox SET due = NULL WHERE due <= ? AND id <= ?", (now, last))
        rows = claim(connection, now, lease_ms, limit)
        connection.executemany("INSERT INTO last VALUES (?)", [(row.id,) for row in rows])
        return rows

    patch.setattr(inbox, "claim", above)


@BED.bug("I12", seed=1)
def card_numbers_kept(patch: pytest.MonkeyPatch) -> None:
    """What customers write is kept as it came, card numbers and all."""
    patch.setattr(arrive, "hide_cards", lambda body, id_keys: (body, 0))


# ── Judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@BED.bug("I3", seed=6)
def outbox_in_a_second_transaction(patch: pytest.MonkeyPatch) -> None:
    """Notices are written after the commit of what they follow from."""

    async def commit(self: SqliteStore, batch: Batch) -> None:
        await self.writer.write("commit", judging.Prepared(replace(batch, notices=())).commit)
        new = outbox.prepare(batch.notices, batch.now)
        await self.writer.write("commit", lambda connection: outbox.add(connection, new))

    patch.setattr(SqliteStore, "commit", commit)


@BED.bug("I1", seed=6)
def half_a_transaction(patch: pytest.MonkeyPatch) -> None:
    """The inbox is marked, and that is committed, before the contact is written."""
    finish = inbox.finish

    def committed(connection: Connection, done: Any, parked: Any) -> None:
        finish(connection, done, parked)
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")

    patch.setattr(inbox, "finish", committed)


@BED.bug("I8", seed=2)
def breach_before_the_inbox(patch: pytest.MonkeyPatch) -> None:
    """Time passes for contacts before what waits in the inbox is judged."""
    # It needs something that waits there, and judging that comes late breaks nothing by itself.
    judge_once = Gateway.judge_once

    async def time_first(self: Gateway) -> int:
        await self.world.clock.sleep(TO_THE_DISK_S)
        async with self._turn:
            await tick(self.world, self.bench, self.world.clock.now())
        return await judge_once(self)

    patch.setattr(Gateway, "judge_once", time_first)


@BED.bug("I8", seed=2)
def breach_before_the_door(patch: pytest.MonkeyPatch) -> None:
    """Time passes for contacts while requests are on their way to the disk."""
    # It needs a disk that takes its time, which breaks nothing by itself.
    passes_to, quickly = Watermark.passes_to, gateway.receive

    async def slowly(world: World, link: Link, request: Request) -> Answer:
        await world.clock.sleep(TO_THE_DISK_S)
        return await quickly(world, link, request)

    patch.setattr(gateway, "receive", slowly)

    def careless(self: Watermark, now: int, outlook: Outlook, under_way: int | None, longest_ms: int) -> int:
        return passes_to(self, now, outlook, None, longest_ms)

    patch.setattr(Watermark, "passes_to", careless)


@BED.bug("I8", seed=1)
def another_clock(patch: pytest.MonkeyPatch) -> None:
    """Deadlines are compared with a clock that is a minute ahead of the one by which records are received."""
    look = Gateway._look

    async def ahead(self: Gateway) -> Any:
        outlook, watermark = await look(self)
        return outlook, watermark + 60_000

    patch.setattr(Gateway, "_look", ahead)


@BED.bug("I3", "I7", seed=1)
def escalation_not_unique(patch: pytest.MonkeyPatch) -> None:
    """An announcement's id has the instant of its deciding in it, and the ledger isn't asked."""

    def again(implied: Any, ledger: Any, now: int, **how: Any) -> Announced:
        found = announce(implied, {}, now, **how)
        return Announced(tuple(replace(one, id=f"{one.id}-{now}") for one in found.effects), found.entries)

    patch.setattr(judge, "announce", again)


@BED.bug("I10", seed=1)
def judged_by_the_present(patch: pytest.MonkeyPatch) -> None:
    """What comes late is judged by what the contact is now, not by what it was then."""
    continues = judge.continues
    patch.setattr(
        judge, "continues", lambda state, events, policies: bool(events) or continues(state, events, policies)
    )


@BED.bug("I10", seed=1)
def policy_of_today(patch: pytest.MonkeyPatch) -> None:
    """The policy of a reload judges what was before it, too."""
    since_of = policies._since

    def long_since(policy: Any, present: Any, now: int) -> int:
        return since_of(policy, present, now) if present is None else int(present.since) + 1

    patch.setattr(policies, "_since", long_since)


@BED.bug("I8", seed=2)
def naive_local_time(patch: pytest.MonkeyPatch) -> None:
    """Opening hours are counted from midnight, also in the nights in which clocks change."""

    def naive(zone: tzinfo, day: date, minute: int, *, is_end: bool) -> int:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        offset = midnight.utcoffset() or timedelta()
        return int((midnight.replace(tzinfo=None) - datetime(1970, 1, 1) - offset).total_seconds() + minute * 60) * 1000

    patch.setattr(calendar, "_utc", naive)


@BED.bug("I2", seed=2)
def lost_task(patch: pytest.MonkeyPatch) -> None:
    """A loop ends by the first exception of a step, and nobody notices."""

    async def fragile(self: Loop) -> None:
        try:
            while not self._stopping:
                wait_s = await self.step()
                if wait_s > 0:
                    await self._wait(wait_s)
        except Exception:
            return

    patch.setattr(Loop, "_run", fragile)


def _page(connector: str, stream: str, rows: list[dict[str, Any]], cursor: str | None, connection: Connection) -> Added:
    return inbox.add_page(connection, connector, stream, rows, cursor)


async def _quietly(work: Any) -> None:
    try:
        await work
    except Exception:
        return
