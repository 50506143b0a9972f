"""Looking at a database file from outside: does it open, is it sound, how large is it. Nothing is written or made."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gateway.kernel.store import StoreUnusable
from gateway.store import library
from gateway.store.connections import open_examiner
from gateway.store.schema import SCHEMA_VERSION

STEPS = 200_000
"""Instructions of SQLite between two questions whether to go on: some milliseconds."""

_PROBLEMS_MAX = 5


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found. `unusable` says why it can't be opened, else it is empty; sizes are bytes.

    `problems` is None where the check of the content did not come to its end.
    """

    library: str
    path: str
    unusable: str = ""
    schema: int = 0
    expected_schema: int = SCHEMA_VERSION
    problems: tuple[str, ...] | None = ()
    file_bytes: int = 0
    wal_bytes: int = 0


def examine(path: str, go_on: Callable[[], bool]) -> Examined:
    """Examine the file at `path`, which exists; `go_on` is asked now and then, and ends the check by saying no."""
    try:
        driver = library.driver()
    except StoreUnusable as error:
        return Examined(library="", path=path, unusable=str(error))
    version: str = driver.sqlite_version
    seen = Examined(library=version, path=path, file_bytes=_size(path), wal_bytes=_size(f"{path}-wal"))
    try:
        connection = open_examiner(driver, path)
        try:
            schema = connection.execute("PRAGMA user_version").fetchone()[0]
            return replace(seen, schema=schema, problems=_problems(connection, driver, go_on))
        finally:
            connection.close()
    except driver.Error as error:
        return replace(seen, unusable=str(library.named(error)))


def _problems(connection: library.Connection, driver: Any, go_on: Callable[[], bool]) -> tuple[str, ...] | None:
    """What `quick_check` says; None if it was ended."""
    ended = False

    def ends() -> bool:
        nonlocal ended
        ended = not go_on()
        return ended

    connection.set_progress_handler(ends, STEPS)
    try:
        said = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({_PROBLEMS_MAX})")]
    except driver.OperationalError:
        if ended:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return () if said == ["ok"] else tuple(line[:300] for line in said)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
