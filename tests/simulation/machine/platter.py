"""Files and their names as a power cut leaves them.

Laws: what a file's last sync covered survives everything; of what came later a power cut keeps what the dice say,
sector by sector; a name survives as its folder was last synced. Not simulated: other bytes than those that were
written (no flipped bits), and order between writes: any may be ahead of any.
"""

from random import Random

SECTOR = 512
"""Bytes that are written whole or not at all."""

LOSSES = (0.0, 0.1, 0.5, 0.9, 1.0)
"""A power cut draws one of them: how likely each thing that was pending is lost."""

TORN = 0.3
"""So likely a write that is neither certainly kept nor certainly lost is torn: each sector has a draw of its own."""


Change = tuple[int, bytes | None]
"""What was written, and where; None: the file was cut off there, or filled up to there."""


class File:
    """A file: as processes see it, as it surely is on the disk, and what lies between the two."""

    __slots__ = ("durable", "pending", "seen")

    def __init__(self, content: bytes = b"") -> None:
        self.seen = bytearray(content)
        self.durable = bytearray(content)
        self.pending: list[Change] = []

    def change(self, at: int, data: bytes | None) -> None:
        """Write, or set the length."""
        _apply(self.seen, (at, data))
        self.pending.append((at, data))

    def sync(self) -> None:
        """Make what was changed last."""
        _apply(self.durable, *self.pending)
        self.pending.clear()

    def lose(self, *, reverts: bool) -> None:
        """What a kernel does whose disk refused: it takes what was pending for written; later syncs leave it out."""
        self.pending.clear()
        if reverts:
            self.seen = bytearray(self.durable)

    def cut(self, dice: Random, loss: float) -> None:
        """Keep of what is pending what the dice say."""
        for at, data in self.pending:
            if data is not None and 0 < loss < 1 and dice.random() < TORN:
                self._tear(at, data, dice, loss)
            elif dice.random() >= loss:
                _apply(self.durable, (at, data))
        self.pending.clear()
        self.seen = bytearray(self.durable)

    def _tear(self, at: int, data: bytes, dice: Random, loss: float) -> None:
        start = at
        while start < at + len(data):
            end = min(start - start % SECTOR + SECTOR, at + len(data))
            if dice.random() >= loss:
                _apply(self.durable, (start, data[start - at : end - at]))
            start = end


class Folder:
    """The names of a disk's files: as processes see them, and as they surely are on the disk."""

    def __init__(self) -> None:
        self.seen: dict[str, File] = {}
        self.durable: dict[str, File] = {}

    def sync(self) -> None:
        """Make names and deletions last."""
        self.durable = dict(self.seen)

    def synced(self, name: str, file: File) -> None:
        """A file was synced: a new name lasts too then, as SQLite and file systems with a journal see to."""
        if self.durable.get(name) is not file and self.seen.get(name) is file:
            self.sync()

    def cut(self, dice: Random, loss: float) -> None:
        """Keep of names, deletions and contents what the dice say."""
        left = {}
        for name in sorted(self.seen.keys() | self.durable.keys()):
            file = self.seen.get(name)
            if file is not self.durable.get(name) and dice.random() < loss:
                file = self.durable.get(name)
            if file is not None:
                file.cut(dice, loss)
                left[name] = file
        self.seen, self.durable = left, dict(left)


def _apply(content: bytearray, *changes: Change) -> None:
    for at, data in changes:
        if data is None:
            del content[at:]
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        if data is not None:
            content[at : at + len(data)] = data
