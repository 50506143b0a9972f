"""What the Store port promises of deliveries."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.kernel.store import Batch, Conflict, Delivery, Outcome, Performed
from gateway.rules.breaker import disabled
from gateway.rules.retry import answer_of
from gateway.store import SqliteStore, endpoints, outbox, performing, replaying, retention
from gateway.store.statement import Statement
from tests.store.samples import LEASE, T0, in_memory, notice, plan, with_store

ROOM = {"helpdesk": 99, "a": 99, "b": 99, "c": 99}


async def claim(store: SqliteStore, now: int = T0, probes: tuple[str, ...] = (), **room: int) -> list[Delivery]:
    return await store.claim_deliveries(now=now, lease_ms=LEASE, room=room or ROOM, probes=probes)


async def finish(store: SqliteStore, *outcomes: Outcome, now: int = T0) -> tuple[int, ...]:
    return await store.finish_deliveries(Performed(outcomes=outcomes, now=now))


def ended(delivery: Delivery, state: str = "delivered", at: int = T0, next_at: int | None = None) -> Outcome:
    return Outcome(
        delivery=delivery.id, attempt=delivery.attempt, state=state, at=at, status=200, duration_ms=3, next_at=next_at
    )


def test_a_notice_goes_to_each_endpoint_with_the_same_body() -> None:
    """One delivery an endpoint, each with the effect's id and the body byte for byte; deciding twice writes once."""

    async def check(store: SqliteStore) -> None:
        batch = Batch(notices=(notice("n1", endpoints=("a", "b")), notice("n2", endpoints=())), now=T0)
        await store.commit(batch)
        await store.commit(batch)
        claimed = await claim(store)
        assert sorted((one.effect, one.endpoint, one.attempt, one.state) for one in claimed) == [
            ("n1", "a", 1, "leased"),
            ("n1", "b", 1, "leased"),
        ]
        assert {one.body for one in claimed} == {b'{"sequence":"000000000001","id":"n1"}'}
        assert {(one.type, one.contact, one.created_at) for one in claimed} == {("sla.breached", "con_a", T0)}

    with_store(check)


def test_one_is_in_flight_per_endpoint_and_contact() -> None:
    """A later notice of a contact waits until the earlier one is delivered or dead; other contacts don't."""

    async def check(store: SqliteStore) -> None:
        new = (notice("n1"), notice("n2"), notice("n3"), notice("m1", contact="con_b"))
        await store.commit(Batch(notices=new, now=T0))
        first = await claim(store)
        assert sorted(one.effect for one in first) == ["m1", "n1"]
        n1 = next(one for one in first if one.effect == "n1")
        await finish(store, ended(n1, "ready", next_at=T0 + 5_000))
        assert await claim(store, T0 + 4_999) == []
        (n1,) = await claim(store, T0 + 5_000)
        assert (n1.effect, n1.attempt, n1.tries) == ("n1", 2, 2)
        await finish(store, ended(n1, "dead"))
        (n2,) = await claim(store, T0 + 5_000)
        await finish(store, ended(n2))
        assert [one.effect for one in await claim(store, T0 + 5_000)] == ["n3"]

    with_store(check)


def test_each_endpoint_has_its_own_room_and_the_longest_due_goes_first() -> None:
    """As many of each as it has room for; one that isn't named has none."""

    async def check(store: SqliteStore) -> None:
        for number, endpoint in enumerate(("b", "a", "c", "a")):
            await store.commit(Batch(notices=(notice(f"n{number}", f"con_{number}", (endpoint,)),), now=T0 + number))
        assert not await store.deliveries_due(now=T0 + 9, room={"x": 1})
        assert not await store.deliveries_due(now=T0 - 1, room=ROOM)
        assert await store.deliveries_due(now=T0 + 9, room=ROOM)
        assert [one.effect for one in await claim(store, T0 + 9, a=1, b=0)] == ["n1"]
        assert [one.effect for one in await claim(store, T0 + 9)] == ["n3", "n0", "n2"]
        assert await claim(store, T0 + 8 + LEASE) == []
        assert len(await claim(store, T0 + 9 + LEASE)) == 4

    with_store(check)


