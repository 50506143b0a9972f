"""Each transaction of the store has its points, under the name of the method that asks for it."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.kernel.access import new_token, row_of
from gateway.kernel.failpoint import Listener, listen
from gateway.kernel.reading import Pause
from gateway.kernel.rng import SeededRng
from gateway.kernel.store import Batch, FetchKey, FetchRow, LookUp, Performed, Store, SyncRow
from gateway.store import SqliteStore
from tests.store.samples import LEASE, T0, fetch_ref, in_memory, on_file, policy_row, record
from tests.support.points import STEPS, named_writes, transactions

Writing = Callable[[SqliteStore], Awaitable[object]]
KEY = FetchKey("a", fetch_ref())
ROOM = {"helpdesk": 8}
BACKFILL = SyncRow(id=0, connector="a", stream="tickets", lane="backfill", asked_at=T0, since=T0 - 1, until=T0)


class Crash(BaseException):
    """The end of the process, as a test may have it."""


@contextlib.contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Listen for a while."""
    listen(listener)
    try:
        yield
    finally:
        listen(None)


async def _look_up(store: SqliteStore) -> FetchRow:
    await store.commit(Batch(fetches=(LookUp(KEY, "a push", T0),), now=T0))
    (row,) = await store.claim_fetches(connector="a", now=T0, lease_ms=LEASE, limit=9)
    return row


async def _finish_fetch(store: SqliteStore) -> None:
    await store.finish_fetch(await _look_up(store), [])


async def _postpone_fetch(store: SqliteStore) -> None:
    await store.postpone_fetch(await _look_up(store), T0 + 1, "503")


async def _give_up_fetch(store: SqliteStore) -> None:
    await store.give_up_fetch(await _look_up(store), record(), "404")


async def _put_off_fetches(store: SqliteStore) -> None:
    await store.put_off_fetches(connector="a", now=T0, until=T0 + 1, reason="503", limit=9)


async def _replay_deliveries(store: SqliteStore) -> None:
    await store.replay_deliveries(endpoint=None, since=0, until=T0, states=("dead",), now=T0, by="me")


async def _add_backfill_page(store: SqliteStore) -> None:
    run = await store.ask_sync(BACKFILL)
    await store.add_backfill_page(run, replace(run, pages=1, cursor="c"), [record()])


async def _note_sync(store: SqliteStore) -> None:
    await store.note_sync(replace(await store.ask_sync(BACKFILL), ended_at=T0))


async def _resume_connector(store: SqliteStore) -> None:
    await store.pause_connector(Pause("a", T0, "me"))
    await store.resume_connector("a", T0, "me")


TOKEN = row_of(new_token(SeededRng(1)), "anna", "viewer", created_at=T0, created_by="me")
WRITES: dict[str, Writing] = {
    "access_used": lambda store: store.access_used("aaaaaaaa", T0),
    "add_access": lambda store: store.add_access(TOKEN),
    "add_backfill_page": _add_backfill_page,
    "add_page": lambda store: store.add_page("a", "tickets", [record()], "cursor"),
    "add_records": lambda store: store.add_records("a", [record()]),
    "ask_sync": lambda store: store.ask_sync(BACKFILL),
    "claim_deliveries": lambda store: store.claim_deliveries(now=T0, lease_ms=LEASE, room=ROOM),
    "claim_fetches": _look_up,
    "claim_questions": lambda store: store.claim_questions(enricher="a", now=T0, lease_ms=LEASE, limit=9),
    "claim_records": lambda store: store.claim_records(now=T0, lease_ms=LEASE, limit=9),
    "commit": lambda store: store.commit(Batch(now=T0)),
    "enable_endpoint": lambda store: store.enable_endpoint("helpdesk", T0, "me"),
    "expire_deliveries": lambda store: store.expire_deliveries(T0, T0, 9),
    "finish_deliveries": lambda store: store.finish_deliveries(Performed(now=T0)),
    "finish_fetch": _finish_fetch,
    "first_backfill": lambda store: store.first_backfill(BACKFILL),
    "give_up_fetch": _give_up_fetch,
    "hasten_deliveries": lambda store: store.hasten_deliveries("helpdesk", T0, 9),
    "keep_tokens": lambda store: store.keep_tokens("a", b"sealed", T0),
    "lease_tokens": lambda store: store.lease_tokens("a", 1, now=T0, until=T0 + LEASE),
    "note": lambda store: store.note("reload", b"{}"),
    "note_sync": _note_sync,
    "pause_connector": lambda store: store.pause_connector(Pause("a", T0, "me")),
    "postpone_fetch": _postpone_fetch,
    "put_in_force": lambda store: store.put_in_force(policy_row(T0)),
    "put_off_fetches": _put_off_fetches,
    "register_endpoints": lambda store: store.register_endpoints(["helpdesk"]),
    "release_tokens": lambda store: store.release_tokens("a", 1, T0),
    "remove_deliveries": lambda store: store.remove_deliveries(T0, 9),
    "renew_deliveries": lambda store: store.renew_deliveries([(1, 1)], T0),
    "renew_tokens": lambda store: store.renew_tokens("a", 1, b"sealed", T0),
    "put_cards": lambda store: store.put_cards([]),
    "remove_tallies": lambda store: store.remove_tallies(T0),
    "replay_deliveries": _replay_deliveries,
    "replay_delivery": lambda store: store.replay_delivery(1, T0, "me"),
    "replay_record": lambda store: store.replay_record(1, T0, "me"),
    "resume_connector": _resume_connector,
    "revoke_access": lambda store: store.revoke_access("anna", T0, "me"),
    "settle_questions": lambda store: store.settle_questions([]),
    "started": lambda store: store.started(["a"], T0),
    "write_audit": lambda store: store.write_audit(at=T0, actor="me", action="key", object="o", detail="d"),
}
"""How each transaction is asked for; `open` is that of a store that opens."""


