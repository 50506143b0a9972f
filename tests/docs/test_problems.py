"""Every kind of problem has a page, and what the page shows is what is told."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from gateway.kernel.kinds import CODES, KINDS, Kind
from gateway.kernel.problems import Problem
from tests.support.carets import expected
from tests.support.checking import found, places
from tests.support.pages import blocks, page, section
from tests.support.source import ROOT, modules, relative, tree_of

FOLDER: Final = ROOT / "docs" / "reference" / "problems"
IN_WORDS: Final = frozenset(
    {
        "unreadable",
        "too-big",
        "too-deep",
        "broken-plugin",
        "needs-restart",
    }
)
"""Kinds that no few lines can show; their pages tell how they come about."""

LEVELS: Final = {"error": "An error:", "warning": "A warning:", "note": "A note:"}
SHOWN: Final = [kind for kind in CODES.values() if kind.name not in IN_WORDS]


def page_of(kind: Kind) -> str:
    """The page of a kind."""
    return page(f"reference/problems/{kind.code}.md")


def block(kind: Kind, heading: str) -> str:
    """The example under a heading of a page."""
    (code,) = blocks(section(page_of(kind), heading), "yaml")
    return code


def test_every_kind_has_a_page_and_no_page_is_without() -> None:
    """One file for each number, and the index."""
    assert {path.stem for path in FOLDER.glob("*.md")} == {*CODES, "README"}


@pytest.mark.parametrize("kind", CODES.values(), ids=lambda kind: kind.code)
def test_a_page_says_what_it_is_about(kind: Kind) -> None:
    """Number and name, how grave it is, what it is and why it matters, and how to allow it where that is possible."""
    title, level, *rest = page_of(kind).split("\n\n")
    before = [part for part in rest[: next(n for n, part in enumerate(rest) if part.startswith("## "))] if part]

    assert title == f"# {kind.code} {kind.name}"
    assert level.startswith(f"*{LEVELS[kind.level]}")
    assert len(before) >= 2
    assert (f"# gateway: allow {kind.code}" in page_of(kind)) == (kind.level != "error")
    assert ("## How it comes about" in page_of(kind)) == (kind.name in IN_WORDS)


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: kind.code)
def test_the_wrong_example_is_found_at_its_caret(kind: Kind, tmp_path: Path) -> None:
    """Its kind is told there and nowhere else in it, and no other error."""
    text = block(kind, "Wrong")
    problems = found(text, tmp_path)

    assert expected(text) != []
    assert [place for place in places(problems) if place[2] == kind.code] == expected(text)
    assert [str(one) for one in problems if one.kind.level == "error" and one.kind is not kind] == []


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: kind.code)
def test_the_right_example_is_right(kind: Kind, tmp_path: Path) -> None:
    """It can be used, and nothing of its kind is found in it."""
    text = block(kind, "Right")

    assert [str(one) for one in found(text, tmp_path) if one.kind is kind or one.kind.level == "error"] == []


def test_every_kind_that_is_told_is_in_the_catalogue() -> None:
    """Whatever name the code gives to a problem has a number."""
    assert [(name, where) for where, name in ids() if name not in KINDS] == []


def test_every_kind_of_the_catalogue_is_told_somewhere() -> None:
    """No number without code that gives it."""
    names = {name for _, name in ids()}

    assert sorted(name for name in KINDS if name not in names) == []


def ids() -> list[tuple[str, str]]:
    """The names of kinds in the source, each with its file: texts of the right look that a call is given."""
    known = re.compile(r"[a-z]+(?:-[a-z]+)+|unreadable|unrouted")
    return [
        (relative(path), text)
        for path in modules(*(ROOT / "gateway" / floor for floor in ("kernel", "policy", "config", "daemon")))
        if path.name != "kinds.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and _tells(node)
        for argument in node.args
        for text in _texts(argument)
        if known.fullmatch(text)
    ]


def _tells(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.lower().lstrip("_") in ("problem", "wrong", "add", "stop", "inside", "unused", "finding")


def _texts(argument: ast.expr) -> list[str]:
    """A text as it stands; one that is made of a part and a word from a list, with each of the words."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [argument.value]
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        begins = str(argument.values[0].value)
        return [name for name in KINDS if name.startswith(begins)] if begins in MADE_OF else []
    if isinstance(argument, ast.IfExp):
        return [*_texts(argument.body), *_texts(argument.orelse)]
    return []


MADE_OF: Final = ("unknown-", "duplicate-")
"""Names that the code makes of these and of what is unknown, or stands twice."""


def test_an_unknown_name_of_a_problem_is_a_fault_at_once() -> None:
    """A problem of no kind can't be told."""
    with pytest.raises(KeyError):
        str(Problem("f", 1, 1, "no-such-kind", "x"))
