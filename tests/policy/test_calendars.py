# ruff: noqa: E501 - a mistake and what is said of it stand on one line
"""Calendars of a policy file: golden vectors, holidays, joints, and everything that can be wrong."""

import pytest

from gateway.model.instant import HOUR_MS, parse_instant
from gateway.rules.calendar import Calendar, due, elapsed
from tests.policy.build import loaded, problems


def calendar(hours: str, rest: str = "", zone: str = "America/Los_Angeles") -> Calendar:
    text = f"calendars:\n  c: {{timezone: {zone}, hours: {hours}{rest}}}\n"
    return loaded(text).policy.calendars["c"]


def due_at(made: Calendar, start: str, hours: int) -> int | None:
    return due(made, parse_instant(start), hours * HOUR_MS)


@pytest.mark.parametrize(
    ("hours", "rest", "zone", "start", "target", "expected"),
    [
        ('{mon-fri: "09:00-17:00"}', "", "UTC", "2026-03-06T16:30:00Z", 1, "2026-03-09T09:30:00Z"),
        ('{mon-fri: ["08:00-18:00"]}', "", "UTC", "2026-03-02T17:00:00Z", 4, "2026-03-03T11:00:00Z"),
        (
            '{mon-fri: "08:00-17:00"}',
            "",
            "America/Los_Angeles",
            "2025-03-07T16:00:00-08:00",
            4,
            "2025-03-10T11:00:00-07:00",
        ),
        (
            '{mon-sun: "08:00-17:00"}',
            ", holidays: [{country: US}]",
            "America/Los_Angeles",
            "2025-07-03T16:00:00-07:00",
            4,
            "2025-07-05T11:00:00-07:00",
        ),
        (
            '{mon-fri: "08:00-17:00"}',
            ", holidays: [{country: US}]",
            "America/Los_Angeles",
            "2025-07-03T16:00:00-07:00",
            4,
            "2025-07-07T11:00:00-07:00",
        ),
        (
            '{mon-sun: "06:00-02:00"}',
            "",
            "America/New_York",
            "2025-06-02T01:30:00-04:00",
            1,
            "2025-06-02T06:30:00-04:00",
        ),
        ("24x7", "", "Europe/Berlin", "2026-03-28T12:00:00Z", 24, "2026-03-29T12:00:00Z"),
        ("{sat: 24x7}", "", "UTC", "2026-03-06T12:00:00Z", 24, "2026-03-08T00:00:00Z"),
        ('{"sat,sun": "10:00-11:00"}', "", "UTC", "2026-03-06T12:00:00Z", 2, "2026-03-08T11:00:00Z"),
        ('{fri-mon: "10:00-11:00"}', "", "UTC", "2026-03-06T12:00:00Z", 3, "2026-03-09T11:00:00Z"),
        ('{mon-fri: "09:00-12:00", mon: "13:00-14:00"}', "", "UTC", "2026-03-02T09:00:00Z", 4, "2026-03-02T14:00:00Z"),
        (
            '{mon-fri: "09:00-17:00"}',
            ", holidays: [{date: 2026-03-03, name: Ours}], exceptions: [{date: 2026-03-04, hours: []}]",
            "UTC",
            "2026-03-02T16:00:00Z",
            2,
            "2026-03-05T10:00:00Z",
        ),
        (
            '{mon-fri: "09:00-17:00"}',
            ', holidays: [{date: 2026-03-03}], exceptions: [{date: 2026-03-03, hours: ["12:00-13:00"]}]',
            "UTC",
            "2026-03-02T16:00:00Z",
            2,
            "2026-03-03T13:00:00Z",
        ),
    ],
)
def test_vectors(hours: str, rest: str, zone: str, start: str, target: int, expected: str) -> None:
    """Deadlines over nights, weekends, changes of the clock, holidays and exceptions."""
    assert due_at(calendar(hours, rest, zone), start, target) == parse_instant(expected)


def test_night_over_the_change_of_the_clock() -> None:
    """A night shift has the hours that pass, 8 in spring and 9 in autumn, where it is written as 18:00-02:00."""
    night = calendar('{mon-sun: "18:00-02:00"}', zone="America/New_York")

    def length(day: str) -> int:
        start = parse_instant(f"{day}T12:00:00-05:00")
        return elapsed(night, start, start + 24 * HOUR_MS) // HOUR_MS

    assert (length("2025-03-08"), length("2025-11-01")) == (8, 9)


