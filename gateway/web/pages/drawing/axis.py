"""A line of time: where an instant stands on it, and which instants are named below it, on the wall of a zone.

Laws. No place lies outside of 0 to 100 percent; later instants never stand before earlier ones. Names are of whole
steps of the zone's wall: where its clocks change, an hour that comes twice is named twice and one that isn't there not
at all, and the first name behind the change tells it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, datetime_of
from gateway.rules.calendar import midnight

PLACES: Final = 3
"""Decimals of a percentage."""

_SECONDS: Final = (1, 2, 5, 10, 15, 30)
_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_DAYS: Final = (1, 2, 7, 14, 28, 91, 182, 365)
_DAY_MINUTES: Final = 1_440


@dataclass(frozen=True, slots=True)
class Tick:
    """A named instant at `x` percent. `day` is its date where that begins to be another one, `shift` says that the
    zone's clocks have changed since the tick before. `minor`: left out where there is little room."""

    x: float
    at: int
    label: str
    day: str = ""
    shift: str = ""
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """The time from `start` to `end`, in milliseconds since the epoch; the end is after the start."""

    start: int
    end: int

    def x(self, at: int) -> float:
        """Where an instant stands, in percent; what lies outside stands at the edge."""
        inside = min(max(at, self.start), self.end)
        return round((inside - self.start) * 100 / (self.end - self.start), PLACES)

    def across(self, start: int, end: int) -> tuple[float, float]:
        """Where a stretch begins, and how wide it is, in percent."""
        x = self.x(start)
        return x, round(max(self.x(end) - x, 0.0), PLACES)

    def holds(self, at: int) -> bool:
        """Whether an instant is on the line."""
        return self.start <= at <= self.end


def ticks(axis: Axis, zone: tzinfo, most: int = 8) -> tuple[Tick, ...]:
    """The instants that are named: at most about `most`, on whole steps of the zone's wall."""
    found: list[Tick] = []
    before: datetime | None = None
    for at, face in _instants(axis, zone, max(most, 1)):
        local = datetime_of(at).astimezone(zone)
        another = before is None or before.date() != local.date()
        day = _day(local, before) if another and face else ""
        label = local.strftime(face) if face else _day(local, before)
        shift = _shift(before, local) if before is not None and face else ""
        found.append(Tick(axis.x(at), at, label, day, shift, minor=bool(len(found) % 2)))
        before = local
    return tuple(found)


def _instants(axis: Axis, zone: tzinfo, most: int) -> Iterator[tuple[int, str]]:
    """Each instant with the form of its name, empty for a date."""
    span = axis.end - axis.start
    for seconds in _SECONDS:
        if span <= most * seconds * SECOND_MS:
            yield from _steps(axis, zone, seconds * SECOND_MS, "%H:%M:%S")
            return
    for minutes in _MINUTES:
        if span <= most * minutes * MINUTE_MS:
            yield from _steps(axis, zone, minutes * MINUTE_MS, "%H:%M")
            return
    days = next((days for days in _DAYS if span <= most * days * DAY_MS), -(-span // (most * DAY_MS)))
    first = datetime_of(axis.start).astimezone(zone).date()
    # From a fixed date on, so that the names stay where they are while the line moves.
    day = first - timedelta(days=(first - date(2000, 1, 3)).days % days)
    while (at := midnight(zone, day)) <= axis.end:
        if at >= axis.start:
            yield at, ""
        day += timedelta(days=days)


def _steps(axis: Axis, zone: tzinfo, step: int, face: str) -> Iterator[tuple[int, str]]:
    """Every instant whose wall time is a whole number of steps after midnight."""
    # Walls differ from UTC by whole quarters of an hour, so all of them are found; others are found as near as that.
    unit = min(step, 15 * MINUTE_MS)
    for at in range(-(-axis.start // unit) * unit, axis.end + 1, unit):
        local = datetime_of(at).astimezone(zone)
        if (local.hour * HOUR_MS + local.minute * MINUTE_MS + local.second * SECOND_MS) % step == 0:
            yield at, face


def _day(local: datetime, before: datetime | None) -> str:
    words = f"{local:%a} {local.day} {local:%b}"
    return words if before is None or before.year == local.year else f"{words} {local.year}"


def _shift(before: datetime, local: datetime) -> str:
    moved = (local.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    if not moved:
        return ""
    minutes = abs(moved) // timedelta(minutes=1)
    length = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
    return f"clocks went {'forward' if moved > timedelta() else 'back'} {length}"
