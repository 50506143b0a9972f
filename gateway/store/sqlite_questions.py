"""The part of the SQLite store that is about what enrichers are asked: the port's `Questions`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from gateway.kernel.questions import Question, Settled
from gateway.kernel.store import Added
from gateway.store import questions
from gateway.store.library import Connection
from gateway.store.writer import Writer

T = TypeVar("T")


class SqliteQuestions:
    """See the Questions port for what each method promises. Made whole by `SqliteStore`."""

    writer: Writer[list[dict[str, Any]], Added]

    def _read(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """Run `part` on one snapshot of the database."""
        raise NotImplementedError

    def _show(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """The same for people and monitors, beside what the engine reads."""
        raise NotImplementedError

    async def questions_due(self, now: int) -> Sequence[str]:
        """The enrichers that have questions which may be claimed."""
        return await self._read(lambda connection: questions.enrichers_due(connection, now))

    async def claim_questions(self, *, enricher: str, now: int, lease_ms: int, limit: int) -> list[Question]:
        """Questions of an enricher that are due, leased, the longest due first."""
        return await self.writer.write(
            "claim_questions", lambda connection: questions.claim(connection, enricher, now, lease_ms, limit)
        )

    async def settle_questions(self, settled: Sequence[Settled]) -> list[Question]:
        """What became of some; those that are somebody else's by now. Raises StoreFull."""
        return await self.writer.write("settle_questions", lambda connection: questions.settle(connection, settled))

    async def questions_waiting(self) -> Mapping[str, int]:
        """How many there are, by enricher."""
        return await self._show(questions.waiting)
