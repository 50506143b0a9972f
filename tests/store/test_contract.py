"""What the Store port promises of records, look-ups and what is in force."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.kernel.store import Added, Batch, Conflict, FetchKey, LookUp, Outlook
from gateway.model.record import Record
from gateway.store import SqliteStore
from gateway.store.notes import NOTE_BYTES_MAX
from tests.store.samples import (
    LEASE,
    T0,
    fetch_ref,
    in_memory,
    oldest_look_up,
    oldest_waiting,
    on_file,
    record,
    row,
    with_store,
)


def test_a_key_counts_once_within_its_connector() -> None:
    """A key seen before is a duplicate, in one call, in one shared commit, and later; records without one all count."""

    async def check(store: SqliteStore) -> None:
        assert await store.add_records("a", [record("1"), record("1"), record("2")]) == Added(2, 1)
        both = await asyncio.gather(store.add_records("a", [record("3")]), store.add_records("a", [record("3")]))
        assert sorted(added.accepted for added in both) == [0, 1]
        assert await store.add_records("a", [record("2"), record("3")]) == Added(0, 2)
        assert await store.add_records("b", [record("2")]) == Added(1, 0)
        assert await store.add_records("a", [record(), record()]) == Added(2, 0)
        assert await store.add_records("a", []) == Added(0, 0)

    with_store(check)


def test_a_record_comes_back_as_it_came() -> None:
    """Body, key, form, stream and receipt survive byte for byte; half a surrogate in a key is spelt out."""

    async def check(store: SqliteStore) -> None:
        given = Record(body=b"\x00\xff{", form="row", key="k", stream="tickets", received_at=T0)
        await store.add_records("a", [given, record("\udcff")])
        claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        assert claimed[0].record == given
        assert (claimed[0].connector, claimed[0].attempt, claimed[0].state) == ("a", 1, "leased")
        assert claimed[1].record.key == "\\udcff"

    with_store(check)


def test_claims_are_leased_oldest_first_and_fenced() -> None:
    """A leased row is nobody else's until its lease is over; then it is claimed again, and the first holder is out."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("a", [record(str(number)) for number in range(3)])
        first = await store.claim_records(now=T0, lease_ms=LEASE, limit=2)
        assert [found.record.key for found in first] == ["0", "1"]
        second = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        assert [found.record.key for found in second] == ["2"]
        assert await store.claim_records(now=T0 + LEASE - 1, lease_ms=LEASE, limit=9) == []
        again = [(await store.claim_records(now=T0 + LEASE, lease_ms=LEASE, limit=9))[0] for _ in range(3)]
        assert [(found.id, found.attempt) for found in again] == [(found.id, 2) for found in (*first, *second)]
        with pytest.raises(Conflict):
            await store.commit(Batch(done=((first[0].id, 1),), now=T0))
        await store.commit(Batch(done=((first[0].id, 2),), now=T0))
        with pytest.raises(Conflict):
            await store.commit(Batch(done=((first[0].id, 2),), now=T0))

    with_store(check)


def test_every_connector_has_its_turn() -> None:
    """A connector with much that waits keeps no other waiting: shares are equal, and what one leaves goes to others."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("busy", [record(at=T0 + number) for number in range(50)])
        await store.add_records("calm", [record(at=T0 + 90), record(at=T0 + 91)])
        await store.add_records("slow", [record(at=T0 + 95)])
        claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        shares = Counter(found.connector for found in claimed)
        assert shares == {"busy": 6, "calm": 2, "slow": 1}
        assert [found.record.received_at - T0 for found in claimed] == [*range(6), 90, 91, 95]
        claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=2)
        assert [found.record.received_at - T0 for found in claimed] == [6, 7]

    with_store(check)


def test_of_a_connector_what_was_received_first_comes_first() -> None:
    """A request that took longer to its commit than a later one has not lost its place."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("a", [record(at=T0 + 2), record(at=T0), record(at=T0 + 1)])
        order = [await store.claim_records(now=T0, lease_ms=LEASE, limit=1) for _ in range(3)]
        assert [found.record.received_at - T0 for (found,) in order] == [0, 1, 2]

    with_store(check)


def test_an_outlook_is_what_waits() -> None:
    """Whether any record can be claimed, the oldest receipt and look-up of these connectors, and who is due first."""

    async def check(store: SqliteStore) -> None:
        assert await store.outlook(now=T0, connectors=["a"]) == Outlook(False, None, None, None)
        await store.add_records("a", [record(at=T0 + 2), record(at=T0 + 1)])
        asked = LookUp(FetchKey("a", fetch_ref()), "thin push", T0 - 5)
        await store.commit(Batch(fetches=(asked,), contacts=(row("1", next_due=T0 + 7),), now=T0))
        assert await store.outlook(now=T0, connectors=["a"]) == Outlook(True, T0 + 1, T0 - 5, T0 + 7)
        assert await store.outlook(now=T0, connectors=["b"]) == Outlook(True, None, None, T0 + 7)
        claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        assert (await store.outlook(now=T0, connectors=["a"])).claimable is False
        assert (await store.outlook(now=T0 + LEASE, connectors=["a"])).claimable is True
        done = Batch(done=tuple((found.id, found.attempt) for found in claimed), now=T0)
        await store.commit(done)
        assert await store.outlook(now=T0 + LEASE, connectors=["a"]) == Outlook(False, None, T0 - 5, T0 + 7)

    with_store(check)


