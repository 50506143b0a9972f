"""Making the write-ahead log durable before anything in it is believed.

Who opens the file after a process that has died finds the log as the kernel shows it, which may be more than the disk
has. What was written and not yet synced lies in memory alone: SQLite takes a whole commit that it finds there for
committed, and a transaction that then has nothing to write, as that of a duplicate, syncs nothing either. And where
writing back fails, Linux tells that to one sync, takes the pages for clean, and goes on showing them. As long as
somebody has the file open this does no harm: the index in memory (`-shm`) says where the log ends, and the next commit
is written over the failed one. Who starts later finds the failed commit whole and appends behind it, and its own syncs
succeed, for no page but its own is dirty. After a power cut the log ends at the hole, and what was acknowledged behind
it is gone.

So the log is written with its own bytes, which makes all of its pages dirty, and synced: now it is what it shows.

Laws: bytes never change, so who reads meanwhile sees no difference, and whoever dies half-way leaves no harm. Nobody
appends meanwhile, or it would be undone by what was read before: SQLite's own lock of the writer sees to that. Nothing
is written, moved into the file or answered before the sync has succeeded. Only the log is opened here, never the file
itself: to close a descriptor of that would drop the locks that SQLite has on it in this process (POSIX's are the
process's, not the descriptor's). On the log it has none.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.kernel.store import StoreBusy, StoreUnusable
from gateway.store.library import Connection

CHUNK_BYTES = 1 << 20
"""How much of the log is in memory at a time."""

_BUSY = frozenset({5, 6})
"""Primary result codes of SQLite for a file that somebody else holds."""


def make_durable(connection: Connection, path: str, rewrite: Callable[[], None]) -> None:
    """Let `rewrite` write and sync the log while nobody else can append to it.

    Raises StoreUnusable where that fails, and StoreBusy where another process goes on writing.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except Exception as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BUSY:
            raise
        raise StoreBusy(f"another process is writing to {path}: try again when it has ended") from error
    try:
        rewrite()
    except OSError as error:
        raise StoreUnusable(
            f"the write-ahead log {path}-wal can't be made durable: {error.strerror}; look at the disk, and what the "
            "system's log says of it, and start again; keep both files, they belong together"
        ) from error
    finally:
        connection.execute("ROLLBACK")


def rewrite(path: str) -> None:
    """Write the log of this database with its own bytes, and sync it and its name. Raises OSError."""
    file = os.path.realpath(path)  # SQLite follows links too: the log lies beside what they lead to
    with suppress(FileNotFoundError):
        _rewrite(f"{file}-wal")
    folder = os.open(Path(file).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _rewrite(log: str) -> None:
    file = os.open(log, os.O_RDWR)
    try:
        at = 0
        while chunk := os.pread(file, CHUNK_BYTES, at):
            at += os.pwrite(file, chunk, at)
        os.fsync(file)
    finally:
        os.close(file)
