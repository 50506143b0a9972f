"""Working time, sentence by sentence: which hours are open, and when a target is due."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from gateway.model.instant import DAY_MS, LATEST, format_instant, instant_of, parse_instant
from gateway.rules.calendar import (
    ALWAYS,
    DAYS_SEARCHED_MAX,
    Calendar,
    Interval,
    due,
    elapsed,
    intersection,
    midnight,
    resolved,
    spliced,
    union,
    weekly,
)

M, H = 60_000, 3_600_000
LA, NY = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
US_INDEPENDENCE_DAY = date(2025, 7, 4)
NEVER: list[list[Interval]] = [[]] * 7


def minutes(text: str) -> int:
    """The minute of the day that is written as 08:30."""
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def hours(*texts: str) -> list[Interval]:
    """Intervals as people write them: 08:00-12:00."""
    return [(minutes(text.split("-")[0]), minutes(text.split("-")[1])) for text in texts]


def days(*texts: str, only: range = range(7)) -> list[list[Interval]]:
    """A week with these hours on the weekdays `only`, Monday is 0."""
    return [hours(*texts) if day in only else [] for day in range(7)]


WORKDAYS = range(5)


def at(zone: ZoneInfo, text: str, fold: int = 0) -> int:
    """The instant of a wall time such as 2025-03-07 16:00."""
    return instant_of(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold))


def wall(zone: ZoneInfo, instant: int | None) -> str:
    """The wall time of an instant, as people read it."""
    assert instant is not None
    moment = datetime.fromisoformat(format_instant(instant)).astimezone(zone)
    return moment.strftime("%a %Y-%m-%d %H:%M %z")


# ── Golden vectors ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deadline_goes_over_the_weekend() -> None:
    """Monday to Friday nine to five, Friday 16:30, one hour: Monday 09:30."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00", only=WORKDAYS))
    assert wall(UTC_ZONE, due(office, at(UTC_ZONE, "2026-03-06 16:30"), H)) == "Mon 2026-03-09 09:30 +0000"


def test_a_deadline_goes_over_the_night() -> None:
    """Monday to Friday eight to six, Monday 17:00, four hours: Tuesday 11:00; three of them by 10:00."""
    office = weekly("office", UTC_ZONE, days("08:00-18:00", only=WORKDAYS))
    start = at(UTC_ZONE, "2026-03-02 17:00")
    assert wall(UTC_ZONE, due(office, start, 4 * H)) == "Tue 2026-03-03 11:00 +0000"
    assert wall(UTC_ZONE, due(office, start, 3 * H)) == "Tue 2026-03-03 10:00 +0000"


def test_a_deadline_goes_over_a_change_of_the_clocks() -> None:
    """Los Angeles eight to five, Friday 2025-03-07 16:00, four hours: Monday 11:00 of the new time."""
    office = weekly("office", LA, days("08:00-17:00", only=WORKDAYS))
    assert wall(LA, due(office, at(LA, "2025-03-07 16:00"), 4 * H)) == "Mon 2025-03-10 11:00 -0700"


def test_a_deadline_goes_over_a_holiday() -> None:
    """Los Angeles eight to five, Thursday 2025-07-03 16:00, four hours, Friday a holiday: Monday 11:00."""
    office = weekly("office", LA, days("08:00-17:00", only=WORKDAYS), {US_INDEPENDENCE_DAY: ()})
    assert wall(LA, due(office, at(LA, "2025-07-03 16:00"), 4 * H)) == "Mon 2025-07-07 11:00 -0700"


def test_a_deadline_goes_over_a_short_morning() -> None:
    """New York daily 06:00 to 02:00, created at 01:30, one hour: 06:30 the same day."""
    support = weekly("support", NY, days("06:00-02:00"))
    assert wall(NY, due(support, at(NY, "2025-06-11 01:30"), H)) == "Wed 2025-06-11 06:30 -0400"


