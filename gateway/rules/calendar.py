"""Working time: calendars as tables of open intervals in UTC, and the two questions asked of them.

    elapsed(calendar, a, b)          the open time in [a, b)
    due(calendar, start, target)     the earliest instant t >= start with elapsed(start, t) >= target

Laws. Local wall time plus a zone is only ever looked up, per date, never added to. Intervals are half-open. A wall time
that doesn't exist moves forward by the gap; of one that occurs twice a start is the first and an end is the second. An
interval that ends at or before its start runs into the next date and belongs to the date on which it starts; a holiday
or an exception replaces the intervals that start on its date. All times are milliseconds, all tables end somewhere.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate

from gateway.model.instant import DAY_MS, LATEST, MINUTE_MS, datetime_of, instant_of

Interval = tuple[int, int]
"""Minutes of the day as written, such as (480, 720); an end of 1440 is midnight, an end at or before the start is
tomorrow's."""

Spans = list[tuple[int, int]]
"""Open intervals in UTC milliseconds, sorted, apart from each other."""

YEAR_MIN, YEAR_MAX = 1999, 2100
"""Outside of these a calendar knows nothing: a deadline there is unknown, never a search without end."""

DAYS_SEARCHED_MAX = 400
"""A calendar that doesn't open within so many days of an instant is one that never opens."""

_SEARCHED_MAX = DAYS_SEARCHED_MAX * DAY_MS
_FIRST_KNOWN = instant_of(datetime(YEAR_MIN, 1, 1, tzinfo=UTC))
_LAST_KNOWN = instant_of(datetime(YEAR_MAX, 12, 31, tzinfo=UTC))
_DAY_MINUTES = 1440


class Calendar:
    """Open time, as a table that grows by whole years as far as it is asked for.

    `spans_of` gives the open intervals that start in the local years [first, last]; it must be pure, so that the table
    is only a memory of its answers. `None` stands for always open.
    """

    __slots__ = ("_before", "_closes", "_opens", "_years", "name", "spans_of")

    def __init__(self, name: str, spans_of: Callable[[int, int], Spans] | None) -> None:
        self.name = name
        self.spans_of = spans_of
        self._years: tuple[int, int] = (0, -1)
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._before: list[int] = [0]

    def __repr__(self) -> str:
        return f"Calendar({self.name!r})"

    def twin(self) -> "Calendar":
        """The same calendar with a table of its own, for another thread: this one may be growing at this moment."""
        return Calendar(self.name, self.spans_of)

    def spans(self, start: int, end: int) -> Spans:
        """The open intervals that touch [start, end), whole."""
        if self.spans_of is None:
            return [(start, end)]
        self._cover(start, end)
        first = bisect_right(self._closes, start)
        last = bisect_left(self._opens, end)
        return self._table(first, last)

    def spans_at_ends(self, start: int, end: int, most: int) -> tuple[Spans, Spans, int]:
        """Of `spans` the first and the last ones, not more than `most` together, and how many lie between them."""
        if self.spans_of is None:
            return [(start, end)], [], 0
        self._cover(start, end)
        first = bisect_right(self._closes, start)
        last = bisect_left(self._opens, end)
        if last - first <= most:
            return self._table(first, last), [], 0
        tail = most // 2
        return self._table(first, first + most - tail), self._table(last - tail, last), last - first - most

    def elapsed(self, start: int, end: int) -> int:
        """Open milliseconds in [start, end); 0 where the end is not after the start."""
        if end <= start:
            return 0
        if self.spans_of is None:
            return end - start
        self._cover(start, end)
        return self._open_until(end) - self._open_until(start)

    def due(self, start: int, target: int) -> int | None:
        """The earliest instant at which `target` open milliseconds have passed since `start`.

        A target of 0 or less is due at `start`. None where the calendar doesn't open often enough to get there, or
        where there are no dates any more.
        """
        if target <= 0:
            return start
        if self.spans_of is None:
            return start + target if start + target <= LATEST else None
        horizon = start + max(target, _SEARCHED_MAX)
        while True:
            self._cover(start, horizon)
            wanted = self._open_until(start) + target
            place = bisect_left(self._before, wanted) - 1
            if place < len(self._opens):
                reached = self._opens[place] + wanted - self._before[place]
                # Not what the table happens to know beyond the horizon: the answer mustn't depend on earlier questions.
                if reached <= horizon:
                    return reached
            if not self._goes_on(horizon):
                return None
            horizon += _SEARCHED_MAX

    def is_open(self, instant: int) -> bool:
        """Whether it is open at an instant: its opening counts, its closing doesn't."""
        return self.elapsed(instant, instant + 1) > 0

    def opens_within(self, start: int, days: int = DAYS_SEARCHED_MAX) -> bool:
        """Whether there is any open time in the `days` after `start`."""
        return self.elapsed(start, start + days * DAY_MS) > 0

    def _table(self, first: int, last: int) -> Spans:
        return list(zip(self._opens[first:last], self._closes[first:last], strict=True))

    def _goes_on(self, horizon: int) -> bool:
        return _year_of(horizon) < YEAR_MAX and self.opens_within(horizon - _SEARCHED_MAX)

    def _open_until(self, instant: int) -> int:
        place = bisect_right(self._opens, instant) - 1
        if place < 0:
            return 0
        return self._before[place] + min(instant, self._closes[place]) - self._opens[place]

    def _cover(self, start: int, end: int) -> None:
        if self.spans_of is None:
            return
        first, last = self._years
        low, high = _year_of(start - 2 * DAY_MS), _year_of(end + 2 * DAY_MS)
        if first <= low and high <= last:
            return
        self._years = (min(low, first) if last >= first else low, max(high, last))
        spans = self.spans_of(*self._years)
        self._opens = [opened for opened, _ in spans]
        self._closes = [closed for _, closed in spans]
        self._before = [0, *accumulate(closed - opened for opened, closed in spans)]


