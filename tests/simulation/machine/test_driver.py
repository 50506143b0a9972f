"""The simulated driver does what the real one does: statement by statement, and under the real store."""

import asyncio
import contextlib
import inspect
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import StoreUnusable
from gateway.store import SqliteStore, library, wal
from gateway.store.connections import open_checkpointer, open_reader, open_writer
from gateway.store.schema import SCHEMA_VERSION
from tests.simulation.machine.disk import SimDisk
from tests.simulation.machine.driver import SimDriver
from tests.store import test_checkpoints, test_contract, test_judging, test_outbox, test_policies
from tests.store.samples import record

PATH = "gateway.db"
PASSIVE_PAGES, RESTART_PAGES = 100, 800

BEYOND = {
    "test_a_batch_without_checkpoints_never_touches_them",  # it traces statements
    "test_only_what_is_given_is_read",  # it counts the steps of SQLite
    "test_a_name_that_is_no_text_is_told_without_its_bytes",  # it wants the name of a column in an error
}
"""Tests of the store that ask more of a driver than the store does."""

STATEMENTS: tuple[tuple[str, Any], ...] = (
    ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c BLOB NOT NULL) STRICT", ()),
    ("INSERT INTO t VALUES (1, 'one', x'01'), (2, 'two', x'02')", ()),
    ("INSERT INTO t VALUES (?, ?, ?)", (3, "three\0é🦉", b"\x00\xff")),
    ("INSERT INTO t VALUES (:a, :b, :c)", {"a": 4, "b": None, "c": b"", "more": 1}),
    ("INSERT INTO t VALUES (5, 'two', x'') ON CONFLICT DO NOTHING", ()),
    ("INSERT INTO t VALUES (5, 'two', x'') ON CONFLICT (b) DO UPDATE SET c = excluded.c", ()),
    ("INSERT INTO t VALUES (5, 'two', x'')", ()),
    ("INSERT INTO t VALUES (5, 'five', NULL)", ()),
    ("INSERT INTO t VALUES (5, 6.5, 'text')", ()),
    ("INSERT INTO t VALUES (?, ?, ?)", (1, 2)),
    ("INSERT INTO t VALUES (?, 'huge', x'')", (2**63,)),
    ("INSERT INTO t VALUES (9, ?, x'')", ("\udcff",)),
    ("SELECT * FROM t ORDER BY a", ()),
    ("SELECT a, 2.5, b IS NULL FROM t WHERE a > ? ORDER BY a", (2,)),
    ("SELECT a FROM t WHERE a > 99", ()),
    ("UPDATE t SET b = 'drei' WHERE a = 3 RETURNING a, b", ()),
    ("UPDATE t SET c = x'05' WHERE a > 1", ()),
    ("UPDATE t SET c = x'05' WHERE a > 99", ()),
    ("UPDATE t SET c = x'05' WHERE a > 99 RETURNING a", ()),
    ("DELETE FROM t WHERE a IN (1, 2) RETURNING a", ()),
    ("DELETE FROM t WHERE a = 4", ()),
    ("SELECT nothing FROM t", ()),
    ("SELECT", ()),
    ("COMMIT", ()),
    ("BEGIN IMMEDIATE", ()),
    ("BEGIN", ()),
    ("DELETE FROM t", ()),
    ("ROLLBACK", ()),
    ("SELECT count(*) FROM t", ()),
    ("PRAGMA user_version = 7", ()),
    ("PRAGMA user_version", ()),
    ("PRAGMA wal_checkpoint(PASSIVE)", ()),
)


@contextlib.contextmanager
def both(tmp_path: Any) -> Iterator[tuple[Any, Any]]:
    """A connection of the real driver, and one of the simulated."""
    drivers = ((library.driver(), str(tmp_path / PATH)), (SimDriver(SimDisk()), PATH))
    connections = [open_writer(driver, path) for driver, path in drivers]
    with contextlib.closing(connections[0]), contextlib.closing(connections[1]):
        yield connections[0], connections[1]


