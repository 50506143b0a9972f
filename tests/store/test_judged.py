"""Contacts as they were judged last, batch by batch: each once, only those that the time asked for concerns."""

from functools import partial
from pathlib import Path

import pytest

from gateway.kernel.history import StateRow
from gateway.kernel.spawn import InlineSpawn
from gateway.store import judged
from gateway.store.history import SqliteHistory
from gateway.store.sqlite import SqliteStore
from tests.engine.rig import HOUR, MINUTE, T0, Rig, event, opening, reply, run
from tests.store.samples import plan, sql, with_store


async def everything(history: SqliteHistory, since: int, size: int) -> list[StateRow]:
    """All batches of a size, one after the other."""
    found: list[StateRow] = []
    while batch := await history.judged(found[-1].place if found else 0, since, size):
        assert len(batch) <= size
        found += batch
    return found


def test_every_contact_comes_once_whatever_changes_meanwhile(tmp_path: Path) -> None:
    """Whatever the size of a batch; one that changes during the walk stays where it was."""

    async def story(rig: Rig) -> None:
        await rig.told(*(opening(0, ticket) for ticket in "1234567"))
        await rig.told(reply(MINUTE, "unopened"))
        await rig.at(HOUR)
        history = await SqliteHistory.open(str(tmp_path / "gateway.db"), InlineSpawn())
        whole = await everything(history, T0, 100)

        assert len(whole) == 7
        assert await history.places() >= whole[-1].place
        assert await everything(history, T0, 1) == await everything(history, T0, 3) == whole
        for one in whole:
            row = await rig.store.find_contact(one.id)
            assert row is not None
            assert (one.state, one.next_due, one.damage) == (row.state, row.next_due, "")

        first = await history.judged(0, T0, 3)
        await rig.told(reply(2 * MINUTE, "7"), reply(2 * MINUTE, "1"), event("status.changed", HOUR, "6", to="solved"))
        await rig.at(HOUR + MINUTE)
        rest = await history.judged(first[-1].place, T0, 100)
        assert [one.id for one in (*first, *rest)] == [one.id for one in whole]
        await history.close()

    run(story, path=str(tmp_path / "gateway.db"))


def test_what_did_not_change_since_is_left_out(tmp_path: Path) -> None:
    """By its last event; what opened in a time has changed in it or after it."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(0, "old"), opening(MINUTE, "new"), opening(0, "late"), reply(HOUR, "late"))
        await rig.at(2 * HOUR)
        history = await SqliteHistory.open(str(tmp_path / "gateway.db"), InlineSpawn())

        for since, several in ((T0, 3), (T0 + MINUTE, 2), (T0 + MINUTE + 1, 1), (T0 + HOUR + 1, 0)):
            assert len(await everything(history, since, 2)) == several
        await history.close()

    run(story, path=str(tmp_path / "gateway.db"))


@pytest.mark.parametrize("state", ["x'c1'", "x''"])
def test_one_that_is_damaged_says_so(tmp_path: Path, state: str) -> None:
    """And the others come all the same."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(0, "1"), opening(0, "2"))
        await rig.at(HOUR)
        row = await rig.contact("1", "vendor")
        spoil = f"UPDATE contacts SET state = {state} WHERE id = '{row.id}'"
        await rig.store.writer.write("spoil", partial(sql, spoil))
        history = await SqliteHistory.open(str(tmp_path / "gateway.db"), InlineSpawn())
        found = {one.id == row.id: one for one in await everything(history, T0, 1)}

        assert found[True].state is None
        assert "damaged" in found[True].damage
        assert found[False].state is not None
        await history.close()

    run(story, path=str(tmp_path / "gateway.db"))


def test_the_walk_sorts_nothing() -> None:
    """It goes along the table as it lies."""

    async def walk(store: SqliteStore) -> None:
        assert plan(store, judged._behind) == ["SEARCH contacts USING INTEGER PRIMARY KEY (rowid>?)"]

    with_store(walk)
