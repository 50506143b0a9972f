"""Time: local hours, half-open intervals, midnight, the changes of summer time, holidays and exceptions."""

import pytest

from gateway.kernel.problems import Problems
from tests.language.words import OFFICE, clocks, judged, loaded, only, short, sla

PACIFIC = "America/Los_Angeles"


def week(hours: str, zone: str = "UTC", more: str = "") -> str:
    """A calendar `c` with these hours."""
    return f"calendars: {{c: {{timezone: {zone}, hours: {{{hours}}}{more}}}}}\n"


def due(calendar: str, within: str, told: str, named: str = "c") -> str:
    """When a first reply is due that was waited for from this opening, by this calendar."""
    policy = calendar + sla(f"metric: first_reply, within: {within}, calendar: {named}")
    return short(only(policy, f"{told} opened", told)["due_at"])


def elapsed(calendar: str, told: str, at: str) -> float:
    """How many minutes the calendar is open from an opening to an instant."""
    policy = calendar + sla("metric: first_reply, within: 2d, calendar: c")
    return float(only(policy, f"{told} opened", at)["elapsed_s"]) / 60


WEEK = 'mon-fri: "09:00-17:00"'


@pytest.mark.parametrize(
    ("hours", "within", "told", "expected"),
    [
        pytest.param(WEEK, "1h", "10:00", "11:00", id="in-the-hours"),
        pytest.param(WEEK, "1h", "08:00", "10:00", id="before-opening"),
        pytest.param(WEEK, "1h", "09:00", "10:00", id="at-opening"),
        pytest.param(WEEK, "1h", "17:00", "Tue 10:00", id="at-closing-it-is-closed"),
        pytest.param(WEEK, "1h", "16:59:59.999", "Tue 09:59:59.999", id="a-millisecond-before-closing"),
        pytest.param(WEEK, "1h", "16:00", "17:00", id="due-at-closing-not-at-the-next-opening"),
        pytest.param(WEEK, "8h", "09:00", "17:00", id="the-whole-day"),
        pytest.param(WEEK, "1h", "Fri 16:30", "2026-03-09T09:30:00Z", id="over-the-weekend"),
        pytest.param(WEEK, "0s", "10:00", "10:00", id="a-target-of-0"),
        pytest.param(WEEK, "0s", "20:00", "20:00", id="a-target-of-0-in-closed-hours"),
        pytest.param('mon: ["08:00-12:00", "13:00-17:00"]', "4h", "10:00", "15:00", id="over-noon"),
        pytest.param('mon: ["08:00-12:00", "13:00-17:00"]', "2h", "10:00", "12:00", id="due-at-noon"),
        pytest.param('mon: ["13:00-17:00", "08:00-12:00"]', "4h", "10:00", "15:00", id="in-any-order"),
        pytest.param('mon: ["09:00-12:00", "11:00-13:00"]', "4h", "09:00", "13:00", id="overlaps-count-once"),
        pytest.param('mon: "09:00-10:00", mon-tue: "12:00-13:00"', "90m", "09:00", "12:30", id="a-weekday-named-twice"),
        pytest.param('mon: "22:00-24:00", wed: "09:00-10:00"', "3h", "20:00", "Wed 10:00", id="until-24:00"),
        pytest.param('mon: "22:00-02:00", wed: "09:00-10:00"', "4h", "20:00", "Tue 02:00", id="past-midnight"),
        pytest.param('mon: "22:00-02:00", wed: "09:00-10:00"', "30m", "Tue 01:00", "Tue 01:30", id="its-tail"),
        pytest.param('tue: "22:00-02:00"', "1h", "Tue 01:00", "Tue 23:00", id="the-weekday-on-which-it-starts"),
        pytest.param('mon: "09:00-09:00"', "24h", "08:00", "Tue 09:00", id="end-at-start-is-a-whole-day"),
        pytest.param('sun: "22:00-02:00", sat: "09:00-10:00"', "1h", "01:00", "02:00", id="from-sunday-into-monday"),
        pytest.param('"mon,wed": "09:00-10:00"', "90m", "09:00", "Wed 09:30", id="a-list-of-weekdays"),
        pytest.param('fri-mon: "09:00-10:00"', "90m", "09:00", "Fri 09:30", id="a-range-over-the-weekend"),
    ],
)
def test_hours(hours: str, within: str, told: str, expected: str) -> None:
    """Hours are half-open; those that end at or before their start run into the next day and belong to the day of their
    start. A deadline is the earliest instant by which so much open time has passed: closing time, not the next opening.
    """
    assert due(week(hours), within, told) == expected


