"""What is compared of the tickets that a reader has brought, and how far they are from what is true. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec


class Row(NamedTuple):
    """What is compared of a ticket: the vendor's id as text, its subject, and its status in our words."""

    id: str
    subject: str
    status: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader has brought. `digest` is that of the different rows, whatever their order."""

    rows: int
    distinct: int
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """How far that is from the truth. `wrong` where the ids are right, and subject or status of some aren't."""

    lost: int
    doubled: int
    wrong: bool


def found(rows: Iterable[Row]) -> Found:
    """What these rows are together. Their digest is a sum, so that neither order nor memory matters."""
    ids: Counter[str] = Counter()
    seen: set[int] = set()
    digest = 0
    for one in rows:
        ids[one.id] += 1
        mark = int.from_bytes(hashlib.blake2b(msgspec.json.encode(one), digest_size=8).digest(), "big")
        if mark not in seen:
            seen.add(mark)
            digest = (digest + mark) % (1 << 64)
    return Found(ids.total(), len(ids), f"{digest:016x}")


def fault(brought: Found, true: Found) -> Fault:
    """What is wrong with what was brought."""
    lost = true.distinct - brought.distinct
    return Fault(lost, brought.rows - brought.distinct, not lost and brought.digest != true.digest)