@pytest.mark.parametrize(("evening", "length"), [("2025-03-08", 8), ("2025-11-01", 9), ("2025-06-07", 8)])
def test_a_night_shift_is_as_long_as_it_truly_is(evening: str, length: int) -> None:
    """New York 18:00 to 02:00: in spring there is no 02:00 and 03:00 ends it; in autumn one hour comes twice."""
    night = weekly("night", NY, days("18:00-02:00"))
    noon = at(NY, f"{evening} 12:00")
    assert elapsed(night, noon, noon + DAY_MS) == length * H


# ── Hours ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_interval_is_half_open() -> None:
    """Nine to five is open at nine and closed at five."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00"))
    opens, closes = at(UTC_ZONE, "2026-03-02 09:00"), at(UTC_ZONE, "2026-03-02 17:00")
    assert elapsed(office, opens, opens + 1) == 1
    assert elapsed(office, opens - 1, opens) == 0
    assert elapsed(office, closes - 1, closes) == 1
    assert elapsed(office, closes, closes + 1) == 0


def test_a_day_may_end_at_24_00() -> None:
    """An end of 24:00 is midnight: two such days follow without a gap."""
    late = weekly("late", UTC_ZONE, days("00:00-24:00"))
    start = at(UTC_ZONE, "2026-03-02 13:00")
    assert elapsed(late, start, start + 3 * DAY_MS) == 3 * DAY_MS
    assert due(late, start, 2 * DAY_MS) == start + 2 * DAY_MS


@pytest.mark.parametrize("text", ["18:00-02:00", "18:00-00:00", "18:00-18:00"])
def test_an_end_at_or_before_the_start_is_on_the_next_date(text: str) -> None:
    """An evening runs into the next date, and belongs to the weekday on which it starts."""
    saturday = weekly("saturday", UTC_ZONE, days(text, only=range(5, 6)))
    opens = at(UTC_ZONE, "2026-03-07 18:00")
    start, end = text.split("-")
    length = (minutes(end) - minutes(start) - 1) % 1440 + 1
    assert saturday.spans(opens - DAY_MS, opens + 3 * DAY_MS) == [(opens, opens + length * M)]


def test_a_weekday_may_open_twice_and_overlaps_count_once() -> None:
    """Two intervals of a day both count, the time they share once."""
    office = weekly("office", UTC_ZONE, days("08:00-12:00", "11:00-13:00", "15:00-16:00", "13:00-13:30"))
    midnight = at(UTC_ZONE, "2026-03-02 00:00")
    assert elapsed(office, midnight, midnight + DAY_MS) == 6 * H + 30 * M


def test_an_evening_and_the_next_morning_count_once() -> None:
    """A tail after midnight that overlaps the next day's hours is no more than open."""
    club = weekly("club", UTC_ZONE, days("20:00-04:00", "02:00-06:00"))
    noon = at(UTC_ZONE, "2026-03-03 12:00")
    assert elapsed(club, noon, noon + DAY_MS) == 10 * H


