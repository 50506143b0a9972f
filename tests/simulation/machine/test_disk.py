"""The simulated disk: what a death, a power cut, a full disk and a failing sync leave of the real store's file."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from functools import cache, partial
from random import Random
from typing import Any

import apsw
import pytest

from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import Added, Batch, StoreFull
from gateway.store import SqliteStore
from tests.simulation.machine.disk import Dead, SimDisk
from tests.simulation.machine.driver import SimDriver
from tests.simulation.machine.platter import File
from tests.simulation.machine.vfs import Mount
from tests.store.samples import LEASE, T0, entry, notice, opening, record, row, strand

PATH = "gateway.db"
CUTS = 60
"""The soak has many more."""


async def opened(disk: SimDisk) -> SqliteStore:
    """The store of a process that starts."""
    rewrite = partial(disk.rewrite_log, PATH)
    return await SqliteStore.on(SimDriver(disk), PATH, InlineSpawn(), exclusive=True, rewrite_log=rewrite)


@pytest.fixture(autouse=True)
def _prepared() -> None:
    prepared()  # outside of the loops of the tests: it needs one of its own


@cache
def prepared() -> SimDisk:
    """A disk with an empty database, to copy."""
    disk = SimDisk()

    async def make() -> None:
        store = await opened(disk)
        await store.close()

    asyncio.run(make())
    return disk


def on_disk(test: Callable[[SimDisk, SqliteStore], Coroutine[Any, Any, None]]) -> None:
    """Run `test` on a fresh disk."""

    async def run() -> None:
        disk = prepared().copy()
        await test(disk, await opened(disk))
        disk.kill()

    asyncio.run(run())


async def keys(store: SqliteStore) -> set[str | None]:
    """The keys of all records; the file must be whole."""
    assert store.writer.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return {listed.key for listed in await store.inbox(limit=9_999)}


class Work:
    """Something like a day's work, by the dice: records that come, batches that judge them, checkpoints between.

    `acknowledged` is what senders were told, and nothing but that.
    """

    def __init__(self, disk: SimDisk, dice: Random) -> None:
        self.disk, self.dice = disk, dice
        self.acknowledged: set[str | None] = set()
        self.refused = 0
        self._names: Iterator[str] = (str(number) for number in range(1_000_000))

    async def until_it_dies(self, settings: str = "") -> None:
        """Start a process, and work until it is dead."""
        with suppress(Dead):
            store = await opened(self.disk)
            if settings:
                store.writer.connection.execute(settings).fetchall()
            while True:
                await self.step(store)

    async def step(self, store: SqliteStore) -> None:
        """One piece of work."""
        chance = self.dice.random()
        if chance < 0.5:
            names = [next(self._names) for _ in range(self.dice.randint(1, 40))]
            await self._tell(store, names)
        elif chance < 0.8:
            await self._judge(store)
        elif chance < 0.9:
            several = [[next(self._names)] for _ in range(5)]
            await asyncio.gather(*(self._tell(store, names) for names in several))
        else:
            mode = self.dice.choice(("PASSIVE", "RESTART"))
            with suppress(SimDriver.OperationalError):
                store.writer.connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    async def _tell(self, store: SqliteStore, names: list[str]) -> None:
        try:
            await store.add_records("zendesk", [record(name, b"x" * self.dice.randint(2, 900)) for name in names])
        except StoreFull:
            self.refused += 1
        else:
            self.acknowledged.update(names)

    async def _judge(self, store: SqliteStore) -> None:
        with suppress(StoreFull):
            claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=8)
            await store.commit(batch([(found.id, found.attempt) for found in claimed]))


def batch(done: list[tuple[int, int]]) -> Batch:
    """What judging writes for some records."""
    names = [str(id) for id, _ in done]
    return Batch(
        done=tuple(done),
        contacts=tuple(row(name, next_due=T0) for name in names),
        journal=tuple(opening(strand(name), f"opened {name}") for name in names),
        ledger=tuple((row(name).id, entry(name)) for name in names),
        notices=tuple(notice(name, row(name).id) for name in names),
        now=T0,
    )


async def lost_in_a_cut(seed: int, settings: str = "") -> set[str | None]:
    """Let a process work, cut the power in the middle of a write or a sync; what had been acknowledged in vain."""
    dice = Random(seed)
    disk = SimDisk() if seed % 10 == 0 else prepared().copy()
    work = Work(disk, dice)
    disk.troubles.fuse(dice.randint(1, 450))
    await work.until_it_dies(settings)
    disk.power_cut(dice)
    lost = work.acknowledged - await keys(await opened(disk))
    disk.kill()
    return lost


def test_what_was_acknowledged_survives_every_power_cut() -> None:
    """Anywhere in a commit, a checkpoint or the making of the schema: the file is whole, and nothing told is lost."""

    async def run() -> None:
        for seed in range(CUTS):
            assert await lost_in_a_cut(seed) == set(), seed

    asyncio.run(run())


def test_with_weaker_syncs_the_same_cuts_lose_what_was_acknowledged() -> None:
    """NORMAL doesn't wait for the disk at a commit: so the disk can find a promise that is not kept."""

    async def run() -> None:
        lost = [seed for seed in range(CUTS // 3) if await lost_in_a_cut(seed, "PRAGMA synchronous = NORMAL")]
        assert len(lost) > 3

    asyncio.run(run())


def test_after_a_failed_sync_nothing_acknowledged_is_lost_either() -> None:
    """The process goes on, and the kernel has forgotten what it should have written. SQLite writes a failed commit's
    pages anew, at the same place of the log, and a failed checkpoint's from the log: so what is acknowledged later
    has been synced later. Whether the file shows old pages or new ones after the failure makes no difference.
    """

    async def run() -> None:
        refused = 0
        for seed in range(CUTS // 3):
            dice = Random(seed)
            disk = prepared().copy()
            work = Work(disk, dice)
            store = await opened(disk)
            for _ in range(dice.randint(1, 4)):
                disk.troubles.fail_sync(dice.randint(1, 12), reverts=dice.random() < 0.5)
                for _ in range(dice.randint(1, 12)):
                    await work.step(store)
            refused += work.refused
            disk.troubles.fail_sync(0)
            disk.power_cut(dice)
            assert work.acknowledged <= await keys(await opened(disk)), seed
            disk.kill()
        assert refused > 10

    asyncio.run(run())


def test_a_failed_sync_is_told_and_what_it_held_is_not_acknowledged() -> None:
    """Who is alone hears that the disk fails. A group is tried again, each alone: they hear of those commits only."""

    async def check(disk: SimDisk, store: SqliteStore) -> None:
        disk.troubles.fail_sync()
        with pytest.raises(StoreFull, match="the disk fails"):
            await store.add_records("a", [record("1")])
        assert await keys(store) == set()
        assert await store.add_records("a", [record("1")]) == Added(1, 0)
        disk.troubles.fail_sync()
        before = store.writer.commits
        both = await asyncio.gather(*(store.add_records("a", [record(name)]) for name in "23"))
        assert (both, store.writer.commits - before) == ([Added(1, 0)] * 2, 2)

    on_disk(check)


def test_a_killed_process_leaves_its_transaction_behind_and_never_touches_the_disk_again() -> None:
    """What it had committed is there, what it hadn't is not, and whatever its connections are asked for they raise."""

    async def check(disk: SimDisk, store: SqliteStore) -> None:
        await store.add_records("a", [record(str(number)) for number in range(50)])
        connection = store.writer.connection
        connection.execute("PRAGMA cache_size = 10").fetchall()
        rows = connection.execute("SELECT id FROM inbox")
        assert rows.fetchone() == (1,)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE inbox SET body = zeroblob(5000)")  # more than its cache: some of it is in the log
        disk.kill()
        before = disk.files()
        for ask in (rows.fetchone, rows.fetchall, partial(getattr, connection, "in_transaction")):
            with pytest.raises(Dead):
                ask()
        for sql in ("SELECT 1", "COMMIT", "PRAGMA wal_checkpoint(PASSIVE)"):
            with pytest.raises(Dead):
                connection.execute(sql)
        with pytest.raises(Dead):
            connection.executemany("DELETE FROM inbox WHERE id = ?", [(1,)])
        with pytest.raises(Dead):
            await store.add_records("a", [record("late")])
        await store.close()
        del store, connection, rows, ask
        gc.collect()
        assert disk.files() == before
        after = await opened(disk)
        assert await keys(after) == {str(number) for number in range(50)}
        assert {listed.body for listed in await after.inbox(limit=99)} == {b"{}"}

    on_disk(check)


def test_a_process_dies_where_its_fuse_ends() -> None:
    """In the middle of a commit: whoever set the fuse is told at once, nothing of the process works any more, and the
    disk is opened again only when it has been said what became of it."""

    async def check(disk: SimDisk, store: SqliteStore) -> None:
        told: list[int] = []
        disk.troubles.fuse(3, lambda: told.append(disk.operations))
        start = disk.operations
        with pytest.raises(Dead):
            await store.add_records("a", [record("1", b"x" * 10_000)])
        assert told == [start + 3]
        for _ in range(2):
            with pytest.raises(Dead):
                await store.inbox(limit=9)
            with pytest.raises(Dead):
                await opened(disk)
        disk.kill()
        after = await opened(disk)
        assert await keys(after) == set()
        assert await after.add_records("a", [record("1")]) == Added(1, 0)
        disk.troubles.fuse(1)
        disk.troubles.fuse(0)
        assert await after.add_records("a", [record("2")]) == Added(1, 0)

    on_disk(check)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room() -> None:
    """StoreFull means that nothing of it was written, and needs no new start; so does a disk that fails to write."""

    async def check(disk: SimDisk, store: SqliteStore) -> None:
        disk.troubles.full = True
        with pytest.raises(StoreFull, match="the disk is full"):
            await store.add_records("a", [record("1")])
        disk.troubles.full = False
        assert await store.add_records("a", [record("1")]) == Added(1, 0)
        disk.troubles.failing_writes = True
        with pytest.raises(StoreFull, match="the disk fails"):
            await store.add_records("a", [record("2")])
        disk.troubles.failing_writes = False
        disk.troubles.capacity = disk.used + 20_000
        with pytest.raises(StoreFull, match="the disk is full"):
            await store.add_records("a", [record("2", b"x" * 30_000)])
        assert await store.add_records("a", [record("3")]) == Added(1, 0)
        disk.troubles.capacity = None
        assert await store.add_records("a", [record("2", b"x" * 30_000)]) == Added(1, 0)
        assert await keys(store) == {"1", "2", "3"}

    on_disk(check)


def test_a_clean_end_leaves_one_file() -> None:
    """The last to close moves the log into the file, and deletes it; the deletion itself may be lost in a power cut."""

    async def check(disk: SimDisk, store: SqliteStore) -> None:
        await store.add_records("a", [record("1")])
        await store.close()
        assert list(disk.files()) == [PATH]
        with_log = 0
        for seed in range(20):
            other = disk.copy()
            store = await opened(other)
            await store.add_records("a", [record("2")])
            await store.close()
            other.power_cut(Random(seed))
            with_log += len(other.files()) == 2
            assert await keys(await opened(other)) == {"1", "2"}
            other.kill()
        assert 0 < with_log < 20

    on_disk(check)


def test_of_what_is_pending_sectors_are_kept_or_lost() -> None:
    """A write is torn where sectors meet, and nowhere else; what was synced before shows where it was not kept."""
    seen = set()
    for seed in range(200):
        file = File(b"o" * 2_048)
        file.change(100, b"n" * 1_000)
        file.cut(Random(seed), 0.5)
        assert file.seen == file.durable
        pieces = (file.seen[:100], file.seen[100:512], file.seen[512:1_024], file.seen[1_024:1_100], file.seen[1_100:])
        assert all(len(set(piece)) == 1 for piece in pieces)
        assert (pieces[0][:1], pieces[-1][:1]) == (b"o", b"o")
        seen.add(b"".join(bytes(piece[:1]) for piece in pieces[1:4]))
    assert seen == {bytes([a, b, c]) for a in b"on" for b in b"on" for c in b"on"}


def test_equal_seeds_leave_equal_bytes() -> None:
    """The library's own randomness (salts of the log) is the disk's, and no other disk between two runs changes it."""

    async def files(seed: int) -> dict[str, bytes]:
        dice = Random(seed)
        disk = SimDisk()
        work = Work(disk, dice)
        for _ in range(3):
            disk.troubles.fuse(dice.randint(200, 900))
            await work.until_it_dies()
            disk.power_cut(dice)
        return disk.files()

    async def run() -> None:
        first, other, again = await files(1), await files(2), await files(1)
        assert first == again != other

    asyncio.run(run())


def test_a_disk_is_cheap_to_throw_away() -> None:
    """However it ends: no connection, mount, file or name of a VFS is left of many universes."""

    def left() -> tuple[object, ...]:
        gc.collect()
        kinds = (SimDisk, Mount, File, SqliteStore)
        counts = Counter(type(one) for one in gc.get_objects() if type(one) in kinds)
        return counts, len(apsw.connections()), apsw.vfs_names()

    async def live(ends: str) -> None:
        disk = prepared().copy()
        store = await opened(disk)
        await store.add_records("a", [record("1")])
        if ends == "closed":
            await store.close()
        elif ends == "killed":
            disk.kill()

    async def run(times: int) -> None:
        for _ in range(times):
            for ends in ("closed", "killed", "dropped"):
                await live(ends)

    asyncio.run(run(1))
    before = left()
    asyncio.run(run(30))
    assert left() == before
