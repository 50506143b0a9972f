"""The tables of docs/explanation/traps.md, from the traps: `python -m plugins.zendesk.tests.traps.page` writes them.

A thread's name is a repository and a number, as it stands on GitHub.
"""

import re
from pathlib import Path
from typing import Final

from plugins.zendesk.tests.traps.stories import MODULES
from plugins.zendesk.tests.traps.table import ELSEWHERE, NUMBERS, TRAPS

PAGE: Final = Path(__file__).parents[4] / "docs" / "explanation" / "traps.md"
_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(text: str) -> str:
    """The page with its tables written anew."""
    places = {module.__name__ for module in MODULES}
    assert {trap.story.__module__ for trap in TRAPS.values()} == places
    tables = {"told": _told, "elsewhere": _elsewhere}
    return _BLOCK.sub(lambda match: f"{match[1]}\n{tables[match[2]]()}\n\n{match[3]}", text)


def _told() -> str:
    lines = ["| | seen in | what went wrong | our rule | its story |", "|---|---|---|---|---|"]
    for id in NUMBERS:
        if id in TRAPS:
            trap = TRAPS[id]
            story = f"[{trap.story.__name__}](../../{trap.place})"
            lines.append(f"| {id} | {trap.sources} | {trap.wrong} | {trap.rule} | {story} |")
    return "\n".join(lines)


def _elsewhere() -> str:
    lines = ["| | seen in | what went wrong | why it can't happen here |", "|---|---|---|---|"]
    lines += [
        f"| {id} | {ELSEWHERE[id].sources} | {ELSEWHERE[id].wrong} | {ELSEWHERE[id].reason} |"
        for id in NUMBERS
        if id in ELSEWHERE
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
