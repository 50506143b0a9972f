"""One clock as a drawing: which time counted and which didn't and why, what changed it, its warnings, its deadline.

Laws. The parts follow each other from the clock's start to the drawing's end without a gap or an overlap; what is drawn
as counted adds up to what the clock has counted. Up to the instant asked for the parts are the clock's path; behind it
they are what is to come if nothing happens. Every part and every sign has words, which a table tells too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final, Literal

from gateway.model.instant import length_words
from gateway.model.judgement import Clock
from gateway.rules import clocks
from gateway.rules.policy import SlaRule
from gateway.rules.trace.path import Change, ClockPath, Stretch
from gateway.web.pages.drawing.axis import Axis, Tick, ticks

ROOM: Final = 0.04
"""The share of the line that stays free behind its last instant."""

COMING_MAX: Final = 60
"""Open and closed times to come that are drawn one by one."""

TICKS: Final = 7

PartKind = Literal["counted", "late", "closed", "paused", "ended", "uncounted", "untold", "left", "rest"]
"""`late`: counted behind the breach. `ended`: the contact was. `uncounted`: no rule matched. `untold`: open and closed
times that aren't told one by one. `left`: to come, and it will count. `rest`: nothing is said of it."""

SignKind = Literal["warning", "to warn", "rule", "breach", "met", "cancelled", "due", "now"]

