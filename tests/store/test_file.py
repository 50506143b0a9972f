"""The file itself: group commit, a full disk, a second daemon, the library's version, modes and checkpoints."""

import asyncio
import contextlib
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Added, Batch, Conflict, StoreBusy, StoreFull, StoreUnusable
from gateway.store import SqliteStore, library
from gateway.store.connections import PAGE_BYTES
from gateway.store.library import driver, sound
from gateway.store.schema import SCHEMA_VERSION
from gateway.store.writer import GATHER_S, SMALL
from tests.store.samples import LEASE, T0, in_memory, on_file, plan, record, row


def test_requests_that_wait_share_one_commit(tmp_path: Path) -> None:
    """Two hundred callers at once take two commits: the first one's, and that of all who came meanwhile."""

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            before = store.writer.commits
            added = await asyncio.gather(*(store.add_records("a", [record(str(n % 150))]) for n in range(200)))
            assert store.writer.commits - before <= 2
            assert sum(one.accepted for one in added) == 150
            assert sum(one.duplicates for one in added) == 50

    asyncio.run(run())


def test_of_many_rows_at_once_each_is_new_or_a_duplicate_by_itself() -> None:
    """However many are added by one statement: each caller is told of its own; of equal keys the first one is new.

    Rows without a key are always new, and the same key of another connector is another row.
    """

    async def run() -> None:
        async with in_memory() as store:
            await store.add_records("a", [record(str(n)) for n in range(0, 60, 3)])
            asked = [("a", [record(str(n)), record(str(n + 1)), record(None)]) for n in range(0, 60, 2)]
            asked += [("b", [record("0")]), ("a", []), ("b", [record("0")])]
            known, expected = {("a", str(n)) for n in range(0, 60, 3)}, []
            for connector, records in asked:
                names = [(connector, one.key) for one in records]
                new = [name for name in names if name[1] is None or name not in known]
                known.update(new)
                expected.append(Added(accepted=len(new), duplicates=len(names) - len(new)))
            assert await asyncio.gather(*(store.add_records(*one) for one in asked)) == expected
            assert store.writer.commits <= 4
            assert len(await store.inbox(limit=999)) == 60 + 30 + 1

    asyncio.run(run())


class GatheringClock:
    """Lets one more request come while somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.comes: list[asyncio.Future[Added]] = []
        self.next: Callable[[], Awaitable[Added]] | None = None

    def now(self) -> int:
        return T0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Who comes meanwhile is in the queue when it ends."""
        self.slept.append(seconds)
        if self.next is not None and not self.comes:
            self.comes.append(asyncio.ensure_future(self.next()))
        await asyncio.sleep(0)


def test_small_groups_that_follow_each_other_gather(tmp_path: Path) -> None:
    """After a small group the next one waits for a moment and takes in who comes meanwhile; those who come
    one by one never wait, and no more do many."""

    async def run() -> None:
        clock, spawn = GatheringClock(), LoopSpawn()
        store = await SqliteStore.open(str(tmp_path / "gateway.db"), spawn, exclusive=True, clock=clock)

        async def twice(name: str) -> None:
            for part in "ab":
                await store.add_records("a", [record(f"{name}{part}")])

        try:
            for crowd, pauses in ((1, 0), (SMALL.stop, 0), (3, 1)):
                await asyncio.gather(*(twice(f"{crowd}-{n}-") for n in range(crowd)))
                await store.writer.drained()
                assert clock.slept == [GATHER_S] * pauses
            clock.next = lambda: store.add_records("a", [record("late")])
            before = store.writer.commits
            await asyncio.gather(*(twice(f"again-{n}-") for n in range(2)))
            assert store.writer.commits - before == 2
            assert [await one for one in clock.comes] == [Added(1, 0)]
        finally:
            await store.close()
            await spawn.close()

    asyncio.run(run())


def test_a_part_that_fails_takes_nothing_from_the_others() -> None:
    """A part that raises after it has written is rolled back alone; the rest of its group is committed and counted."""

    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM inbox")
        raise ZeroDivisionError

    async def run() -> None:
        async with in_memory() as store:
            await store.add_records("a", [record("0")])
            outcomes = await asyncio.gather(
                store.add_records("a", [record("1")]),
                store.writer.write("spoil", spoil),
                store.commit(Batch(done=((1, 5),), now=T0)),
                store.add_records("a", [record("1"), record("2")]),
                return_exceptions=True,
            )
            assert outcomes[0] == Added(1, 0)
            assert isinstance(outcomes[1], ZeroDivisionError)
            assert isinstance(outcomes[2], Conflict)
            assert outcomes[3] == Added(1, 1)
            assert [listed.key for listed in await store.inbox(limit=9)] == ["2", "1", "0"]

    asyncio.run(run())


