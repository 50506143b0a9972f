"""What the doctor found, and how it is told. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["bad", "note", "ok"]
LEVELS: tuple[Level, ...] = ("bad", "note", "ok")
"""In the order in which findings are told. A note asks for nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `hint` says what to do where it is not well."""

    level: Level
    area: str
    what: str
    hint: str = ""


def ok(area: str, what: str) -> Finding:
    """This is well."""
    return Finding("ok", area, what)


def note(area: str, what: str, hint: str = "") -> Finding:
    """Worth knowing, and nothing is wrong."""
    return Finding("note", area, what, hint)


def bad(area: str, what: str, hint: str) -> Finding:
    """Something is wrong, and this is what to do."""
    return Finding("bad", area, what, hint)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """In the order of levels, within one level as they were found."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """A line for each, and one more for what to do."""
    from gateway.cli.table import clean

    width = max((len(finding.area) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.level:<4}  {finding.area:<{width}}  {clean(finding.what)}")
        if finding.hint:
            lines.append(f"{'':<4}  {'':<{width}}    {clean(finding.hint)}")
    return lines


def finding_values(finding: Finding) -> dict[str, Any]:
    """One finding for JSON."""
    return {
        "level": finding.level,
        "area": finding.area,
        "what": finding.what,
        "hint": finding.hint or None,
    }


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    wrong = sum(finding.level == "bad" for finding in findings)
    if not wrong:
        return f"all is well: {len(findings)} things were looked at"
    return f"{wrong} of {len(findings)} things {'needs' if wrong == 1 else 'need'} something done"