def test_a_batch_with_one_lost_fence_writes_nothing() -> None:
    """All or nothing: neither the other rows nor the contact of the batch are written."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("a", [record("1"), record("2")])
        one, two = await store.claim_records(now=T0, lease_ms=LEASE, limit=2)
        lost = Batch(done=((one.id, 1),), parked=((two.id, 7, "bad"),), contacts=(row("1"),), now=T0)
        with pytest.raises(Conflict):
            await store.commit(lost)
        assert await store.contacts(limit=9) == []
        await store.commit(Batch(done=((one.id, 1),), parked=((two.id, 1, "bad"),), now=T0))

    with_store(check)


def test_a_parked_record_is_listed_and_can_be_replayed() -> None:
    """Parked rows show their reason; replayed, they are ready once more, and their old fence is out."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("a", [record("1", b"raw"), record("2")])
        one, two = await store.claim_records(now=T0, lease_ms=LEASE, limit=2)
        await store.commit(Batch(parked=((one.id, 1, "no such field"),), done=((two.id, 1),), now=T0))
        (parked,) = await store.inbox(limit=9, state="parked")
        assert (parked.id, parked.reason, parked.body, parked.state) == (one.id, "no such field", b"raw", "parked")
        assert [listed.id for listed in await store.inbox(limit=9)] == [two.id, one.id]
        assert (await store.counts())["inbox_parked"] == 1
        assert await store.replay_record(one.id, T0, "me") is True
        assert await store.replay_record(two.id, T0, "me") is True
        assert await store.replay_record(99, T0, "me") is False
        assert [(listed.state, listed.reason) for listed in await store.inbox(limit=9)] == [("ready", None)] * 2
        again = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        assert [(found.id, found.attempt) for found in again] == [(one.id, 2), (two.id, 2)]
        assert await store.replay_record(one.id, T0, "me") is True
        assert await store.claim_records(now=T0, lease_ms=LEASE, limit=9) == []
        with pytest.raises(ValueError, match="no state of a record"):
            await store.inbox(limit=1, state="'; drop table inbox")

    with_store(check)


