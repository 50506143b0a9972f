"""Problems and findings as people and programs see them: each with its line and carets under the place, and their sum.

Law: nothing that could be a secret is shown, and no control character reaches the terminal.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, Final

from gateway.cli import output
from gateway.cli.excerpt import Excerpt, Excerpts
from gateway.cli.table import clean
from gateway.kernel.kinds import PAGES
from gateway.kernel.likely_secrets import likely_secrets
from gateway.kernel.problems import Problem

PLACES: Final = 120
"""For the lines of excerpts where nobody says how wide the terminal is, and in JSON."""

_MARGIN: Final = 8
"""Places that the line's number takes."""

_QUOTED: Final = re.compile(r"""'[^']+'|"[^"]+"|`[^`]+`""")
_WORD: Final = re.compile(r"\S+")
_RARELY_MEANT: Final = frozenset({"secret-in-file", "idle-allowance"})
"""Findings that can be allowed, but nobody needs to be told so."""

_LEVELS: Final = ("error", "warning", "note")


def tell_problems(problems: Sequence[Problem], config: Path, *, well: str = "") -> None:
    """Show every problem with its line, and the sum of them; `well` if there is none."""
    if not problems:
        output.say(well)
        return
    excerpts = Excerpts(config)
    places = get_terminal_size((PLACES, 24)).columns - _MARGIN
    before: tuple[str, int, Excerpt | None] | None = None
    for problem in problems:
        output.say(clean(problem))
        shown = (problem.file, problem.line, excerpts.of(problem, places))
        if shown[2] and shown != before:
            output.say("\n".join(shown[2].numbered(problem.line)))
        before = shown
    output.say(summed(problems))
    output.say(_what_next(problems))


def to_show(problem: Problem, given: Path) -> Problem:
    """A problem as it may be shown: `harmless`, its file named as people name files who gave `given`, from the root or
    from the working directory on."""
    shown = harmless(problem)
    return shown if given.is_absolute() else replace(shown, file=below_here(shown.file))


def harmless(problem: Problem) -> Problem:
    """The problem with `***` for a word in its message that looks like a secret: what people type in the wrong place
    may be anything, and the output of a check is kept by many."""
    message = problem.message
    for part in (_QUOTED, _WORD):
        # What stands in quotes goes whole; whatever its own quotes leave goes word by word, or with all behind it.
        message = part.sub(lambda found: "'***'" if any(likely_secrets(found[0])) else found[0], message)
    if left := next(likely_secrets(message), None):
        message = f"{message[: left.column - 1]}***"
    return replace(problem, message=message)


def below_here(file: str) -> str:
    """A file's name from the working directory on, or as it is where it isn't below it."""
    try:
        return str(Path(file).relative_to(Path.cwd())) if Path(file).is_absolute() else file
    except (OSError, ValueError):
        return file


def summed(problems: Sequence[Problem]) -> str:
    """How many there are, by level: `1 error, 2 warnings`."""
    levels = Counter(problem.kind.level for problem in problems)
    return ", ".join(counted(levels[level], level) for level in _LEVELS if levels[level])


def values(problem: Problem, excerpts: Excerpts) -> dict[str, Any]:
    """A problem as one JSON object. `end_column` is the one behind the last sign that is meant, where that is known."""
    excerpt = excerpts.of(problem, PLACES)
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "end_column": excerpts.end_of(problem),
        "id": problem.kind.code,
        "name": problem.id,
        "level": problem.kind.level,
        "message": problem.message,
        "page": problem.kind.page,
        "excerpt": f"{excerpt.text}\n{excerpt.carets}" if excerpt else None,
    }


def counted(number: int, word: str) -> str:
    """Such as `1 rule`, `2 rules`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _what_next(problems: Sequence[Problem]) -> str:
    pages = f"What each number means: {PAGES}"
    allowable = (one.kind for one in problems if one.kind.level != "error" and one.id not in _RARELY_MEANT)
    code = next((kind.code for kind in allowable), "")
    return f"{pages}; to allow one that is meant, write above its line: # gateway: allow {code}" if code else pages
