"""How the store stands, as monitors ask for it again and again: a part of what it shows."""

from collections.abc import Mapping

import msgspec

COUNTED_MAX = 100_000
"""What waits is counted so far, and no further."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one place: how much, up to COUNTED_MAX, and since when the oldest does."""

    count: int = 0
    oldest: int | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How the store stands, read along indexes: cheap, however much there is."""

    records: Mapping[str, Waiting]
    """Records that wait to be judged, by connector."""

    parked: int
    contacts_due: Waiting
    """Contacts whose `next_due` has come and that aren't judged yet."""

    dead: int
    """Deliveries that were given up."""

    commits: int
    """Transactions since the start."""

    writes: int
    """What was asked to be written since the start; many share a transaction."""

    commit_failures: int
    """Transactions since the start that couldn't be written: the disk, or who else has the file, didn't let them."""

    wal_bytes: int
    """The length of the write-ahead log, as far as it is known."""
