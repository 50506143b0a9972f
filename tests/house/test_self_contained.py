"""The project speaks of itself alone: no path of a maker's machine, no document that only its makers have."""

import re
from pathlib import Path

from tests.support.source import ROOT, relative, written

# Written with brackets, so that this file doesn't find itself.
FOREIGN = re.compile(
    r"/wor[k]/|/tmp/la[b]|/roo[t]/|/hom[e]/\w+/|[.]librar[y]/"
    r"|share[d]/(design|policy|research|hooks)|\bdesig[n]\.md|\bissu[e] #?\d"
)
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".html", ".css", ".js", ".cfg", ".sh", ""}
EXCUSED = {".ci"}
"""The machinery of the makers' checks may know their machine."""


def foreign(text: str) -> list[tuple[int, str]]:
    """Line and words of everything that speaks of what only the makers have."""
    return [
        (number, match.group()) for number, line in enumerate(text.splitlines(), 1) for match in FOREIGN.finditer(line)
    ]


def sources() -> list[Path]:
    """Every file of the project that people read as text."""
    return [path for path in written(*TEXT) if not set(path.relative_to(ROOT).parts) & EXCUSED]


def test_nothing_foreign_is_named() -> None:
    """Every file can be read by a stranger with nothing but this repository."""
    found = [
        f"{relative(path)}:{line}: {words}"
        for path in sources()
        for line, words in foreign(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []


def test_a_foreign_word_is_found() -> None:
    """A machine's path and a maker's document are found; the system's own folders are not."""
    text = "see /wor" + "k/main\nas desig" + "n.md says\n/usr/bin/env python3\n"

    assert foreign(text) == [(1, "/wor" + "k/"), (2, "desig" + "n.md")]
