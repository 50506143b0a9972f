"""A driver with the face of `sqlite3` on a simulated disk.

Laws: all connections to a path stand on one connection of SQLite, since a VFS in Python has no memory that several
could share, and a write-ahead log then wants `locking_mode=EXCLUSIVE`. That is sound where each part of a transaction's
work runs in one step, as in the simulation: no reader's BEGIN lies within a writer's transaction (SQLite would refuse
it). Settings are those of the connection that came first: a later one that reads only doesn't keep it from writing.
A connection of a process that has died raises Dead, whatever is asked of it.

Not simulated: a checkpoint that meets a reader. PASSIVE moves the whole log at once, RESTART is never busy.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import apsw

from tests.simulation.machine.disk import Dead, SimDisk

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]

_SETTING = re.compile(
    r"\s*PRAGMA\s+(?:busy_timeout|cache_size|foreign_keys|query_only|synchronous|trusted_schema|wal_autocheckpoint)\s*=",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)

_KINDS: dict[int, type[sqlite3.Error]] = {
    apsw.SQLITE_INTERNAL: sqlite3.InternalError,
    apsw.SQLITE_NOTFOUND: sqlite3.InternalError,
    apsw.SQLITE_TOOBIG: sqlite3.DataError,
    apsw.SQLITE_CONSTRAINT: sqlite3.IntegrityError,
    apsw.SQLITE_MISMATCH: sqlite3.IntegrityError,
    apsw.SQLITE_MISUSE: sqlite3.InterfaceError,
    apsw.SQLITE_CORRUPT: sqlite3.DatabaseError,
    apsw.SQLITE_NOTADB: sqlite3.DatabaseError,
}
"""Primary result codes that `sqlite3` tells by an error of their own; every other one is an OperationalError."""


_FAILURES = (apsw.Error, Dead, UnicodeDecodeError)
"""What a call of SQLite may raise that is for `_Shared.failed` to tell."""


@lru_cache(maxsize=1_024)
def _kind(sql: str) -> Literal["setting", "change", "other"]:
    if _SETTING.match(sql):
        return "setting"
    return "change" if _CHANGE.match(sql) else "other"


def _known(error: apsw.Error) -> sqlite3.Error:
    """The error as `sqlite3` would have raised it."""
    code = getattr(error, "extendedresult", 0)
    if not code:
        return sqlite3.ProgrammingError(str(error))
    known = _KINDS.get(code & 0xFF, sqlite3.OperationalError)(str(error))
    known.sqlite_errorcode = code
    known.sqlite_errorname = apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(code, "")
    return known


class SimDriver:
    """What `import sqlite3` is to a real process, on one disk."""

    Error = sqlite3.Error
    DatabaseError = sqlite3.DatabaseError
    OperationalError = sqlite3.OperationalError
    IntegrityError = sqlite3.IntegrityError
    ProgrammingError = sqlite3.ProgrammingError
    sqlite_version = apsw.sqlite_lib_version()
    sqlite_version_info = tuple(map(int, sqlite_version.split(".")))

    def __init__(self, disk: SimDisk) -> None:
        self._disk = disk

    def connect(self, path: str, *, isolation_level: None = None, check_same_thread: bool = False) -> "Connection":
        """A connection to a file of the disk, which is made if it isn't there."""
        shared = self._disk.opened.get(path)
        if not isinstance(shared, _Shared) or shared.sqlite is None:
            shared = _Shared(self._disk, path)
        return Connection(shared)


class _Shared:
    """The one connection of SQLite to a file; None when it is closed, or its process is dead."""

    def __init__(self, disk: SimDisk, path: str) -> None:
        self.dead = False
        self.holders = 0
        self.sqlite: apsw.Connection | None = disk.open(path, self)
        self.sqlite.execute("PRAGMA locking_mode = EXCLUSIVE")

    def living(self) -> apsw.Connection:
        """The connection. Raises Dead, or ProgrammingError where it is closed."""
        if self.sqlite is None:
            if self.dead:
                raise Dead("the process of this connection is dead")
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        return self.sqlite

    def bury(self) -> None:
        """Let go of the connection; its files are out of its reach already."""
        self.dead = True
        self._end()

    def release(self) -> None:
        """One holder less; the last one moves the log into the file, and deletes it."""
        self.holders -= 1
        if self.holders == 0 and self.sqlite is not None:
            self.sqlite.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
            self._end()

    def _end(self) -> None:
        sqlite, self.sqlite = self.sqlite, None
        if sqlite is None:
            return
        try:
            sqlite.close(True)
        except apsw.Error:  # the log couldn't be moved: it stays, and who comes next reads it
            pass
        except Dead:
            self.dead = True

    def failed(self, error: Exception) -> Exception:
        """What to raise for an error of SQLite's, or of a process that died in it."""
        if isinstance(error, Dead):
            self.bury()
            return error
        if self.dead:
            return Dead("the process of this connection is dead")
        if isinstance(error, UnicodeDecodeError):
            return sqlite3.OperationalError("Could not decode to UTF-8 column")
        return _known(error) if isinstance(error, apsw.Error) else error


class Connection:
    """One of the connections to a file."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._first = shared.holders == 0
        self._closed = False
        shared.holders += 1

    @property
    def in_transaction(self) -> bool:
        """Whether a BEGIN waits for its COMMIT."""
        return self._living().in_transaction

    def execute(self, sql: str, parameters: Parameters = ()) -> "Cursor":
        """Run one statement."""
        sqlite, kind = self._living(), _kind(sql)
        if kind == "setting" and not self._first:
            return Cursor(self._shared, iter(()))
        try:
            rows = sqlite.execute(sql, parameters)
            if kind == "change":
                return Cursor(self._shared, iter(rows.fetchall()), sqlite.changes())
        except _FAILURES as error:
            raise self._shared.failed(error) from None
        return Cursor(self._shared, rows)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> "Cursor":
        """Run a statement once for each of `rows`."""
        sqlite = self._living()
        before = sqlite.total_changes()
        try:
            sqlite.executemany(sql, rows).fetchall()
        except _FAILURES as error:
            raise self._shared.failed(error) from None
        return Cursor(self._shared, iter(()), sqlite.total_changes() - before)

    def close(self) -> None:
        """Let go of the file."""
        if not self._closed:
            self._closed = True
            self._shared.release()

    def _living(self) -> apsw.Connection:
        if self._closed and not self._shared.dead:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        return self._shared.living()


class Cursor:
    """The rows of one statement, read as they are asked for."""

    __slots__ = ("_rows", "_shared", "rowcount")

    def __init__(self, shared: _Shared, rows: Iterator[Row], rowcount: int = -1) -> None:
        self._shared = shared
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> "Cursor":
        return self

    def __next__(self) -> Row:
        self._shared.living()
        try:
            row: Row = next(self._rows)
        except _FAILURES as error:
            raise self._shared.failed(error) from None
        return row

    def fetchone(self) -> Row | None:
        """The next row; None after the last."""
        return next(self, None)

    def fetchall(self) -> list[Row]:
        """All that are left."""
        self._shared.living()
        try:
            return list(self._rows)
        except _FAILURES as error:
            raise self._shared.failed(error) from None

    def close(self) -> None:
        """The rest of the rows isn't wanted."""
        self._rows = iter(())
