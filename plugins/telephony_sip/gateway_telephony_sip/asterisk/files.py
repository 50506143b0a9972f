"""The files of one log: the one that is written, and those that were rotated. Reads, and never writes.

A file is known by its mark, a hash of its first line, which stays when the file is renamed or copied; its inode tells
apart two with the same. An empty file has no mark: nothing is to be read of it. Only regular files are opened, and
never so that opening could wait. All reads are bounded; they are of local files, and don't leave the event loop.
"""

import fnmatch
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final, NamedTuple

MARK_MAX: Final = 4_096
"""Bytes of the first line that make the mark."""

FILES_MAX: Final = 64
"""Files of one log that are looked at: the last ones written."""

NAMES_MAX: Final = 10_000
"""Names in the folder that are looked at."""

PACKED: Final = (".gz", ".bz2", ".xz", ".zst", ".Z", ".zip")


class Unreadable(Exception):
    """A file is there, and can't be read; in words for whoever runs the gateway."""


class LogFile(NamedTuple):
    """One file as it was when it was looked at. `first` is how its first line begins."""

    path: str
    inode: int
    size: int
    written_at: int
    """In milliseconds."""

    mark: str
    first: bytes


def look(path: str) -> LogFile | None:
    """The file there; None where there is none. Raises Unreadable."""
    try:
        with _opened(path) as fd:
            return _seen(path, fd)
    except FileNotFoundError:
        return None


def rotated(path: str, pattern: str) -> list[LogFile]:
    """The files in the same folder whose names match, without the one at `path` and compressed ones, those written
    last first. Raises Unreadable."""
    folder, own = os.path.split(path)
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, NAMES_MAX) if fnmatch.fnmatchcase(entry.name, pattern)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unreadable(f"{folder}: {error.strerror}") from None
    paths = [os.path.join(folder, name) for name in names if name != own and not name.endswith(PACKED)]
    paths = [path for path in paths if not os.path.islink(path)]  # whoever may write here may not name other files
    last = sorted(((_written_at(path), path) for path in paths), reverse=True)[:FILES_MAX]
    return [file for _, path in last if (file := look(path)) is not None]


def read_at(file: LogFile, offset: int, size: int) -> bytes | None:
    """At most `size` bytes of the file from there; None where another file has come in its place. Raises Unreadable."""
    try:
        with _opened(file.path) as fd:
            if _seen(file.path, fd).mark != file.mark:
                return None
            return _read(fd, offset, size)
    except FileNotFoundError:
        return None


def _written_at(path: str) -> int:
    """When a file was written last; 0 for one that has just gone."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


@contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Unreadable(f"{path}: not a file")
        yield fd
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    finally:
        os.close(fd)


def _seen(path: str, fd: int) -> LogFile:
    facts = os.fstat(fd)
    first, newline, _ = _read(fd, 0, MARK_MAX).partition(b"\n")
    whole = bool(newline) or len(first) == MARK_MAX
    mark = hashlib.sha256(first).hexdigest()[:24] if whole else ""
    return LogFile(path, facts.st_ino, facts.st_size, facts.st_mtime_ns // 1_000_000, mark, first)


def _read(fd: int, offset: int, size: int) -> bytes:
    found = b""
    while len(found) < size and (more := os.pread(fd, size - len(found), offset + len(found))):
        found += more
    return found
