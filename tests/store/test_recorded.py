"""Contacts with their histories, batch by batch: each once, by id, only those that the time asked for concerns."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.kernel.recorded import Recorded
from gateway.kernel.spawn import InlineSpawn
from gateway.store import recorded
from gateway.store.coding import read_recorded
from gateway.store.library import Connection
from gateway.store.sqlite import SqliteStore
from tests.engine.rig import HOUR, MINUTE, T0, Rig, event, opening, reply, run


def ended(at: int, ticket: str) -> dict[str, object]:
    """A ticket is solved."""
    return event("status.changed", at, ticket, to="solved")


async def everything(store: SqliteStore, since: int, size: int) -> list[Recorded]:
    """All batches of a size, one after the other."""
    found: list[Recorded] = []
    while batch := await store.recorded(after=found[-1].id if found else "", since=since, limit=size):
        assert len(batch) <= size
        found += batch
    return found


def test_every_contact_comes_once_with_all_its_events() -> None:
    """In the order of ids, whatever the size of a batch; with the state that is stored, and who told of it."""

    async def story(rig: Rig) -> None:
        for ticket in "1234567":
            await rig.told(opening(0, ticket), reply(MINUTE, ticket), name="vendor")
        await rig.told(reply(MINUTE, "unopened"), name="vendor")
        await rig.at(HOUR)
        whole = await everything(rig.store, T0 - HOUR, 100)

        assert [one.id for one in whole] == sorted(one.id for one in whole)
        assert await everything(rig.store, T0 - HOUR, 1) == await everything(rig.store, T0 - HOUR, 3) == whole
        assert await rig.store.recorded_count(T0 - HOUR) == len(whole) == 8
        for one in whole:
            row, history = await rig.store.find_contact(one.id), read_recorded(one)
            assert row is not None
            assert (history.stored, history.connector, history.live_from) == (row.state, "vendor", row.live_from)
            kept = {entry.event.id: entry.event for entry in await rig.store.history(one.id)}
            assert {sourced.event.id: sourced.event for sourced in history.events} == kept
            assert {sourced.connector for sourced in history.events} == {"vendor"}

    run(story)


def test_what_ended_before_is_left_out() -> None:
    """An ended contact comes as long as its last event lies in the time; one that is open always."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(0, "open"), opening(0, "ended"), ended(MINUTE, "ended"), name="vendor")
        await rig.at(HOUR)

        async def refs(since: int) -> set[str]:
            found = [read_recorded(one) for one in await everything(rig.store, since, 9)]
            assert len(found) == await rig.store.recorded_count(since)
            return {history.events[0].event.ref.id for history in found}

        assert await refs(T0 + MINUTE) == {"open", "ended"}
        assert await refs(T0 + MINUTE + 1) == {"open"}

    run(story)


def test_a_batch_costs_what_it_holds_however_long_the_history_is() -> None:
    """Every table is searched by a key: none is looked through for each batch."""

    async def look(store: SqliteStore) -> None:
        statement = recorded._recorded
        values = {**statement._constants, "after": "", "since": 0, "most": 64}

        def plan(connection: Connection) -> list[str]:
            return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", values)]

        steps = await store._show(plan)
        searched = {step.split()[1] for step in steps if step.startswith("SEARCH")}
        assert searched == {"contacts", "strands", "journal"}
        assert {step for step in steps if step.startswith("SCAN")} == {"SCAN picked"}

    _with_store(look)


def test_since_when_connectors_are_live_is_read_only() -> None:
    """Those that were started, and nothing is started by asking."""

    async def look(store: SqliteStore) -> None:
        assert await store.live_from() == {}
        await store.started(["desk"], 7)
        assert await store.live_from() == {"desk": 7}

    _with_store(look)


def _with_store(work: Callable[[SqliteStore], Awaitable[None]]) -> None:
    async def run_it() -> None:
        store = await SqliteStore.open(":memory:", InlineSpawn(), exclusive=True)
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(run_it())