def test_joints() -> None:
    """any_of opens with any part, all_of with all, and the built-in names may be parts; order in the file is free."""
    text = """
calendars:
  both: {all_of: [any, morning]}
  any: {any_of: [morning, evening]}
  morning: {timezone: UTC, hours: {mon-sun: "08:00-10:00"}}
  evening: {timezone: UTC, hours: {mon-sun: "09:00-12:00"}}
  open: {any_of: [morning, always]}
  same: {all_of: [morning, 24x7]}
"""
    calendars = loaded(text).policy.calendars
    start = parse_instant("2026-03-02T00:00:00Z")
    hours = {name: elapsed(made, start, start + 24 * HOUR_MS) // HOUR_MS for name, made in calendars.items()}

    assert hours == {
        "both": 2, "any": 4, "morning": 2, "evening": 3, "open": 24, "same": 2, "always": 24, "24x7": 24,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("{timezone: Europe/Berln, hours: 24x7}", ["2:17: unknown-zone: there is no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"]),
        ("{timezone: ../etc, hours: 24x7}", ["2:17: unknown-zone: there is no time zone '../etc'; write one such as Europe/Berlin"]),
        ("{timezone: America, hours: 24x7}", ["2:17: unknown-zone: there is no time zone 'America'"]),
        ("{timezone: UTC, hours: {}}", ["2:3: never-opens: the calendar 'c' never opens: there is no open time within 400 days"]),
        ("{timezone: UTC, hours: {mon-fry: 24x7}}", ["2:30: bad-key: expected weekdays such as mon, mon-fri or sat,sun"]),
        ('{timezone: UTC, hours: {mon: "8-9"}}', ["2:35: bad-value: expected hours such as 08:00-12:00"]),
        ('{timezone: UTC, hours: {mon: ["08:00-25:00", "08:61-09:00"]}}', ["2:36: bad-value: no such time", "2:51: bad-value: no such time"]),
        ("{timezone: UTC, hours: 24x7, holidays: [{country: USSR}]}", ["2:56: unknown-country: the holidays of the country 'USSR' are not known"]),
        ("{timezone: UTC, hours: 24x7, holidays: [{country: DE, subdivision: BX}]}", ["2:73: unknown-subdivision: DE has no subdivision 'BX'"]),
        ("{timezone: UTC, hours: 24x7, holidays: [{dat: 2026-01-01}]}", ["2:46: missing-key: the key 'date' is missing", "2:47: unknown-key: unknown key 'dat'; did you mean 'date'?"]),
        ("{timezone: UTC, hours: 24x7, holidays: [{date: 2026-02-30}]}", ["2:53: bad-value: expected a date such as 2026-12-24"]),
        ("{timezone: UTC, hours: 24x7, holidays: [{date: 1066-10-14}]}", ["2:53: bad-value: the year must lie between 2000 and 2099"]),
        ("{timezone: UTC, hours: 24x7, exceptions: [{date: 2026-01-01, hours: []}, {date: 2026-01-01, hours: []}]}", ["2:86: duplicate-date: 2026-01-01 has an exception already"]),
        ("{any_of: [c]}", ["2:16: circular-calendar: a calendar can't be made of itself: c → c"]),
        ("{all_of: [offise]}\n  office: {timezone: UTC, hours: 24x7}", ["2:16: unknown-calendar: there is no calendar 'offise'; did you mean 'office'?"]),
        ("{any_of: []}", ["2:15: bad-value: must have at least 1 item(s)"]),
        ("{timezone: UTC, hours: 24x7}\n  always: {timezone: UTC, hours: 24x7}", ["3:3: bad-value: the calendar 'always' is built in; choose another name"]),
        ("{timezone: Nowhere, hours: {mon: x}, holidays: [{country: USSR}]}", ["2:17: unknown-zone", "2:39: bad-value", "2:64: unknown-country"]),
    ],
)  # fmt: skip
def test_mistakes(body: str, found: list[str]) -> None:
    """Each mistake is told at its place, beside every other."""
    lines = problems(f"calendars:\n  c: {body}\n")

    found = list(dict.fromkeys(found))
    assert len(lines) == len(found), lines
    assert all(line.startswith(start) for line, start in zip(lines, found, strict=True)), lines


def test_circle_of_two() -> None:
    """A longer circle is named once, with its way."""
    lines = problems("calendars:\n  a: {any_of: [b]}\n  b: {any_of: [a]}\n")

    assert lines == ["3:16: circular-calendar: a calendar can't be made of itself: a → b → a"]


def test_a_calendar_of_too_many_is_refused_at_once() -> None:
    """Parts count as often as they are reached, so that a short file can't ask for work without end."""
    doubled = "".join(f"  c{n}: {{any_of: [c{n + 1}, c{n + 1}]}}\n" for n in range(40))
    lines = problems(f"calendars:\n{doubled}  c40: {{timezone: UTC, hours: {{mon: '09:00-10:00'}}}}\n")

    assert lines == ["33:17: too-big: made of more than 256 calendars, parts of parts counted"]


def test_an_exception_alone_opens() -> None:
    """A calendar that is open on one future date only isn't one that never opens."""
    made = calendar("{}", ', exceptions: [{date: 2030-05-01, hours: ["10:00-11:00"]}]', "UTC")

    assert due_at(made, "2030-04-30T00:00:00Z", 1) == parse_instant("2030-05-01T11:00:00Z")