def test_a_lease_that_is_over_fences_its_holder_out() -> None:
    """The delivery is claimed again with the next attempt, and the first holder's outcome is refused."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"),), now=T0))
        (slow,) = await claim(store)
        assert await claim(store, T0 + LEASE - 1) == []
        (quick,) = await claim(store, T0 + LEASE)
        assert (slow.attempt, quick.attempt) == (1, 2)
        assert await finish(store, ended(slow)) == (slow.id,)
        await finish(store, ended(quick))
        assert await finish(store, ended(quick)) == (quick.id,)
        assert [tried["attempt"] for tried in await store.attempts(quick.id)] == [2]

    with_store(check)


def test_every_try_and_its_outcome_are_kept() -> None:
    """A row an attempt; the delivery shows the last status and error, and when it went through."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"),), now=T0))
        (one,) = await claim(store)
        failed = Outcome(delivery=one.id, attempt=1, state="ready", at=T0 + 1, error="refused", next_at=T0 + 5)
        await finish(store, failed)
        (waiting,) = await store.deliveries(limit=9, state="ready")
        assert (waiting.last_error, waiting.next_at, waiting.body) == ("refused", T0 + 5, b"")
        (two,) = await claim(store, T0 + 5)
        await finish(store, ended(two, at=T0 + 6))
        (done,) = await store.deliveries(limit=9, state="delivered", contact="con_a")
        assert (done.delivered_at, done.last_status, done.last_error, done.next_at) == (T0 + 6, 200, None, None)
        assert await store.attempts(one.id) == [
            {"attempt": 1, "at": T0 + 1, "status": None, "error": "refused", "duration_ms": 0},
            {"attempt": 2, "at": T0 + 6, "status": 200, "error": None, "duration_ms": 3},
        ]
        assert await store.deliveries(limit=9, contact="con_b") == []
        with pytest.raises(ValueError, match="no state of a delivery"):
            await store.deliveries(limit=9, state="odd")

    with_store(check)


def test_what_was_refused_is_counted() -> None:
    """Every 4xx that is about the notice, of this delivery alone."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1", endpoints=("a", "b")),), now=T0))
        one, other = sorted(await claim(store), key=lambda claimed: claimed.endpoint)
        statuses = [None, 399, 400, 404, 410, 422, 429, 499, 500, 200]
        for attempt, status in enumerate(statuses, 1):
            tried = Outcome(delivery=one.id, attempt=attempt, state="ready", at=T0, status=status, next_at=T0)
            assert await finish(store, tried) == ()
            await claim(store, a=1)
        assert await store.refusals(one.id) == sum(answer_of(status) == "refused" for status in statuses) == 4
        assert await store.refusals(other.id) == 0

    with_store(check)


def test_a_replay_is_one_more_try_outside_of_the_order() -> None:
    """It keeps id, sequence and bytes, holds up nothing of its contact, and is audited; its number goes on."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"), notice("n2"), notice("n3")), now=T0))
        (one,) = await claim(store)
        await finish(store, ended(one, "dead"))
        assert (await store.counts())["deliveries_dead"] == 1
        assert await store.replay_delivery(one.id, T0 + 1, "ada") == "due"
        assert [found.effect for found in await store.deliveries(limit=9, state="ready")] == ["n3", "n2", "n1"]
        two, again = await claim(store, T0 + 1)
        assert (two.effect, again.effect, two.replay, again.replay) == ("n2", "n1", False, True)
        assert (again.attempt, again.sequence, again.body) == (2, one.sequence, one.body)
        assert await store.replay_delivery(again.id, T0 + 1, "ada") == "waiting"
        assert await finish(store, ended(again, "dead"), ended(two)) == ()
        (three,) = await claim(store, T0 + 1)
        assert three.effect == "n3"
        assert await store.replay_delivery(99, T0, "ada") is None
        assert [(entry.action, entry.object, entry.detail) for entry in await store.audit(9)] == [
            ("delivery.replay", str(one.id), "waiting"),
            ("delivery.replay", str(one.id), "due"),
        ]
        assert {entry.actor for entry in await store.audit(9)} == {"ada"}

    with_store(check)