_SIGNS: Final[dict[str, SignKind]] = {
    "warned": "warning",
    "breached": "breach",
    "met": "met",
    "cancelled": "cancelled",
    "rule changed": "rule",
    "dropped": "rule",
    "taken up": "rule",
    "policy": "rule",
    "started anew": "rule",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the line, in percent and in milliseconds; `words` say what it is. `counted_ms`: so much of it the
    clock has counted."""

    kind: PartKind
    start: int
    end: int
    words: str
    counted_ms: int = 0
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Sign:
    """An instant on the line with a sign of its own shape."""

    kind: SignKind
    at: int
    words: str
    x: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockLine:
    """The drawing of a clock. `told`: its path is known; else the parts up to now are one."""

    start: int
    end: int
    parts: tuple[Part, ...]
    signs: tuple[Sign, ...]
    ticks: tuple[Tick, ...]
    told: bool
    calendar_zone: str = ""
    kinds: frozenset[str] = field(default_factory=frozenset)


def clock_line(
    clock: Clock, rule: SlaRule | None, path: ClockPath | None, now: int, zone: tzinfo, calendar_zone: str = ""
) -> ClockLine:
    """Draw a clock as of `now`. `rule` counts it; nobody else may ask its calendar meanwhile."""
    due = clocks.due_to_show(clock, rule)
    ended = min((at for at in (clock.met_at, clock.cancelled_at) if at is not None), default=None)
    stop = max(clock.started_at, now if ended is None else min(ended, now))
    past = list(_past(clock, path, stop)) if path is not None else [_untold(clock, stop)]
    coming = _coming(clock, rule, due, stop) if ended is None else []
    signs = _signs(clock, rule, path, due, None if ended is not None else stop)
    last = max([stop, clock.started_at + 1, *(sign.at for sign in signs), *(part.end for part in coming)])
    end = last + max(round((last - clock.started_at) * ROOM), 1)
    axis = Axis(clock.started_at, end)
    parts = [part for part in (*past, *coming) if part.end > part.start]
    at = parts[-1].end if parts else clock.started_at
    parts.append(Part("rest", at, end, ""))
    shown = tuple(_placed(part, axis) for part in parts)
    return ClockLine(
        clock.started_at,
        end,
        shown,
        tuple(Sign(sign.kind, sign.at, sign.words, axis.x(sign.at)) for sign in sorted(signs, key=lambda one: one.at)),
        ticks(axis, zone, TICKS),
        told=path is not None,
        calendar_zone=calendar_zone,
        kinds=frozenset(part.kind for part in shown) | {sign.kind for sign in signs},
    )


def _placed(part: Part, axis: Axis) -> Part:
    x, width = axis.across(part.start, part.end)
    return Part(part.kind, part.start, part.end, part.words, part.counted_ms, x, width)


def _untold(clock: Clock, stop: int) -> Part:
    return Part("untold", clock.started_at, stop, "told one by one where the contact is explained")


def _past(clock: Clock, path: ClockPath, stop: int) -> Iterator[Part]:
    """What has been, cut off where the obligation ended; split at the breach."""
    broken = clock.breached_at
    for stretch in path.stretches:
        for part in _of_stretch(stretch):
            if part.start >= stop or part.end <= part.start:
                continue
            end = min(part.end, stop)
            if part.kind == "counted" and broken is not None and part.start < broken < end:
                yield Part(part.kind, part.start, broken, part.words, broken - part.start)
                yield Part("late", broken, end, part.words, end - broken)
            elif part.kind == "counted":
                kind: PartKind = "late" if broken is not None and part.start >= broken else "counted"
                yield Part(kind, part.start, end, part.words, end - part.start)
            else:
                yield Part(part.kind, part.start, end, part.words, part.counted_ms)


def _of_stretch(stretch: Stretch) -> Iterator[Part]:
    if stretch.state == "left out":
        words = f"{stretch.of} times that aren't told one by one, which count {length_words(stretch.counted_ms)}"
        yield Part("untold", stretch.start, stretch.end, words, stretch.counted_ms)
    elif stretch.segments:
        by = f"by rule {stretch.rule}, calendar {stretch.calendar}"
        caught_up = ", caught up on later" if stretch.caught_up_at is not None else ""
        for segment in stretch.segments:
            if segment.kind == "open":
                words = f"counted {by}{caught_up}"
                yield Part("counted", segment.start, segment.end, words, segment.counted_ms)
            elif segment.kind == "closed":
                yield Part("closed", segment.start, segment.end, f"closed hours of calendar {stretch.calendar}")
            else:
                words = f"{segment.of} open times {by}, and the closed hours between them"
                yield Part("untold", segment.start, segment.end, words, segment.counted_ms)
    elif stretch.state == "paused":
        yield Part("paused", stretch.start, stretch.end, _why(stretch, "paused", "paused by the status"))
    elif stretch.state == "ended":
        yield Part("ended", stretch.start, stretch.end, _why(stretch, "ended", "the contact had ended"))
    elif stretch.state == "uncounted":
        yield Part("uncounted", stretch.start, stretch.end, _why(stretch, "dropped", "no rule matched"))
    else:
        yield Part("rest", stretch.start, stretch.end, "")


def _why(stretch: Stretch, kind: str, otherwise: str) -> str:
    return next((change.words for change in stretch.changes if change.kind == kind), otherwise)


def _coming(clock: Clock, rule: SlaRule | None, due: int | None, stop: int) -> list[Part]:
    """From now to the deadline, if it is still to come: what will count, and the closed hours between."""
    if due is None or due <= stop or rule is None or not clock.runs or clock.breached_at is not None:
        return []
    first, last, between = rule.calendar.spans_at_ends(stop, due, COMING_MAX)
    found: list[Part] = []
    closed = f"closed hours of calendar {rule.calendar.name}, to come"
    left = f"left by rule {rule.id}, calendar {rule.calendar.name}"
    at = stop
    for opens, closes in [*first, *last]:
        opens, closes = max(opens, stop), min(closes, due)
        if between and last and opens == max(last[0][0], stop):
            found.append(Part("untold", at, opens, f"{between} open times to come, and the closed hours between them"))
        elif opens > at:
            found.append(Part("closed", at, opens, closed))
        found.append(Part("left", opens, closes, left))
        at = closes
    if at < due:
        found.append(Part("closed", at, due, closed))
    return found


def _signs(clock: Clock, rule: SlaRule | None, path: ClockPath | None, due: int | None, now: int | None) -> list[Sign]:
    found: list[Sign] = []
    if path is not None:
        found += [sign for change in _changes(path) if (sign := _sign(change)) is not None]
    else:
        found += _ends(clock)
    if due is not None and clock.breached_at is None:
        found.append(Sign("due", due, "the deadline"))
    if now is not None:
        found.append(Sign("now", now, "now"))
        if rule is not None and rule.id == clock.rule and clock.runs and clock.breached_at is None:
            for mark, at in clocks.marks_to_come(clock, rule):
                if at > now:
                    found.append(Sign("to warn", at, f"warning at {mark.text} of rule {rule.id}, to come"))
    return [sign for sign in found if sign.at >= clock.started_at]


def _changes(path: ClockPath) -> Iterator[Change]:
    for stretch in path.stretches:
        yield from stretch.changes


def _sign(change: Change) -> Sign | None:
    kind = _SIGNS.get(change.kind)
    if kind is None:
        return None
    words = change.words if change.words.startswith(change.kind) else f"{change.kind}: {change.words}"
    return Sign(kind, change.at, words)


def _ends(clock: Clock) -> list[Sign]:
    """What the state alone knows."""
    found = []
    if clock.breached_at is not None:
        found.append(Sign("breach", clock.breached_at, f"breached: the deadline of rule {clock.breached_rule} came"))
    if clock.met_at is not None:
        found.append(Sign("met", clock.met_at, "met"))
    if clock.cancelled_at is not None:
        found.append(Sign("cancelled", clock.cancelled_at, "cancelled"))
    return found
