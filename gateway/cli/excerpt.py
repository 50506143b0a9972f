"""A line of a file with carets under the place of a mistake, as compilers show it.

Laws: it fits the terminal, carets stand under their signs (tabs and wide signs counted), no control character reaches
the terminal, and nothing that could be a secret is shown: lines that hold one have no excerpt.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.cli.table import clean, width

if TYPE_CHECKING:
    from gateway.kernel.problems import Problem

TAB: Final = "    "
PLACES_MIN: Final = 30
"""The line keeps so many places, however narrow the terminal is."""

MASK: Final = "***"
"""What stands in a line of the configuration for what could be a secret."""

LINE_MAX: Final = 20_000
"""Characters of a line that is shown in part; of a longer one nobody finds the place anyway."""

_POINTS: Final = frozenset({"missing-key", "yaml-syntax", "too-big", "too-deep"})
"""Mistakes that are at a place, not of a word."""

_QUOTED: Final = re.compile(r"'([^']+)'")
_IN_EXPRESSION: Final = re.compile(r"\w+|[=!<>&|+*/%-]+")
_IN_YAML: Final = re.compile(r"[^\s,\[\]{}#\"']+")
_SECTION: Final = re.compile(
    r"^(calendars|severity|sla|queues|routing|roles|chains|escalation|enrich|actions|tests):", re.MULTILINE
)
"""What a policy has, whatever is wrong with it."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Two lines: the text, and the carets under it."""

    text: str
    carets: str

    def numbered(self, line: int) -> list[str]:
        """As people see it, with the line's number before it."""
        return [f"{line:>4} | {self.text}", f"{'':>{max(4, len(str(line)))}} | {self.carets}"]


class Excerpts:
    """Makes the excerpts of problems; reads each file once. `config` is shown masked."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._lines: dict[str, list[tuple[str, tuple[int, ...] | None]]] = {}

    def of(self, problem: "Problem", places: int) -> Excerpt | None:
        """The excerpt for a problem in so many places; None where there is no line to show."""
        found = self._shown(problem)
        if found is None:
            return None
        line, _, start, length = found
        if problem.id == "unknown-key" and problem.column == 1:
            # A file that was named by mistake: what stands behind its keys is nobody's business.
            line = f"{line[: start + length]}:"
        return fitted(line, start, length, places)

    def end_of(self, problem: "Problem") -> int | None:
        """The column behind the last sign that is meant; None where that isn't known, or would tell of a secret."""
        found = self._shown(problem)
        if found is None:
            return None
        line, moved, start, length = found
        end = start + length
        if moved is not None:
            if MASK in line[start:end] or end - 1 not in moved:
                return None
            end = len(moved) - 1 - moved[::-1].index(end - 1) + 1
        return end + 1 if problem.column <= end else None

    def _shown(self, problem: "Problem") -> tuple[str, tuple[int, ...] | None, int, int] | None:
        """The line as it may be shown, where its signs have moved to, and where the carets begin and how many."""
        if problem.file not in self._lines:
            self._lines[problem.file] = self._read(problem.file)
        lines = self._lines[problem.file]
        if not 1 <= problem.line <= len(lines):
            return None
        line, moved = lines[problem.line - 1]
        if not line.strip() or len(line) > LINE_MAX:
            return None
        column = problem.column if moved is None else moved[min(problem.column, len(moved)) - 1] + 1
        return (line, moved, *marked(line, column, problem))

    def _read(self, file: str) -> list[tuple[str, tuple[int, ...] | None]]:
        from gateway.config.shown import shown_lines
        from gateway.kernel.problems import Problems

        try:
            text = _text_of(file)
        except (Problems, KeyError):
            return []
        if _same(file, self._config):
            return [(line.text, line.places) for line in shown_lines(text)]
        return [(line, None) for line in _policy_lines(text)]


def marked(line: str, column: int, problem: "Problem") -> tuple[int, int]:
    """Where the carets begin, from 0, and how many: the word that is meant, or one for a place alone."""
    at = min(column - 1, len(line))
    if problem.id in _POINTS:
        return at, 1
    quoted = _QUOTED.search(problem.message)
    if quoted and (start := _near(line, quoted[1], at)) is not None:
        return start, len(quoted[1])
    if line[at : at + 1] in ('"', "'"):
        end = line.find(line[at], at + 1)
        return at, end + 1 - at if end > at else 1
    word = (_IN_EXPRESSION if problem.id == "bad-expression" else _IN_YAML).match(line, at)
    return at, len(word[0].rstrip(":")) or 1 if word else 1


def fitted(line: str, start: int, length: int, places: int) -> Excerpt:
    """The line in so many places, cut with `…` around its carets where it is longer."""
    cells = [TAB if sign == "\t" else clean(sign) for sign in line.rstrip()]
    first, last, room = 0, len(cells), max(places, PLACES_MIN)
    if _wide(cells) > room:
        first, last = _window(cells, start, start + length, room - 2)
    left, right = "…" if first else "", "…" if last < len(cells) else ""
    text = left + "".join(cells[first:last]) + right
    before = width(left) + _wide(cells[first:start])
    under = max(1, _wide(cells[max(start, first) : min(start + length, last)]))
    return Excerpt(text, " " * before + "^" * under)


def _window(cells: list[str], start: int, end: int, room: int) -> tuple[int, int]:
    """Which signs are shown: the carets' and as much before as behind; all before, if the carets still fit."""
    first = 0
    if _wide(cells[:end]) > room:
        spare = room - min(_wide(cells[start:end]), room)
        first = min(start, len(cells))
        while first > 0 and _wide(cells[first - 1 : start]) <= spare // 2:
            first -= 1
    last = first
    used = 0
    while last < len(cells) and used + width(cells[last]) <= room:
        used += width(cells[last])
        last += 1
    return first, last


def _wide(cells: list[str]) -> int:
    return sum(width(cell) for cell in cells)


def _near(line: str, word: str, at: int) -> int | None:
    """Where the word begins that holds the place `at`, or begins right behind it (a dot or a quote stands there)."""
    found = line.find(word, max(0, at - len(word)))
    return found if 0 <= found <= at + 1 else None


def _text_of(file: str) -> str:
    from gateway.kernel.document import read_text
    from gateway.policy.presets import preset_text

    return preset_text(file.removeprefix("preset:")) if file.startswith("preset:") else read_text(Path(file), "file")


def _same(file: str, other: Path) -> bool:
    try:
        return Path(file).samefile(other)
    except (OSError, ValueError):
        return False


def _policy_lines(text: str) -> list[str]:
    """The lines of a policy; none of a file that is none, and was named by mistake; those with a secret are empty."""
    from gateway.kernel.document import Document
    from gateway.kernel.likely_secrets import could_be_secret
    from gateway.kernel.problems import Problems, lines_of

    text = text.removeprefix("\ufeff")
    if not _SECTION.search(text):
        return []
    try:
        if not isinstance(Document.parse(text, "").data, dict):
            return []
    except Problems:
        pass
    return ["" if could_be_secret(line) else line for line in lines_of(text)]
