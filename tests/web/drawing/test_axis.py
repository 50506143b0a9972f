"""Places on a line of time stay on it and in order; names are of the zone's wall, also where its clocks change."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.instant import datetime_of, parse_instant
from gateway.web.pages.drawing.axis import Axis, ticks

H, D = 3_600_000, 86_400_000
BERLIN = ZoneInfo("Europe/Berlin")
BASE = parse_instant("2026-03-02T09:00:00Z")

axes = st.builds(lambda start, span: Axis(start, start + span), st.integers(0, 2**41), st.integers(1, 2**36))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"])


@given(axes, st.lists(st.integers(-(2**42), 2**42), max_size=8))
def test_places_stay_on_the_line_and_in_order(axis: Axis, instants: list[int]) -> None:
    """0 to 100 percent, later never before earlier; the ends stand at the edges."""
    places = [axis.x(at) for at in sorted(instants)]

    assert places == sorted(places)
    assert all(0 <= x <= 100 for x in places)
    assert (axis.x(axis.start), axis.x(axis.end)) == (0, 100)
    x, width = axis.across(axis.start - 5, axis.end + 5)
    assert (x, width) == (0, 100)


@given(axes, zones, st.integers(2, 10))
def test_names_are_few_and_true(axis: Axis, zone: str, most: int) -> None:
    """In order, on the line, hardly more than wanted, and each is what the wall shows."""
    found = ticks(axis, ZoneInfo(zone), most)

    assert [tick.x for tick in found] == sorted(tick.x for tick in found)
    assert len(found) <= 2 * most + 2
    for tick in found:
        assert axis.holds(tick.at)
        local = datetime_of(tick.at).astimezone(ZoneInfo(zone))
        if ":" in tick.label:
            assert local.strftime("%H:%M:%S").startswith(tick.label)
        else:
            assert tick.label.startswith(f"{local:%a} {local.day} {local:%b}")
            assert (local.hour, local.minute) <= (1, 0)  # midnight, or the first instant of a day without one


def test_dates_are_told_where_they_begin() -> None:
    """The first name has its date, and the first one of each other date."""
    found = ticks(Axis(BASE, BASE + D), BERLIN, 8)

    assert [(tick.label, tick.day) for tick in found if tick.day] == [("12:00", "Mon 2 Mar"), ("00:00", "Tue 3 Mar")]


@pytest.mark.parametrize(
    ("day", "labels", "shift"),
    [
        ("2026-03-29", ["00:00", "01:00", "03:00", "04:00"], "clocks went forward 1 h"),
        ("2026-10-25", ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"], "clocks went back 1 h"),
    ],
)
def test_the_clocks_change(day: str, labels: list[str], shift: str) -> None:
    """An hour that isn't there isn't named; one that comes twice is named twice; the change is told."""
    start = parse_instant(f"{day}T00:00:00+0{1 if day.startswith('2026-03') else 2}:00")
    end = parse_instant(f"{day}T04:00:00+0{2 if day.startswith('2026-03') else 1}:00")
    found = ticks(Axis(start, end), BERLIN, 8)

    assert [tick.label for tick in found if tick.label.endswith(":00")] == labels
    assert [tick.shift for tick in found if tick.shift] == [shift]


def test_far_ends_have_years() -> None:
    """Over years the names are dates, and say the year where it begins."""
    found = ticks(Axis(BASE, BASE + 1_500 * D), BERLIN, 6)

    assert any(tick.label.endswith("2027") for tick in found)
    assert len(found) <= 7
