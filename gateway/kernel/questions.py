"""What was asked of enrichers and isn't answered yet: a part of the store's port; every method is one transaction.

Laws. One strand asks one enricher one thing at a time: a newer question takes the older one's place, and the older
one's answer comes too late. A question has a lease and a fencing number, as look-ups have. What an enricher said and
what becomes of the question are one transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gateway.model.identity import StrandKey
from gateway.model.record import Record


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An enricher is to say what it knows of a contact's customer. `request` is the id of the effect that asks; times
    are in ms."""

    strand: StrandKey
    enricher: str
    request: str
    ttl_ms: int | None = None
    """How old an answer that is known already may be; None: as the enricher says."""

    asked_at: int
    past: bool = False
    """Its contact was there before the gateway watched: such questions leave room for all others."""

    attempt: int = 0
    """The fencing number of the claim that holds it."""

    tries: int = 0
    """Tries that have failed."""

    told: bool = False
    """Whether its contact was told that there is no answer yet."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a claimed question: it ends, or is asked again at `next_at` because of `reason`.

    `record` is what is told of it, for the inbox of its strand's connector; `counted`: a try has failed.
    """

    question: Question
    record: Record | None = None
    next_at: int | None = None
    reason: str = ""
    counted: bool = False


class Questions(Protocol):
    """What the engine needs kept of questions. They come with a `Batch`."""

    async def questions_due(self, now: int) -> Sequence[str]:
        """The enrichers that have questions which may be claimed."""
        ...

    async def claim_questions(self, *, enricher: str, now: int, lease_ms: int, limit: int) -> list[Question]:
        """Those of an enricher that are due, leased, those of the past last, the longest due first, the attempt
        grown."""
        ...

    async def settle_questions(self, settled: Sequence[Settled]) -> list[Question]:
        """What became of some, each for itself; those that are somebody else's by now: nothing is written of them.
        Raises StoreFull."""
        ...

    async def questions_waiting(self) -> Mapping[str, int]:
        """How many there are, by enricher, each counted up to 100,000."""
        ...
