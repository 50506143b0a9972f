"""Contacts with their whole history, batch by batch: for what looks at all of them, and for other processes.

What lies in the store is handed over as it lies there, so that it can be sent on; `History` is what can be judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from gateway.model.judgement import State
from gateway.rules.advance import Sourced


class Recorded(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A contact as it lies in the store. `connector` is its first strand's; `damage` says why it can't be read."""

    id: str
    connector: str = ""
    live_from: int = 0
    state: bytes | None = None
    events: tuple[tuple[str, bytes], ...] = ()
    """Each event with the connector that it came by, in no promised order."""

    damage: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """A contact that can be judged again. `stored` is what was kept of its judgement; None while it isn't opened."""

    id: str
    connector: str
    live_from: int
    events: Sequence[Sourced]
    stored: State | None = None


class Reader(Protocol):
    """Reads what was recorded. It can be sent to other processes."""

    def __call__(self, recorded: Recorded) -> History:
        """The history, or StoreUnusable where it is damaged."""
        ...


class Recordings(Protocol):
    """The part of the store that gives many contacts with their histories. Nothing is written."""

    async def recorded(self, *, after: str, since: int, limit: int) -> list[Recorded]:
        """The first contacts behind an id, by id, that are not ended, or to which something has happened from `since`
        on. One that is damaged is among them, and says so."""
        ...

    async def recorded_count(self, since: int) -> int:
        """How many contacts `recorded` would give in all."""
        ...

    async def live_from(self) -> Mapping[str, int]:
        """Since when each connector is live, of those that were ever started."""
        ...
