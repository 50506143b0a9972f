"""Local wall time, looked at quarter by quarter: which quarters of an hour a calendar of a policy is open.

Nothing is computed with offsets. Every quarter of some days round a change of the clocks is asked for its local wall
time; a wall time of the policy is then looked up among the answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

CELL = 900_000
"""A quarter of an hour in milliseconds: everything that zones and hours do here happens on its multiples."""

QUARTER = timedelta(minutes=15)
DAY = 86_400_000
ZONES = (
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "Europe/Berlin",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Antarctica/Troll",
)
"""Changes at midnight, by half an hour and by two, backwards in summer, north and south, and odd offsets."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Change:
    """A change of the clocks: the first instant at which the new offset holds, in milliseconds since the epoch."""

    zone: str
    at: int


@lru_cache
def changes(first_year: int = 2024, last_year: int = 2030) -> tuple[Change, ...]:
    """Every change of every zone in these years, zone by zone, in order of time."""
    return tuple(change for zone in ZONES for change in _changes_of(zone, first_year, last_year))


def _changes_of(zone: str, first_year: int, last_year: int) -> Iterator[Change]:
    zone_info = ZoneInfo(zone)
    moment = int(datetime(first_year, 1, 1, tzinfo=UTC).timestamp()) * 1000
    end = int(datetime(last_year + 1, 1, 1, tzinfo=UTC).timestamp()) * 1000
    while moment < end:
        if _offset(moment + DAY, zone_info) != _offset(moment, zone_info):
            for quarter in range(moment + CELL, moment + DAY + 1, CELL):
                if _offset(quarter, zone_info) != _offset(quarter - CELL, zone_info):
                    yield Change(zone, quarter)
        moment += DAY


def _offset(instant: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(instant // 1000, zone).utcoffset()


class Walls:
    """The local wall time of every quarter between two instants."""

    def __init__(self, zone: str, start: int, end: int) -> None:
        zone_info = ZoneInfo(zone)
        self.start = start
        self.walls = [
            datetime.fromtimestamp(instant // 1000, zone_info).replace(tzinfo=None)
            for instant in range(start, end, CELL)
        ]
        self.first: dict[datetime, int] = {}
        self.last: dict[datetime, int] = {}
        for number, wall in enumerate(self.walls):
            self.first.setdefault(wall, number)
            self.last[wall] = number

    def quarter(self, wall: datetime, *, end: bool) -> int | None:
        """The number of the quarter that begins at a wall time: of two the first, for an end the second.

        A wall time that doesn't exist moves forward by the gap. None outside of the days that are known.
        """
        found = (self.last if end else self.first).get(wall)
        if found is not None:
            return found
        for before, after in zip(self.walls, self.walls[1:], strict=False):
            if before < wall < after:
                return self.quarter(wall + (after - before - QUARTER), end=end)
        return None

    def dates(self) -> list[date]:
        """Every date that begins and ends in the days that are known."""
        return sorted({wall.date() for wall in self.walls})[1:-2]


@lru_cache(maxsize=64)
def walls_of(zone: str, start: int, end: int) -> Walls:
    """The wall times of a zone between two instants."""
    return Walls(zone, start, end)


@dataclass
class Opening:
    """Which quarters the calendars of a policy are open, between two instants."""

    calendars: Mapping[str, Any]
    start: int
    end: int
    known: dict[str, list[bool]] = field(default_factory=dict)

    def quarters(self, name: str) -> list[bool]:
        """Quarter by quarter, whether a calendar is open."""
        if name not in self.known:
            self.known[name] = self._quarters(name)
        return self.known[name]

    def quarter(self, instant: int) -> int:
        """The number of the quarter in which an instant lies."""
        return (instant - self.start) // CELL

    def is_open(self, name: str, instant: int) -> bool:
        """Whether a calendar is open at an instant."""
        return self.quarters(name)[self.quarter(instant)]

    def due(self, name: str, instant: int, target: int) -> int | None:
        """The first instant by which a calendar has been open for `target` since `instant`; None: not in these days."""
        quarters = self.quarters(name)
        while target > 0:
            number = self.quarter(instant)
            if number >= len(quarters):
                return None
            next_quarter = self.start + (number + 1) * CELL
            if quarters[number]:
                if target <= next_quarter - instant:
                    return instant + target
                target -= next_quarter - instant
            instant = next_quarter
        return instant

    def _quarters(self, name: str) -> list[bool]:
        count = (self.end - self.start) // CELL
        if name == "always":
            return [True] * count
        shape = self.calendars[name]
        if "any_of" in shape:
            return [any(column) for column in zip(*map(self.quarters, shape["any_of"]), strict=True)]
        if "all_of" in shape:
            return [all(column) for column in zip(*map(self.quarters, shape["all_of"]), strict=True)]
        return self._weekly(shape, count)

    def _weekly(self, shape: Mapping[str, Any], count: int) -> list[bool]:
        walls = walls_of(shape["timezone"], self.start, self.end)
        found = [False] * count
        for day in walls.dates():
            for start, end in hours_of(shape, day):
                first = walls.quarter(start, end=False)
                last = walls.quarter(end, end=True)
                if first is not None and last is not None:
                    for number in range(first, last):
                        found[number] = True
        return found


def hours_of(shape: Mapping[str, Any], day: date) -> list[tuple[datetime, datetime]]:
    """The wall times between which a calendar of weekly hours is open, of the intervals that start on a date."""
    texts: list[str] = []
    exceptions = [exception for exception in shape.get("exceptions", []) if exception["date"] == day.isoformat()]
    if exceptions:
        texts = [text for exception in exceptions for text in exception["hours"]]
    elif all(holiday["date"] != day.isoformat() for holiday in shape.get("holidays", [])):
        for key, hours in shape["hours"].items():
            if WEEKDAYS[day.weekday()] in _weekdays(key):
                texts += ["00:00-24:00"] if hours == "24x7" else hours
    return [_interval(day, text) for text in texts]


def _weekdays(key: str) -> list[str]:
    found: list[str] = []
    for part in key.split(","):
        first, _, last = part.partition("-")
        number = WEEKDAYS.index(first)
        found.append(first)
        while last and WEEKDAYS[number] != last:
            number = (number + 1) % 7
            found.append(WEEKDAYS[number])
    return found


def _interval(day: date, text: str) -> tuple[datetime, datetime]:
    start, end = (
        datetime(day.year, day.month, day.day) + timedelta(hours=int(hour), minutes=int(minute))
        for hour, minute in (part.split(":") for part in text.split("-"))
    )
    return start, end if end > start else end + timedelta(days=1)
