"""The VFS through which SQLite sees simulated disks, and what is wrong with them just now.

Law: what belongs to a process that has died changes nothing any more.
"""

import os
import sqlite3
from collections.abc import Callable
from errno import EIO, ENOSPC
from hashlib import blake2b
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import apsw

from tests.simulation.machine.platter import File, Folder

PAGE = 4_096
CHUNK = 16 * PAGE
"""Bytes of one write of those that write a log anew: a power cut can fall between any two."""

VFS = "simulated"


class Dead(sqlite3.ProgrammingError):
    """The process that asks has died: it was killed, or the power went."""


class Troubles:
    """What is wrong with a disk just now.

    `full`: every write is refused for want of room. `capacity`: so many bytes fit on it; a write within a file's length
    always does. `failing_writes`: every write fails.
    """

    def __init__(self) -> None:
        self.full = False
        self.capacity: int | None = None
        self.failing_writes = False
        self.fuse_left = self._sync_fails_in = 0
        self._reverts = False
        self._burnt: Callable[[], object] | None = None

    def fail_sync(self, nth: int = 1, *, reverts: bool = False) -> None:
        """Let the n-th sync from now fail, once. What it should have made last is lost to later syncs, as on Linux;
        processes still see it, unless it `reverts` (a file system that throws such pages away). 0: none fails."""
        self._sync_fails_in, self._reverts = nth, reverts

    @property
    def sync_is_to_fail(self) -> bool:
        """Whether a sync that is to fail is still to come."""
        return self._sync_fails_in > 0

    def fuse(self, operations: int, then: Callable[[], object] | None = None) -> None:
        """Let the process die in its n-th write, sync, truncation or deletion from now on; 0 takes the fuse out.

        What the process gets is Dead. `then` is told at once, and must not touch the disk: say `kill` or `power_cut`
        when the call is over."""
        self.fuse_left, self._burnt = operations, then

    def burns(self) -> bool:
        """One operation more where there is a fuse: whether the process dies of it."""
        self.fuse_left -= 1
        if not self.fuse_left and self._burnt is not None:
            self._burnt()
        return not self.fuse_left

    def check_write(self, file: File, end: int, used: Callable[[], int]) -> None:
        """Raises what SQLite is told by a disk that has no room, or fails."""
        if self.failing_writes:
            raise _failure(apsw.IOError("disk I/O error"), apsw.SQLITE_IOERR_WRITE)
        more = end - len(file.seen)
        if self.full or (self.capacity is not None and more > 0 and more + used() > self.capacity):
            raise _failure(apsw.FullError("database or disk is full"), apsw.SQLITE_FULL)

    def check_sync(self, file: File) -> None:
        """Raises as a failing disk does, which forgets what was pending."""
        if self._sync_fails_in:
            self._sync_fails_in -= 1
            if not self._sync_fails_in:
                file.lose(reverts=self._reverts)
                raise _failure(apsw.IOError("disk I/O error"), apsw.SQLITE_IOERR_FSYNC)


class Mount:
    """A disk as one process has it, until it dies."""

    def __init__(self, folder: Folder, troubles: Troubles) -> None:
        self.alive = True
        self.operations = 0
        self.folder = folder
        self.troubles = troubles
        self.name = str(next(_names))
        _mounts[self.name] = self

    def step(self) -> None:
        """Before anything that changes the disk. Raises Dead where the process is dead, or dies of this."""
        if not self.alive:
            raise Dead("the process of this file is dead")
        self.operations += 1
        if self.troubles.fuse_left and self.troubles.burns():
            self.alive = False
            raise Dead("the process died while it wrote")

    def used(self) -> int:
        """Bytes of all files."""
        return sum(len(file.seen) for file in self.folder.seen.values())

    def rewrite_log(self, path: str) -> None:
        """What `gateway.store.durable_log.rewrite` does to a real log, step by step. Raises OSError."""
        name = f"{path}-wal"
        try:
            if (file := self.folder.seen.get(name)) is not None:
                log = _Handle(self, name, file)
                for at in range(0, log.xFileSize(), CHUNK):
                    log.xWrite(log.xRead(CHUNK, at), at)
                log.xSync(0)
        except apsw.FullError as error:
            raise OSError(ENOSPC, os.strerror(ENOSPC)) from error
        except apsw.IOError as error:
            raise OSError(EIO, os.strerror(EIO)) from error
        self.step()
        self.folder.sync()

    def connect(self, path: str, seed: int) -> apsw.Connection:
        """A connection of SQLite to a file; the library's randomness begins anew."""
        _vfs.seed(seed)
        return apsw.Connection(f"/{self.name}/{path}", vfs=VFS, statementcachesize=512)