def test_a_caller_who_goes_away_harms_nobody() -> None:
    """A cancelled request leaves the others of its group, and the writer, as they are."""

    async def run() -> None:
        async with in_memory() as store:
            gone = asyncio.ensure_future(store.add_records("a", [record("1")]))
            stays = asyncio.ensure_future(store.add_records("a", [record("2")]))
            await asyncio.sleep(0)
            gone.cancel()
            assert await stays == Added(1, 0)
            assert await store.add_records("a", [record("3")]) == Added(1, 0)

    asyncio.run(run())


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """StoreFull means that nothing of it was written; what fits is taken, and with space all goes on by itself."""

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            pages = store.writer.connection.execute("PRAGMA page_count").fetchone()[0]
            store.writer.connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchall()
            kept = {"small"}
            outcomes = await asyncio.gather(
                store.add_records("a", [record("big", b"x" * 200_000)]),
                store.add_records("a", [record("small")]),
                return_exceptions=True,
            )
            assert isinstance(outcomes[0], StoreFull)
            assert outcomes[1] == Added(1, 0)
            for number in range(100):
                try:
                    await store.add_records("a", [record(str(number), b"y" * 3_000)])
                except StoreFull as full:
                    assert "disk is full" in str(full)
                    break
                kept.add(str(number))
            else:
                pytest.fail("the file never filled up")
            with pytest.raises(StoreFull):
                await store.commit(Batch(contacts=tuple(row(str(n)) for n in range(200)), now=T0))
            assert {listed.key for listed in await store.inbox(limit=200)} == kept
            store.writer.connection.execute("PRAGMA max_page_count = 100000").fetchall()
            assert await store.add_records("a", [record("big", b"x" * 200_000)]) == Added(1, 0)

    asyncio.run(run())


def test_a_second_daemon_is_refused_and_commands_are_not(tmp_path: Path) -> None:
    """One daemon a file; a command beside it reads and writes; when the daemon is gone, the next one may start."""
    path = tmp_path / "gateway.db"

    async def run() -> None:
        async with on_file(path) as daemon:
            with pytest.raises(StoreBusy, match="another daemon"):
                await SqliteStore.open(str(path), LoopSpawnAlike(), exclusive=True)
            await daemon.add_records("a", [record("1")])
            claimed = await daemon.claim_records(now=T0, lease_ms=LEASE, limit=9)
            async with on_file(path, exclusive=False) as command:
                assert await command.add_records("a", [record("1"), record("2")]) == Added(1, 1)
            await daemon.commit(Batch(done=((claimed[0].id, 1),), now=T0))
            assert len(await daemon.inbox(limit=9)) == 2
        async with on_file(path) as next_one:
            assert len(await next_one.inbox(limit=9)) == 2

    asyncio.run(run())


class LoopSpawnAlike(LoopSpawn):
    """Fails the test if a refused daemon touches the database."""

    def call(self, thread: str, function: object) -> object:  # type: ignore[override]
        raise AssertionError("a refused daemon has opened the file")


def test_another_writer_that_holds_the_file_is_no_loss(tmp_path: Path) -> None:
    """While a foreign process holds the write lock, callers hear StoreFull, and go on when it lets go."""
    path = tmp_path / "gateway.db"

    async def run() -> None:
        async with on_file(path) as store:
            store.writer.connection.execute("PRAGMA busy_timeout = 0").fetchall()
            other = driver().connect(str(path), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreFull, match="another process"):
                await store.add_records("a", [record("1")])
            other.execute("ROLLBACK")
            other.close()
            assert await store.add_records("a", [record("1")]) == Added(1, 0)

    asyncio.run(run())


