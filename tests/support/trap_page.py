"""The tables of docs/explanation/traps.md, from the connectors' traps: `python -m tests.support.trap_page` writes them.

A connector's part stands between `<!-- generated: NAME -->` and `<!-- end -->`, where NAME is its folder's. A thread's
name is a repository and a number, as it stands on GitHub.
"""

import re
from collections.abc import Iterator
from typing import Final

from tests.support.source import ROOT
from tests.support.traps import Table, tables

PAGE: Final = ROOT / "docs" / "explanation" / "traps.md"
_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(text: str) -> str:
    """The page with its tables written anew. Raises AssertionError where a connector has no place on it."""
    found = tables()
    assert {name for _, name, _ in _BLOCK.findall(text)} == set(found)
    return _BLOCK.sub(lambda match: f"{match[1]}\n{_part(found[match[2]])}\n\n{match[3]}", text)


def _part(table: Table) -> str:
    lines = [*_told(table)]
    if table.elsewhere:
        lines += ["", "These can't happen here:", "", *_elsewhere(table)]
    return "\n".join(lines)


def _told(table: Table) -> Iterator[str]:
    yield "| | seen in | what went wrong | our rule | its story |"
    yield "|---|---|---|---|---|"
    for id in table.numbers:
        if id in table.traps:
            trap = table.traps[id]
            story = f"[{trap.story.__name__}](../../{trap.place})"
            yield f"| {id} | {trap.sources} | {trap.wrong} | {trap.rule} | {story} |"


def _elsewhere(table: Table) -> Iterator[str]:
    yield "| | seen in | what went wrong | why it can't happen here |"
    yield "|---|---|---|---|"
    for id in table.numbers:
        if id in table.elsewhere:
            one = table.elsewhere[id]
            yield f"| {id} | {one.sources} | {one.wrong} | {one.reason} |"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