def test_a_replay_of_what_waits_makes_it_due_and_nothing_else() -> None:
    """It stays the first of its contact; its schedule and its order go on."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"), notice("n2")), now=T0))
        (one,) = await claim(store)
        await finish(store, ended(one, "ready", next_at=T0 + 60_000))
        assert await claim(store, T0 + 1) == []
        assert await store.replay_delivery(one.id, T0 + 1, "ada") == "waiting"
        assert await store.replay_delivery(one.id + 1, T0 + 1, "ada") == "waiting"
        (one,) = await claim(store, T0 + 1)
        assert (one.effect, one.tries, one.replay) == ("n1", 2, False)

    with_store(check)


def test_a_range_is_replayed_in_bounded_steps_and_audited_once() -> None:
    """By when it was made, its endpoint and its state; what waits is left alone; normal ones keep most of the room."""

    async def check(store: SqliteStore) -> None:
        for number in range(1_200):
            new = notice(f"n{number}", f"con_{number}", ("a" if number % 2 else "b",))
            await store.commit(Batch(notices=(new,), now=T0 + number // 2))
        found = await claim(store, T0 + 600, a=600, b=600)
        outcomes = [ended(one, "dead" if one.id % 4 == 1 else "delivered") for one in found if one.id != 1]
        await finish(store, *outcomes)
        before = store.writer.commits
        asked: Any = {"since": T0, "until": T0 + 600, "now": T0 + 700, "by": "ada"}
        assert await store.replay_deliveries(endpoint="a", states={"dead"}, **asked) == 0
        assert await store.replay_deliveries(endpoint="b", states={"dead"}, **asked) == 299
        assert await store.replay_deliveries(endpoint="b", states={"dead"}, **asked) == 0
        assert await store.replay_deliveries(endpoint=None, states={"delivered"}, **asked | {"until": T0 + 5}) == 7
        assert store.writer.commits - before == 10
        assert [entry.detail for entry in await store.audit(9)][2].startswith("299 of dead")
        for number in range(8):
            await store.commit(Batch(notices=(notice(f"m{number}", f"new_{number}", ("b",)),), now=T0 + 800))
        assert [one.replay for one in await claim(store, T0 + 900, b=8)] == [False] * 6 + [True] * 2
        assert [one.replay for one in await claim(store, T0 + 900, b=8)] == [False] * 2 + [True] * 6

    with_store(check)


def test_numbers_have_no_gap_and_come_never_twice() -> None:
    """Each endpoint counts for itself: through duplicates, parts that are rolled back, and what is removed."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1", endpoints=("a", "b")), notice("n2", endpoints=("a",))), now=T0))
        await store.commit(Batch(notices=(notice("n2", endpoints=("a",)), notice("n3", endpoints=("a",))), now=T0))
        stale = Batch(notices=(notice("n4", endpoints=("a",)),), done=((7, 1),), now=T0)
        results = await asyncio.gather(
            store.commit(stale), store.commit(Batch(notices=(notice("n5", endpoints=("a",)),), now=T0)),
            return_exceptions=True,
        )  # fmt: skip
        assert isinstance(results[0], Conflict)
        assert [(one.effect, one.sequence) for one in await store.notices_after("a", 0, 9)] == [
            ("n1", 1), ("n2", 2), ("n3", 3), ("n5", 4),
        ]  # fmt: skip
        while found := await claim(store):
            await finish(store, *(ended(one) for one in found))
        assert await store.remove_deliveries(T0 + 1, 99) == 5
        await store.commit(Batch(notices=(notice("n6", endpoints=("a", "b")),), now=T0))
        assert [one.sequence for one in await store.notices_after("a", 0, 9)] == [5]
        assert [one.sequence for one in await store.notices_after("b", 0, 9)] == [2]
        (after,) = await store.notices_after("a", 4, 1)
        assert after.body == b'{"sequence":"000000000005","id":"n6"}'
        assert await store.notices_after("a", 5, 9) == await store.notices_after("x", 0, 9) == []

    with_store(check)


