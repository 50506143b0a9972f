"""The reference of the commands has every command that there is, and no other."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from gateway.cli.app import app
from tests.support.pages import page


def names(command: Any, before: str = "gateway") -> Iterator[str]:
    """Every command that is shown, by the words that people type."""
    for name, inner in getattr(command, "commands", {}).items():
        if inner.hidden:
            continue
        if getattr(inner, "commands", None):
            yield from names(inner, f"{before} {name}")
        else:
            yield f"{before} {name}"


def told() -> set[str]:
    """The commands that the table names, each without its arguments: `gateway inbox list`, `show ID` are two."""
    found: set[str] = set()
    for row in re.findall(r"^\| (`gateway .*?) \| ", page("reference/commands.md"), re.MULTILINE):
        first, *others = [re.match(r"[a-z ]*[a-z]", code) for code in re.findall(r"`([^`]+)`", row)]
        assert first is not None
        found.add(first[0])
        family = first[0].rpartition(" ")[0]
        found |= {other[0] if other[0].startswith("gateway ") else f"{family} {other[0]}" for other in others if other}
    return found


def test_every_command_has_a_row() -> None:
    """With its family; hidden names are left out."""
    there = set(names(typer.main.get_command(app)))

    assert len(there) > 20
    assert sorted(name for name in there if not any(f"{one} ".startswith(f"{name} ") for one in told())) == []


def test_no_row_is_about_what_is_not_there() -> None:
    """Whoever types what the page says is understood: options and fixed words of a command aside."""
    there = set(names(typer.main.get_command(app)))
    commands = {name for name in told() if len(name.split()) > 1}

    assert sorted(name for name in commands if not _known(name, there)) == []


def _known(name: str, there: set[str]) -> bool:
    return name in there or any(name.startswith(f"{one} ") for one in there)
