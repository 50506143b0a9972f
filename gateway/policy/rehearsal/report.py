"""What tests have shown: which hold, what differs where one doesn't, and which of the policy's rules took effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.policy.examples.reading import Example
from gateway.policy.rehearsal.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that isn't as expected. Values are plain, as JSON has them: times are text in the offset in which the
    test writes them, lengths are text such as `1h30m`; None is that there is none."""

    path: str
    """Such as `clocks.email-first-reply.due_at`."""

    expected: Any
    got: Any
    entries: tuple[tuple[str, str], ...] = ()
    """Of lists of notices, entry by entry: how it stands, and the entry in words. It is `missing` or `unexpected`, or
    one was `expected` and another one `got` in its place; empty: as expected."""

    notes: tuple[str, ...] = ()
    """What explains it: which rules matched, and which were passed over."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An instant at which something was not as expected."""

    words: str
    """The instant as the test names it."""

    at: int
    shown_at: str
    """The same as text, in the test's offset."""

    line: int
    """Where the test's file says what was expected."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended; it holds where nothing was missed. `failures`: rules whose condition could not be evaluated in
    it, with the reason."""

    example: Example
    missed: tuple[Missed, ...]
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.missed


@dataclass(frozen=True, slots=True)
class Report:
    """All tests' outcomes, in the order in which they were given, and what they covered together."""

    outcomes: Sequence[Outcome]
    coverage: Coverage

    @property
    def passed(self) -> int:
        """How many tests hold."""
        return sum(outcome.passed for outcome in self.outcomes)

    @property
    def failed(self) -> int:
        """How many tests don't."""
        return len(self.outcomes) - self.passed