def test_what_is_given_back_untried_waits_as_before() -> None:
    """No try is counted and none is shown; a fence that has moved is left alone."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"),), now=T0))
        (one,) = await claim(store)
        await store.finish_deliveries(Performed(returned=((one.id, 9), (one.id, one.attempt)), now=T0))
        (again,) = await claim(store)
        assert (again.attempt, again.tries, await store.attempts(one.id)) == (2, 1, [])
        await finish(store, ended(again))
        await store.replay_delivery(one.id, T0, "ada")
        (replayed,) = await claim(store)
        await store.finish_deliveries(Performed(returned=((one.id, replayed.attempt),), now=T0))
        (replayed,) = await claim(store)
        assert replayed.replay

    with_store(check)


def test_a_renewed_lease_holds_and_only_for_its_holder() -> None:
    """Whoever was overtaken prolongs nothing."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"),), now=T0))
        (one,) = await claim(store)
        await store.renew_deliveries([(one.id, one.attempt)], T0 + 2 * LEASE)
        assert await claim(store, T0 + 2 * LEASE - 1) == []
        (two,) = await claim(store, T0 + 2 * LEASE)
        await store.renew_deliveries([(one.id, one.attempt)], T0 + 9 * LEASE)
        assert [found.id for found in await claim(store, T0 + 3 * LEASE)] == [two.id]

    with_store(check)


