"""One table of figures: what was measured, how far the rounds lie apart, the goal, and whether it is met.

Pure: values in, text out. The text is Markdown, read as well on a terminal as in the documentation.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

BEGINS, ENDS = "<!-- measured: begins -->", "<!-- measured: ends -->"
"""Between these lines of a page stands the last measured table."""

NOISE_MAX = 0.1

Bound = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `values` are those of the rounds; `goal` None where there is none to meet.

    `note` says what stands behind it; `absent` why there is no value. `noise` is the share of the server's processor
    that others took meanwhile, at most: beyond `NOISE_MAX` a rate of the clock says nothing, good or bad.
    """

    what: str
    values: tuple[float, ...] = ()
    unit: str = ""
    goal: float | None = None
    bound: Bound = "at least"
    digits: int = 2
    note: str = ""
    absent: str = ""
    noise: float = 0.0

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where nothing can be said."""
        if self.goal is None or not self.values or self.noise > NOISE_MAX:
            return None
        return self.value >= self.goal if self.bound == "at least" else self.value <= self.goal

    def cells(self) -> list[str]:
        """The line, cell by cell."""
        goal = "" if self.goal is None else f"{'>=' if self.bound == 'at least' else '<='} {self._said(self.goal, '')}"
        if not self.values:
            return [self.what, self.absent or "not measured", "", goal, ""]
        spread = ""
        if len(self.values) > 1:
            spread = f"{self._said(min(self.values), '')} to {self._said(max(self.values), '')}"
        return [
            self.what,
            self._said(self.value, self.unit),
            spread,
            goal,
            {True: "yes", False: "**missed**", None: "" if self.goal is None else "too noisy"}[self.met],
        ]

    def _said(self, value: float, unit: str) -> str:
        text = f"{value:,.{self.digits}f}"
        return f"{text} {unit}" if unit else text


@dataclass(slots=True)
class Measured:
    """All that one run has measured."""

    machine: Mapping[str, str]
    figures: list[Figure] = field(default_factory=list)

    def text(self) -> str:
        """The whole output: the machine, the table, and what stands behind each figure."""
        lines = [f"* {name}: {value}" for name, value in self.machine.items()]
        lines += ["", *markdown(["what", "measured", "rounds", "goal", "met"], [one.cells() for one in self.figures])]
        notes = [f"* {one.what}: {one.note}" for one in self.figures if one.note]
        return "\n".join([*lines, "", *notes] if notes else lines) + "\n"

    def values(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "machine": dict(self.machine),
            "figures": [
                {
                    "what": one.what,
                    "values": list(one.values),
                    "unit": one.unit,
                    "goal": one.goal,
                    "bound": one.bound,
                    "met": one.met,
                    "note": one.note,
                    "absent": one.absent,
                    "noise": one.noise,
                }
                for one in self.figures
            ],
        }


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table whose columns stand under each other."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [_line(head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return lines + [_line(row, widths) for row in rows]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def put_into(page: str, text: str, marks: tuple[str, str] = (BEGINS, ENDS)) -> str:
    """The page with this text between its two marks. Raises ValueError for a page that has not both, in order."""
    before, begins, rest = page.partition(marks[0])
    _, ends, after = rest.partition(marks[1])
    if not begins or not ends:
        raise ValueError(f"the page has no lines {marks[0]} and {marks[1]}: write them where the table belongs")
    return f"{before}{begins}\n\n{text.strip()}\n\n{ends}{after}"