class _Handle:
    """An open file, as SQLite knows it."""

    __slots__ = ("file", "mount", "name")

    def __init__(self, mount: Mount, name: str, file: File) -> None:
        self.mount, self.name, self.file = mount, name, file

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(memoryview(self.file.seen)[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self.mount.step()
        self.mount.troubles.check_write(self.file, offset + len(data), self.mount.used)
        self.file.change(offset, data)

    def xTruncate(self, size: int) -> None:
        self.mount.step()
        self.mount.troubles.check_write(self.file, size, self.mount.used)
        self.file.change(size, None)

    def xSync(self, flags: int) -> None:
        self.mount.step()
        self.mount.troubles.check_sync(self.file)
        self.file.sync()
        self.mount.folder.synced(self.name, self.file)

    def xFileSize(self) -> int:
        return len(self.file.seen)

    def xLock(self, level: int) -> None:
        """One connection has the file, so nobody has to wait for it."""

    def xUnlock(self, level: int) -> None:
        """As `xLock`."""

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return PAGE

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # as that of Linux says

    def xClose(self) -> None:
        """Nothing is held."""


class _Vfs(apsw.VFS):
    """The one VFS of all disks: a path's first part names the mount. It is the default one of this library, which
    nobody else here uses, since SQLite takes its randomness from that."""

    def __init__(self) -> None:
        self._seed = 0
        super().__init__(VFS, "", makedefault=True)

    def seed(self, seed: int) -> None:
        """Begin the library's randomness anew."""
        self._seed = seed
        apsw.randomness(0)

    def xOpen(self, name: Any, flags: list[int]) -> _Handle:
        if name is None:
            return _Handle(Mount(Folder(), Troubles()), "", File())
        mount, name = _found(name.filename() if isinstance(name, apsw.URIFilename) else name)
        file = mount.folder.seen.get(name)
        if file is None:
            if not (flags[0] & apsw.SQLITE_OPEN_CREATE and mount.alive):
                raise _failure(apsw.CantOpenError("unable to open database file"), apsw.SQLITE_CANTOPEN)
            file = mount.folder.seen[name] = File()
        flags[1] = flags[0]
        return _Handle(mount, name, file)

    def xDelete(self, name: str, sync: bool) -> None:
        mount, name = _found(name)
        mount.step()
        if mount.folder.seen.pop(name, None) is None:
            raise _failure(apsw.IOError("disk I/O error"), apsw.SQLITE_IOERR_DELETE_NOENT)
        if sync:
            mount.folder.sync()

    def xAccess(self, name: str, flags: int) -> bool:
        mount, name = _found(name)
        return name in mount.folder.seen

    def xFullPathname(self, name: str) -> str:
        return name

    def xRandomness(self, size: int) -> bytes:
        return blake2b(str(self._seed).encode(), digest_size=64).digest()[:size]

    def xCurrentTime(self) -> float:
        return 2_440_587.5

    def xSleep(self, microseconds: int) -> int:
        return microseconds

    def xGetLastError(self) -> tuple[int, str]:
        return 0, ""


_names = count(1)
_mounts: WeakValueDictionary[str, Mount] = WeakValueDictionary()
_vfs = _Vfs()


def _found(path: str) -> tuple[Mount, str]:
    _, mount, name = path.split("/", 2)
    return _mounts[mount], name


def _failure(error: apsw.Error, code: int) -> apsw.Error:
    """The error with the code that SQLite is to see."""
    error.result, error.extendedresult = code & 0xFF, code
    return error