@pytest.mark.parametrize("named", ["always", "24x7"])
def test_built_in(named: str) -> None:
    """`always` and `24x7` are always open, and need no calendar of their own; a rule without one counts by `always`."""
    assert due("", "1h30m", "Sat 23:00", f'"{named}"') == "Sun 00:30"
    assert clocks(sla("metric: first_reply, within: 1h30m"), "Sat 23:00 opened", "Sat 23:00") == [
        "r/1 running Sat 23:00 due Sun 00:30"
    ]


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        pytest.param("20s", "09:00:20", id="seconds"),
        pytest.param("90s", "09:01:30", id="more-than-a-minute"),
        pytest.param("30m", "09:30", id="minutes"),
        pytest.param("4h", "13:00", id="hours"),
        pytest.param("3d", "Thu 09:00", id="days"),
        pytest.param("1h30m", "10:30", id="joined"),
        pytest.param("1d1h1m1s", "Tue 10:01:01", id="all-joined"),
    ],
)
def test_durations(within: str, expected: str) -> None:
    """Durations are seconds, minutes, hours and days of 24 hours, or several joined."""
    assert due("", within, "09:00", "always") == expected


def test_a_day_is_24_hours_of_open_time() -> None:
    """There is no business day: a day is 24 open hours, three days of eight."""
    assert due(OFFICE, "1d", "09:00", "office") == "Wed 17:00"


NIGHTS = 'mon-fri: "18:00-02:00"'
TUESDAY = ", holidays: [{date: 2026-03-03, name: Rest}]"


@pytest.mark.parametrize(
    ("hours", "more", "within", "told", "expected"),
    [
        pytest.param(WEEK, TUESDAY, "1h", "16:30", "Wed 09:30", id="a-holiday-has-no-hours"),
        pytest.param(NIGHTS, TUESDAY, "1h", "Tue 00:30", "Tue 01:30", id="the-tail-of-the-evening-before-stays"),
        pytest.param(NIGHTS, TUESDAY, "1h", "Tue 01:30", "Wed 18:30", id="its-own-evening-goes-with-its-tail"),
        pytest.param(
            WEEK,
            ', exceptions: [{date: 2026-03-03, hours: "12:00-13:00"}]',
            "1h",
            "16:30",
            "Tue 12:30",
            id="an-exception-replaces",
        ),
        pytest.param(
            WEEK,
            ", exceptions: [{date: 2026-03-03, hours: []}]",
            "1h",
            "16:30",
            "Wed 09:30",
            id="an-exception-may-close",
        ),
        pytest.param(
            WEEK,
            ', exceptions: [{date: 2026-03-07, hours: "12:00-13:00"}]',
            "1h",
            "Fri 16:30",
            "Sat 12:30",
            id="an-exception-opens-a-saturday",
        ),
        pytest.param(
            NIGHTS,
            ', exceptions: [{date: 2026-03-03, hours: "20:00-21:00"}]',
            "1h",
            "Tue 01:30",
            "Tue 20:30",
            id="the-tail-before-an-exception-stays",
        ),
        pytest.param(
            NIGHTS,
            ', exceptions: [{date: 2026-03-03, hours: "20:00-21:00"}]',
            "2h",
            "Tue 01:30",
            "Wed 18:30",
            id="an-exception-takes-the-whole-evening",
        ),
        pytest.param(
            WEEK,
            ', exceptions: [{date: 2026-03-03, hours: "22:00-01:00"}]',
            "3h",
            "Tue 09:00",
            "Wed 01:00",
            id="an-exception-past-midnight",
        ),
        pytest.param(
            WEEK,
            TUESDAY + ', exceptions: [{date: 2026-03-03, hours: "12:00-13:00"}]',
            "1h",
            "16:30",
            "Tue 12:30",
            id="an-exception-beats-a-holiday",
        ),
    ],
)
def test_holidays_and_exceptions(hours: str, more: str, within: str, told: str, expected: str) -> None:
    """A holiday or an exception replaces the hours that start on its date, their tails after midnight included; the
    tail of the evening before stays. An exception beats a holiday."""
    assert due(week(hours, more=more), within, told) == expected


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        pytest.param(
            "c: {timezone: UTC, hours: 24x7, holidays: [{date: 2026-03-03}]}", "Wed 01:00", id="a-holiday-closes-it"
        ),
        pytest.param(
            'c: {timezone: UTC, hours: {mon: "09:00-10:00"}, exceptions: [{date: 2026-03-03, hours: 24x7}]}',
            "Tue 02:00",
            id="as-an-exception",
        ),
    ],
)
def test_24x7_and_dates(calendar: str, expected: str) -> None:
    """A holiday closes even `24x7` hours for its date; an exception may have them for its date."""
    assert due(f"calendars: {{{calendar}}}\n", "2h", "23:00") == expected


def test_joined_calendars_that_are_joined() -> None:
    """A calendar may join calendars that join others, in any order of the file."""
    calendars = (
        "calendars: {c: {all_of: [both, always]}, both: {any_of: [a, b]}, "
        'a: {timezone: UTC, hours: {mon: "09:00-10:00"}}, b: {timezone: UTC, hours: {tue: "09:00-10:00"}}}\n'
    )

    assert due(calendars, "2h", "09:00") == "Tue 10:00"


