"""The breach timeline as a drawing: lanes of promises over a window of time, one bar a contact.

Laws. Nothing stands outside of the window: what goes on beyond an edge is cut there, and says so. Two bars of a row
never overlap, nor do their signs. What is given first is placed first, so that nothing that comes later takes its
place; what finds no place in the rows of its lane is counted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.rules import calendar as working
from gateway.rules.calendar import Calendar
from gateway.rules.card import CardDue
from gateway.rules.policy import SlaRule
from gateway.web.pages.drawing.axis import PLACES, Axis

ROWS_MAX: Final = 8
CONSIDERED_MAX: Final = 40
"""Promises of a lane for which a place is looked for, the first ones."""

GAP: Final = 1.5
"""Percent between two bars of a row with their signs."""

NARROWEST: Final = 1.5
"""Percent that a bar takes in any case: it has to be seen, and met with a finger."""

LABEL: Final = 18.0
"""Percent for the title of a bar that is too narrow to hold it: beside the bar then."""

HOLDS_LABEL: Final = 10.0
"""Percent from which a bar holds its title."""

CLOSED_MAX: Final = 60
"""Closed times of one lane that are drawn; a calendar that closes more often in the window is not hatched."""

PointKind = Literal["warning", "breach", "due", "step", "acknowledged"]


@dataclass(frozen=True, slots=True)
class Point:
    """An instant of a promise: a sign and its words; a step with its number."""

    kind: PointKind
    at: int
    words: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Promise:
    """What a bar is drawn of: a contact's promise from `start` to `due`, where it is `breached` broken since then."""

    contact: str
    title: str
    start: int
    due: int
    breached: bool
    words: str
    calendar: str = ""
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A point on a bar."""

    point: Point
    x: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise in its place: `x` and `width` of all of it, of which `late_x` and `late_width` lie behind the breach;
    all in percent. `before` and `beyond`: it goes on outside of the window. Its title stands from `label_x` on, in
    `label_width`: in the bar, behind it, or, with `label_ahead`, in front of it."""

    promise: Promise
    row: int
    x: float
    width: float
    late_x: float
    late_width: float
    before: bool
    beyond: bool
    label_x: float
    label_width: float
    label_ahead: bool
    points: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """Bars in rows. `closed` are the closed hours of `calendar`, the one of most of its promises, as (x, width)."""

    name: str
    bars: tuple[Bar, ...]
    rows: int
    left_out: int
    calendar: str = ""
    closed: tuple[tuple[float, float], ...] = ()


def lane(
    name: str,
    promises: Sequence[Promise],
    axis: Axis,
    now: int,
    calendars: dict[str, Calendar],
    rows_max: int = ROWS_MAX,
) -> Lane:
    """Draw a lane of promises, those first that must be seen. `calendars` must be nobody else's to ask meanwhile."""
    rows: list[list[tuple[float, float]]] = []
    bars: list[Bar] = []
    left_out = max(0, len(promises) - CONSIDERED_MAX)
    for promise in promises[:CONSIDERED_MAX]:
        x, width, late_x = _extent(promise, axis, now)
        points = [Placed(point, axis.x(point.at)) for point in promise.points if axis.holds(point.at)]
        label_x, label_width, ahead = _label(x, width)
        taken = [x, x + width, label_x, label_x + label_width, *(placed.x for placed in points)]
        row = _row(rows, min(taken), max(taken), rows_max)
        if row is None:
            left_out += 1
            continue
        end = max(now, promise.due) if promise.breached else promise.due
        bars.append(
            Bar(
                promise,
                row,
                x,
                width,
                late_x,
                round(x + width - late_x, PLACES),
                before=promise.start < axis.start,
                beyond=end > axis.end,
                label_x=label_x,
                label_width=label_width,
                label_ahead=ahead,
                points=tuple(sorted(points, key=_drawn_order)),
            )
        )
    of = _most_used(promises)
    return Lane(name, tuple(bars), len(rows), left_out, of, closed_hours(calendars.get(of), axis))


def _drawn_order(placed: Placed) -> tuple[int, bool]:
    """What comes later lies over what comes before; of one instant, what became of the promise."""
    return placed.point.at, placed.point.kind in ("breach", "due")


def _extent(promise: Promise, axis: Axis, now: int) -> tuple[float, float, float]:
    """Where a bar begins, how wide it is, and where it begins to be late."""
    end = max(now, promise.due) if promise.breached else promise.due
    x, width = axis.across(promise.start, end)
    if width < NARROWEST:
        width = NARROWEST
        x = round(min(max(axis.x(end) - NARROWEST, 0.0), 100.0 - NARROWEST), PLACES)
    stop = round(x + width, PLACES)
    return x, width, min(max(axis.x(promise.due), x), stop) if promise.breached else stop


def _label(x: float, width: float) -> tuple[float, float, bool]:
    """Where a bar's title stands, how much room it has, and whether that is in front of the bar."""
    if width >= HOLDS_LABEL:
        return x, width, False
    end = x + width
    if end + LABEL <= 100:
        return round(end, PLACES), LABEL, False
    return round(max(x - LABEL, 0.0), PLACES), round(min(LABEL, x), PLACES), True


def _row(rows: list[list[tuple[float, float]]], x: float, end: float, most: int) -> int | None:
    """The first row in which nothing is in the way; None where all are full."""
    for number, taken in enumerate(rows):
        if all(end + GAP <= other_x or other_end + GAP <= x for other_x, other_end in taken):
            taken.append((x, end))
            return number
    if len(rows) >= most:
        return None
    rows.append([(x, end)])
    return len(rows) - 1


def _most_used(promises: Iterable[Promise]) -> str:
    """The calendar of most promises; of several the first by name."""
    counts = Counter(promise.calendar for promise in promises if promise.calendar)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def closed_hours(calendar: Calendar | None, axis: Axis) -> tuple[tuple[float, float], ...]:
    """The closed times of a calendar in the window, as (x, width); none of a calendar that is always open."""
    if calendar is None or calendar.spans_of is None:
        return ()
    found: list[tuple[float, float]] = []
    at = axis.start
    for opens, closes in [*calendar.spans(axis.start, axis.end), (axis.end, axis.end)]:
        x, width = axis.across(at, opens)
        if width > 0:
            found.append((x, width))
        at = max(at, closes)
    return tuple(found) if len(found) <= CLOSED_MAX else ()


def warnings_of(due: CardDue, rule: SlaRule | None, calendar: Calendar | None, now: int) -> list[Point]:
    """The instants of a rule's warnings, as far as they follow from a deadline.

    Where the promise ran all the time from its start, all of them; else only those to come.
    """
    if rule is None or calendar is None or rule.target_ms not in (None, due.target_ms) or due.at <= due.started_at:
        return []
    ran = working.elapsed(calendar, due.started_at, due.at) == due.target_ms
    left = working.elapsed(calendar, now, due.at)
    found = []
    for mark in rule.marks:
        used = max(0, mark.reach(due.target_ms))
        if ran:
            at = working.due(calendar, due.started_at, used)
        elif due.target_ms - used < left:
            at = working.due(calendar, now, used - due.target_ms + left)
        else:
            continue
        if at is not None and due.started_at <= at <= due.at:
            tense = "warning" if at <= now else "warning to come"
            found.append(Point("warning", at, f"{tense} at {mark.text}"))
    return found
