"""The documentation's pages, for tests about them: tables, fenced blocks, and links."""

import re
from pathlib import Path

from tests.support.source import ROOT, written

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def page(name: str) -> str:
    """The text of a page under docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    """Every page of the project."""
    return written(".md")


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one of its level."""
    _, found, rest = text.partition(f"\n## {title}\n")
    assert found, f"no heading {title!r}"
    return rest.split("\n## ")[0]


def rows(text: str) -> dict[str, str]:
    """The tables' rows whose first cell is a word in backticks: the whole row by that word."""
    return {match[1]: match[0] for match in re.finditer(r"^\| `([^`]+)` \|.*$", text, re.MULTILINE)}


def named(text: str) -> set[str]:
    """The first words of everything in backticks."""
    return {re.split(r"[^\w.*]", code)[0] for code in re.findall(r"`([^`]+)`", text)}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return [code for found, code in _FENCE.findall(text) if found == language]


def links(text: str) -> list[str]:
    """Where the page's links lead, those to other sites left out."""
    return [target for target in _LINK.findall(_FENCE.sub("", text)) if not re.match(r"[a-z]+:", target)]
