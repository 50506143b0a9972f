"""A disk in memory: processes come and go on it, and the power does.

Laws: a process that has died never touches the disk again; what is left by a power cut is said in `platter`. The disk
has neither time nor chance of its own: equal seeds leave equal bytes, as long as disks are used one after the other.
"""

from random import Random
from typing import Protocol
from weakref import WeakValueDictionary

import apsw

from tests.simulation.machine.platter import LOSSES, File, Folder
from tests.simulation.machine.vfs import Dead, Mount, Troubles

__all__ = ["Dead", "SimDisk"]


class Opened(Protocol):
    """What a process has open on a disk."""

    def bury(self) -> None:
        """Its process is dead: let go of everything."""
        ...


class SimDisk:
    """One disk. `troubles` are what is wrong with it; `mount` is what the process that lives now has of it, and
    `opened` who has which file open."""

    def __init__(self) -> None:
        self._folder = Folder()
        self._openings = 0
        self.opened: WeakValueDictionary[str, Opened] = WeakValueDictionary()
        self.troubles = Troubles()
        self.mount = Mount(self._folder, self.troubles)

    def copy(self) -> "SimDisk":
        """Another disk with the same files, all of them synced; nobody may have them open."""
        other = SimDisk()
        other._folder.seen = {name: File(bytes(file.seen)) for name, file in self._folder.seen.items()}
        other._folder.sync()
        return other

    def open(self, path: str, opened: Opened) -> apsw.Connection:
        """The one connection of SQLite to a file, for somebody who lets go of it when the process dies."""
        if not self.mount.alive:
            raise Dead("the process has died: say first what became of it, `kill` or `power_cut`")
        self._openings += 1
        connection = self.mount.connect(path, self._openings)
        # What the garbage collector closes leaves the file as it is: only who closes it in earnest moves the log.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self.opened[path] = opened
        return connection

    def rewrite_log(self, path: str) -> None:
        """Write the log of this file with its own bytes, and sync it, as a store does that opens the real one."""
        self.mount.rewrite_log(path)

    def kill(self) -> None:
        """The process dies, the machine lives: all that was written stays, open transactions are left behind."""
        self.mount.alive = False
        self.troubles.fuse(0)
        for opened in list(self.opened.values()):
            opened.bury()
        self.opened.clear()
        self.mount = Mount(self._folder, self.troubles)

    def power_cut(self, dice: Random) -> None:
        """Everything dies; of what was not synced each write, length and name is kept, lost or torn."""
        self.kill()
        self._folder.cut(dice, dice.choice(LOSSES))

    @property
    def used(self) -> int:
        """Bytes of all files."""
        return self.mount.used()

    @property
    def operations(self) -> int:
        """Writes, syncs, truncations and deletions of the process that lives now."""
        return self.mount.operations

    def put(self, path: str, content: bytes) -> None:
        """A file with this content, synced, in place of what was there; nobody may have it open."""
        self._folder.seen[path] = self._folder.durable[path] = File(content)

    def files(self) -> dict[str, bytes]:
        """Every file as processes see it."""
        return {name: bytes(file.seen) for name, file in sorted(self._folder.seen.items())}
