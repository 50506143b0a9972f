"""Planted bugs of the way out, and of the disk: what is announced is lost, changed, or comes too often."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.engine import attempt, perform
from gateway.engine.lane import Lane
from gateway.engine.perform import Performer
from gateway.kernel.outbox import Outcome, Performed
from gateway.rules import breaker
from gateway.store import connections, endpoints, outbox, performing
from gateway.store.library import Connection
from gateway.store.sqlite import SqliteStore
from gateway.store.statement import Statement, value
from tests.simulation.bugs.bug import Bed

BED = Bed()


# ── Delivering ───────────────────────────────────────────────────────────────────────────────────────────────────────
class _Flights(dict[int, Any]):
    """What is under way, some of it twice: each ends under its own claim."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: defaultdict[int, list[Any]] = defaultdict(list)

    def __setitem__(self, id: int, delivery: Any) -> None:
        self.claims[id].append(delivery)
        super().__setitem__(id, delivery)

    def pop(self, id: int, *_: Any) -> Any:
        super().pop(id, None)
        return self.claims[id].pop(0)


@BED.bug("I5", seed=7)
def lease_without_fence(patch: pytest.MonkeyPatch) -> None:
    """Leases aren't renewed, and an outcome is written whoever holds the delivery now."""
    end = performing._end
    current = Statement(performing.sa.select(performing._d.attempt).where(performing._d.id == value("row")))

    async def never(self: Performer, now: int) -> None:
        return

    def blindly(self: Lane, claimed: Iterable[Any], now: int) -> None:
        if not isinstance(self.flying, _Flights):
            self.flying = _Flights()
        self.waiting.extend(claimed)

    def unfenced(connection: Connection, outcome: Outcome) -> Any:
        row = current.one(connection, row=outcome.delivery)
        connection.execute("UPDATE deliveries SET state = 'leased' WHERE id = ?", (outcome.delivery,))
        return end(connection, outcome if row is None else replace(outcome, attempt=row[0]))

    patch.setattr(Performer, "_renew", never)
    patch.setattr(Lane, "take", blindly)
    patch.setattr(performing, "_end", unfenced)


@BED.bug("I15", seed=7)
def retries_while_open(patch: pytest.MonkeyPatch) -> None:
    """Deliveries go on being tried while the breaker of their endpoint is open."""
    patch.setattr(breaker, "room", lambda health, limit, now: limit)


@BED.bug("I6", seed=7)
def no_order(patch: pytest.MonkeyPatch) -> None:
    """Every delivery may go at once, whatever of its contact stands before it."""
    add = outbox.add

    def at_once(connection: Connection, new: Any) -> None:
        add(connection, new)
        connection.execute("UPDATE deliveries SET due = next_at WHERE state = 'ready' AND due IS NULL")

    patch.setattr(outbox, "add", at_once)


@BED.bug("I4", seed=1)
def new_id_for_each_try(patch: pytest.MonkeyPatch) -> None:
    """Each try of a notice has a `webhook-id` of its own."""
    sign = attempt.sign
    patch.setattr(attempt, "sign", lambda secrets, id, at, body: sign(secrets, f"{id}-{at}", at, body))