def test_the_file_belongs_to_its_owner_alone_and_is_durable(tmp_path: Path) -> None:
    """Mode 0600 for the file, its log and its locks; WAL, synchronous FULL, foreign keys, pages of 16 KiB."""
    path = tmp_path / "gateway.db"

    async def run() -> None:
        async with on_file(path) as store:
            await store.add_records("a", [record("1")])
            modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in os.listdir(tmp_path)}
            assert modes == dict.fromkeys([f"gateway.db{end}" for end in ("", "-wal", "-shm", ".lock", ".pid")], 0o600)
            asked = ("journal_mode", "synchronous", "foreign_keys", "page_size", "wal_autocheckpoint")
            values = [store.writer.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
            assert values == ["wal", 2, 1, 4_096, 0]

    asyncio.run(run())


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    """An unknown schema is not touched, and the refusal says what to do; so is a file that is no database."""
    newer, other = tmp_path / "newer.db", tmp_path / "other.db"
    connection = driver().connect(str(newer))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    other.write_bytes(b"a letter to nobody" * 1_000)

    async def run(path: Path) -> None:
        async with on_file(path):
            raise AssertionError("it was opened")

    with pytest.raises(StoreUnusable, match="written by a newer version"):
        asyncio.run(run(newer))
    with pytest.raises(StoreUnusable, match="can't be used as a database"):
        asyncio.run(run(other))
    with pytest.raises(StoreUnusable, match="can't be opened"):
        asyncio.run(run(tmp_path / "no" / "such" / "folder.db"))


@pytest.mark.parametrize(
    ("version", "fine"),
    [((3, 40, 1), False), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 52, 0), False), ((3, 53, 4), True)],
)
def test_a_library_with_the_log_bug_is_never_used(version: tuple[int, ...], fine: bool) -> None:
    """3.51.3 or later, but not 3.52.0."""
    assert sound(version) is fine


def test_without_a_sound_library_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every driver that was tried is named with its version, and the command that helps."""
    old = SimpleNamespace(sqlite_version_info=(3, 40, 1), sqlite_version="3.40.1")

    def load(name: str) -> object:
        if name == "old":
            return old
        raise ImportError(name)

    monkeypatch.setattr(library.importlib, "import_module", load)
    with pytest.raises(
        StoreUnusable, match=r"old has SQLite 3\.40\.1; missing is not installed.*pip install pysqlite3"
    ):
        driver(("old", "missing"))


def test_a_long_log_is_moved_into_the_file(tmp_path: Path) -> None:
    """A passive checkpoint follows when the log is worth one; a log that is too long is restarted by the writer."""

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            checkpoints = store.wal
            assert checkpoints is not None
            for number in range(6):
                await store.add_records("a", [record(str(number), b"x" * 1_000_000)])
            await store.writer.drained()
            await checkpoints.settled()
            assert checkpoints.passive >= 1
            assert (checkpoints.restarts, checkpoints.failures) == (0, 0)
            await store.add_records("a", [record("huge", b"x" * 34_000_000)])
            await store.writer.drained()
            assert (checkpoints.restarts, checkpoints.failures) == (1, 0)
            assert len(await store.inbox(limit=99)) == 7

    asyncio.run(run())


def test_a_file_of_a_development_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """Before the first release nothing was carried over: the refusal says so, and names the way out."""
    path = tmp_path / "gateway.db"
    with contextlib.closing(driver().connect(str(path))) as connection:
        for table in ("inbox", "contacts", "strands", "journal", "ledger", "policies"):
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")
        connection.execute("PRAGMA user_version = 1")

    async def run() -> None:
        async with on_file(path):
            raise AssertionError("it was opened")

    with pytest.raises(StoreUnusable, match="schema 1: .* development version, .* start with a new file"):
        asyncio.run(run())
    with contextlib.closing(driver().connect(str(path))) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone() == (6,)


@pytest.mark.parametrize("version", [0, 1, SCHEMA_VERSION])
def test_a_database_of_another_program_is_left_alone(tmp_path: Path, version: int) -> None:
    """Tables that are not ours are a refusal, whatever version they claim, and nothing is added to them."""
    path = tmp_path / "other.db"
    with contextlib.closing(driver().connect(str(path))) as connection:
        connection.execute("CREATE TABLE letters (body TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")

    async def run() -> None:
        async with on_file(path):
            raise AssertionError("it was opened")

    with pytest.raises(StoreUnusable, match="of another program"):
        asyncio.run(run())
    with contextlib.closing(driver().connect(str(path))) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("letters",)]


def test_a_damaged_file_is_told_to_readers_and_writers(tmp_path: Path) -> None:
    """Rubbish in the pages of a table is StoreUnusable with what to do, not a fault of the program's."""
    path = tmp_path / "gateway.db"

    async def fill() -> int:
        async with on_file(path) as store:
            await store.add_records("a", [record("1")])
            found = store._reader.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'inbox'").fetchone()
            return int(found[0])

    async def read_and_write() -> None:
        async with on_file(path, exclusive=False) as store:
            with pytest.raises(StoreUnusable, match="the database is damaged.*restore a backup"):
                await store.inbox(limit=9)
            with pytest.raises(StoreUnusable, match="the database is damaged.*restore a backup"):
                await store.add_records("a", [record("2")])

    begins = (asyncio.run(fill()) - 1) * PAGE_BYTES
    whole = path.read_bytes()
    path.write_bytes(whole[:begins] + b"\xa5" * PAGE_BYTES + whole[begins + PAGE_BYTES :])
    asyncio.run(read_and_write())


