"""A mistake in a file that people write, with its place; and an exception that carries all of them at once.

Law: a message tells what is wrong and what to do, and holds no value that could be a secret.
"""

import difflib
import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from gateway.kernel.kinds import KINDS, Kind

WORD_MAX = 200
"""Characters of a word that are compared with the known ones."""

CANDIDATES_MAX = 20
"""Known words that are compared closely: those that have the most pairs of letters in common."""

_LINE_END = re.compile("\r\n|[\n\r]")


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake. Line and column count from 1; `id` is the name of its kind, such as `unknown-queue`."""

    file: str
    line: int
    column: int
    id: str
    message: str

    @property
    def kind(self) -> Kind:
        """What kind of mistake it is: its number, and how grave."""
        return KINDS[self.id]

    def __str__(self) -> str:
        level = "" if self.kind.level == "error" else f"{self.kind.level}: "
        return f"{self.file}:{self.line}:{self.column}: {self.kind.code}: {level}{self.message} [{self.id}]"


class Problems(Exception):
    """Every mistake that was found, in the file's order, each once."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.,-]{0,39}")


def key_in_words(key: object) -> str:
    """A key of a file as a message may name it: as far as it is a name, for what people type in the wrong place may be
    anything. `secret:abc`, with the space forgotten, is one key to YAML."""
    text = str(key)
    name = _NAME.match(text)
    if name is None:
        return "…"
    return repr(text) if name.group() == text else f"'{name.group()}…'"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the known word that is nearest to `word`, in small or capital letters, or nothing."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is nearest to `word`, in small or capital letters; empty if none is near."""
    names = {name.casefold(): name for name in reversed(list(known))}
    meant = word[:WORD_MAX].casefold()
    candidates: Iterable[str] = names
    if len(names) > CANDIDATES_MAX:
        # Comparing is slow, and a file may have thousands of names and as many mistakes.
        pairs = _pairs(meant)
        candidates = heapq.nlargest(CANDIDATES_MAX, names, key=lambda name: len(pairs & _pairs(name)))
    close = difflib.get_close_matches(meant, candidates, n=1, cutoff=0.6)
    return names[close[0]] if close else ""


@lru_cache(maxsize=8_192)
def _pairs(word: str) -> frozenset[str]:
    """Each two neighbours of a word, its ends included."""
    framed = f" {word[:WORD_MAX]} "
    return frozenset(first + second for first, second in pairwise(framed))


def lines_of(text: str) -> list[str]:
    """The lines of a file as its reader counts them, without their ends."""
    return _LINE_END.split(text)


def place_of(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at `index`."""
    before = lines_of(text[:index])
    return len(before), len(before[-1]) + 1
