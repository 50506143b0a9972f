"""What was asked of enrichers and isn't answered yet: a part of the store's port; every method is one transaction.

A question has a lease and a fencing number, as look-ups have. One strand asks one enricher one thing at a time: a newer
question takes the older one's place, and the older one's answer comes too late.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gateway.model.identity import StrandKey
from gateway.model.record import Record


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An enricher is to say what it knows of a contact's customer. `request` is the id of the effect that asks."""

    strand: StrandKey
    enricher: str
    request: str
    ttl_s: float | None = None
    """How long an answer that is known already may be old; None: as the enricher says."""

    asked_at: int
    attempt: int = 0
    """The fencing number of the claim that holds it."""

    tries: int = 0
    """Tries that have failed."""

    told: bool = False
    """Whether its contact was told that there is no answer yet."""


class Questions(Protocol):
    """What the engine needs kept of questions. They come with a `Batch`."""

    async def questions_due(self, now: int) -> Sequence[str]:
        """The enrichers that have questions which may be claimed."""
        ...

    async def claim_questions(self, *, enricher: str, now: int, lease_ms: int, limit: int) -> list[Question]:
        """The oldest of them, leased, the attempt grown."""
        ...

    async def answer_question(self, question: Question, record: Record | None) -> None:
        """End it; its answer, if there is one, goes into the inbox of the strand's connector. Raises Conflict."""
        ...

    async def postpone_question(
        self, question: Question, next_at: int, reason: str, record: Record | None = None
    ) -> None:
        """Ask again at `next_at`; that there is no answer yet, if it is to be told, goes into the inbox. Raises
        Conflict."""
        ...

    async def questions_waiting(self) -> Mapping[str, int]:
        """How many there are, by enricher."""
        ...
