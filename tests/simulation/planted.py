"""Bugs that are planted into the gateway to see whether the simulation finds them: each is one that others have had.

A bug is a patch of the real code, made for one universe and taken back after it. Its `seed` is one under which it is
known to be found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.engine import attempt, judge, process, receive, retain
from gateway.engine.gateway import Gateway
from gateway.engine.receive import Answer
from gateway.engine.supervise import Loop
from gateway.engine.tick import Watermark
from gateway.kernel.outbox import Outcome, Performed
from gateway.kernel.ports import NetRequest
from gateway.kernel.store import Added, Batch, Outlook
from gateway.rules import breaker, calendar
from gateway.rules.announce import Announced, announce
from gateway.store import connections, inbox, judging, outbox, performing
from gateway.store.library import Connection
from gateway.store.sqlite import SqliteStore
from gateway.store.statement import Statement, value
from gateway.store.writer import Writer

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Bug:
    """A bug, in words, and a seed under which it is known to be found."""

    name: str
    words: str
    plant: Plant
    seed: int = 0


_plants: list[Bug] = []


def _bug(plant: Plant) -> Plant:
    _plants.append(Bug(plant.__name__, (plant.__doc__ or "").strip(), plant))
    return plant


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant a bug for a while; none where no name is given. Raises KeyError for a bug that doesn't exist."""
    if name is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        bugs()[name].plant(patch)
        yield


def bugs() -> Mapping[str, Bug]:
    """Every bug, by its name."""
    return {bug.name: bug for bug in _plants}


# ── What comes in ────────────────────────────────────────────────────────────────────────────────────────────────────
@_bug
def ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The sender is told 202 before its records are on the disk."""
    add = Writer.add

    async def soon(self: Writer[Any, Any], name: str, asked: Sequence[Any]) -> Added:
        self._spawn.task("add later", _quietly(add(self, name, asked)))
        return Added(accepted=len(asked), duplicates=0)

    patch.setattr(Writer, "add", soon)


@_bug
def accepted_when_full(patch: pytest.MonkeyPatch) -> None:
    """A full disk is answered by a 202, since the sender can't do anything about it anyway."""
    patch.setattr(receive, "unavailable", lambda why: Answer(status=202, body=b'{"accepted":0,"duplicates":0}'))


@_bug
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


@_bug
def cursor_saved_first(patch: pytest.MonkeyPatch) -> None:
    """The cursor of a page is written in a transaction before that of its rows."""

    async def page(self: SqliteStore, connector: str, stream: str, records: Any, cursor: str | None) -> Added:
        rows = inbox.rows_of(connector, records)
        await self.writer.write("add_page", partial(_page, connector, stream, [], cursor))
        added: Added = await self.writer.write("add_page", lambda connection: inbox.add(connection, rows))
        return added

    patch.setattr(SqliteStore, "add_page", page)


@_bug
def id_above_last(patch: pytest.MonkeyPatch) -> None:
    """The inbox is read by a cursor over its ids."""
    claim = inbox.claim

    def above(connection: Connection, now: int, lease_ms: int, limit: int) -> list[Any]:
        connection.execute("CREATE TABLE IF NOT EXISTS last (id INTEGER NOT NULL)")
        (last,) = connection.execute("SELECT COALESCE(MAX(id), 0) FROM last").fetchone()
        rows = [row for row in claim(connection, now, lease_ms, limit) if row.id > last]
        connection.executemany("INSERT INTO last VALUES (?)", [(row.id,) for row in rows])
        return rows

    patch.setattr(inbox, "claim", above)


@_bug
def parked_as_done(patch: pytest.MonkeyPatch) -> None:
    """What can't be normalized is marked as done, and nobody sees it."""

    def done(batch: Batch, tellings: Sequence[Any]) -> Batch:
        found = with_rows(batch, tellings)
        return replace(found, done=(*found.done, *((id, fence) for id, fence, _ in found.parked)), parked=())

    with_rows = process._with_rows
    patch.setattr(process, "_with_rows", done)


# ── Judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@_bug
def outbox_in_a_second_transaction(patch: pytest.MonkeyPatch) -> None:
    """Notices are written after the commit of what they follow from."""

    async def commit(self: SqliteStore, batch: Batch) -> None:
        await self.writer.write("commit", judging.Prepared(replace(batch, notices=())).commit)
        new = outbox.prepare(batch.notices, batch.now)
        await self.writer.write("commit", lambda connection: outbox.add(connection, new))

    patch.setattr(SqliteStore, "commit", commit)


@_bug
def half_a_transaction(patch: pytest.MonkeyPatch) -> None:
    """The inbox is marked, and that is committed, before the contact is written."""
    finish = inbox.finish

    def committed(connection: Connection, done: Any, parked: Any) -> None:
        finish(connection, done, parked)
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")

    patch.setattr(inbox, "finish", committed)


@_bug
def breach_before_the_inbox(patch: pytest.MonkeyPatch) -> None:
    """Time passes for contacts whatever still waits to be judged."""
    patch.setattr(Watermark, "passes_to", lambda self, now, *_: now)


@_bug
def breach_before_the_door(patch: pytest.MonkeyPatch) -> None:
    """Time passes for contacts while requests are on their way to the disk."""
    passes_to = Watermark.passes_to

    def careless(self: Watermark, now: int, outlook: Outlook, under_way: int | None, longest_ms: int) -> int:
        return passes_to(self, now, outlook, None, longest_ms)

    patch.setattr(Watermark, "passes_to", careless)


