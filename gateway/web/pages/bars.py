"""The timeline of one clock as a drawing: what is used, what is left, what is late, and when the calendar is closed.

Pure geometry on a line of `WIDTH` units; the page draws it as SVG, and says the same in words.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.model.judgement import Clock
from gateway.rules import clocks
from gateway.rules.policy import SlaRule

WIDTH = 1_000
ROOM = 0.04
"""The share of the line that stays free behind its last instant."""

CLOSED_MAX = 120
"""Closed stretches that are drawn; a calendar that closes more often on one line is not shaded."""

Kind = Literal["closed", "used", "left", "late", "paused"]
Sign = Literal["now", "due", "warn", "met"]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the line."""

    kind: Kind
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """An instant on the line."""

    sign: Sign
    x: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The line from `start` to `end`, both in milliseconds since the epoch."""

    start: int
    end: int
    parts: tuple[Part, ...]
    ticks: tuple[Tick, ...]


def bar_of(clock: Clock, rule: SlaRule | None, due: int | None, now: int) -> Bar:
    """Draw a clock; `rule` is the one that counts it or counted it last, `due` its deadline where it has one."""
    start = clock.started_at
    ended = min((at for at in (clock.met_at, clock.cancelled_at) if at is not None), default=None)
    stop = max(start, now if ended is None else ended)
    live = ended is None
    marks = _warnings(clock, rule) if live else []
    end = max([stop, due or stop, start + 1, *marks])
    end += round((end - start) * ROOM)
    line = _Line(start, end)
    turn = stop if due is None else min(stop, max(due, start))
    parts = [*line.closed(rule), *line.part("used", start, turn)]
    if due is not None:
        parts += line.part("late", turn, stop) if stop > due else []
        parts += line.part("left", stop, due) if live and due > stop else []
    if live and not clock.runs:
        parts += line.part("paused", max(start, clock.since), stop)
    ticks = [line.tick("warn", at) for at in marks]
    if due is not None:
        ticks.append(line.tick("due", due))
    if clock.met_at is not None:
        ticks.append(line.tick("met", clock.met_at))
    if live:
        ticks.append(line.tick("now", stop))
    return Bar(start, end, tuple(parts), tuple(ticks))


def _warnings(clock: Clock, rule: SlaRule | None) -> list[int]:
    """The instants of the warnings that are still to come."""
    if rule is None or rule.id != clock.rule or clock.breached_at is not None:
        return []
    instants = [
        clocks.reaches(clock, rule, mark.elapsed_ms)
        for mark in rule.marks
        if clocks.mark_key(rule, mark) not in clock.warned
    ]
    return [at for at in instants if at is not None]


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int

    def at(self, instant: int) -> float:
        inside = min(max(instant, self.start), self.end)
        return round((inside - self.start) / (self.end - self.start) * WIDTH, 2)

    def part(self, kind: Kind, start: int, end: int) -> list[Part]:
        x, until = self.at(start), self.at(end)
        return [Part(kind, x, round(until - x, 2))] if until > x else []

    def tick(self, sign: Sign, instant: int) -> Tick:
        return Tick(sign, self.at(instant))

    def closed(self, rule: SlaRule | None) -> list[Part]:
        if rule is None:
            return []
        parts: list[Part] = []
        after = self.start
        for opens, closes in rule.calendar.spans(self.start, self.end):
            parts += self.part("closed", after, opens)
            after = closes
        parts += self.part("closed", after, self.end)
        return parts if len(parts) <= CLOSED_MAX else []