def test_how_an_endpoint_stands_is_written_with_what_came_of_its_deliveries_or_not_at_all() -> None:
    """Under a version: whoever enabled it meanwhile is not overwritten, and then nothing else is written either."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"),), now=T0))
        state = (await store.register_endpoints(["helpdesk", "other"]))["helpdesk"]
        assert (state.sequence, state.version) == (1, 0)
        (one,) = await claim(store)
        gone = replace(state, health=disabled(state.health, T0, "gone"))
        told = notice("told", "endpoint:helpdesk", ("other",))
        done = Performed(outcomes=(ended(one, "ready", next_at=T0 + 9),), endpoints=(gone,), notices=(told,), now=T0)
        assert await store.enable_endpoint("helpdesk", T0, "ada")
        with pytest.raises(Conflict):
            await store.finish_deliveries(done)
        assert [found.state for found in await store.deliveries(limit=9)] == ["leased"]
        now_at = (await store.endpoint_states())["helpdesk"]
        assert await store.finish_deliveries(
            Performed(outcomes=done.outcomes, endpoints=(replace(now_at, health=gone.health),), notices=(told,), now=T0)
        ) == ()  # fmt: skip
        rows = {row.name: row for row in await store.endpoints()}
        assert rows["helpdesk"].health.standing(T0) == "disabled"
        assert (rows["helpdesk"].waiting, rows["helpdesk"].oldest_waiting_at) == (1, T0)
        assert (rows["other"].sequence, rows["other"].waiting) == (1, 1)
        assert not await store.enable_endpoint("unknown", T0, "ada")

    with_store(check)


def test_what_failed_is_due_when_its_endpoint_is_back_the_first_made_first() -> None:
    """For an endpoint that is enabled, one whose breaker closes, and a probe takes the oldest before it is due."""

    async def check(store: SqliteStore) -> None:
        for number in range(3):
            await store.commit(Batch(notices=(notice(f"n{number}", f"con_{number}"),), now=T0 + number))
        found = await claim(store, T0 + 9)
        await finish(store, *(ended(one, "ready", next_at=T0 + 90_000 - one.id) for one in found))
        assert await claim(store, T0 + 10) == []
        (probe,) = await claim(store, T0 + 10, ("helpdesk",), helpdesk=1)
        await finish(store, ended(probe))
        assert await store.hasten_deliveries("helpdesk", T0 + 11, 1) == 1
        assert len(await claim(store, T0 + 11)) == 1
        await store.enable_endpoint("helpdesk", T0 + 12, "ada")
        assert [one.effect for one in await claim(store, T0 + 12)] == ["n0"]

    with_store(check)


def test_an_end_comes_to_what_waits_too_long_and_to_what_ended_long_ago() -> None:
    """A few at a time, the oldest first; the notice goes with its last delivery; what is leased is left alone."""

    async def check(store: SqliteStore) -> None:
        for number in range(4):
            await store.commit(Batch(notices=(notice(f"n{number}", endpoints=("a", "b")),), now=T0 + number))
        await store.commit(Batch(notices=(notice("late", "con_b", ("a",)),), now=T0 + 50))
        (one, _) = await claim(store, T0, a=1, b=1)
        assert await store.expire_deliveries(T0 + 3, T0 + 9, 3) == 2
        assert await store.expire_deliveries(T0 + 3, T0 + 9, 9) == 2
        assert await store.expire_deliveries(T0 + 3, T0 + 9, 9) == 0
        dead = await store.deliveries(limit=9, state="dead")
        assert {(found.last_error, found.ended_at) for found in dead} == {("given up after seven days", T0 + 9)}
        await finish(store, ended(one))
        assert await store.remove_deliveries(T0, 9) == 0
        assert await store.remove_deliveries(T0 + 9, 9) == 1
        assert await store.attempts(one.id) == []
        assert await store.remove_deliveries(T0 + 10, 3) == 3
        assert await store.remove_deliveries(T0 + 10, 3) == 1
        kept = store.writer.connection.execute("SELECT effect FROM notices ORDER BY 1").fetchall()
        assert [effect for (effect,) in kept] == ["late", "n0", "n3"]

    with_store(check)


@pytest.mark.parametrize(
    "statement",
    [
        performing._due, performing._oldest, performing._replays, performing._next_due, performing._next_replay,
        performing._elect, performing._hasten, performing._release, endpoints._oldest, endpoints._how_many,
        retention._too_old, retention._ended, replaying._made, outbox._after, outbox._refusals,
    ],
)  # fmt: skip
def test_no_step_walks_all_deliveries(statement: Statement) -> None:
    """However much waits at one endpoint or has ended: each finds its rows by a range of an index, in order."""

    async def check(store: SqliteStore) -> None:
        steps = plan(store, statement)
        assert [step for step in steps if step.startswith("SCAN deliveries")] == [], steps
        assert [step for step in steps if "TEMP B-TREE" in step] == [], steps

    with_store(check)


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "claim", "delivered", "dead", "retry", "replay"]), st.integers(0, 5)), max_size=40
)


@given(STEPS)
def test_whatever_happens_a_pair_has_one_in_flight_and_none_is_stuck(steps: list[tuple[str, int]]) -> None:
    """After any story, at most one delivery of a pair is in flight, and all that is ready goes through in the end."""

    async def story() -> None:
        async with in_memory() as store:
            held: list[Delivery] = []
            now = T0
            for number, (step, choice) in enumerate(steps):
                now += 1
                if step == "add":
                    await store.commit(Batch(notices=(notice(f"n{number}", f"con_{choice % 2}"),), now=now))
                elif step == "claim":
                    held += await store.claim_deliveries(now=now, lease_ms=10**9, room={"helpdesk": choice + 1})
                    pairs = [(one.endpoint, one.contact) for one in held if not one.replay]
                    assert len(pairs) == len(set(pairs))
                elif step == "replay":
                    await store.replay_delivery(choice, now, "ada")
                elif held:
                    one = held.pop(choice % len(held))
                    state = "ready" if step == "retry" and not one.replay else step.replace("retry", "dead")
                    await finish(store, ended(one, state, now, now + 3 if state == "ready" else None))
            for _ in range(2 * len(steps) + 2):
                for one in held:
                    await finish(store, ended(one, at=now))
                now += 10
                held = await store.claim_deliveries(now=now, lease_ms=10**9, room={"helpdesk": 9})
            assert (await store.counts())["deliveries_ready"] == 0
            assert await store.deliveries(limit=9, state="ready") == []

    asyncio.run(story())