def test_oldest_waiting_sees_ready_and_leased_records_of_these_connectors() -> None:
    """Receipt of the oldest that is neither done nor parked."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("a", [record(at=T0 + 2), record(at=T0 + 1)])
        await store.add_records("b", [record(at=T0)])
        assert await oldest_waiting(store, ["a"]) == T0 + 1
        assert await oldest_waiting(store, ["a", "b"]) == T0
        assert await oldest_waiting(store, ["c"]) is None
        claimed = await store.claim_records(now=T0 + 9, lease_ms=LEASE, limit=9)
        assert await oldest_waiting(store, ["a", "b"]) == T0
        await store.commit(Batch(done=tuple((found.id, 1) for found in claimed[1:]), now=T0))
        assert await oldest_waiting(store, ["a", "b"]) == T0 + 2

    with_store(check)


def test_a_page_and_its_cursor_are_one() -> None:
    """A cursor is None before the first page, and moves with the rows of each page."""

    async def check(store: SqliteStore) -> None:
        assert await store.cursor("a", "tickets") is None
        assert await store.add_page("a", "tickets", [record("1"), record("2")], "c1") == Added(2, 0)
        assert await store.add_page("a", "tickets", [record("2")], "c2") == Added(0, 1)
        assert await store.cursor("a", "tickets") == "c2"
        assert await store.cursor("a", "users") is None

    with_store(check)


def test_look_ups_of_one_object_coalesce() -> None:
    """Asked for twice, an object is looked up once; asked for again while under way, it stays open."""

    async def check(store: SqliteStore) -> None:
        key = FetchKey("a", fetch_ref())
        asked = Batch(fetches=(LookUp(key, "thin push", T0),), now=T0)
        await store.commit(asked)
        await store.commit(asked)
        (claimed,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
        assert (claimed.key, claimed.reason, claimed.attempt) == (key, "thin push", 1)
        assert await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9) == []
        await store.commit(asked)
        await store.finish_fetch(claimed, [record("answer")])
        (again,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
        assert again.attempt == 1
        await store.finish_fetch(again, [])
        assert await store.claim_fetches(connector="a", now=T0 + 10 * LEASE, lease_ms=LEASE, limit=9) == []
        assert [listed.key for listed in await store.inbox(limit=9)] == ["answer"]

    with_store(check)


def test_a_look_up_is_fenced_and_can_be_postponed() -> None:
    """Whoever lost the lease is refused, even when the row has been made anew since, and its records are not added."""

    async def check(store: SqliteStore) -> None:
        key = FetchKey("a", fetch_ref())
        await store.commit(Batch(fetches=(LookUp(key, "x", T0),), now=T0))
        (slow,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
        (quick,) = await store.claim_fetches(connector="a", now=T0 + LEASE, lease_ms=LEASE, limit=9)
        assert quick.attempt == 2
        for lost in (store.finish_fetch(slow, [record("late")]), store.postpone_fetch(slow, T0, "x")):
            with pytest.raises(Conflict):
                await lost
        await store.postpone_fetch(quick, T0 + 60_000, "429")
        await store.commit(Batch(fetches=(LookUp(key, "again", T0 + LEASE),), now=T0 + LEASE))
        assert await store.claim_fetches(connector="a", now=T0 + 59_999, lease_ms=LEASE, limit=9) == []
        (third,) = await store.claim_fetches(connector="a", now=T0 + 60_000, lease_ms=LEASE, limit=9)
        assert (third.attempt, third.reason) == (3, "again")
        await store.finish_fetch(third, [])
        await store.commit(Batch(fetches=(LookUp(key, "anew", T0 + 70_000),), now=T0 + 70_000))
        await store.claim_fetches(connector="a", now=T0 + 70_000, lease_ms=LEASE, limit=9)
        with pytest.raises(Conflict):
            await store.finish_fetch(slow, [record("late")])
        assert await store.inbox(limit=9) == []

    with_store(check)


def test_look_ups_wait_by_connector() -> None:
    """Each connector's are claimed by themselves, the longest due first, of these the first asked for; who has none due
    is not named."""

    async def check(store: SqliteStore) -> None:
        def asked(connector: str, id: str, at: int) -> LookUp:
            return LookUp(FetchKey(connector, fetch_ref(id)), "x", at)

        assert await store.look_ups_due(T0) == []
        await store.commit(Batch(fetches=(asked("b", "1", T0 - 1), asked("b", "2", T0 - 3)), now=T0))
        await store.commit(Batch(fetches=(asked("a", "3", T0), asked("a", "4", T0)), now=T0 + 10))
        await store.commit(Batch(fetches=(asked("b", "5", T0 - 9),), now=T0 + 10))
        assert await store.look_ups_due(T0 - 1) == []
        assert await store.look_ups_due(T0) == ["b"]
        assert await store.look_ups_due(T0 + 10) == ["a", "b"]
        claimed = await store.claim_fetches(connector="b", now=T0 + 10, lease_ms=LEASE, limit=9)
        assert [(row.key.ref.id, row.asked_at, row.tries) for row in claimed] == [
            ("2", T0 - 3, 0),
            ("1", T0 - 1, 0),
            ("5", T0 - 9, 0),
        ]
        assert await store.look_ups_due(T0 + 10) == ["a"]

    with_store(check)


def test_look_ups_are_put_off_together() -> None:
    """Those of one connector that are due, so many at most; no try is counted, and they hold back no time."""

    async def check(store: SqliteStore) -> None:
        for connector in ("a", "b"):
            refs = [FetchKey(connector, fetch_ref(str(number))) for number in range(5)]
            await store.commit(Batch(fetches=tuple(LookUp(key, "x", T0) for key in refs), now=T0))
        (under_way,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=1)

        async def put_off(limit: int) -> int:
            return await store.put_off_fetches(connector="a", now=T0, until=T0 + 60_000, reason="503", limit=limit)

        assert [await put_off(3), await put_off(3), await put_off(3)] == [3, 1, 0]
        assert await store.look_ups_due(T0) == ["b"]
        assert await oldest_look_up(store, ["b"]) == T0
        await store.postpone_fetch(under_way, T0 + 60_000, "503", counted=False)
        assert await oldest_look_up(store, ["a"]) is None
        rows = await store.claim_fetches(connector="a", now=T0 + 60_000, lease_ms=LEASE, limit=9)
        assert {row.key.ref.id: (row.attempt, row.tries) for row in rows} == {
            **{str(number): (1, 0) for number in range(1, 5)},
            "0": (2, 0),
        }

    with_store(check)


def test_a_look_up_that_is_given_up_is_a_parked_record() -> None:
    """With its reason, and nobody takes it up by itself; one that was asked for again meanwhile begins anew."""

    async def check(store: SqliteStore) -> None:
        key = FetchKey("a", fetch_ref())
        asked = Batch(fetches=(LookUp(key, "x", T0),), now=T0)
        await store.commit(asked)
        (first,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
        await store.postpone_fetch(first, T0, "404")
        (second,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
        assert second.tries == 1
        await store.commit(asked)
        with pytest.raises(Conflict):
            await store.give_up_fetch(first, record(), "404")
        await store.give_up_fetch(second, record(), "404")
        assert await store.inbox(limit=9) == []
        (anew,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
        assert (anew.attempt, anew.tries) == (1, 0)
        await store.give_up_fetch(anew, record(), "404")
        with pytest.raises(Conflict):
            await store.give_up_fetch(anew, record(), "404")
        (parked,) = await store.inbox(limit=9, state="parked")
        assert (parked.connector, parked.reason) == ("a", "404")
        assert await store.claim_records(now=T0 + LEASE, lease_ms=LEASE, limit=9) == []
        assert await store.look_ups_due(T0 + LEASE) == []
        assert await store.replay_record(parked.id, T0, "me")
        assert len(await store.claim_records(now=T0 + LEASE, lease_ms=LEASE, limit=9)) == 1

    with_store(check)


def test_live_from_is_the_first_start() -> None:
    """A connector keeps the instant of its first start; a new one gets now."""

    async def check(store: SqliteStore) -> None:
        assert await store.started(["a"], T0) == {"a": T0}
        assert await store.started(["a", "b"], T0 + 9) == {"a": T0, "b": T0 + 9}
        assert await store.started([], T0) == {}

    with_store(check)


def test_a_note_is_what_was_last_said() -> None:
    """Each name has its own; one never noted is None; a value that is not small is refused, and the old one stays."""

    async def check(store: SqliteStore) -> None:
        assert await store.noted("reload") is None
        await store.note("reload", b"one")
        await store.note("reload", b"\x00\xff" * 3)
        await store.note("status", b"")
        assert (await store.noted("reload"), await store.noted("status")) == (b"\x00\xff" * 3, b"")
        await store.note("full", b"x" * NOTE_BYTES_MAX)
        with pytest.raises(ValueError, match="reload has 1048577 bytes, and a note has 1048576 at most"):
            await store.note("reload", b"x" * (NOTE_BYTES_MAX + 1))
        assert await store.noted("reload") == b"\x00\xff" * 3

    with_store(check)


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    """What was committed is read back by the next process; leases of the last daemon end at once."""
    path = tmp_path / "gateway.db"

    async def fill() -> None:
        async with on_file(path) as store:
            await store.add_records("a", [record("1"), record("2")])
            await store.claim_records(now=T0, lease_ms=LEASE, limit=1)
            await store.commit(Batch(contacts=(row("1"),), now=T0))

    async def look() -> None:
        async with on_file(path) as store:
            assert (await store.counts())["inbox_ready"] == 2
            assert len(await store.contacts(limit=9)) == 1
            claimed = [await store.claim_records(now=T0, lease_ms=LEASE, limit=9) for _ in range(2)]
            assert [[found.attempt for found in some] for some in claimed] == [[2], [1]]

    asyncio.run(fill())
    asyncio.run(look())


def test_memory_and_file_are_the_same_store(tmp_path: Path) -> None:
    """Inline in memory and on threads over a file, the same calls give the same answers."""

    async def story(store: SqliteStore) -> list[object]:
        added = await store.add_records("a", [record("1"), record("1")])
        claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        await store.commit(Batch(done=((claimed[0].id, 1),), contacts=(row("1", next_due=T0),), now=T0))
        return [added, claimed, await store.due_contacts(until=T0, limit=9), await store.counts()]

    async def both() -> None:
        async with in_memory() as memory, on_file(tmp_path / "gateway.db") as file:
            assert await story(memory) == await story(file)

    asyncio.run(both())


SOME_RECORDS = st.lists(st.sampled_from([None, *"abcdefgh"]), max_size=20)


@settings(max_examples=30, deadline=None)
@given(before=SOME_RECORDS, asked=st.lists(st.tuples(st.sampled_from(["one", "two"]), SOME_RECORDS), max_size=12))
def test_added_together_or_one_after_the_other_it_is_the_same(
    before: list[str | None], asked: list[tuple[str, list[str | None]]]
) -> None:
    """What a sender is told, and what is stored in which order, doesn't depend on who came with it."""

    async def outcome(together: bool) -> tuple[list[Added], list[tuple[str, str | None]]]:
        async with in_memory() as store:
            await store.add_records("one", [record(key) for key in before])
            calls = [store.add_records(connector, [record(key) for key in keys]) for connector, keys in asked]
            told = list(await asyncio.gather(*calls)) if together else [await call for call in calls]
            return told, [(listed.connector, listed.key) for listed in await store.inbox(limit=1_000)]

    assert asyncio.run(outcome(True)) == asyncio.run(outcome(False))