@pytest.mark.parametrize("name", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", ["01-01", "01-03", "01-15", "12-29", "12-31"])
def test_every_day_of_a_year_is_in_its_table(name: str, day: str) -> None:
    """The first and the last, wherever its midnight lies; asked for alone."""
    zone = ZoneInfo(name)
    start = at(zone, f"2026-{day} 00:00")
    assert elapsed(weekly("shop", zone, days("09:00-17:00")), start, start + DAY_MS) == 8 * H


def test_a_turn_of_the_year_is_in_two_tables() -> None:
    """What starts in one and ends in the next counts as any other time."""
    shop = weekly("shop", UTC_ZONE, days("09:00-17:00"))
    start = at(UTC_ZONE, "2026-12-31 00:00")
    assert elapsed(shop, start, start + 2 * DAY_MS + 12 * H) == 19 * H
    assert due(shop, start, 17 * H) == at(UTC_ZONE, "2027-01-02 10:00")


# ── Clocks that change ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wall_time_that_does_not_exist_moves_forward_by_the_gap() -> None:
    """On 2025-03-09 New York has no 02:30: a start then is 03:30, an end too."""
    opening = weekly("opening", NY, days("02:30-06:00"))
    closing = weekly("closing", NY, days("00:00-02:30"))
    noon = at(NY, "2025-03-08 12:00")
    assert [wall(NY, opened)[15:] for opened, _ in opening.spans(noon, noon + DAY_MS)] == ["03:30 -0400"]
    assert [wall(NY, closed)[15:] for _, closed in closing.spans(noon, noon + DAY_MS)] == ["03:30 -0400"]


def test_of_a_wall_time_that_occurs_twice_a_start_is_the_first_and_an_end_the_second() -> None:
    """On 2025-11-02 New York has 01:30 twice."""
    starts = weekly("starts", NY, days("01:30-06:00"))
    ends = weekly("ends", NY, days("00:00-01:30"))
    noon = at(NY, "2025-11-01 12:00")
    assert [wall(NY, opened)[15:] for opened, _ in starts.spans(noon, noon + DAY_MS)] == ["01:30 -0400"]
    assert [wall(NY, closed)[15:] for _, closed in ends.spans(noon, noon + DAY_MS)] == ["01:30 -0500"]


@pytest.mark.parametrize(("day", "length"), [("2025-03-09", 23), ("2025-11-02", 25), ("2025-06-01", 24)])
def test_round_the_clock_counts_absolute_time(day: str, length: int) -> None:
    """A day that is open from 00:00 to 24:00 has as many hours as it truly has."""
    only = date.fromisoformat(day)
    one_day = weekly("one day", NY, NEVER, {only: hours("00:00-24:00")})
    noon = at(NY, f"{day} 12:00")
    assert elapsed(one_day, noon - 2 * DAY_MS, noon + 2 * DAY_MS) == length * H


def test_an_interval_that_a_gap_swallows_is_not_there() -> None:
    """02:15 to 02:45 moves forward as a whole; 02:30 to 03:00 ends before it starts, and is no time."""
    sunday = date(2025, 3, 9)
    noon = at(NY, "2025-03-09 12:00")
    moved = weekly("moved", NY, NEVER, {sunday: hours("02:15-02:45")})
    swallowed = weekly("swallowed", NY, NEVER, {sunday: hours("02:30-03:00")})
    assert elapsed(moved, noon - DAY_MS, noon) == 30 * M
    assert elapsed(swallowed, noon - DAY_MS, noon) == 0
    assert weekly("gap", NY, NEVER, {sunday: hours("02:00-03:00")}).spans(noon - DAY_MS, noon) == []


def test_a_date_that_a_country_skipped_is_no_day_twice() -> None:
    """Samoa had no 2011-12-30: its hours fall onto the next date's, and count once."""
    apia = weekly("apia", ZoneInfo("Pacific/Apia"), days("09:00-17:00"))
    start = parse_instant("2011-12-30T00:00:00Z")  # 14:00 on the 29th; two days on it is 14:00 on New Year's Day
    assert elapsed(apia, start, start + 2 * DAY_MS) == (3 + 8 + 5) * H


# ── Holidays and exceptions ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_holiday_takes_the_evening_that_starts_on_it_whole_and_leaves_the_tail_of_the_one_before() -> None:
    """With 18:00 to 02:00 daily and a holiday on the 4th: open until 02:00 on the 4th, then from 18:00 on the 5th."""
    evenings = weekly("evenings", NY, days("18:00-02:00"), {US_INDEPENDENCE_DAY: ()})
    spans = evenings.spans(at(NY, "2025-07-03 12:00"), at(NY, "2025-07-06 12:00"))
    assert [(wall(NY, opened)[:20], wall(NY, closed)[:20]) for opened, closed in spans] == [
        ("Thu 2025-07-03 18:00", "Fri 2025-07-04 02:00"),
        ("Sat 2025-07-05 18:00", "Sun 2025-07-06 02:00"),
    ]


def test_an_exception_replaces_the_hours_of_its_date() -> None:
    """Other hours on one date: the ordinary ones of that date are gone, its neighbours stay."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00"), {date(2026, 3, 3): hours("10:00-12:00", "22:00-01:00")})
    start = at(UTC_ZONE, "2026-03-02 00:00")
    assert elapsed(office, start, start + 3 * DAY_MS) == 8 * H + 5 * H + 8 * H


def test_an_exception_opens_a_date_that_is_closed() -> None:
    """A Saturday shift that is only this once."""
    office = weekly("office", LA, days("08:00-17:00", only=WORKDAYS), {date(2026, 11, 21): hours("09:00-13:30")})
    assert wall(LA, due(office, at(LA, "2026-11-20 16:30"), 4 * H)) == "Sat 2026-11-21 12:30 -0800"


# ── Union and intersection ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_union_is_open_whenever_a_part_is() -> None:
    """Nine to five in New York or nine to five in Los Angeles: eleven hours."""
    both = union("both", [weekly("east", NY, days("09:00-17:00")), weekly("west", LA, days("09:00-17:00"))])
    start = at(NY, "2026-06-01 00:00")
    assert elapsed(both, start, start + DAY_MS) == 11 * H
    assert union("any", [both, ALWAYS]).spans_of is None


def test_an_intersection_is_open_only_while_every_part_is() -> None:
    """Nine to five in New York and nine to five in Los Angeles: five hours."""
    east, west = weekly("east", NY, days("09:00-17:00")), weekly("west", LA, days("09:00-17:00"))
    start = at(NY, "2026-06-01 00:00")
    assert elapsed(intersection("both", [east, west]), start, start + DAY_MS) == 5 * H
    assert elapsed(intersection("both", [east, ALWAYS]), start, start + DAY_MS) == 8 * H
    assert intersection("all", [ALWAYS, ALWAYS]).spans_of is None


@pytest.mark.parametrize("swapped", [False, True])
def test_an_intersection_keeps_every_stretch_that_all_parts_have(swapped: bool) -> None:
    """Three short shifts in one long day, the first of their tables; what only touches shares nothing."""
    day = date(2026, 3, 2)
    shifts = weekly("shifts", UTC_ZONE, NEVER, {day: hours("08:00-09:00", "10:00-11:00", "12:00-13:00")})
    long = weekly("long", UTC_ZONE, NEVER, {day: hours("08:00-14:00")})
    before = weekly("before", UTC_ZONE, NEVER, {day: hours("07:00-08:00")})
    start = at(UTC_ZONE, "2026-03-02 00:00")
    parts = [shifts, long][:: -1 if swapped else 1]
    assert intersection("both", parts).spans(start, start + DAY_MS) == shifts.spans(start, start + DAY_MS)
    touching = [long, before][:: -1 if swapped else 1]
    assert intersection("none", touching).spans(start, start + DAY_MS) == []


# ── One after the other ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_spliced_calendar_changes_hours_at_an_instant() -> None:
    """Until then the one, from then on the other, each as its own tables say."""
    morning, evening = weekly("am", UTC_ZONE, days("06:00-12:00")), weekly("pm", UTC_ZONE, days("11:00-18:00"))
    start = at(UTC_ZONE, "2026-03-02 00:00")

    def opens(hour: int) -> list[tuple[float, float]]:
        changed = spliced("changed", morning, start + hour * H, evening)
        return [((a - start) / H, (b - start) / H) for a, b in changed.spans(start, start + DAY_MS)]

    assert [opens(hour) for hour in (0, 6, 8, 18)] == [[(11, 18)], [(11, 18)], [(6, 8), (11, 18)], [(6, 12)]]


def test_always_open_can_come_before_and_after() -> None:
    """Without a calendar before, it is closed until then."""
    never = weekly("never", UTC_ZONE, NEVER)
    change = at(UTC_ZONE, "2026-01-15 00:00")
    for first, second, expected in [(ALWAYS, never, DAY_MS), (never, ALWAYS, 2 * DAY_MS), (None, ALWAYS, 2 * DAY_MS)]:
        changed = spliced("changed", first, change, second)
        assert elapsed(changed, change - DAY_MS, change + 2 * DAY_MS) == expected


def test_a_calendar_has_its_name() -> None:
    """However it is made: clocks show it, and whoever looks into a running program sees it."""
    made = [
        weekly("a", UTC_ZONE, NEVER),
        union("b", [ALWAYS]),
        union("c", [weekly("x", UTC_ZONE, NEVER)]),
        intersection("d", [ALWAYS]),
        intersection("e", [weekly("x", UTC_ZONE, NEVER)]),
        resolved("f", []),
        spliced("g", None, 0, ALWAYS),
    ]
    assert [calendar.name for calendar in made] == list("abcdefg")
    assert repr(made[0]) == "Calendar('a')"


def test_a_date_begins_with_its_first_midnight() -> None:
    """In Havana the clocks go back at one: the 2nd of November 2025 has 00:00 twice."""
    havana = ZoneInfo("America/Havana")
    assert wall(havana, midnight(havana, date(2025, 11, 2))) == "Sun 2025-11-02 00:00 -0400"
    assert isinstance(midnight(havana, date(2025, 11, 2)), int)


# ── Due ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deadline_on_closing_time_is_that_closing_time() -> None:
    """The earliest instant counts: not the next opening."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00", only=WORKDAYS))
    assert due(office, at(UTC_ZONE, "2026-03-06 16:00"), H) == at(UTC_ZONE, "2026-03-06 17:00")


