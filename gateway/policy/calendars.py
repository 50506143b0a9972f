"""Calendars of a policy file, made into tables of working time.

Every name is resolved once, in any order of the file; circles, unknown zones, countries and names, and calendars that
never open are problems at their places. Public holidays come from the `holidays` library, for the years 2000 to 2045.
"""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from gateway.kernel.document import Problem, did_you_mean
from gateway.model.instant import DAY_MS, parse_instant
from gateway.policy.document import AnyOf, CalendarShape, CountryHolidays, WeeklyHours
from gateway.policy.parts import Parts, Path, mappings, texts
from gateway.policy.scalars import read_days
from gateway.rules.calendar import ALWAYS, Calendar, Interval, intersection, midnight, spliced, union, weekly

BUILT_IN: Final[Mapping[str, Calendar]] = {"always": ALWAYS, "24x7": union("24x7", [ALWAYS])}
KNOWN_YEARS: Final = range(2000, 2046)
"""Holidays are known for these years, and of a policy that was in force the open hours."""


PARTS_MAX: Final = 256
"""Weekly calendars that a joint one may be made of, each counted as often as it is reached."""

_REFERENCE: Final = int(parse_instant("2026-01-01T00:00:00Z"))
"""Where the search for open time starts: a fixed day, so that a file is right or wrong whenever it is loaded."""


@dataclass
class Resolved:
    """The calendars by name, what they hold (for the policy's hash), and what is wrong with them."""

    calendars: dict[str, Calendar] = field(default_factory=lambda: dict(BUILT_IN))
    content: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    zone: tzinfo = UTC
    """That of the file's first calendar of hours."""


def resolve_calendars(parts: Parts, before: Mapping[str, Calendar] | None = None) -> Resolved:
    """Make every calendar that has the right shape; of the others name what is wrong beyond the shape.

    `before`: the calendars that hold until the `from` of one of the same name.
    """
    return _Resolver(parts, before or {}).resolve()