def told(sql: str, work: Callable[[str], Any]) -> object:
    """What it answers, or what it raises: the kind of error, and SQLite's code and words."""
    try:
        cursor = work(sql)
        rows = cursor.fetchall()
        return rows, None if "RETURNING" in sql else cursor.rowcount  # there real drivers differ
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # not all drivers tell more than that
        return kinds, code, str(error) if code else None


def test_each_statement_is_answered_as_by_the_real_driver(tmp_path: Any) -> None:
    """Rows and their types, how many were changed, which error and code, and whether a transaction is open."""
    with both(tmp_path) as (real, simulated):
        for sql, parameters in STATEMENTS:
            expected = told(sql, lambda sql, given=parameters: real.execute(sql, given))
            assert told(sql, lambda sql, given=parameters: simulated.execute(sql, given)) == expected, sql
            assert simulated.in_transaction == real.in_transaction, sql


def test_many_at_once_are_answered_as_by_the_real_driver(tmp_path: Any) -> None:
    """`executemany` counts what all of them changed; one that fails leaves those before it, and is told."""
    several: tuple[tuple[str, list[Any]], ...] = (
        ("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, "b"), (3, "c")]),
        ("INSERT INTO t VALUES (:a, :b) ON CONFLICT DO NOTHING", [{"a": 3, "b": "x"}, {"a": 4, "b": "d"}]),
        ("UPDATE t SET b = ? WHERE a = ?", [("y", 1), ("z", 99)]),
        ("INSERT INTO t VALUES (?, ?)", []),
        ("INSERT INTO t VALUES (?, ?)", [(5, "e"), (1, "a"), (6, "f")]),
    )
    with both(tmp_path) as (real, simulated):
        for connection in (real, simulated):
            connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        for sql, rows in several:
            expected = told(sql, lambda sql, rows=rows: real.executemany(sql, iter(rows)))
            assert told(sql, lambda sql, rows=rows: simulated.executemany(sql, iter(rows))) == expected, sql
        left = "SELECT * FROM t ORDER BY a"
        assert simulated.execute(left).fetchall() == real.execute(left).fetchall()


def test_what_a_change_returns_is_counted() -> None:
    """Also before its rows are read."""
    with contextlib.closing(open_writer(SimDriver(SimDisk()), PATH)) as connection:
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        assert connection.execute("INSERT INTO t VALUES (1), (2), (3) RETURNING a").rowcount == 3
        assert connection.execute("DELETE FROM t WHERE a > 1 RETURNING a").rowcount == 2
        assert connection.execute("UPDATE t SET a = 9 WHERE a > 1 RETURNING a").rowcount == 0


def test_rows_are_read_as_they_are_asked_for(tmp_path: Any) -> None:
    """One by one, in a loop, and to the end; a cursor that is closed half-way keeps nobody from writing."""
    with both(tmp_path) as connections:
        for connection in connections:
            connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
            connection.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(5)])
            cursor = connection.execute("SELECT a FROM t ORDER BY a")
            assert cursor.rowcount == -1
            assert (cursor.fetchone(), next(cursor), next(iter(cursor))) == ((0,), (1,), (2,))
            assert (cursor.fetchall(), cursor.fetchone(), next(cursor, "end")) == ([(3,), (4,)], None, "end")
            with contextlib.closing(connection.execute("SELECT a FROM t")) as cursor:
                next(cursor)
            connection.execute("DROP TABLE t")


