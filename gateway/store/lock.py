"""The lock that keeps a second daemon away from a database, and who holds it.

Locks are the operating system's: they go when their process does, however that ends. There are two files, so that
whoever asks for the daemon's process never stands in the way of one that starts: `.lock` is taken by daemons alone,
`.pid` is written under it, and held for as long as what it says is true.
"""

import fcntl
import os
import re
from pathlib import Path

from gateway.kernel.store import StoreBusy, StoreUnusable
from gateway.store.connections import FILE_MODE, MEMORY

PID_BYTES_MAX = 20
"""What is read of a pid file at most."""

_PID = re.compile(rb"[1-9][0-9]*\n")


class DaemonLock:
    """Held from its making until `release`, or until the process ends."""

    def __init__(self, path: str) -> None:
        self._file = _opened(f"{path}.lock", os.O_RDWR | os.O_CREAT)
        self._pid_file = -1
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._pid_file = _written(f"{path}.pid", b"%d\n" % os.getpid())
        except BlockingIOError:
            self.release()
            raise StoreBusy(
                f"another daemon runs on {path}: stop it first, or give this one a database of its own"
            ) from None
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let another daemon have the database."""
        for file in (self._pid_file, self._file):
            if file != -1:
                os.close(file)
        self._pid_file = self._file = -1


def daemon_pid(path: str | Path) -> int | None:
    """The process of the daemon that runs on this database; None when none does, whatever a file left behind says.

    Raises StoreUnusable where this user may not ask.
    """
    if str(path) == MEMORY:
        return None
    try:
        file = _opened(f"{path}.pid", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.pread(file, PID_BYTES_MAX, 0)
        return int(said) if _PID.fullmatch(said) else None
    finally:
        os.close(file)
    return None


def _opened(name: str, how: int) -> int:
    try:
        return os.open(name, how, FILE_MODE)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(name) from None
    except OSError as error:
        raise StoreUnusable(
            f"the file {name} can't be opened: {error.strerror}; see whose it is, and its mode"
        ) from None


def _written(name: str, body: bytes) -> int:
    """The file, locked after its content is there: whoever finds the lock held finds the holder's content."""
    file = _opened(name, os.O_RDWR | os.O_CREAT)
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, body, 0)
        # Waits for those who look at this moment, no longer: daemons are kept apart by the other file.
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        os.close(file)
        raise StoreUnusable(f"the file {name} can't be written: {error.strerror}") from None
    return file