@BED.bug("I4", seed=1)
def body_made_anew(patch: pytest.MonkeyPatch) -> None:
    """A notice is put into words again for each try."""
    attempt_once = attempt.attempt

    async def worded(world: Any, endpoint: Any, delivery: Any) -> Any:
        spaces = b" " * (world.clock.now() // 1_000 % 7)
        return await attempt_once(world, endpoint, replace(delivery, body=delivery.body + spaces))

    patch.setattr(perform, "attempt", worded)


@BED.bug("I4", seed=2)
def replay_with_a_new_id(patch: pytest.MonkeyPatch) -> None:
    """What goes once more is something new, with a `webhook-id` of its own."""
    headers = attempt._headers

    def renamed(endpoint: Any, delivery: Any, now: int) -> Any:
        again = f"{delivery.effect}-again" if delivery.replay else delivery.effect
        return headers(endpoint, replace(delivery, effect=again), now)

    patch.setattr(attempt, "_headers", renamed)


@BED.bug("I4", seed=7)
def any_answer_is_delivered(patch: pytest.MonkeyPatch) -> None:
    """A receiver that answers has got it, whatever it answers."""
    answer_of = attempt.answer_of
    patch.setattr(attempt, "answer_of", lambda status: answer_of(status and 200))


@BED.bug("I4", seed=60)
def given_up_after_an_hour(patch: pytest.MonkeyPatch) -> None:
    """What could not be delivered for an hour is given up."""
    expire = SqliteStore.expire_deliveries

    async def soon(self: SqliteStore, before: int, now: int, limit: int) -> int:
        return await expire(self, now - 3_600_000, now, limit)

    patch.setattr(SqliteStore, "expire_deliveries", soon)


@BED.bug("I3", seed=7)
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


@BED.bug("I5", seed=2)
def outcome_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What came of a delivery is noted only if the disk takes it at the first time."""
    finish = SqliteStore.finish_deliveries

    async def once(self: SqliteStore, performed: Performed) -> tuple[int, ...]:
        try:
            return await finish(self, performed)
        except Exception:
            return ()

    patch.setattr(SqliteStore, "finish_deliveries", once)


@BED.bug("I15", seed=60)
def pauses_ignored(patch: pytest.MonkeyPatch) -> None:
    """A `Retry-After` is for the notice that was answered so, not for the others."""
    patch.setattr(attempt, "pause_asked", lambda status, asked_ms: None)


@BED.bug("I15", seed=7)
def no_slow_start(patch: pytest.MonkeyPatch) -> None:
    """A receiver that is back gets all that has waited for it at once."""
    answered = breaker._answered

    def at_once(health: Any) -> Any:
        step = answered(health)
        return breaker.Step(replace(step.health, ramp=None), step.told)

    patch.setattr(breaker, "_answered", at_once)


@BED.bug("I6", seed=2)
def numbers_counted_in_memory(patch: pytest.MonkeyPatch) -> None:
    """The numbers of notices are counted in memory: what is rolled back leaves a gap."""
    given: dict[tuple[int, str], int] = {}
    next_numbers = endpoints.next_numbers

    def counted(connection: Connection, wanted: Mapping[str, int]) -> dict[str, Iterator[int]]:
        numbers = {}
        for name, count in wanted.items():
            known = given.get((id(connection), name), 0)
            (first, *_) = next_numbers(connection, {name: count})[name]
            if known >= first:
                next_numbers(connection, {name: known + 1 - first})
                first = known + 1
            given[id(connection), name] = first + count - 1
            numbers[name] = iter(range(first, first + count))
        return numbers

    patch.setattr(endpoints, "next_numbers", counted)


@BED.bug("I12", seed=1)
def secret_in_the_log(patch: pytest.MonkeyPatch) -> None:
    """What a receiver refuses is logged with the key that signed it."""
    attempt_once = attempt.attempt

    async def logged(world: Any, endpoint: Any, delivery: Any) -> Any:
        found = await attempt_once(world, endpoint, delivery)
        if found.answer != "delivered":
            keys = [base64.b64encode(secret._key).decode() for secret in endpoint.secrets]
            world.log.debug("delivery_refused", keys=keys)
        return found

    patch.setattr(perform, "attempt", logged)


# ── The disk ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@BED.bug("I1", seed=4)
def synchronous_normal(patch: pytest.MonkeyPatch) -> None:
    """A commit doesn't wait for the disk: a crash of the process shows nothing, a power cut does."""
    open_writer = connections.open_writer

    def hasty(driver: Any, path: str) -> Connection:
        connection = open_writer(driver, path)
        connection.execute("PRAGMA synchronous = NORMAL").fetchall()
        return connection

    patch.setattr(connections, "open_writer", hasty)