@pytest.mark.parametrize("target", [0, -1])
def test_a_target_of_nothing_is_due_at_the_start(target: int) -> None:
    """Even while it is closed."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00"))
    night = at(UTC_ZONE, "2026-03-02 03:00")
    assert due(office, night, target) == due(ALWAYS, night, target) == night


def test_what_starts_in_closed_hours_counts_from_the_next_opening() -> None:
    """A millisecond is due a millisecond after the opening."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00"))
    assert due(office, at(UTC_ZONE, "2026-03-02 20:00"), 1) == at(UTC_ZONE, "2026-03-03 09:00") + 1


def test_no_time_passes_backwards() -> None:
    """An end at or before the start has no open time in between."""
    office = weekly("office", UTC_ZONE, days("00:00-24:00"))
    now = at(UTC_ZONE, "2026-03-02 12:00")
    assert elapsed(office, now, now) == elapsed(office, now, now - H) == elapsed(ALWAYS, now, now - H) == 0


def test_a_calendar_that_never_opens_has_no_deadline() -> None:
    """No search without end: the answer is none."""
    never = weekly("never", NY, NEVER)
    now = at(NY, "2026-03-02 12:00")
    assert due(never, now, 1) is None
    assert not never.opens_within(now)
    assert due(intersection("never", [never, ALWAYS]), now, 1) is None


