"""Instants: what is read as a time, what is refused, and the one way in which they are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.instant import (
    DAY_MS,
    EARLIEST,
    Instant,
    datetime_of,
    format_instant,
    instant_of,
    parse_instant,
    seconds_of,
)

FIRST = instant_of(datetime(1, 1, 1, tzinfo=UTC))
LAST = instant_of(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
        ("2026-03-02 09:00:00Z", "2026-03-02T09:00:00Z"),
        ("2026-03-02t09:00:00z", "2026-03-02T09:00:00Z"),
        ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
        ("2026-03-02T01:00:00-08:00", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00.000+0000", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00-00:00", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00.25Z", "2026-03-02T09:00:00.250Z"),
        ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
    ],
)
def test_a_time_with_its_zone_is_read(text: str, written: str) -> None:
    """Any zone is read; UTC with `Z` is written, milliseconds only where they are not zero."""
    assert format_instant(parse_instant(text)) == written


@pytest.mark.parametrize("fraction", ["123", "1239", "123456", "123999999"])
def test_what_is_finer_than_a_millisecond_is_cut(fraction: str) -> None:
    """Nine digits are no error, and nothing is rounded up."""
    assert parse_instant(f"2026-03-02T09:00:00.{fraction}Z") % 1000 == 123


def test_before_the_epoch_the_cut_goes_back_in_time_too() -> None:
    """The millisecond that an instant lies in is the same on both sides of 1970."""
    assert parse_instant("1969-12-31T23:59:59.9999Z") == -1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "T",
        "now",
        "2026-03-02",
        "09:00:00Z",
        "1772442000",
        "2026-03-02T09:00:00",
        "2026-03-02T25:00:00Z",
        "2026-02-29T09:00:00Z",
        "2026-13-01T09:00:00Z",
        "2026-03-02T09:00:00+25:00",
        "2026-03-02T09:00:00Zebra",
        "２０２６-03-02T09:00:00Z",
        "\ud800T\udfff",
        "T" * 10_000,
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(text: str) -> None:
    """Text that is no time, has no zone or fits no calendar is a ValueError, never a guess."""
    with pytest.raises(ValueError, match="time|zone"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_cannot_say_is_refused(text: str) -> None:
    """What can be read can be written: a zone must not carry a time out of the years that exist."""
    with pytest.raises(ValueError, match="outside"):
        parse_instant(text)


@given(st.integers(min_value=FIRST, max_value=LAST))
def test_writing_and_reading_is_a_round_trip(instant: int) -> None:
    """Every instant is written so that it is read as itself."""
    assert parse_instant(format_instant(instant)) == instant
    assert instant_of(datetime_of(instant)) == instant


@given(st.integers(min_value=FIRST, max_value=LAST), st.integers(min_value=FIRST, max_value=LAST))
def test_written_instants_of_four_digit_years_sort_as_they_happened(left: int, right: int) -> None:
    """Of whole seconds, the text order is the order in time."""
    left, right = left - left % 1000, right - right % 1000
    assert (left < right) == (format_instant(left) < format_instant(right))


def test_an_instant_is_a_number() -> None:
    """Arithmetic with instants gives plain numbers; nothing stores an offset."""
    moment = parse_instant("2000-01-01T00:00:00Z")
    assert moment == EARLIEST
    assert type(moment) is Instant
    assert type(moment + DAY_MS) is int


@pytest.mark.parametrize(("duration", "seconds"), [(0, 0), (1000, 1), (1500, 1.5), (1, 0.001), (86_400_000, 86_400)])
def test_seconds_have_a_fraction_only_where_needed(duration: int, seconds: float) -> None:
    """A whole number of seconds is written as one."""
    assert seconds_of(duration) == seconds
    assert type(seconds_of(duration)) is type(seconds)