def test_a_failing_checkpoint_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is counted each time and told at the first: a full disk isn't filled with what is said of it."""

    class Failing:
        """A connection whose disk fails."""

        def execute(self, statement: str) -> None:
            raise driver().OperationalError("database or disk is full")

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            checkpoints = store.wal
            assert checkpoints is not None
            real = checkpoints._connection
            for _ in range(3):
                checkpoints._pragma(Failing(), "PASSIVE")  # type: ignore[arg-type]
            checkpoints._pragma(real, "PASSIVE")
            checkpoints._pragma(Failing(), "PASSIVE")  # type: ignore[arg-type]
            assert checkpoints.failures == 4

    asyncio.run(run())
    assert capsys.readouterr().out.count("a checkpoint has failed") == 2


def test_a_transaction_that_cannot_be_written_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also that of a group whose parts succeed alone: a disk that fails now and then is seen before it fails for good.
    It is counted each time, and told at the first since one was written; what a caller did wrong is neither."""
    failing = 0

    class Failing:
        """A connection whose disk fails at some commits."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self._real = real

        def execute(self, statement: str, *more: object) -> sqlite3.Cursor:
            nonlocal failing
            if statement == "COMMIT" and failing:
                failing -= 1
                error = driver().OperationalError("disk I/O error")
                error.sqlite_errorcode = 10 | 4 << 8
                raise error
            return self._real.execute(statement, *more)

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    def spoil(connection: sqlite3.Connection) -> None:
        raise ZeroDivisionError

    async def run() -> None:
        nonlocal failing
        async with on_file(tmp_path / "gateway.db") as store:
            store.writer.connection = Failing(store.writer.connection)  # type: ignore[assignment]
            with pytest.raises(ZeroDivisionError):
                await store.writer.write("spoil", spoil)
            assert store.writer.failures == 0
            failing = 1
            both = await asyncio.gather(*(store.add_records("a", [record(name)]) for name in "12"))
            assert (both, store.writer.failures) == ([Added(1, 0)] * 2, 1)
            failing = 3
            for _ in range(3):
                with pytest.raises(StoreFull, match="the disk fails"):
                    await store.add_records("a", [record("3")])
            assert await store.add_records("a", [record("3")]) == Added(1, 0)
            assert (await store.figures(T0)).commit_failures == 4

    asyncio.run(run())
    assert capsys.readouterr().out.count("a transaction couldn't be written") == 2


def test_hot_statements_use_their_indexes(tmp_path: Path) -> None:
    """Claims, looks-up of many keys and due scans are ranges of an index, never a walk over a whole table."""
    from gateway.store import inbox, judging, performing

    statements = [
        inbox._ready_of,
        inbox._connectors_after,
        inbox._lease,
        judging._due,
        judging._next_due,
        judging._history,
        performing._due,
        performing._elect,
    ]
    statements += [performing._next_due, inbox._oldest, judging._events, judging._contacts_of]
    statements += [judging._ledger, judging._entry]

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            for statement in statements:
                steps = plan(store, statement)
                assert not [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step], (
                    statement.sql,
                    steps,
                )
                assert not [step for step in steps if "TEMP B-TREE" in step], (statement.sql, steps)

    asyncio.run(run())
