"""A mistake in a file that people write, with its place; and an exception that carries all of them at once.

Law: a message tells what is wrong and what to do, and holds no value that could be a secret.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake. Line and column count from 1; `id` is a short kebab-case name for the kind of mistake."""

    file: str
    line: int
    column: int
    id: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.id}: {self.message}"


class Problems(Exception):
    """Every mistake that was found, in the file's order, each once."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the known word that is nearest to `word`, or nothing."""
    close = difflib.get_close_matches(word[:200], list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
