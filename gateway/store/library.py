"""Which SQLite library is used: one without the bug that can lose committed rows of a write-ahead log.

Versions before 3.51.3 can reset the log while another connection still needs it; 3.52.0 was withdrawn.
"""

import importlib
import sqlite3
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar

from gateway.kernel.store import StoreUnusable

T = TypeVar("T")

MINIMUM = (3, 51, 3)
WITHDRAWN = frozenset({(3, 52, 0)})
CANDIDATES = ("sqlite3", "pysqlite3")

Connection = sqlite3.Connection
"""A connection of either driver: they have the same face."""


_DAMAGED = frozenset({11, 26})
"""Primary result codes of SQLite for a file whose content is broken, or no database at all."""


_NO_TEXT = "Could not decode to UTF-8 column"
"""What a driver says, without a code, of text that is none; the bytes themselves stand behind it."""


def named(error: Exception) -> Exception:
    """The error as callers know it: StoreUnusable where the file is damaged, else the error itself."""
    said = str(error)
    if said.startswith(_NO_TEXT):
        said = said.partition(" with text ")[0]
    elif getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
        return error
    return StoreUnusable(f"the database is damaged: {said}; restore a backup, or start with a new file")


def sound(version: tuple[int, ...]) -> bool:
    """Whether a library of this version may open a database of ours."""
    return version >= MINIMUM and version not in WITHDRAWN


def driver(candidates: Iterable[str] = CANDIDATES) -> Any:
    """The first driver whose library is sound. Raises StoreUnusable, which names what was found and what to install."""
    found = []
    for name in candidates:
        try:
            module: ModuleType = importlib.import_module(name)
        except ImportError:
            found.append(f"{name} is not installed")
            continue
        if sound(module.sqlite_version_info):
            return module
        found.append(f"{name} has SQLite {module.sqlite_version}")
    raise StoreUnusable(
        f"no SQLite library is safe to use ({'; '.join(found)}): 3.51.3 or later is needed, but not 3.52.0; "
        "install one with: pip install pysqlite3"
    )


def snapshot(connection: Connection, part: Callable[[Connection], T]) -> T:
    """Run `part` on one snapshot of the database. Raises StoreUnusable where it is damaged."""
    try:
        connection.execute("BEGIN")
        try:
            return part(connection)
        finally:
            connection.execute("COMMIT")
    except Exception as error:
        if (known := named(error)) is not error:
            raise known from error
        raise
