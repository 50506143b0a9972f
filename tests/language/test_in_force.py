"""From when a policy or a calendar holds, by its own `from`."""

import pytest

from gateway.model.instant import parse_instant
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import follows, load_policy
from tests.language.words import clocks, judged, loaded, short, sla

TUESDAY = "from: 2026-03-03\n"
CALIFORNIA = 'calendars: {c: {timezone: America/Los_Angeles, hours: {mon-sun: "00:00-24:00"}}}\n'


def reply(within: str) -> str:
    """A promise of a first reply."""
    return sla(f"metric: first_reply, within: {within}")


@pytest.mark.parametrize(
    ("zone", "midnight", "just_before"),
    [
        pytest.param("", "Tue 00:00", "23:59:59.999", id="utc-where-there-is-no-calendar"),
        pytest.param(CALIFORNIA, "Tue 08:00", "Tue 07:59:59.999", id="the-zone-of-the-first-calendar"),
    ],
)
def test_a_policy_that_begins_on_a_date(zone: str, midnight: str, just_before: str) -> None:
    """Before the midnight with which its date begins a policy promises nothing; from then on its promises count from
    their metric's start."""
    policy = zone + TUESDAY + reply("20h")

    assert clocks(policy, "22:00 opened", just_before) == []
    assert short(judged(policy, "22:00 opened", "23:00")["next_due"]) == midnight
    assert clocks(policy, "22:00 opened", midnight) == ["r/1 running 22:00 due Tue 18:00"]


def test_too_late_when_the_policy_begins() -> None:
    """What has waited too long when a policy begins is breached at that midnight."""
    assert clocks(TUESDAY + reply("1h"), "22:00 opened", "Tue 01:00") == [
        "r/1 breached 22:00 due Tue 00:00 breached Tue 00:00"
    ]


@pytest.mark.parametrize("over", ["23:00 agent", "23:00 solved"])
def test_over_before_the_policy_begins(over: str) -> None:
    """What was over before a policy began is nothing that it promises."""
    assert clocks(TUESDAY + reply("4h"), f"22:00 opened; {over}", "Tue 12:00") == []


def test_what_matches_when_the_policy_begins() -> None:
    """An escalation by its condition is raised when its policy begins."""
    policy = TUESDAY + (
        "roles: {lead: {endpoints: [desk]}}\n"
        "chains: {c: {steps: [{after: 0m, notify: [lead]}]}}\n"
        "escalation: [{id: e, on: matched, chain: c}]\n"
    )

    assert judged(policy, "22:00 opened", "23:59")["escalations"] == []
    assert [short(one["raised_at"]) for one in judged(policy, "22:00 opened", "Tue 01:00")["escalations"]] == [
        "Tue 00:00"
    ]


OLD = 'calendars: {c: {timezone: UTC, hours: {mon-fri: "06:00-12:00"}}}\n'
NEW = 'calendars: {c: {timezone: UTC, hours: {mon-fri: "12:00-20:00"}, from: 2026-03-04}}\n'


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("08:00", "Wed 13:00", id="closed-until-then"),
        pytest.param("Wed 10:00", "Wed 13:00", id="its-own-hours-after"),
    ],
)
def test_a_calendar_that_begins_on_a_date(told: str, expected: str) -> None:
    """Before the midnight with which its date begins a calendar is closed."""
    policy = NEW + sla("metric: first_reply, within: 1h, calendar: c")

    assert clocks(policy, f"{told} opened", told) == [f"r/1 running {told} due {expected}"]


@pytest.mark.parametrize(
    ("told", "within", "expected"),
    [
        pytest.param("2026-03-02T08:00:00Z", "1h", "09:00", id="the-hours-before"),
        pytest.param("2026-03-03T11:00:00Z", "2h", "Wed 13:00", id="over-the-midnight"),
        pytest.param("2026-03-04T08:00:00Z", "1h", "Wed 13:00", id="the-hours-after"),
    ],
)
def test_a_calendar_that_follows_another(told: str, within: str, expected: str) -> None:
    """Until the midnight with which its date begins a calendar has the hours that it had in the policy before."""
    promise = sla(f"metric: first_reply, within: {within}, calendar: c")
    policy = follows(load_policy(NEW + promise, "p.yaml"), loaded(OLD + promise).policy).policy
    events = f'[{{"type": "contact.opened", "at": "{told}", "kind": "ticket", "channel": "email"}}]'
    (clock,) = evaluate(read_events(events.encode()), policy, parse_instant(told)).view["clocks"]

    assert short(clock["due_at"]) == expected
