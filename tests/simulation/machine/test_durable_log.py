"""After a crash the log shows more than the disk has: what a power cut takes then, and how none of it was acknowledged.

Each hazard is shown twice: with a log that is believed as it is found, acknowledged records are lost; with one that is
made durable first, none.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from random import Random

import pytest

from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import StoreUnusable
from gateway.store import SqliteStore
from tests.simulation.machine.disk import Dead, SimDisk
from tests.simulation.machine.driver import SimDriver
from tests.simulation.machine.test_disk import PATH, Work, keys, opened, prepared
from tests.store.samples import record

BELIEVED, DURABLE = False, True
SEEDS = 30
OPERATIONS = range(1, 13)
"""All that a small commit takes, its sync the last of them, and some more."""

CUTS = 5
"""Power cuts that are tried at each of them."""


@pytest.fixture(autouse=True)
def _prepared() -> None:
    prepared()  # outside of the loops of the tests: it needs one of its own


async def _started(disk: SimDisk, durable: bool) -> SqliteStore:
    """The store of a process that starts after another one has died."""
    if durable:
        return await opened(disk)
    return await SqliteStore.on(SimDriver(disk), PATH, InlineSpawn(), exclusive=True)


async def _lost(disk: SimDisk, dice: Random, acknowledged: Iterable[str | None]) -> bool:
    """Cut the power; whether anything acknowledged is lost then, or the file can't be read."""
    disk.troubles.fail_sync(0)
    disk.power_cut(dice)
    try:
        return not set(acknowledged) <= await keys(await opened(disk))
    except (AssertionError, SimDriver.DatabaseError, StoreUnusable):
        return True
    finally:
        disk.kill()


async def _after_a_failed_sync(seed: int, durable: bool) -> bool:
    """A sync fails, the process dies and starts again, works, and perhaps dies of the power cut in the middle of it."""
    dice = Random(seed)
    disk = prepared().copy()
    work = Work(disk, dice)
    store = await opened(disk)
    for _ in range(dice.randint(1, 5)):
        await work.step(store)
    disk.troubles.fail_sync(dice.randint(1, 6))
    while disk.troubles.sync_is_to_fail:
        await work.step(store)
    disk.kill()
    if dice.random() < 0.5:
        disk.troubles.fuse(dice.randint(1, 60))
    with suppress(Dead):
        store = await _started(disk, durable)
        for _ in range(6):
            await work.step(store)
    return await _lost(disk, dice, work.acknowledged)


def test_a_failed_sync_a_new_process_and_a_power_cut() -> None:
    """The kernel shows pages that it has failed to write, and takes them for written: who appends behind them syncs
    nothing of them, unless they are written anew."""

    async def run(durable: bool) -> int:
        return sum([await _after_a_failed_sync(seed, durable) for seed in range(SEEDS)])

    assert asyncio.run(run(BELIEVED)) > 3
    assert asyncio.run(run(DURABLE)) == 0


async def _told_twice(operation: int, seed: int, durable: bool) -> tuple[bool, bool]:
    """A process dies in this operation of a commit, and another one is told the same: whether that was a duplicate,
    and whether it was lost in a power cut."""
    disk = prepared().copy()
    store = await opened(disk)
    await store.add_records("a", [record("0")])
    disk.troubles.fuse(operation)
    with suppress(Dead):
        await store.add_records("a", [record("1")])
    disk.kill()
    store = await _started(disk, durable)
    added = await store.add_records("a", [record("1")])
    return added.duplicates == 1, await _lost(disk, Random(seed), {"0", "1"})


def test_a_commit_without_its_sync_a_duplicate_and_a_power_cut() -> None:
    """What a dead process has written lies in the kernel's memory. Who is told it again has nothing to write, so its
    transaction syncs nothing, and its sender hears that all is well."""

    async def run(durable: bool) -> tuple[int, int]:
        told = [await _told_twice(operation, cut, durable) for operation in OPERATIONS for cut in range(CUTS)]
        return sum(duplicate for duplicate, _ in told), sum(lost for _, lost in told)

    duplicates, lost = asyncio.run(run(BELIEVED))
    assert 0 < lost < duplicates
    assert asyncio.run(run(DURABLE)) == (duplicates, 0)


@pytest.mark.parametrize(("trouble", "why"), [("full", "No space left"), ("failing_writes", "Input/output error")])
def test_a_log_that_cannot_be_written_is_not_believed(trouble: str, why: str) -> None:
    """The start is refused, and so it is when the sync fails; with a sound disk the next one goes well."""

    async def run() -> None:
        disk = prepared().copy()
        store = await opened(disk)
        await store.add_records("a", [record("1")])
        disk.kill()
        before = disk.files()
        for break_it in (partial(setattr, disk.troubles, trouble, True), disk.troubles.fail_sync):
            break_it()
            with pytest.raises(StoreUnusable, match=r"can't be made durable: .*start again"):
                await opened(disk)
            setattr(disk.troubles, trouble, False)
            assert disk.files() == before
            disk.kill()
        assert await keys(await opened(disk)) == {"1"}
        setattr(disk.troubles, trouble, True)
        disk.kill()
        with pytest.raises(StoreUnusable, match=why):
            await opened(disk)

    asyncio.run(run())
