"""Chains that come too late: judged by the calendars, told with an example, and only where it is certain."""

import json
from textwrap import dedent

import pytest

from gateway.model.instant import parse_instant
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.presets import PRESETS, preset_text
from tests.policy.build import loaded
from tests.policy.lint.finds import found, places

TEXT = """
calendars:
  office: {{timezone: Europe/Berlin, hours: {{mon-fri: "08:00-17:00"}}}}
  later: {{from: 2027-03-01, timezone: Europe/Berlin, hours: {{mon-fri: "08:00-17:00"}}}}
roles: {{r: {{endpoints: [e]}}}}
chains:
  c: {{calendar: {chain}, steps: [{{after: {after}, notify: [r]}}]}}
severity:
  - {{id: s, when: '"p1" in contact.tags', severity: 1}}
sla:
  - {{id: quick, when: contact.severity == 1, metric: first_reply, within: 30m, warn: [50%]}}
  - {{id: rest, metric: first_reply, within: 4h, calendar: office, warn: [1h before]}}
  - {{id: soon, when: contact.severity == 1, metric: resolution, within: 4d}}
  - {{id: next, metric: next_reply, within: 10m, calendar: later, warn: [0%]}}
escalation:
  - {{id: e, on: {on}, when: {when}, chain: c}}
"""


def slow(chain: str, after: str, on: str, when: str, *more: str) -> list[str]:
    """The findings of a chain by this calendar, whose first step comes after that time."""
    rule = f"{on}, metric: {more[0]}" if more else on
    return found(TEXT.format(chain=chain, after=after, on=rule, when=f"'{when}'"), "slow-chain")


P1 = "contact.severity == 1"


def test_held_up_by_its_calendar() -> None:
    """A chain that would come in time if it weren't for its closed hours, with the first such hour of a week."""
    (line,) = slow("office", "5m", "matched", P1)

    assert line.startswith("15:64: slow-chain: ")
    assert (
        "the chain 'c' comes too late for the promise 'quick': raised Mon 01:00, the first step comes Mon 08:05, "
        "the promise ends Mon 01:30 (Europe/Berlin)" in line
    )


@pytest.mark.parametrize(
    ("chain", "after", "on", "steps"),
    [
        ("office", "5m", "matched", "2027-03-08T07:05:00Z"),
        ("always", "20m", "sla.warned", "2027-03-08T00:35:00Z"),
    ],
)
def test_the_example_is_so(chain: str, after: str, on: str, steps: str) -> None:
    """Judged by the rules, a contact that opens then is called for after its promise is broken."""
    opening = {"type": "contact.opened", "at": "2027-03-08T00:00:00Z", "kind": "ticket", "channel": "email"}
    events = read_events(json.dumps([{**opening, "tags": ["p1"]}]).encode())
    policy = loaded(dedent(TEXT.format(chain=chain, after=after, on=on, when=f"'{P1}'"))).policy
    effects = evaluate(events, policy, int(parse_instant("2027-03-09T00:00:00Z"))).view["effects"]
    told = [
        (effect["type"], effect["at"]) for effect in effects if effect["type"] in ("sla.breached", "escalation.stepped")
    ]

    assert slow(chain, after, on, P1)
    assert told == [("sla.breached", "2027-03-08T00:30:00Z"), ("escalation.stepped", steps)]


def test_behind_every_promise() -> None:
    """A chain that is slow by itself comes too late only if nothing is left that it could save."""
    assert (
        "for the promise 'soon': raised Mon 00:00, the first step comes Sat 00:00"
        in slow("always", "5d", "matched", P1)[0]
    )
    assert slow("always", "2h", "matched", P1) == []


@pytest.mark.parametrize(
    ("chain", "after", "when"),
    [
        ("office", "0m", P1),  # what is due at once comes in closed hours, too
        ("always", "5m", P1),
        ("always", "30m", P1),
        ("office", "5m", "contact.severity != 1"),  # the promise counts by the same hours
        ("office", "5m", "true"),  # no promise holds for all of these
        ("office", "5m", 'contact.direction == "outbound" && contact.severity != 1'),
    ],
)
def test_in_time(chain: str, after: str, when: str) -> None:
    """Where the first step comes by the end of the promise, or none is known to hold."""
    assert slow(chain, after, "matched", when) == []


def test_from_the_warning_on() -> None:
    """A chain that a warning starts: from the first mark, for the promises that can warn where the condition holds."""
    (late,) = slow("always", "20m", "sla.warned", "true", "first_reply")

    assert "'quick': if it begins Mon 00:00, the chain is raised Mon 00:15, the first step comes Mon 00:35," in late
    assert slow("always", "20m", "sla.warned", "contact.severity != 1", "first_reply") == []
    assert slow("always", "15m", "sla.warned", P1, "first_reply") == []
    assert "'rest'" in slow("always", "2h", "sla.warned", "contact.severity != 1", "first_reply")[0]


def test_an_earlier_rule_takes_the_contact() -> None:
    """A promise that another one of its metric replaces is none for these contacts."""
    assert "'rest'" not in slow("always", "2h", "sla.warned", P1, "first_reply")[0]


def test_a_breach_guards_nothing() -> None:
    """What a breach starts comes after it by its nature."""
    assert slow("office", "1d", "sla.breached", "true") == []


def test_hours_that_begin_later() -> None:
    """The week that is looked at is one in which every calendar has begun."""
    assert slow("later", "5m", "sla.warned", "true", "next_reply") == []


def test_more_than_one() -> None:
    """One finding for each escalation; further promises are counted."""
    (line,) = slow("always", "3d", "sla.warned", "true")

    assert "for the promise 'quick', and for 2 more:" in line


def test_the_presets_guard_what_they_promise() -> None:
    """No chain of a preset is too slow."""
    for name in PRESETS:
        assert places(preset_text(name), "slow-chain") == []