def test_connections_to_a_path_share_one_and_the_last_one_closes_it() -> None:
    """A reader's settings don't keep the writer from writing; what is closed stays closed; another file is another."""
    disk = SimDisk()
    driver = SimDriver(disk)
    writer, reader = open_writer(driver, PATH), open_reader(SimDriver(disk), PATH)
    own = open_checkpointer(driver, PATH)
    writer.execute("CREATE TABLE t (a)")
    writer.execute("INSERT INTO t VALUES (1)")
    assert reader.execute("SELECT a FROM t").fetchone() == (1,)
    assert own.execute("PRAGMA wal_checkpoint(NOOP)").fetchone() == (0, 3, 0)
    assert own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone() == (0, 3, 3)
    assert writer.execute("PRAGMA wal_checkpoint(RESTART)").fetchone() == (0, 3, 3)
    asked = ("journal_mode", "synchronous", "foreign_keys", "page_size", "wal_autocheckpoint", "query_only")
    assert [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == ["wal", 2, 1, 4_096, 0, 0]
    for connection in (writer, own):
        connection.close()
        connection.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        writer.execute("SELECT 1")
    assert reader.execute("SELECT a FROM t").fetchall() == [(1,)]
    assert len(disk.files()) == 2
    reader.close()
    assert list(disk.files()) == [PATH]
    with contextlib.closing(open_writer(driver, "other.db")) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == []
    with contextlib.closing(open_writer(driver, PATH)) as again:
        assert again.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_what_is_no_database_of_ours_is_refused() -> None:
    """A newer schema by the store, and other bytes by SQLite, as on a real disk."""
    disk = SimDisk()
    driver = SimDriver(disk)

    async def refused(match: str) -> None:
        with pytest.raises(StoreUnusable, match=match):
            await SqliteStore.on(driver, PATH, InlineSpawn(), exclusive=True)
        disk.kill()

    with contextlib.closing(open_writer(driver, PATH)) as writer:
        writer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    asyncio.run(refused("written by a newer version"))
    disk.put(PATH, b"a letter to nobody" * 1_000)
    asyncio.run(refused("can't be used as a database"))


def test_a_long_log_is_moved_into_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's own checkpoints, here of shorter logs, work on the shared connection, and keep the log short."""
    monkeypatch.setattr(wal, "PASSIVE_PAGES", PASSIVE_PAGES)
    monkeypatch.setattr(wal, "RESTART_PAGES", RESTART_PAGES)

    async def run() -> None:
        disk = SimDisk()
        store = await SqliteStore.on(SimDriver(disk), PATH, InlineSpawn(), exclusive=True)
        assert store.wal is not None
        for number in range(30):
            await store.add_records("a", [record(str(number), b"x" * 100_000)])
        await store.writer.drained()
        await store.wal.settled()
        assert (store.wal.passive > 5, store.wal.restarts, store.wal.failures) == (True, 0, 0)
        assert len(disk.files()[f"{PATH}-wal"]) < 3 * PASSIVE_PAGES * 4_096
        await store.add_records("a", [record("huge", b"x" * 3_400_000)])
        await store.writer.drained()
        assert (store.wal.restarts, store.wal.failures) == (1, 0)
        assert len(await store.inbox(limit=99)) == 31
        await store.close()

    asyncio.run(run())


def _contract(*modules: ModuleType) -> list[Any]:
    """Those tests of the store that want a store and nothing else."""
    return [
        pytest.param(module, test, id=f"{module.__name__.rpartition('.')[2]}-{name}")
        for module in modules
        for name, test in vars(module).items()
        if name.startswith("test_") and name not in BEYOND and isinstance(test, FunctionType)
        if not inspect.signature(test).parameters and "with_store" in test.__code__.co_names
    ]


@pytest.mark.parametrize(
    ("module", "test"), _contract(test_checkpoints, test_contract, test_judging, test_outbox, test_policies)
)
def test_the_store_keeps_its_promises(
    module: ModuleType, test: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own tests, on a simulated disk."""

    def with_store(check: Callable[[SqliteStore], Awaitable[None]]) -> None:
        async def run() -> None:
            disk = SimDisk()
            store = await SqliteStore.on(SimDriver(disk), PATH, InlineSpawn(), exclusive=True)
            await check(store)
            await store.close()

        asyncio.run(run())

    monkeypatch.setattr(module, "with_store", with_store)
    test()