def test_a_calendar_that_closes_for_good_has_no_deadline_after_that() -> None:
    """The last date counts to its end, and nothing is due behind it."""
    last = weekly("last", UTC_ZONE, NEVER, {date(2026, 3, 3): hours("09:00-10:00")})
    now = at(UTC_ZONE, "2026-03-02 12:00")
    assert due(last, now, H) == at(UTC_ZONE, "2026-03-03 10:00")
    assert due(last, now, H + 1) is None
    assert due(last, at(UTC_ZONE, "2026-03-03 10:00"), 1) is None


def test_the_next_opening_lies_within_the_days_that_are_searched() -> None:
    """What opens later than 400 days from the instant asked for is a calendar that never opens."""
    now = at(UTC_ZONE, "2026-03-02 12:00")

    def opening_in(days_ahead: int) -> Calendar:
        day = date.fromordinal(date(2026, 3, 2).toordinal() + days_ahead)
        return weekly("once", UTC_ZONE, NEVER, {day: hours("00:00-01:00"), date(2026, 3, 1): hours("00:00-01:00")})

    assert due(opening_in(DAYS_SEARCHED_MAX - 1), now, H) is not None
    assert due(opening_in(DAYS_SEARCHED_MAX + 1), now, H) is None


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    """The table is only a memory: having looked further ahead changes no deadline."""
    now = at(UTC_ZONE, "2026-03-02 12:00")
    fresh, asked = (weekly("far", UTC_ZONE, NEVER, {date(2027, 12, 31): hours("09:00-10:00")}) for _ in range(2))
    assert elapsed(asked, now, now + 800 * DAY_MS) == H
    assert due(fresh, now, H) == due(asked, now, H)


