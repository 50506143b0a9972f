"""Looks at a gateway's database from beside it, read only: how much waits, and what has been decided."""

import time
from typing import Any

from gateway.store.library import driver


class Backlog:
    """A connection that reads. The gateway doesn't notice it."""

    def __init__(self, path: str) -> None:
        self._connection = driver().connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

    def waiting(self) -> int:
        """Records that are neither decided nor parked."""
        return self.number("SELECT count(*) FROM inbox WHERE due IS NOT NULL")

    def number(self, question: str, *values: object) -> int:
        """The one number that a question is answered with."""
        return int(self._connection.execute(question, values).fetchone()[0] or 0)

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a question is answered with."""
        found: list[tuple[Any, ...]] = self._connection.execute(question, values).fetchall()
        return found

    def drained(self, patience_s: float) -> float:
        """Wait until nothing waits; how many seconds that took. Raises SystemExit when patience ends."""
        started = time.monotonic()
        while self.waiting():
            if time.monotonic() - started > patience_s:
                raise SystemExit(f"{self.waiting():,} records still wait after {patience_s:g} s")
            time.sleep(0.02)
        return time.monotonic() - started

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