def weekly(
    name: str,
    zone: tzinfo,
    week: Sequence[Sequence[Interval]],
    replaced: Mapping[date, Sequence[Interval]] | None = None,
) -> Calendar:
    """A calendar of hours a weekday, Monday first; `replaced` has the hours of single dates, none for a holiday."""
    exceptions = dict(replaced or {})
    hours = [tuple(day) for day in week]

    def spans_of(first: int, last: int) -> Spans:
        days = _dates(first, last)
        midnights = _steady_midnights(zone, days)
        return joined(
            span
            for day, steady in zip(days, midnights, strict=True)
            for interval in exceptions.get(day, hours[day.weekday()])
            if (span := _span(steady, zone, day, interval)) is not None
        )

    return Calendar(name, spans_of)


def union(name: str, parts: Sequence[Calendar]) -> Calendar:
    """Open whenever any part is."""
    if any(part.spans_of is None for part in parts):
        return Calendar(name, None)
    tables = [part.spans_of for part in parts if part.spans_of is not None]
    return Calendar(name, lambda first, last: joined(span for spans_of in tables for span in spans_of(first, last)))


def intersection(name: str, parts: Sequence[Calendar]) -> Calendar:
    """Open only while every part is."""
    tables = [part.spans_of for part in parts if part.spans_of is not None]
    if not tables:
        return Calendar(name, None)

    def spans_of(first: int, last: int) -> Spans:
        common = tables[0](first, last)
        for other in tables[1:]:
            common = _common(common, other(first, last))
        return common

    return Calendar(name, spans_of)


def resolved(name: str, spans: Spans) -> Calendar:
    """A calendar of just these intervals, which must be sorted and apart; closed before them and after."""
    return Calendar(name, lambda first, last: spans)