def test_a_year_of_rare_hours_is_found() -> None:
    """One hour a year, three hours: the third year's."""
    rare = weekly("rare", UTC_ZONE, NEVER, {date(year, 5, 1): hours("09:00-10:00") for year in range(2026, 2031)})
    assert due(rare, at(UTC_ZONE, "2026-03-02 12:00"), 3 * H) == at(UTC_ZONE, "2028-05-01 10:00")


def test_the_search_goes_on_behind_the_days_in_which_it_was_open() -> None:
    """Two hours, one within 400 days and one behind them: it opens often enough. A millisecond is open, too."""
    start = at(UTC_ZONE, "2026-03-02 00:00")
    openings = [(start + day * DAY_MS, start + day * DAY_MS + H) for day in (10, 405)]
    assert due(resolved("rare", openings), start, 2 * H) == openings[1][1]
    assert resolved("blink", [(start, start + 1)]).opens_within(start)


@pytest.mark.parametrize("text", ["1990-01-01T00:00:00Z", "2150-01-01T00:00:00Z", "9998-01-01T00:00:00Z"])
def test_out_of_its_range_a_calendar_knows_nothing(text: str) -> None:
    """An instant in no year of the table has no deadline, and no error either."""
    office = weekly("office", NY, days("09:00-17:00"))
    start = parse_instant(text)
    assert due(office, start, H) is None
    assert elapsed(office, start, start + DAY_MS) == 0


def test_behind_the_last_date_nothing_is_due() -> None:
    """The last instant that can be written is the last that can be due."""
    assert due(ALWAYS, LATEST - H, H) == LATEST
    assert due(ALWAYS, LATEST - H, H + 1) is None


def test_no_zone_changes_its_clocks_twice_within_three_days() -> None:
    """What lets a table look at midnights alone. Should a law do so one day, this says it."""
    noons = [datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(7 * 365)]
    hasty = []
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        shown = [noon.astimezone(zone).utcoffset() for noon in noons]
        changes = [n for n in range(1, len(shown)) if shown[n] != shown[n - 1]]
        if any(later - earlier <= 3 for earlier, later in pairwise(changes)):
            hasty.append(name)
    assert hasty == []


def test_a_twin_has_a_table_of_its_own() -> None:
    """It answers the same, and what it looks up changes nothing in the other one."""
    office = weekly("office", UTC_ZONE, days("09:00-17:00"))
    start = instant_of(datetime(2026, 3, 2, tzinfo=UTC))
    known = office.elapsed(start, start + DAY_MS)
    twin = office.twin()
    before = (office._years, office._opens)

    assert twin.elapsed(start, start + DAY_MS) == known
    assert twin.elapsed(start, start + 1_500 * DAY_MS) == 1_500 * 8 * H
    assert (office._years, office._opens) == before
    assert (twin.name, twin._years == office._years) == ("office", False)
