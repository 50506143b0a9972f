"""The days on which the clocks change: wall times that don't exist, and wall times that occur twice."""

import pytest

from tests.language.test_time import PACIFIC, due, elapsed, week
from tests.language.words import short


@pytest.mark.parametrize(
    ("hours", "told", "at", "minutes"),
    [
        pytest.param(
            'sun: "02:30-06:00"', "2026-03-08T00:00:00-08:00", "2026-03-08T12:00:00-07:00", 150, id="start-in-the-gap"
        ),
        pytest.param(
            'sun: "01:00-02:30"', "2026-03-08T00:00:00-08:00", "2026-03-08T12:00:00-07:00", 90, id="end-in-the-gap"
        ),
        pytest.param(
            'sun: "02:00-03:00"',
            "2026-03-08T00:00:00-08:00",
            "2026-03-08T12:00:00-07:00",
            0,
            id="hours-that-are-the-gap",
        ),
        pytest.param(
            'sun: "01:30-03:00"',
            "2026-11-01T00:00:00-07:00",
            "2026-11-01T12:00:00-08:00",
            150,
            id="start-that-occurs-twice",
        ),
        pytest.param(
            'sun: "00:00-01:30"',
            "2026-10-31T23:00:00-07:00",
            "2026-11-01T12:00:00-08:00",
            150,
            id="end-that-occurs-twice",
        ),
        pytest.param(
            'mon-sun: "00:00-24:00"',
            "2026-03-08T00:00:00-08:00",
            "2026-03-09T00:00:00-07:00",
            23 * 60,
            id="a-day-of-23-hours",
        ),
        pytest.param(
            'mon-sun: "00:00-24:00"',
            "2026-11-01T00:00:00-07:00",
            "2026-11-02T00:00:00-08:00",
            25 * 60,
            id="a-day-of-25-hours",
        ),
        pytest.param(
            'sat: "18:00-02:00"',
            "2026-10-31T17:00:00-07:00",
            "2026-11-01T12:00:00-08:00",
            9 * 60,
            id="a-night-of-9-hours",
        ),
        pytest.param(
            'sat: "18:00-02:00"',
            "2026-03-07T17:00:00-08:00",
            "2026-03-08T12:00:00-07:00",
            8 * 60,
            id="a-night-that-ends-in-the-gap",
        ),
    ],
)
def test_summer_time(hours: str, told: str, at: str, minutes: int) -> None:
    """A wall time that doesn't exist moves forward by the gap; of one that occurs twice a start is the first, an end
    the second. A day has the hours that it has."""
    assert elapsed(week(hours, PACIFIC), told, at) == minutes


@pytest.mark.parametrize(
    ("zone", "hours", "told", "at", "minutes"),
    [
        pytest.param(
            "Pacific/Apia",
            'fri: "09:00-17:00"',
            "2011-12-29T12:00:00-10:00",
            "2012-01-01T00:00:00+14:00",
            8 * 60,
            id="a-whole-day-that-does-not-exist",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            'sun: "02:15-06:00"',
            "2026-10-03T12:00:00+10:30",
            "2026-10-04T12:00:00+11:00",
            195,
            id="a-gap-of-half-an-hour",
        ),
        pytest.param(
            "America/Sao_Paulo",
            'mon-sun: "00:00-24:00"',
            "2018-11-03T00:00:00-03:00",
            "2018-11-05T00:00:00-02:00",
            47 * 60,
            id="a-midnight-that-does-not-exist",
        ),
        pytest.param(
            "America/Havana",
            'sat: "22:00-24:00"',
            "2025-11-01T12:00:00-04:00",
            "2025-11-02T12:00:00-05:00",
            180,
            id="until-a-midnight-that-occurs-twice",
        ),
        pytest.param(
            "America/Havana",
            'sun: "00:00-01:00"',
            "2025-11-01T12:00:00-04:00",
            "2025-11-02T12:00:00-05:00",
            120,
            id="from-a-midnight-that-occurs-twice",
        ),
    ],
)
def test_rarer_changes(zone: str, hours: str, told: str, at: str, minutes: int) -> None:
    """The same holds for a gap of half an hour or of a whole day, and for changes at midnight."""
    assert elapsed(week(hours, zone), told, at) == minutes


def test_24x7_in_a_zone_counts_absolute_time() -> None:
    """`24x7` counts absolute time, whatever the wall clock does: 24 hours are 24 hours."""
    calendar = f"calendars: {{c: {{timezone: {PACIFIC}, hours: 24x7}}}}\n"

    assert due(calendar, "1d", "2026-03-08T00:00:00-08:00") == "2026-03-09T08:00:00Z"
    assert due(calendar, "1d", "2026-11-01T00:00:00-07:00") == "2026-11-02T07:00:00Z"


JOINED = """calendars:
  west: {timezone: America/Los_Angeles, hours: {mon-fri: "09:00-17:00"}}
  berlin: {timezone: Europe/Berlin, hours: {mon-fri: "09:00-18:00"}}
"""


@pytest.mark.parametrize(
    ("joined", "within", "told", "expected"),
    [
        pytest.param("any_of", "17h", "2026-03-02T08:00:00Z", "2026-03-03T01:00:00Z", id="both-in-winter"),
        pytest.param("any_of", "16h", "2026-03-09T08:00:00Z", "2026-03-10T00:00:00Z", id="one-in-summer"),
        pytest.param("all_of", "1h", "2026-03-09T08:00:00Z", "2026-03-09T17:00:00Z", id="the-hour-that-they-share"),
    ],
)
def test_zones_that_change_on_other_days(joined: str, within: str, told: str, expected: str) -> None:
    """Calendars of several zones are joined as instants: between the changes of two zones their hours lie otherwise."""
    calendar = f"{JOINED}  c: {{{joined}: [west, berlin]}}\n"

    assert due(calendar, within, told) == short(expected)
