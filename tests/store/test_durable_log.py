"""The write-ahead log of a real file, written with its own bytes before anybody believes it.

That this is enough, and that less isn't, is shown on a simulated disk: `tests/simulation/machine/test_durable_log.py`.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import closing
from errno import EIO
from pathlib import Path

import pytest

from gateway.kernel.store import StoreBusy, StoreUnusable
from gateway.store import durable_log
from gateway.store.connections import open_reader, open_writer
from gateway.store.examine import examine
from gateway.store.library import driver
from tests.store.samples import on_file, record

COUNT = "SELECT count(*) FROM inbox"
NAMES = [str(number) for number in range(40)]

SHARED_BYTES, SHARED_FROM = 510, 0x40000002
"""Where SQLite locks the file itself for as long as it has it open."""

ANOTHER_PROCESS = f"""
import fcntl, os, sys
from gateway.store.library import driver
try:
    fcntl.lockf(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB, {SHARED_BYTES}, {SHARED_FROM})
    print("nobody has the file open")
except OSError:
    print("somebody has the file open")
try:
    driver().connect(sys.argv[1], isolation_level=None, timeout=0).execute("BEGIN IMMEDIATE")
    print("nobody writes")
except driver().OperationalError as error:
    print(error)
"""


def crashed(folder: Path) -> Path:
    """A database whose process has died: what it has committed is in its log."""
    alive, path = folder / "alive.db", folder / "gateway.db"

    async def run() -> None:
        async with on_file(alive) as store:
            for name in NAMES:
                await store.add_records("a", [record(name, name.encode() * 500)])
            for end in ("", "-wal"):
                shutil.copy(f"{alive}{end}", f"{path}{end}")

    asyncio.run(run())
    return path


async def _keys(path: Path, *, exclusive: bool = True) -> set[str | None]:
    async with on_file(path, exclusive=exclusive) as store:
        return {listed.key for listed in await store.inbox(limit=999)}


@pytest.mark.parametrize("chunk", [1_000, 4_096, durable_log.CHUNK_BYTES])
def test_every_byte_is_written_where_it_was_read_and_then_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """In pieces, also where the system takes less than it was given; then the log is synced, then its folder."""
    path = crashed(tmp_path)
    log = Path(f"{path}-wal")
    before, size = log.read_bytes(), log.stat().st_size
    done: list[tuple[str, int]] = []
    write, sync = os.pwrite, os.fsync

    def pwrite(file: int, data: bytes, at: int) -> int:
        written = write(file, data[: len(data) * 2 // 3 + 1], at)
        done.append(("written", written))
        return written

    def fsync(file: int) -> None:
        done.append(("synced", os.fstat(file).st_ino))
        sync(file)

    monkeypatch.setattr(durable_log, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(os, "fsync", fsync)
    durable_log.rewrite(str(path))

    assert log.read_bytes() == before
    written = [amount for what, amount in done if what == "written"]
    assert sum(written) == size
    assert max(written) <= chunk
    assert done[len(written) :] == [("synced", log.stat().st_ino), ("synced", tmp_path.stat().st_ino)]
    assert asyncio.run(_keys(path)) == set(NAMES)


def test_meanwhile_others_read_and_nobody_writes(tmp_path: Path) -> None:
    """Not even another process: closing the log has dropped none of SQLite's locks."""
    path = crashed(tmp_path)
    seen: list[object] = []

    with closing(open_writer(driver(), str(path))) as own, closing(open_reader(driver(), str(path))) as reader:

        def rewrite() -> None:
            durable_log.rewrite(str(path))
            seen.extend(reader.execute(COUNT).fetchone())
            other = subprocess.run(
                [sys.executable, "-c", ANOTHER_PROCESS, str(path)], check=True, capture_output=True, text=True
            )
            seen.extend(other.stdout.splitlines())

        durable_log.make_durable(own, str(path), rewrite)
        assert seen == [len(NAMES), "somebody has the file open", "database is locked"]
        assert not own.in_transaction
        with closing(open_writer(driver(), str(path))) as other:
            other.execute("DELETE FROM inbox WHERE key = '1'")
        assert reader.execute(COUNT).fetchone() == (len(NAMES) - 1,)


def test_somebody_who_goes_on_writing_is_told(tmp_path: Path) -> None:
    """As busy: nothing is wrong with the file, and the next try may go well."""
    path = crashed(tmp_path)
    with closing(open_writer(driver(), str(path))) as own, closing(open_writer(driver(), str(path))) as other:
        own.execute("PRAGMA busy_timeout = 0").fetchall()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="another process is writing"):
            durable_log.make_durable(own, str(path), lambda: pytest.fail("it was written all the same"))


def test_a_link_leads_to_the_log(tmp_path: Path) -> None:
    """SQLite has it beside the file itself; a database without a log is fine too."""
    path = crashed(tmp_path)
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "link.db"
    link.symlink_to(path)
    log = Path(f"{path}-wal")
    os.utime(log, (0, 0))

    durable_log.rewrite(str(link))
    assert log.stat().st_mtime > 0

    assert asyncio.run(_keys(link)) == set(NAMES)
    assert not log.exists()
    durable_log.rewrite(str(link))
    assert not log.exists()


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_log_that_cannot_be_made_durable_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exclusive: bool
) -> None:
    """The refusal says what to do; nothing is kept from whoever tries again."""
    path = crashed(tmp_path)

    def fail(file: int) -> None:
        raise OSError(EIO, os.strerror(EIO))

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(StoreUnusable, match=r"gateway\.db-wal can't be made durable: Input/output.*start again"):
            asyncio.run(_keys(path, exclusive=exclusive))

    assert asyncio.run(_keys(path, exclusive=exclusive)) == set(NAMES)


def test_who_only_looks_leaves_the_log_alone(tmp_path: Path) -> None:
    """Even as the first after a crash: SQLite would move a log into the file when the last one closes it."""
    folder = tmp_path / "50% of it? #1"
    folder.mkdir()
    path = crashed(folder)
    before = [Path(f"{path}{end}").read_bytes() for end in ("", "-wal")]
    found = examine(str(path), lambda: True)
    assert (found.unusable, found.problems, found.wal_bytes) == ("", (), len(before[1]))
    assert [Path(f"{path}{end}").read_bytes() for end in ("", "-wal")] == before
    assert asyncio.run(_keys(path)) == set(NAMES)


def test_whoever_opens_the_file_first_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon always, a command where none runs: that may be the first to come after a crash."""
    path = tmp_path / "gateway.db"
    done: list[str] = []
    monkeypatch.setattr(durable_log, "rewrite", done.append)

    async def run() -> None:
        async with on_file(path):
            assert done == [str(path)]
            await _keys(path, exclusive=False)
            assert done == [str(path)]
        await _keys(path, exclusive=False)
        assert done == [str(path)] * 2

    asyncio.run(run())