def test_every_write_has_the_name_of_its_method() -> None:
    """A method of the port, or `open`, most of which is done in `on`; no name stands for two methods."""
    written = list(named_writes())

    assert [(method, name) for method, name in written if method != name] == [("on", "open")]
    assert [name for _, name in written if name != "open" and not hasattr(Store, name)] == []
    assert max(Counter(name for _, name in written).values()) == 1
    assert set(transactions()) == WRITES.keys() | {"open"}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_passes_its_points_in_order(name: str) -> None:
    """In the transaction, before its commit, after it: each once."""
    passed: list[str] = []

    async def run() -> None:
        async with in_memory() as store:
            with heard(passed.append):
                await WRITES[name](store)

    asyncio.run(run())

    own = [point for point in passed if point.startswith(f"{name}.")]
    assert own == [f"{name}.{step}" for step in STEPS]


def test_opening_makes_the_schema_once(tmp_path: Path) -> None:
    """The first opening makes the tables; each ends leases."""
    passed: list[list[str]] = [[], []]

    async def run() -> None:
        for heard_then in passed:
            with heard(heard_then.append):
                async with on_file(tmp_path / "gateway.db"):
                    pass

    asyncio.run(run())

    opened = [f"open.{step}" for step in STEPS]
    assert passed == [[*(f"schema.{step}" for step in STEPS), *opened], opened]


def test_a_group_passes_each_name_once(tmp_path: Path) -> None:
    """What shares a transaction passes its points together, in the order in which it was asked for."""
    passed: list[str] = []

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            with heard(passed.append):
                await asyncio.gather(store.note("a", b""), store.started(["a"], T0), store.note("b", b""))

    asyncio.run(run())

    assert passed == [f"{name}.{step}" for step in STEPS for name in ("note", "started")]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_all_or_nothing(tmp_path: Path, step: str) -> None:
    """What is raised at a point before the commit takes the transaction back, and after it nothing; nobody is
    answered, and the writer goes on."""

    def crash(point: str) -> None:
        if point == f"note.{step}":
            raise Crash(point)

    async def run() -> bytes | None:
        async with on_file(tmp_path / "gateway.db") as store:
            with heard(crash), pytest.raises(asyncio.CancelledError):
                await store.note("a", b"1")
            await store.note("b", b"2")
            assert await store.noted("b") == b"2"
            return await store.noted("a")

    assert asyncio.run(run()) == (b"1" if step == "committed" else None)


def test_a_crash_leaves_no_half_a_schema(tmp_path: Path) -> None:
    """A file whose making was cut off is made whole by the next start."""

    def crash(point: str) -> None:
        if point == "schema.before_commit":
            raise Crash(point)

    async def run() -> dict[str, int]:
        with heard(crash), pytest.raises(Crash):
            async with on_file(tmp_path / "gateway.db"):
                pass
        async with on_file(tmp_path / "gateway.db") as store:
            return await store.counts()

    assert set(asyncio.run(run()).values()) == {0}


def test_checkpoints_have_points(tmp_path: Path) -> None:
    """Before and after each, whoever makes it."""
    passed: list[str] = []

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            with heard(passed.append):
                await store.add_records("a", [record("long", b"x" * 5_000_000)])
                await store.writer.drained()
                await store.add_records("a", [record("huge", b"x" * 34_000_000)])
                await store.writer.drained()

    asyncio.run(run())

    of_log = [point for point in passed if "checkpoint" in point]
    assert of_log == [f"{name}_checkpoint.{step}" for name in ("passive", "restart") for step in ("begun", "ended")]
