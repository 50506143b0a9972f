"""Listings of deliveries and records, page by page: whatever is asked, it is what filtering all of them gives."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product
from typing import Any

import pytest

from gateway.kernel.outbox import Delivery
from gateway.kernel.store import Batch, Listed
from gateway.store import SqliteStore, latest
from gateway.store.library import Connection
from tests.store.samples import T0, notice, plan, record, sql, with_store

STATES = ("ready", "leased", "delivered", "dead")
CONTACTS, ENDPOINTS = ("con_a", "con_b"), ("helpdesk", "pager")


def sent(connection: Connection) -> None:
    """Give every delivery one of the states, in turn; of the ready ones some wait, some go out once more."""
    connection.execute("UPDATE deliveries SET next_at = NULL, due = NULL, type = 't' || (id % 3)")
    for number, state in enumerate(STATES):
        connection.execute("UPDATE deliveries SET state = ? WHERE (id / 2) % 4 = ?", (state, number))
    connection.execute("UPDATE deliveries SET next_at = 1 WHERE state = 'ready' AND id % 3 > 0")
    connection.execute("UPDATE deliveries SET replay_due = 1000 - id WHERE state = 'ready' AND id % 3 = 0")


async def some_deliveries(store: SqliteStore) -> list[Delivery]:
    """Forty of them, of every sort, the latest first."""
    for number in range(20):
        made = notice(f"e{number:02}", CONTACTS[number % 2], ENDPOINTS if number % 3 else ENDPOINTS[:1])
        await store.commit(Batch(notices=(made,), now=T0))
    await store.writer.write("spoil", sent)
    return await store.deliveries(limit=99)


async def paged(page: Callable[..., Awaitable[list[Any]]]) -> list[Any]:
    """All of a listing, three at a time."""
    found: list[Any] = []
    while rows := await page(limit=3, after=found[-1].id if found else None):
        found.extend(rows)
    return found


def test_deliveries_are_listed_by_whatever_is_asked() -> None:
    """Any state, contact, endpoint and type together; none comes twice, and none is left out."""

    async def check(store: SqliteStore) -> None:
        all = await some_deliveries(store)
        assert [row.id for row in all] == sorted((row.id for row in all), reverse=True)
        for state, contact, endpoint, type in product(
            (None, *STATES), (None, "con_b"), (None, "pager", "nobody"), (None, "t1")
        ):
            asked = {"state": state, "contact": contact, "endpoint": endpoint, "type": type}
            wanted = [row for row in all if all_of(row, asked)]
            assert await paged(partial(store.deliveries, **asked)) == wanted, asked  # type: ignore[arg-type]

    with_store(check)


def all_of(row: Any, asked: dict[str, str | None]) -> bool:
    """Whether a row is what is asked for."""
    return all(wanted is None or getattr(row, name) == wanted for name, wanted in asked.items())


def test_the_row_behind_which_a_page_begins_may_be_gone() -> None:
    """It goes on where it was."""

    async def check(store: SqliteStore) -> None:
        all = [row for row in await some_deliveries(store) if row.endpoint == "pager"]
        await store.writer.write("spoil", partial(sql, f"DELETE FROM deliveries WHERE id = {all[2].id}"))
        assert await store.deliveries(limit=99, endpoint="pager", after=all[2].id) == all[3:]
        for far in (2**80, 2**63 - 1):
            assert await store.deliveries(limit=2, endpoint="pager", after=far) == all[:2]
        assert await store.deliveries(limit=2, after=-(2**80)) == []

    with_store(check)


@pytest.mark.parametrize("field", ["contact", "endpoint", "type"])
def test_what_no_database_can_hold_is_found_nowhere(field: str) -> None:
    """Half a surrogate pair is such a text."""

    async def check(store: SqliteStore) -> None:
        await some_deliveries(store)
        assert await store.deliveries(limit=9, **{field: "\ud800"}) == []  # type: ignore[arg-type]
        assert await store.inbox(limit=9, connector="\ud800\0") == []

    with_store(check)


def test_records_are_listed_by_connector_and_state() -> None:
    """The latest first, page by page."""

    async def check(store: SqliteStore) -> None:
        for number in range(12):
            await store.add_records("zendesk" if number % 3 else "sip", [record()])
        for state in ("leased", "done", "parked"):
            rows = await store.claim_records(now=T0, lease_ms=8_000, limit=3)
            done = tuple((row.id, row.attempt) for row in rows)
            if state == "done":
                await store.commit(Batch(done=done, now=T0))
            if state == "parked":
                await store.commit(Batch(parked=tuple((*one, "why") for one in done), now=T0))
        all: list[Listed] = await store.inbox(limit=99)
        assert {row.state for row in all} == {"ready", "leased", "done", "parked"}
        for state, connector in product((None, "ready", "leased", "done", "parked"), (None, "sip", "zendesk", "x")):
            asked = {"state": state, "connector": connector}
            wanted = [row for row in all if all_of(row, asked)]
            assert await paged(partial(store.inbox, **asked)) == wanted, asked  # type: ignore[arg-type]

    with_store(check)


@pytest.mark.parametrize("state", ["leased", "dead"])
@pytest.mark.parametrize("asked", [frozenset[str](), frozenset({"to"}), frozenset({"of_type"})])
def test_a_rare_state_is_a_range_of_its_index(state: str, asked: frozenset[str]) -> None:
    """However many deliveries are in another one."""

    async def check(store: SqliteStore) -> None:
        (first, *_) = plan(store, latest._deliveries(state, asked))
        assert f"USING INDEX deliveries_{state}" in first

    with_store(check)
