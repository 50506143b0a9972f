"""Laws of working time that hold for any calendar, and a slow reference that looks at every minute."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.instant import DAY_MS, datetime_of, instant_of
from gateway.rules.calendar import Calendar, Interval, due, elapsed, intersection, joined, union, weekly

# A calendar is a table of years, and costs more than other values: fewer examples say as much.
SOME = settings(max_examples=settings().max_examples // 3)
FEW = settings(max_examples=settings().max_examples // 8)
M = 60_000
ZONES = ("UTC", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu")
NEW_YEAR = instant_of(datetime(2018, 1, 1, tzinfo=UTC))

minutes = st.integers(0, 1439) | st.sampled_from([0, 60, 90, 120, 150, 180])
intervals = st.tuples(minutes, minutes | st.just(1440))
weeks = st.lists(st.lists(intervals, max_size=2), min_size=7, max_size=7)
dates = st.dates(date(2018, 1, 1), date(2018, 12, 31))
instants = st.integers(NEW_YEAR, NEW_YEAR + 365 * DAY_MS)
targets = st.integers(1, 20 * DAY_MS)


@st.composite
def single_calendars(draw: st.DrawFn) -> Calendar:
    """Any hours in one of the zones, with holidays and exceptions."""
    replaced = draw(st.dictionaries(dates, st.lists(intervals, max_size=1), max_size=3))
    return weekly("any", ZoneInfo(draw(st.sampled_from(ZONES))), draw(weeks), replaced)


def _joined(parts: list[Calendar]) -> st.SearchStrategy[Calendar]:
    return st.sampled_from([union("union", parts), intersection("intersection", parts)])


calendars = single_calendars() | st.lists(single_calendars(), min_size=1, max_size=2).flatmap(_joined)


@SOME
@given(calendars, instants, targets)
def test_at_its_deadline_exactly_the_target_has_passed(calendar: Calendar, start: int, target: int) -> None:
    """elapsed(s, due(s, t)) is t, and a millisecond earlier it is less."""
    deadline = due(calendar, start, target)
    if deadline is None:
        assert elapsed(calendar, start, start + 20 * DAY_MS) < target
        return
    assert deadline > start
    assert elapsed(calendar, start, deadline) == target
    assert elapsed(calendar, start, deadline - 1) == target - 1


@SOME
@given(calendars, instants, st.integers(0, 20 * DAY_MS))
def test_what_has_passed_is_due_no_later_than_now(calendar: Calendar, start: int, after: int) -> None:
    """due(s, elapsed(s, t)) is at or before t."""
    deadline = due(calendar, start, elapsed(calendar, start, start + after))
    assert deadline is not None
    assert start <= deadline <= start + after


@SOME
@given(calendars, st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_open_time_adds_up(calendar: Calendar, three: list[int]) -> None:
    """From a to c is from a to b and from b to c, and never more than the time itself."""
    a, b, c = three
    assert elapsed(calendar, a, c) == elapsed(calendar, a, b) + elapsed(calendar, b, c)
    assert 0 <= elapsed(calendar, a, c) <= c - a


@SOME
@given(calendars, instants, targets, st.integers(0, 5 * DAY_MS))
def test_stopping_half_way_does_not_move_a_deadline(calendar: Calendar, start: int, target: int, after: int) -> None:
    """What is missing later is due when the whole was due."""
    deadline = due(calendar, start, target)
    missing = target - elapsed(calendar, start, start + after)
    if deadline is not None and missing > 0:
        assert due(calendar, start + after, missing) == deadline


@FEW
@given(single_calendars(), single_calendars(), instants, st.integers(0, 40 * DAY_MS))
def test_a_union_is_open_as_long_as_its_parts_and_no_longer(a: Calendar, b: Calendar, start: int, after: int) -> None:
    """The union at least as long as each, the intersection at most; together they are both parts."""
    one, other = elapsed(a, start, start + after), elapsed(b, start, start + after)
    either = elapsed(union("either", [a, b]), start, start + after)
    both = elapsed(intersection("both", [a, b]), start, start + after)
    assert max(one, other) <= either
    assert both <= min(one, other)
    assert either + both == one + other


@FEW
@given(calendars, instants, st.lists(st.tuples(instants, instants), max_size=4))
def test_earlier_questions_change_no_answer(calendar: Calendar, start: int, asked: list[tuple[int, int]]) -> None:
    """A calendar that was asked about other years answers as a fresh one does."""
    fresh = Calendar("fresh", calendar.spans_of)
    for a, b in asked:
        calendar.elapsed(a - 400 * DAY_MS, b + 400 * DAY_MS)
    assert due(calendar, start, DAY_MS) == due(fresh, start, DAY_MS)
    assert elapsed(calendar, start, start + 9 * DAY_MS) == elapsed(fresh, start, start + 9 * DAY_MS)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda pair: (pair[0], pair[0] + pair[1]))))
def test_joined_intervals_lie_apart_and_hold_the_same_time(spans: list[tuple[int, int]]) -> None:
    """Sorted, no two touch, and each instant is in them as before."""
    result = joined(spans)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(result))
    assert {t for a, b in result for t in range(a, b)} == {t for a, b in spans for t in range(a, b)}


# ── The slow reference ───────────────────────────────────────────────────────────────────────────────────────────────

CHANGES = (
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Europe/Dublin", date(2025, 3, 30)),
    ("Europe/Dublin", date(2025, 10, 26)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),
    ("Australia/Lord_Howe", date(2025, 10, 5)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("America/St_Johns", date(2011, 3, 13)),
    ("Asia/Kathmandu", date(2025, 3, 9)),
    ("UTC", date(2024, 2, 29)),
)
REACH = 4
"""Days before and after the change that the reference looks at."""


@cache
def every_minute(zone: str, middle: date) -> list[tuple[int, datetime]]:
    """Each minute around a date as the zone's own clocks showed it: instant and wall time."""
    first = instant_of(datetime(middle.year, middle.month, middle.day, tzinfo=UTC)) - REACH * DAY_MS
    moments = range(first, first + (2 * REACH + 1) * DAY_MS, M)
    return [(moment, datetime_of(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for moment in moments]


def shown(clock: list[tuple[int, datetime]], wanted: datetime) -> list[int]:
    """The instants at which the clocks showed a wall time; where they never did, that many minutes behind the jump."""
    seen = [moment for moment, wall in clock if wall == wanted]
    if seen:
        return seen
    for (_, before), (moment, after) in pairwise(clock):
        if before < wanted < after:
            return [moment + (wanted - before - timedelta(minutes=1)) // timedelta(milliseconds=1)]
    return []


def open_minutes(zone: str, middle: date, week: list[list[Interval]]) -> set[int]:
    """The minutes that are open, found by looking at every one."""
    clock = every_minute(zone, middle)
    found: set[int] = set()
    for ahead in range(-REACH + 1, REACH - 1):
        day = middle + timedelta(days=ahead)
        midnight = datetime(day.year, day.month, day.day)
        for start, end in week[day.weekday()]:
            length = end if end > start else end + 1440
            opens = shown(clock, midnight + timedelta(minutes=start))[0]
            closes = shown(clock, midnight + timedelta(minutes=length))[-1]
            found.update(moment for moment, _ in clock if opens <= moment < closes)
    return found


@pytest.mark.parametrize(("zone", "middle"), CHANGES)
@FEW
@given(week=weeks, offset=st.integers(0, 2 * 1440), target=st.integers(1, 2 * 1440))
def test_a_look_at_every_minute_finds_the_same(
    zone: str, middle: date, week: list[list[Interval]], offset: int, target: int
) -> None:
    """Around changes of the clocks, a search that knows no offsets agrees minute by minute, and on the deadline."""
    found = open_minutes(zone, middle, week)
    calendar = weekly("any", ZoneInfo(zone), week)
    noon = instant_of(datetime(middle.year, middle.month, middle.day, 12, tzinfo=UTC))
    start, end = noon - 2 * DAY_MS + offset * M, noon + DAY_MS
    expected = [moment for moment in range(start, end, M) if moment in found]

    assert elapsed(calendar, start, end) == len(expected) * M
    spans = calendar.spans(start, end)
    assert [m for m in range(start, end, M) if any(a <= m < b for a, b in spans)] == expected
    if len(expected) >= target:
        assert due(calendar, start, target * M) == expected[target - 1] + M