class _Resolver:
    def __init__(self, parts: Parts, before: Mapping[str, Calendar]) -> None:
        self._parts = parts
        self._before = before
        self._shapes = parts.calendars
        self._names = parts.names("calendars") or frozenset()
        self._path: list[str] = []
        self._tried: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self._result = Resolved()

    def resolve(self) -> Resolved:
        for name in self._shapes:
            self._calendar(name)
        self._result.zone = next(iter(self._zones.values()), UTC)
        for name in self._shapes:
            if name in BUILT_IN:
                self._wrong((name,), "bad-value", f"the calendar {name!r} is built in; choose another name", key=True)
            elif name in self._result.calendars and not self._opens(name):
                message = f"the calendar {name!r} never opens: there is no open time within 400 days"
                self._wrong((name,), "never-opens", message, key=True)
        for path, raw in self._parts.named("calendars"):
            self._repeated(str(path[-1]), raw)
            if path[-1] not in self._shapes:
                self._half_read(str(path[-1]), raw)
        return self._result

    def _half_read(self, name: str, raw: dict[Any, Any]) -> None:
        """Look at the names inside a calendar whose shape is wrong."""
        if isinstance(zone := raw.get("timezone"), str):
            self._zone(name, zone)
        for path, holiday in mappings(raw.get("holidays"), (name, "holidays")):
            country, subdivision = holiday.get("country"), holiday.get("subdivision")
            if isinstance(country, str) and isinstance(subdivision, str | None):
                self._country(path, country, subdivision)
        for key in ("any_of", "all_of"):
            for path, part in texts(raw.get(key), (name, key)):
                self._part(path, part)

    def _wrong(self, path: Path, id: str, message: str, *, key: bool = False) -> None:
        self._result.problems.append(self._parts.source.problem(("calendars", *path), id, message, key=key))

    def _calendar(self, name: str) -> Calendar | None:
        done = self._result.calendars
        if name in done or name in self._tried or name not in self._shapes:
            return done.get(name)
        self._tried.add(name)
        shape = self._shapes[name]
        made = self._weekly(name, shape) if isinstance(shape, WeeklyHours) else self._joint(name, shape)
        if made is not None:
            done[name] = made
        return made

    def _joint(self, name: str, shape: CalendarShape) -> Calendar | None:
        key, parts = ("any_of", shape.any_of) if isinstance(shape, AnyOf) else ("all_of", getattr(shape, "all_of", []))
        self._path.append(name)
        made = [self._part((name, key, index), part) for index, part in enumerate(parts)]
        self._path.pop()
        self._result.content[name] = {key: list(parts)}
        calendars = [calendar for calendar in made if calendar is not None]
        if len(calendars) < len(parts):
            return None
        self._sizes[name] = sum(self._sizes.get(part, 1) for part in parts)
        if self._sizes[name] > PARTS_MAX:
            self._wrong((name, key), "too-big", f"made of more than {PARTS_MAX} calendars, parts of parts counted")
            return None
        return union(name, calendars) if key == "any_of" else intersection(name, calendars)

    def _part(self, path: Path, part: str) -> Calendar | None:
        if part in self._path:
            circle = " → ".join([*self._path[self._path.index(part) :], part])
            self._wrong(path, "circular-calendar", f"a calendar can't be made of itself: {circle}")
        elif part not in self._names and part not in BUILT_IN:
            hint = did_you_mean(part, self._names | BUILT_IN.keys())
            self._wrong(path, "unknown-calendar", f"there is no calendar {part!r}{hint}")
        else:
            return self._calendar(part)
        return None

    def _weekly(self, name: str, shape: WeeklyHours) -> Calendar | None:
        week: list[list[Interval]] = [[] for _ in range(7)]
        for days, hours in shape.hours.items():
            for day in read_days(days):
                week[day] += hours
        replaced = self._replaced(name, shape)
        zone = self._zone(name, shape.timezone)
        if zone is None:
            return None
        self._zones[name] = zone
        self._result.content[name] = {
            "timezone": shape.timezone,
            "offsets": _offsets(zone),
            "week": week,
            "replaced": {day.isoformat(): hours for day, hours in sorted(replaced.items())},
        }
        made = weekly(name, zone, week, replaced)
        if shape.from_ is None:
            return made
        return spliced(name, self._before.get(name), midnight(zone, shape.from_), made)

    def _zone(self, name: str, zone: str) -> ZoneInfo | None:
        try:
            return ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            # Not those without a place: EST and the like know no summer time.
            hint = did_you_mean(zone, (known for known in available_timezones() if "/" in known or known == "UTC"))
            message = f"there is no time zone {zone!r}{hint}" + ("" if hint else "; write one such as Europe/Berlin")
            self._wrong((name, "timezone"), "unknown-zone", message)
            return None

    def _replaced(self, name: str, shape: WeeklyHours) -> dict[date, list[Interval]]:
        replaced: dict[date, list[Interval]] = {}
        for index, holiday in enumerate(shape.holidays):
            if isinstance(holiday, CountryHolidays):
                replaced |= {
                    day: [] for day in self._country((name, "holidays", index), holiday.country, holiday.subdivision)
                }
            else:
                replaced[holiday.date] = []
        return replaced | {exception.date: exception.hours for exception in shape.exceptions}

    def _repeated(self, name: str, raw: dict[Any, Any]) -> None:
        """Dates with two exceptions, in a calendar of whatever shape."""
        seen: set[str] = set()
        for path, exception in mappings(raw.get("exceptions"), (name, "exceptions")):
            day = exception.get("date")
            if not isinstance(day, date | str):
                continue
            if str(day) in seen:
                message = f"{str(day)[:40]} has an exception already; put all its hours in one"
                self._wrong((*path, "date"), "duplicate-date", message)
            seen.add(str(day))

    def _country(self, path: Path, country: str, subdivision: str | None) -> tuple[date, ...]:
        countries = _countries()
        if country not in countries:
            hint = did_you_mean(country.upper(), countries) or "; write its two letters, such as US"
            message = f"the holidays of the country {country!r} are not known{hint}"
            self._wrong((*path, "country"), "unknown-country", message)
            return ()
        try:
            return _public_holidays(country, subdivision)
        except NotImplementedError:
            known = countries[country]
            hint = did_you_mean(subdivision or "", known) or f"; known: {', '.join(known) or 'none'}"
            message = f"{country} has no subdivision {subdivision!r}{hint}"
            self._wrong((*path, "subdivision"), "unknown-subdivision", message)
            return ()

    def _opens(self, name: str) -> bool:
        calendar = self._result.calendars[name]
        starts = [_REFERENCE]
        starts += [_day_before(day) for day in self._exception_dates(name, set())]
        return any(calendar.opens_within(start) for start in starts)

    def _exception_dates(self, name: str, seen: set[str]) -> list[date]:
        shape = self._shapes.get(name)
        if shape is None or name in seen:
            return []
        seen.add(name)
        if isinstance(shape, WeeklyHours):
            starts = [] if shape.from_ is None else [shape.from_]
            return starts + [exception.date for exception in shape.exceptions if exception.hours]
        parts = shape.any_of if isinstance(shape, AnyOf) else shape.all_of
        return [day for part in parts for day in self._exception_dates(part, seen)]


@lru_cache(maxsize=64)
def _offsets(zone: ZoneInfo) -> str:
    """What the zone's clocks show in the known years, day by day, as a hash: zones change when laws do."""
    noon = datetime(KNOWN_YEARS[0], 1, 1, 12, tzinfo=UTC)
    days = (KNOWN_YEARS[-1] - KNOWN_YEARS[0] + 1) * 366
    shown = ((noon + timedelta(days=day)).astimezone(zone).utcoffset() for day in range(days))
    return hashlib.sha256(repr(list(shown)).encode()).hexdigest()[:16]


def _day_before(day: date) -> int:
    return int(parse_instant(f"{day}T00:00:00Z")) - DAY_MS


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, Sequence[str]]:
    import holidays  # a fifth of a second, needed by few policies

    return holidays.list_supported_countries(include_aliases=True)


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str | None) -> tuple[date, ...]:
    import holidays

    with warnings.catch_warnings():
        # Some countries' tables end earlier than ours, and say so.
        warnings.simplefilter("ignore")
        return tuple(sorted(holidays.country_holidays(country, subdiv=subdivision, years=KNOWN_YEARS)))
