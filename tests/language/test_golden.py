"""The examples by which the rules were agreed on: each of them to the millisecond."""

import itertools
import json
from pathlib import Path

import pytest

from tests.cli.commands import gateway
from tests.language.test_time import PACIFIC, WEEK, due, elapsed, week
from tests.language.words import announced, clocks, life, short, sla

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("calendar", "within", "told", "expected"),
    [
        pytest.param(week(WEEK), "1h", "Fri 16:30", "2026-03-09T09:30:00Z", id="friday-half-past-four"),
        pytest.param(
            week('mon-fri: "08:00-17:00"', PACIFIC),
            "4h",
            "2025-03-07T16:00:00-08:00",
            "2025-03-10T18:00:00Z",
            id="the-clocks-change-on-sunday",
        ),
        pytest.param(
            week('mon-fri: "08:00-17:00"', PACIFIC, ", holidays: [{country: US}]"),
            "4h",
            "2025-07-03T16:00:00-07:00",
            "2025-07-07T18:00:00Z",
            id="independence-day",
        ),
        pytest.param(
            week('mon-sun: "06:00-02:00"', NEW_YORK),
            "1h",
            "2026-03-03T01:30:00-05:00",
            "2026-03-03T11:30:00Z",
            id="the-tail-of-yesterday-and-the-morning",
        ),
        pytest.param(
            week('mon-fri: ["08:00-12:00", "13:00-17:00"], sat: "18:00-02:00"', PACIFIC),
            "4h",
            "2026-11-20T16:30:00-08:00",
            "2026-11-22T05:30:00Z",
            id="fridays-mail-waits-for-saturday",
        ),
    ],
)
def test_deadlines(calendar: str, within: str, told: str, expected: str) -> None:
    """Deadlines over weekends, holidays, midnight and the changes of summer time."""
    assert due(calendar, within, told) == short(expected)


def test_a_warning_an_hour_before() -> None:
    """Monday to Friday 08:00 to 18:00, Monday at 17:00, four hours: due on Tuesday at 11:00, warned at 10:00."""
    policy = week('mon-fri: "08:00-18:00"') + sla("metric: first_reply, within: 4h, calendar: c, warn: [1h before]")

    assert clocks(policy, "17:00 opened", "17:00") == ["r/1 running 17:00 due Tue 11:00"]
    assert announced(policy, "17:00 opened", "Tue 12:00", "sla.warned") == ["Tue 10:00 sla.warned r"]


@pytest.mark.parametrize(
    ("night", "until", "hours"),
    [
        pytest.param("2025-03-08T17:00:00-05:00", "2025-03-09T12:00:00-04:00", 8, id="spring"),
        pytest.param("2025-11-01T17:00:00-04:00", "2025-11-02T12:00:00-05:00", 9, id="autumn"),
    ],
)
def test_the_nights_in_which_the_clocks_change(night: str, until: str, hours: int) -> None:
    """A night shift from 18:00 to 02:00 has eight hours in spring, as 02:00 doesn't exist, and nine in autumn."""
    assert elapsed(week('mon-sun: "18:00-02:00"', NEW_YORK), night, until) == hours * 60


def test_held_overnight() -> None:
    """Held from closing time to the next opening: the deadline doesn't move."""
    policy = week(WEEK) + sla("metric: agent_work, within: 4h, calendar: c")

    assert clocks(policy, "14:00 opened", "16:00") == ["r/1 running 14:00 due Tue 10:00"]
    assert clocks(policy, "14:00 opened; 17:00 on_hold; Tue 09:00 open", "Tue 09:00") == [
        "r/1 running 14:00 due Tue 10:00"
    ]


def test_any_order_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any order of the same events gives the same output, byte for byte."""
    policy, events = tmp_path / "p.yaml", tmp_path / "e.json"
    policy.write_text(week(WEEK) + sla("metric: agent_work, within: 4h, calendar: c, warn: [50%]"))
    said = set()
    for order in itertools.permutations(life("09:00 opened; 09:00 pending; 10:00 open")):
        events.write_text(json.dumps(order))
        ended = gateway(
            capsys, "policy", "eval", "--policy", policy, "--events", events, "--at", "2026-03-02T16:00:00Z"
        )
        said.add((ended.code, ended.out))

    assert len(said) == 1
    assert next(iter(said))[0] == 0
