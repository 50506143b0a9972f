"""What the Store port promises of deliveries."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.store import Batch, Conflict, Delivery, Outcome
from gateway.store import SqliteStore
from tests.store.samples import LEASE, T0, in_memory, notice, with_store


async def claim(store: SqliteStore, now: int = T0, limit: int = 99, busy: tuple[str, ...] = ()) -> list[Delivery]:
    return await store.claim_deliveries(now=now, lease_ms=LEASE, limit=limit, busy=busy)


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
        assert {one.body for one in claimed} == {b'{"id":"n1"}'}
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
        await store.finish_delivery(ended(n1, "ready", next_at=T0 + 5_000))
        assert await claim(store, T0 + 4_999) == []
        (n1,) = await claim(store, T0 + 5_000)
        assert (n1.effect, n1.attempt, n1.tries) == ("n1", 2, 2)
        await store.finish_delivery(ended(n1, "dead"))
        (n2,) = await claim(store, T0 + 5_000)
        await store.finish_delivery(ended(n2))
        assert [one.effect for one in await claim(store, T0 + 5_000)] == ["n3"]

    with_store(check)


def test_busy_endpoints_are_left_alone_and_the_longest_due_goes_first() -> None:
    """Nothing is claimed for an endpoint in `busy`; the limit takes the most overdue of all the others."""

    async def check(store: SqliteStore) -> None:
        for number, endpoint in enumerate(("b", "a", "c", "a")):
            await store.commit(Batch(notices=(notice(f"n{number}", f"con_{number}", (endpoint,)),), now=T0 + number))
        assert [one.effect for one in await claim(store, T0 + 9, limit=2, busy=("b",))] == ["n1", "n2"]
        assert [one.effect for one in await claim(store, T0 + 9)] == ["n0", "n3"]
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
        with pytest.raises(Conflict):
            await store.finish_delivery(ended(slow))
        await store.finish_delivery(ended(quick))
        with pytest.raises(Conflict):
            await store.finish_delivery(ended(quick))
        assert [tried["attempt"] for tried in await store.attempts(quick.id)] == [2]

    with_store(check)


def test_every_try_and_its_outcome_are_kept() -> None:
    """A row an attempt; the delivery shows the last status and error, and when it went through."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"),), now=T0))
        (one,) = await claim(store)
        failed = Outcome(delivery=one.id, attempt=1, state="ready", at=T0 + 1, error="refused", next_at=T0 + 5)
        await store.finish_delivery(failed)
        (waiting,) = await store.deliveries(limit=9, state="ready")
        assert (waiting.last_error, waiting.next_at, waiting.body) == ("refused", T0 + 5, b"")
        (two,) = await claim(store, T0 + 5)
        await store.finish_delivery(ended(two, at=T0 + 6))
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


def test_a_dead_delivery_can_be_replayed() -> None:
    """It is due at once with a fresh count of tries; its numbers go on, so that no old try passes for a new one."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(notices=(notice("n1"), notice("n2")), now=T0))
        (one,) = await claim(store)
        await store.finish_delivery(ended(one, "dead"))
        assert (await store.counts())["deliveries_dead"] == 1
        (two,) = await claim(store)
        assert await store.replay_delivery(one.id, T0 + 1) is True
        assert await claim(store, T0 + 1) == []
        await store.finish_delivery(ended(two, "ready", next_at=T0 + 2))
        (again,) = await claim(store, T0 + 9)
        assert (again.id, again.attempt, again.tries) == (one.id, 2, 1)
        assert await store.replay_delivery(one.id, T0 + 9) is True
        assert await claim(store, T0 + 9) == []
        assert await store.replay_delivery(99, T0) is False
        counts = await store.counts()
        assert (counts["deliveries_ready"], counts["deliveries_dead"]) == (2, 0)

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
                    held += await store.claim_deliveries(now=now, lease_ms=10**9, limit=choice + 1, busy=())
                    pairs = [(one.endpoint, one.contact) for one in held]
                    assert len(pairs) == len(set(pairs))
                elif step == "replay":
                    await store.replay_delivery(choice, now)
                elif held:
                    one = held.pop(choice % len(held))
                    state = "ready" if step == "retry" else step
                    await store.finish_delivery(ended(one, state, now, now + 3 if step == "retry" else None))
            for _ in range(2 * len(steps) + 2):
                for one in held:
                    await store.finish_delivery(ended(one, at=now))
                now += 10
                held = await store.claim_deliveries(now=now, lease_ms=10**9, limit=9, busy=())
            assert (await store.counts())["deliveries_ready"] == 0

    asyncio.run(story())
