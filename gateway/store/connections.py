"""Opening the database file: its mode and its settings."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gateway.kernel.store import StoreUnusable
from gateway.store.library import Connection

MEMORY = ":memory:"
PAGE_BYTES = 4_096
"""A page that a transaction touches goes to the log whole, and later to the file. An event of a contact that has lain
for long touches pages that nobody else does: small ones cost it half of what pages of 16 KiB do."""

CACHE_KIB = 16_384
"""Of each connection, once its pages have been touched: the system keeps the file's pages too, at a copy each."""

BUSY_MS = 5_000
FILE_MODE = 0o600
"""Nobody but the owner reads or writes what is ours."""


def prepare_file(path: str) -> None:
    """Make the file, for its owner only, if it isn't there. Raises StoreUnusable where that can't be done."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))
    except OSError as error:
        raise StoreUnusable(
            f"the database {path} can't be opened: {error.strerror}; give a file in a folder that exists, "
            f"and that this user may write ({Path(path).absolute().parent})"
        ) from None


def open_writer(driver: Any, path: str) -> Connection:
    """The connection that writes. Raises StoreUnusable for a file that is no database."""
    connection: Connection = driver.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _settings(
            connection,
            page_size=PAGE_BYTES,
            busy_timeout=BUSY_MS,
            journal_mode="WAL",
            synchronous="FULL",
            foreign_keys=1,
            trusted_schema=0,
            cache_size=-CACHE_KIB,
            wal_autocheckpoint=0,
        )
    except driver.DatabaseError as error:
        connection.close()
        raise StoreUnusable(f"the file {path} can't be used as a database: {error}") from None
    return connection


def open_reader(driver: Any, path: str) -> Connection:
    """A connection that only reads."""
    connection: Connection = driver.connect(path, isolation_level=None, check_same_thread=False)
    _settings(connection, busy_timeout=BUSY_MS, query_only=1, trusted_schema=0, cache_size=-CACHE_KIB)
    return connection


def open_examiner(driver: Any, path: str) -> Connection:
    """A connection that can't write. Any other one that is the last to be closed moves the log into the file: that is
    for those who have made it durable."""
    name = f"file:{quote(os.path.abspath(path))}?mode=ro"
    connection: Connection = driver.connect(name, uri=True, isolation_level=None, check_same_thread=False)
    _settings(connection, busy_timeout=BUSY_MS, trusted_schema=0, cache_size=-CACHE_KIB)
    return connection


def open_checkpointer(driver: Any, path: str) -> Connection:
    """A connection that moves the log into the file, and does nothing else."""
    connection: Connection = driver.connect(path, isolation_level=None, check_same_thread=False)
    _settings(connection, busy_timeout=0, synchronous="FULL", trusted_schema=0, wal_autocheckpoint=0)
    return connection


def _settings(connection: Connection, **values: int | str) -> None:
    for name, setting in values.items():
        connection.execute(f"PRAGMA {name} = {setting}").fetchall()
