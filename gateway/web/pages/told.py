"""What the page of a contact shows of its explanation: each clock with its drawing, each escalation with its steps, the
rules that were tried. Pure; the templates add the looks.

The calendars that are asked must be nobody else's meanwhile: whoever makes this asks where the explanation was made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from gateway.engine.case import Case
from gateway.model.instant import length_words
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.coming import named
from gateway.rules.escalation import step_due
from gateway.rules.explanation import calls_in_order, name_of, raised_by
from gateway.rules.policy import Policy, Section
from gateway.rules.trace.path import Turn
from gateway.rules.trace.tried import Tried
from gateway.rules.view import clocks_in_order
from gateway.web.pages.drawing.clockline import ClockLine, clock_line
from gateway.web.viewer import wall_words
from gateway.web.words import clean, span_words

DRAWN_MAX: Final = 6
"""Clocks that are drawn: those that go on, then the latest that ended."""

ENDED_MAX: Final = 30
"""Ended clocks that aren't drawn, the latest, and get a line of a table each."""

ROWS_MAX: Final = 40
"""Rows of the table behind a drawing, the latest."""

CALLS_MAX: Final = 10
"""Escalations that are told, the latest."""

TURNS_MAX: Final = 12
VALUE_MAX: Final = 80

_SECTIONS: Final[dict[Section, str]] = {
    "severity": "Severity",
    "routing": "Queue",
    "sla": "Clocks",
    "escalation": "Escalations",
}
StepState = Literal["done", "next", "to come", "stopped"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table behind a drawing: a time and what it counted, or, without an `end`, what happened."""

    at: int
    end: int | None
    words: str
    counted_ms: int
    coming: bool


@dataclass(frozen=True, slots=True)
class ShownClock:
    """A clock with its drawing; lengths in milliseconds. `finding` is what the drawing shows, in one sentence."""

    id: str
    clock: Clock
    name: str
    due: int | None
    elapsed: int
    finding: str
    line: ClockLine
    rows: tuple[Row, ...]
    rows_left_out: int
    zone: str
    """That of the calendar, if it is known."""


@dataclass(frozen=True, slots=True)
class EndedClock:
    """A clock that is over and isn't drawn."""

    clock: Clock
    name: str
    elapsed: int


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of a chain: whom it calls, and what has become of it at `at`, where that is known."""

    number: int
    after_ms: int
    notify: tuple[str, ...]
    state: StepState
    at: int | None
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class ShownCall:
    """An escalation with every step of its chain; `moments` are what happened to it besides its steps."""

    call: Escalation
    raised_by: str
    steps: tuple[ShownStep, ...]
    moments: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class TriedSection:
    """The rules of a section: those that were asked, and the names of those that weren't."""

    name: str
    asked: tuple[tuple[Tried, str], ...]
    """Each with the values that it read, in words."""

    unasked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """All of it."""

    clocks: tuple[ShownClock, ...]
    ended: tuple[EndedClock, ...]
    ended_left_out: int
    calls: tuple[ShownCall, ...]
    calls_left_out: int
    tried: tuple[TriedSection, ...]
    turns: tuple[tuple[int, str], ...]

    @property
    def kinds(self) -> frozenset[str]:
        """What stands in the drawings."""
        return frozenset(kind for shown in self.clocks for kind in shown.line.kinds)


def told(case: Case, state: State, zone: str) -> Told:
    """What is shown of a contact; `zone` is the viewer's."""
    in_order = clocks_in_order(state, case.policy, case.earlier.clocks)
    drawn = sorted(in_order, key=_urgency)[:DRAWN_MAX]
    rest = sorted((clock for clock in in_order if clock not in drawn), key=lambda clock: -_ended_at(clock))
    calls = calls_in_order(state, case.earlier)[::-1]
    return Told(
        clocks=tuple(_clock(clock, case, zone) for clock in drawn),
        ended=tuple(EndedClock(clock, named(clock), _counted(clock, case)) for clock in rest[:ENDED_MAX]),
        ended_left_out=max(0, len(rest) - ENDED_MAX) + case.earlier.clocks_left_out,
        calls=tuple(_call(call, case) for call in calls[:CALLS_MAX]),
        calls_left_out=max(0, len(calls) - CALLS_MAX) + case.earlier.escalations_left_out,
        tried=tuple(_section(name, case.tried.get(section, ())) for section, name in _SECTIONS.items()),
        turns=tuple(_turns(case)),
    )


def _urgency(clock: Clock) -> tuple[bool, bool, int]:
    """What goes on before what is over; of both the breached first, then the first start, or the latest end."""
    over = clock.over or clock.dropped
    return over, clock.breached_at is None, -_ended_at(clock) if over else clock.started_at


def _ended_at(clock: Clock) -> int:
    return max(clock.met_at or 0, clock.cancelled_at or 0)


def _counted(clock: Clock, case: Case) -> int:
    return clocks.counted(clock, case.policy.sla_by_id.get(clock.rule), case.at)


def _clock(clock: Clock, case: Case, zone: str) -> ShownClock:
    rule = case.policy.sla_by_id.get(clock.rule)
    paths = () if case.trace is None else case.trace.clocks
    path = next((path for path in paths if name_of(path.clock) == name_of(clock)), None)
    of_calendar = case.zones.get(clock.calendar, "")
    line = clock_line(clock, rule, path, case.at, ZoneInfo(zone), of_calendar)
    due, elapsed = clocks.due_to_show(clock, rule), _counted(clock, case)
    rows = _rows(line, case.at)
    return ShownClock(
        id=f"{clock.metric}-{clock.instance}",
        clock=clock,
        name=_capital(named(clock)),
        due=due,
        elapsed=elapsed,
        finding=finding(clock, due, elapsed, zone),
        line=line,
        rows=tuple(rows[-ROWS_MAX:]),
        rows_left_out=max(0, len(rows) - ROWS_MAX),
        zone=of_calendar,
    )


def finding(clock: Clock, due: int | None, elapsed: int, zone: str) -> str:
    """What has become of a clock, in one sentence for the caption; times on the wall of `zone`."""

    def wall(at: int) -> str:
        return f"{wall_words(at, zone)} {zone}"

    name, of = _capital(named(clock)), f"{length_words(clock.target_ms)} of calendar {clock.calendar}"
    if clock.breached_at is not None:
        words = f"{name} breached at {wall(clock.breached_at)}, after {of}"
        if clock.met_at is not None:
            return f"{words}; met at {wall(clock.met_at)}, with {span_words(elapsed)} counted."
        if clock.cancelled_at is not None:
            return f"{words}; over without being met at {wall(clock.cancelled_at)}."
        return f"{words}; {span_words(elapsed)} counted so far."
    if clock.cancelled_at is not None:
        return f"{name} cancelled at {wall(clock.cancelled_at)}, with {span_words(elapsed)} of {of} counted."
    if clock.met_at is not None:
        return f"{name} met at {wall(clock.met_at)}, with {span_words(elapsed)} of {of} counted."
    if not clock.runs:
        return f"{name} is paused since {wall(clock.since)}, with {span_words(elapsed)} of {of} counted."
    until = f"it falls due at {wall(due)}" if due is not None else "no deadline is in reach of that calendar"
    return f"{name} runs: {span_words(elapsed)} of {of} counted; {until}."


def _rows(line: ClockLine, now: int) -> list[Row]:
    rows = [
        Row(part.start, part.end, part.words, part.counted_ms, coming=part.start >= now)
        for part in line.parts
        if part.kind != "rest"
    ]
    rows += [Row(sign.at, None, sign.words, 0, coming=sign.at > now) for sign in line.signs if sign.kind != "now"]
    return sorted(rows, key=lambda row: (row.at, row.end is not None))


def _call(call: Escalation, case: Case) -> ShownCall:
    paths = () if case.trace is None else case.trace.escalations
    path = next((path for path in paths if path.escalation.id == call.id), None)
    quiet = ("raised", "step", "reminder", "left out")
    moments = () if path is None else tuple((one.at, one.words) for one in path.moments if one.kind not in quiet)
    return ShownCall(call, raised_by(call), tuple(_steps(call, case.policy)), moments)


def _steps(call: Escalation, policy: Policy) -> Iterator[ShownStep]:
    chain = policy.chains.get(call.chain)
    for number, step in enumerate(chain.steps if chain else (), 1):
        if number <= call.steps_fired:
            last = call.calls[number - 1]
            yield ShownStep(number, step.after_ms, step.notify, "done", last.at, last.reminders)
        elif chain is not None and call.state == "active":
            state: StepState = "next" if number == call.steps_fired + 1 else "to come"
            yield ShownStep(number, step.after_ms, step.notify, state, step_due(chain, call, number))
        else:
            yield ShownStep(number, step.after_ms, step.notify, "stopped", None)


def _section(name: str, rules: Sequence[Tried]) -> TriedSection:
    asked = tuple((one, ", ".join(_values(one))) for one in rules if one.became != "not asked")
    return TriedSection(name, asked, tuple(one.rule for one in rules if one.became == "not asked"))


def _values(one: Tried) -> Iterator[str]:
    for name, value in one.values.items():
        yield f"{name} = {'not there' if value is None else clean(_json(value), VALUE_MAX)}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _turns(case: Case) -> Iterable[tuple[int, str]]:
    """What last changed severity and queue, and which rules were in force."""
    turns = [turn for turn in (case.trace.turns if case.trace else ()) if turn.before]
    return [(turn.at, _turned(turn)) for turn in turns[-TURNS_MAX:]]


def _turned(turn: Turn) -> str:
    what = f"rule of {turn.metric.replace('_', ' ')}" if turn.metric else turn.of
    what = "queue" if what == "route" else what
    by = f" by rule {turn.rule}" if turn.rule and turn.of != "rule" else ""
    why = f": {', '.join(turn.because)}" if turn.because else ""
    return f"{what} {turn.before or 'none'} → {turn.after or 'none'}{by}{why}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