def spliced(name: str, before: Calendar | None, since: int, after: Calendar) -> Calendar:
    """Open like `before` until `since`, and like `after` from then on; without a `before`, closed until then."""

    def spans_of(first: int, last: int) -> Spans:
        known = [] if before is None else _spans_of(before, first, last)
        earlier = [(opened, min(closed, since)) for opened, closed in known if opened < since]
        later = [(max(opened, since), closed) for opened, closed in _spans_of(after, first, last) if closed > since]
        return joined([*earlier, *later])

    return Calendar(name, spans_of)


def midnight(zone: tzinfo, day: date) -> int:
    """The instant with which a local date begins."""
    return _utc(zone, day, 0, is_end=False)


ALWAYS = Calendar("always", None)


def elapsed(calendar: Calendar, start: int, end: int) -> int:
    """The open time of `calendar` in [start, end), in milliseconds."""
    return calendar.elapsed(start, end)


def due(calendar: Calendar, start: int, target: int) -> int | None:
    """The earliest instant t >= start with elapsed(calendar, start, t) >= target; None where there is none."""
    return calendar.due(start, target)


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same open time as sorted intervals that don't touch: overlaps count once."""
    result: Spans = []
    for opened, closed in sorted(spans):
        if result and opened <= result[-1][1]:
            if closed > result[-1][1]:
                result[-1] = (result[-1][0], closed)
        else:
            result.append((opened, closed))
    return result


def _spans_of(calendar: Calendar, first: int, last: int) -> Spans:
    if calendar.spans_of is not None:
        return calendar.spans_of(first, last)
    start, end = (instant_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (first, last + 1))
    return [(start - 2 * DAY_MS, end + 2 * DAY_MS)]


def _common(left: Spans, right: Spans) -> Spans:
    result: Spans = []
    i = j = 0
    while i < len(left) and j < len(right):
        opened, closed = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if opened < closed:
            result.append((opened, closed))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return result


def _year_of(instant: int) -> int:
    """The year, in UTC, of an instant; the nearest known one of an instant out of range."""
    return datetime_of(max(_FIRST_KNOWN, min(instant, _LAST_KNOWN))).year


def _dates(first: int, last: int) -> list[date]:
    """Every local date that can hold an instant of these years in UTC: one day more at both ends."""
    start = date(first, 1, 1) - timedelta(days=1)
    return [start + timedelta(days=n) for n in range((date(last, 12, 31) - start).days + 2)]


def _steady_midnights(zone: tzinfo, days: Sequence[date]) -> list[int | None]:
    """The first instant of every date in which, and in the date after which, the zone's clocks don't change: there wall
    time is as long as time. None for the others.

    It is enough to look at midnights: no zone has changed its clocks twice within three days since 1999.
    """
    edges = [*days, *(days[-1] + timedelta(days=n) for n in (1, 2))]
    walls = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in edges]
    offsets = [(wall.utcoffset(), wall.replace(fold=1).utcoffset()) for wall in walls]
    return [
        instant_of(walls[index])
        if offset == fold and offsets[index] == offsets[index + 1] == offsets[index + 2]
        else None
        for index, (offset, fold) in enumerate(offsets[:-2])
    ]


def _span(steady: int | None, zone: tzinfo, day: date, interval: Interval) -> tuple[int, int] | None:
    start, end = interval
    if end <= start:
        end += _DAY_MINUTES
    if steady is not None:
        return steady + start * MINUTE_MS, steady + end * MINUTE_MS
    opened, closed = _utc(zone, day, start, is_end=False), _utc(zone, day, end, is_end=True)
    return (opened, closed) if opened < closed else None


def _utc(zone: tzinfo, day: date, minute: int, *, is_end: bool) -> int:
    """The instant of a wall time. The offset before a change (fold 0) moves what doesn't exist forward by the gap and
    is the first of two; the smaller offset does the same in a gap and is the second of two."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    offset = wall.utcoffset() or timedelta()
    if is_end:
        offset = min(offset, wall.replace(fold=1).utcoffset() or timedelta())
    return instant_of(wall.replace(tzinfo=UTC)) - offset // timedelta(milliseconds=1)
