"""The real rules against the slow judge, on random policies and timelines round every change of the clocks.

A failure names its scenario and tells the smallest story that still divides the two.
`python -m tests.differential --scenarios 1 --from-seed NUMBER` tells it again.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.differential.compare import Scenario, answers, differences, disagreement, load, scenarios
from tests.differential.judge import OffGrid
from tests.differential.scenarios import GRIDS, World, world
from tests.differential.shrink import smallest, story
from tests.differential.walls import DAY, ZONES, Change, Opening, changes

OFF_GRID_MAX = 0.02
"""The share of scenarios that the slow judge may decline, since something is due between two of its ticks."""


@pytest.mark.parametrize("zone", ZONES)
def test_the_two_judges_agree_round_every_change_of_a_zone(zone: str) -> None:
    """Clocks, route, escalations, effects in their order and `next_due` are the same, whatever happened."""
    visited = [number for number, change in enumerate(changes()) if change.zone == zone]
    declined = judged = 0
    for number in visited:
        for scenario, policy in scenarios(number):
            judged += 1
            try:
                found = disagreement(scenario, policy)
            except OffGrid:
                declined += 1
                continue
            if found:
                pytest.fail(story(smallest(scenario)), pytrace=False)
    assert declined <= judged * OFF_GRID_MAX


def test_every_change_of_the_years_is_visited() -> None:
    """Two in each year of each zone, 2024 to 2030; policies that follow each other take one change after the other."""
    known = changes()
    years = {(change.zone, datetime.fromtimestamp(change.at / 1000, UTC).year) for change in known}

    assert years == {(zone, year) for zone in ZONES for year in range(2024, 2031)}
    assert len(known) >= 2 * len(years)
    assert [world(number).change for number in range(len(known))] == list(known)


def test_a_number_names_one_scenario() -> None:
    """The same number tells the same story again."""
    first, second = ([scenario for scenario, _ in scenarios(3)] for _ in range(2))

    assert first == second
    assert len({str(scenario.events) for scenario in first}) == len(first)


# ── It can fail ──────────────────────────────────────────────────────────────────────────────────────────────────────


def ticket(policy_changes: dict[str, object], hours: str = "01:30-04:00") -> Scenario:
    """A ticket in Berlin at the spring change that is answered after 45 minutes."""
    change = Change("Europe/Berlin", 1_774_746_000_000)
    policy = {
        "version": 1,
        "name": "small",
        "calendars": {"night": {"timezone": "Europe/Berlin", "hours": {"mon-sun": [hours, "12:00-14:00"]}}},
        "severity": [],
        "sla": [{"id": "reply", "metric": "first_reply", "within": "45m", "calendar": "night", **policy_changes}],
        "queues": {},
        "routing": [],
        "roles": {},
        "chains": {},
        "escalation": [],
    }
    opened = {"type": "contact.opened", "kind": "ticket", "channel": "email", "at": change.at - 1_800_000, "id": "o"}
    reply = {"type": "message.added", "author": {"kind": "agent"}, "at": change.at + 900_000, "id": "r"}
    return Scenario(0, World(0, change, GRIDS[0], policy), [opened, reply], change.at + DAY // 4)


def other(scenario: Scenario, changed: dict[str, object]) -> list[str]:
    """What differs when the real rules go by another policy than the slow judge."""
    policy = load(ticket(changed).world.policy)
    return differences(*answers(scenario, policy), scenario.at)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"operator": "lt"}, ".state: real breached, slow met"),
        ({"within": "30m"}, ".breached_at: real 2026-03-29T01:00:00.000+00:00, slow None"),
        ({"calendar": "always"}, ".calendar: real always, slow night"),
        ({"warn": ["15m before"]}, "effect only of the real: [2026-03-29T01:00:00.000+00:00, sla.warned, reply]"),
    ],
)
def test_another_policy_is_noticed(changed: dict[str, object], place: str) -> None:
    """The slow judge says what it says: the least change of a rule divides the two."""
    scenario = ticket({})

    assert other(scenario, {}) == []
    assert any(place in line for line in other(scenario, changed))


@pytest.mark.parametrize("hours", ["02:30-03:15", "02:15-02:45", "01:00-02:30", "02:00-03:00", "03:00-03:00"])
def test_hours_in_the_gap_are_judged_alike(hours: str) -> None:
    """What moves forward by the gap may leave nothing of its interval, or end up behind another."""
    scenario = ticket({"warn": ["15m", "15m before"]}, hours)

    assert disagreement(replace(scenario, events=scenario.events[:1]), load(scenario.world.policy)) == []


def test_a_deadline_between_two_ticks_is_declined() -> None:
    """The walk can't tell; it says so and doesn't guess."""
    scenario = ticket({"within": "40m"})

    with pytest.raises(OffGrid):
        answers(scenario, load(scenario.world.policy))


def test_a_story_is_as_small_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events and rules that have nothing to do with a disagreement are left out of what is told."""
    from tests.differential import shrink

    scenario = ticket({"warn": ["50%"], "operator": "le"})
    noise = {"type": "contact.observed", "tags": ["b"], "at": scenario.at - DAY // 8, "id": "n"}
    scenario = replace(scenario, events=[*scenario.events, noise])
    monkeypatch.setattr(
        shrink, "disagreement", lambda one, _: [event["id"] for event in one.events if event["id"] == "r"]
    )

    small = smallest(scenario)

    assert [event["id"] for event in small.events] == ["o", "r"]
    assert small.world.policy["sla"] == []


# ── Its own wall times ───────────────────────────────────────────────────────────────────────────────────────────────


def spans(zone: str, change: int, hours: str) -> Iterator[str]:
    """When a calendar of these hours on every day opens and closes in the day round a change."""
    opening = Opening({"c": {"timezone": zone, "hours": {"mon-sun": [hours]}}}, change - 3 * DAY, change + 5 * DAY)
    before = opening.is_open("c", change - DAY // 2)
    for instant in range(change - DAY // 2, change + DAY // 2, 900_000):
        if opening.is_open("c", instant) is not before:
            before = not before
            yield datetime.fromtimestamp(instant / 1000, UTC).strftime("%H:%M")


@pytest.mark.parametrize(
    ("zone", "change", "hours", "expected"),
    [
        ("Europe/Berlin", 1_774_746_000_000, "02:30-05:00", ["01:30", "03:00"]),
        ("Europe/Berlin", 1_774_746_000_000, "01:00-02:15", ["00:00", "01:15"]),
        ("Europe/Berlin", 1_792_890_000_000, "02:30-05:00", ["00:30", "04:00"]),
        ("Europe/Berlin", 1_792_890_000_000, "01:00-02:15", ["23:00", "01:15"]),
        ("Australia/Lord_Howe", 1_775_314_800_000, "01:45-04:00", ["14:45", "17:30"]),
    ],
    ids=["start in the gap", "end in the gap", "start twice", "end twice", "half an hour"],
)
def test_wall_times_by_looking(zone: str, change: int, hours: str, expected: list[str]) -> None:
    """A wall time that doesn't exist moves on by the gap; of two, a start is the first one and an end the second."""
    assert list(spans(zone, change, hours)) == expected