@_bug
def another_clock(patch: pytest.MonkeyPatch) -> None:
    """Deadlines are compared with a clock that is a minute ahead of the one by which records are received."""
    look = Gateway._look

    async def ahead(self: Gateway) -> Any:
        outlook, watermark = await look(self)
        return outlook, watermark + 60_000

    patch.setattr(Gateway, "_look", ahead)


@_bug
def escalation_not_unique(patch: pytest.MonkeyPatch) -> None:
    """An announcement's id has the instant of its deciding in it, and the ledger isn't asked."""

    def again(implied: Any, ledger: Any, now: int, *, live_from: int, whole: bool) -> Announced:
        found = announce(implied, {}, now, live_from=live_from, whole=whole)
        return Announced(tuple(replace(one, id=f"{one.id}-{now}") for one in found.effects), found.entries)

    patch.setattr(judge, "announce", again)


@_bug
def naive_local_time(patch: pytest.MonkeyPatch) -> None:
    """Opening hours are counted from midnight, also in the nights in which clocks change."""

    def naive(zone: tzinfo, day: date, minute: int, *, is_end: bool) -> int:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        offset = midnight.utcoffset() or timedelta()
        return int((midnight.replace(tzinfo=None) - datetime(1970, 1, 1) - offset).total_seconds() + minute * 60) * 1000

    patch.setattr(calendar, "_utc", naive)


@_bug
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


# ── Delivering ───────────────────────────────────────────────────────────────────────────────────────────────────────
@_bug
def lease_without_fence(patch: pytest.MonkeyPatch) -> None:
    """An outcome is written whoever holds the delivery now."""
    end = performing._end
    current = Statement(performing.sa.select(performing._d.attempt).where(performing._d.id == value("row")))

    def unfenced(connection: Connection, outcome: Outcome) -> Any:
        row = current.one(connection, row=outcome.delivery)
        connection.execute("UPDATE deliveries SET state = 'leased' WHERE id = ?", (outcome.delivery,))
        return end(connection, outcome if row is None else replace(outcome, attempt=row[0]))

    patch.setattr(performing, "_end", unfenced)


@_bug
def retries_while_open(patch: pytest.MonkeyPatch) -> None:
    """Deliveries go on being tried while the breaker of their endpoint is open."""
    patch.setattr(breaker, "room", lambda health, limit, now: limit)


@_bug
def no_order(patch: pytest.MonkeyPatch) -> None:
    """Every delivery may go at once, whatever of its contact stands before it."""
    add = outbox.add

    def at_once(connection: Connection, new: Any) -> None:
        add(connection, new)
        connection.execute("UPDATE deliveries SET due = next_at WHERE state = 'ready' AND due IS NULL")

    patch.setattr(outbox, "add", at_once)


@_bug
def new_id_for_each_try(patch: pytest.MonkeyPatch) -> None:
    """Each try of a notice has a `webhook-id` of its own."""
    sign = attempt.sign
    patch.setattr(attempt, "sign", lambda secrets, id, at, body: sign(secrets, f"{id}-{at}", at, body))


@_bug
def body_made_anew(patch: pytest.MonkeyPatch) -> None:
    """A notice is put into words again for each try."""

    def spaced(method: str, url: str, headers: Any, body: bytes, reach: Any) -> NetRequest:
        return NetRequest(method, url, headers, body + b" " * (int(headers["webhook-timestamp"]) % 7), reach)

    patch.setattr(attempt, "NetRequest", spaced)


@_bug
def any_answer_is_delivered(patch: pytest.MonkeyPatch) -> None:
    """A receiver that answers has got it, whatever it answers."""
    answer_of = attempt.answer_of
    patch.setattr(attempt, "answer_of", lambda status: answer_of(status and 200))


@_bug
def given_up_after_an_hour(patch: pytest.MonkeyPatch) -> None:
    """What could not be delivered for an hour is given up."""
    patch.setattr(retain, "KEPT_MS", 3_600_000)


@_bug
def dropped_when_many_wait(patch: pytest.MonkeyPatch) -> None:
    """The queue of an endpoint has a bound, and what doesn't fit is dropped."""
    add = outbox.add

    def bounded(connection: Connection, new: Any) -> None:
        waiting = dict(
            connection.execute(
                "SELECT endpoint, COUNT(*) FROM deliveries WHERE next_at IS NOT NULL GROUP BY 1"
            ).fetchall()
        )
        add(connection, new._replace(deliveries=[row for row in new.deliveries if waiting.get(row["to"], 0) < 5]))

    patch.setattr(outbox, "add", bounded)


@_bug
def outcome_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What came of a delivery is noted only if the disk takes it at the first time."""
    finish = SqliteStore.finish_deliveries

    async def once(self: SqliteStore, performed: Performed) -> tuple[int, ...]:
        try:
            return await finish(self, performed)
        except Exception:
            return ()

    patch.setattr(SqliteStore, "finish_deliveries", once)


# ── The disk ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@_bug
def synchronous_normal(patch: pytest.MonkeyPatch) -> None:
    """A commit doesn't wait for the disk: a crash of the process shows nothing, a power cut does."""
    open_writer = connections.open_writer

    def hasty(driver: Any, path: str) -> Connection:
        connection = open_writer(driver, path)
        connection.execute("PRAGMA synchronous = NORMAL").fetchall()
        return connection

    patch.setattr(connections, "open_writer", hasty)


def _page(connector: str, stream: str, rows: list[dict[str, Any]], cursor: str | None, connection: Connection) -> Added:
    return inbox.add_page(connection, connector, stream, rows, cursor)


async def _quietly(work: Any) -> None:
    try:
        await work
    except Exception:
        return
