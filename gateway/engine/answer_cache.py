"""What enrichers have said lately, in memory: the least lately used goes first. It reads no clock.

Laws. It holds ENTRIES_MAX answers and BYTES_MAX bytes at most. How old an answer may be is for who asks to say; one
that is dated ahead of now is none. An enricher and the customer's identities are the key: a name is no identity.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from gateway.model.identity import Customer

ENTRIES_MAX: Final = 10_000
BYTES_MAX: Final = 16 << 20

Key = tuple[str, bytes]
"""The enricher, and of whom it is asked."""


def key_of(enricher: str, customer: Customer) -> Key:
    """What an answer is kept under."""
    return enricher, msgspec.json.encode(customer.identities)


@dataclass(slots=True)
class AnswerCache:
    """Facts as JSON, each with the instant in ms at which it was said."""

    entries_max: int = ENTRIES_MAX
    bytes_max: int = BYTES_MAX
    held: int = 0
    """Bytes of all keys and answers."""

    _kept: OrderedDict[Key, tuple[int, bytes]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, now: int, ttl_ms: int) -> bytes | None:
        """What was said under this key, if that is `ttl_ms` ago at most."""
        at, facts = self._kept.get(key, (0, None))
        if facts is None or not 0 <= now - at <= ttl_ms:
            return None
        self._kept.move_to_end(key)
        return facts

    def put(self, key: Key, now: int, facts: bytes) -> None:
        """Keep what was said now, in place of what was said before."""
        self._forget(key)
        self._kept[key] = now, facts
        self.held += _size(key, facts)
        while len(self._kept) > self.entries_max or self.held > self.bytes_max:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Key) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self.held -= _size(key, kept[1])


def _size(key: Key, facts: bytes) -> int:
    return len(key[1]) + len(facts)