@pytest.mark.parametrize(
    ("zone", "more", "told", "expected"),
    [
        pytest.param(
            "America/New_York", "country: US", "2026-12-24T17:00:00-05:00", "2026-12-28T15:00:00Z", id="christmas"
        ),
        pytest.param(
            "America/New_York",
            "country: US",
            "2026-07-02T17:00:00-04:00",
            "2026-07-06T14:00:00Z",
            id="the-observed-day",
        ),
        pytest.param(
            PACIFIC,
            "country: US, subdivision: CA",
            "2026-03-30T17:00:00-07:00",
            "2026-04-01T17:00:00Z",
            id="of-a-state",
        ),
        pytest.param(
            PACIFIC, "country: US", "2026-03-30T17:00:00-07:00", "2026-03-31T17:00:00Z", id="not-of-the-country"
        ),
    ],
)
def test_public_holidays(zone: str, more: str, told: str, expected: str) -> None:
    """The holidays of a country, and those of one of its parts beside them, are found by their dates."""
    assert due(week(WEEK, zone, f", holidays: [{{{more}}}]"), "1h", told) == expected


TWO = f"""
  a: {{timezone: UTC, hours: {{{WEEK}}}}}
  b: {{timezone: UTC, hours: {{mon: "12:00-20:00", sat: "10:00-12:00"}}}}
"""


@pytest.mark.parametrize(
    ("joined", "within", "told", "expected"),
    [
        pytest.param("any_of: [a, b]", "11h", "09:00", "20:00", id="union"),
        pytest.param("any_of: [a, b]", "4h", "Fri 15:00", "Sat 12:00", id="union-on-saturday"),
        pytest.param("any_of: [a, always]", "1h", "Sun 10:00", "Sun 11:00", id="union-with-always"),
        pytest.param("all_of: [a, b]", "5h", "09:00", "17:00", id="intersection"),
        pytest.param("all_of: [a, b]", "1h", "Fri 15:00", "2026-03-09T13:00:00Z", id="intersection-not-on-saturday"),
        pytest.param("all_of: [a, always]", "1h", "Sun 10:00", "2026-03-09T10:00:00Z", id="intersection-with-always"),
    ],
)
def test_joined_calendars(joined: str, within: str, told: str, expected: str) -> None:
    """`any_of` is open while one of its calendars is, `all_of` while all of them are."""
    assert due(f"calendars:{TWO}  c: {{{joined}}}\n", within, told) == expected


@pytest.mark.parametrize(
    "calendar",
    [
        pytest.param("c: {timezone: UTC, hours: {}}", id="no-hours"),
        pytest.param(
            'a: {timezone: UTC, hours: {mon: "09:00-10:00"}}, b: {timezone: UTC, hours: {tue: "09:00-10:00"}}, '
            "c: {all_of: [a, b]}",
            id="never-both",
        ),
    ],
)
def test_a_calendar_that_never_opens(calendar: str) -> None:
    """A calendar that never opens is an error of the policy, not a loop."""
    with pytest.raises(Problems):
        loaded(f"calendars: {{{calendar}}}\n" + sla("metric: first_reply, within: 1h, calendar: c"))


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        pytest.param("2027-04-05", "2027-04-05T10:00:00Z", id="in-400-days"),
        pytest.param("2027-04-08", None, id="later-than-in-400-days"),
        pytest.param("2020-04-06", None, id="never-again"),
    ],
)
def test_a_calendar_that_opens_rarely(exception: str, expected: str | None) -> None:
    """A calendar that doesn't open within 400 days gives a clock without a deadline, and the reason; it still runs."""
    calendar = week("", more=f', exceptions: [{{date: {exception}, hours: "09:00-10:00"}}]')
    policy = calendar + sla("metric: first_reply, within: 1h, calendar: c, warn: [50%]")
    answer = judged(policy, "09:00 opened", "10:00")
    (clock,) = answer["clocks"]

    assert (clock["state"], clock["due_at"]) == ("running", expected)
    assert ("reason" in clock) == (expected is None)
    assert (answer["next_due"] is None) == (expected is None)


def test_an_instant_out_of_the_calendars_range() -> None:
    """An instant that no calendar reaches gives a clock without a deadline, and the reason; it still runs."""
    policy = week(WEEK) + sla("metric: first_reply, within: 1h, calendar: c")
    clock = only(policy, "2300-03-02T10:00:00Z opened", "2300-03-02T12:00:00Z")

    assert (clock["state"], clock["due_at"]) == ("running", None)
    assert "calendar c" in clock["reason"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param("2026-03-03T09:00:00-08:00", "2026-03-04T18:00:00Z", id="before-it"),
        pytest.param("2026-03-04T09:30:00-08:00", "2026-03-04T18:30:00Z", id="after-it"),
    ],
)
def test_a_calendar_that_begins_on_a_date(at: str, expected: str) -> None:
    """Before the midnight, in its own zone, with which its `from` begins a calendar of hours is closed."""
    assert due(week(WEEK, PACIFIC, ", from: 2026-03-04"), "1h", at) == short(expected)
