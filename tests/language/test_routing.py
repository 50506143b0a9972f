"""Severity and routes: which rule decides, when it is judged again, and in which order all of it is announced."""

import pytest

from gateway.kernel.problems import Problems
from tests.language.words import announced, judged, life, loaded, only_tagged, sla

QUEUES = """
queues:
  low: {team: one, tier: 1}
  high: {team: two, tier: 2}
routing:
  - {id: vip, when: '"vip" in contact.tags', queue: high, skills: [care, french], priority: 10}
  - {id: grave, when: contact.severity == 1, queue: high}
  - {id: rest, queue: low}
"""


@pytest.mark.parametrize(
    ("told", "rule", "queue", "skills", "priority"),
    [
        pytest.param("opened", "rest", "low", [], 0, id="the-rest"),
        pytest.param("opened priority=urgent", "grave", "high", [], 0, id="by-severity"),
        pytest.param("opened priority=urgent tags=vip", "vip", "high", ["care", "french"], 10, id="the-first-of-two"),
        pytest.param("opened; 09:10 tags vip", "vip", "high", ["care", "french"], 10, id="judged-again"),
        pytest.param("opened tags=vip; 09:10 tags", "rest", "low", [], 0, id="and-again"),
    ],
)
def test_the_first_rule_routes(told: str, rule: str, queue: str, skills: list[str], priority: int) -> None:
    """The first routing rule that matches gives queue, skills and priority, judged again at every event."""
    route = judged(QUEUES, f"09:00 {told}", "09:30")["route"]

    assert (route["rule"], route["queue"], route["skills"], route["priority"]) == (rule, queue, skills, priority)


def test_a_change_of_route_is_announced() -> None:
    """Each change of the route is announced, with the rule that matched and those that did not."""
    told = "09:00 opened; 09:10 customer; 09:20 tags vip; 09:30 tags vip b; 09:40 observed priority=urgent; 09:50 tags"
    effects = [e for e in judged(QUEUES, told, "10:00")["effects"] if e["type"] == "contact.routed"]

    assert announced(QUEUES, told, "10:00", "contact.routed") == [
        "09:00 contact.routed rest",
        "09:20 contact.routed vip",
        "09:50 contact.routed grave",
    ]
    assert [e["data"]["passed_over"] for e in effects] == [["vip", "grave"], [], ["vip"]]
    assert [e["data"]["queue"] for e in effects] == ["low", "high", "high"]


def test_another_rule_with_the_same_queue() -> None:
    """From `vip` to `grave` the queue is the same, but skills and priority change: that is a change."""
    route = judged(QUEUES, "09:00 opened tags=vip priority=urgent; 09:10 tags", "09:30")["route"]

    assert (route["rule"], route["skills"], route["priority"]) == ("grave", [], 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("priority=urgent", 1, id="urgent"),
        pytest.param("priority=high", 2, id="high"),
        pytest.param("priority=normal", 3, id="normal"),
        pytest.param("priority=low", 4, id="low"),
        pytest.param("", 3, id="none"),
        pytest.param("priority=low tags=fraud", 1, id="a-rule"),
        pytest.param("priority=urgent tags=slow", 9, id="a-rule-that-lowers"),
        pytest.param("tags=slow,fraud", 1, id="the-first-rule"),
    ],
)
def test_severity(given: str, expected: int) -> None:
    """The first severity rule that matches decides; else the priority does."""
    policy = (
        f"severity: [{{id: f, {only_tagged('fraud')}, severity: 1}}, {{id: s, {only_tagged('slow')}, severity: 9}}]"
    )

    assert judged(policy, f"09:00 opened {given}", "09:30")["contact"]["severity"] == expected


CROWDED = (
    sla(
        "id: late, metric: first_reply, within: 1h",
        "id: soon, metric: resolution, within: 2h, warn: [1h]",
        "id: also, metric: acknowledgement, within: 1h, warn: [1h]",
    )
    + """
queues: {low: {}, high: {}}
routing: [{id: a, when: '"a" in contact.tags', queue: high}, {id: rest, queue: low}]
roles: {lead: {endpoints: [desk]}}
chains: {c: {steps: [{after: 0m, notify: [lead]}, {after: 1h, notify: [lead]}]}}
escalation:
  - {id: breach, on: sla.breached, metric: first_reply, chain: c}
  - {id: warning, on: sla.warned, metric: resolution, chain: c}
  - {id: always, on: matched, chain: c}
  - {id: tag, on: matched, chain: c, when: '"a" in contact.tags'}
"""
)


def test_the_order_at_one_instant() -> None:
    """At one instant events come first, then warnings, breaches, raisings and steps, each in the policy's order."""
    assert announced(CROWDED, "09:00 opened; 10:00 tags a", "10:00")[3:] == [
        "10:00 contact.routed a",
        "10:00 sla.warned soon",
        "10:00 sla.warned also",
        "10:00 sla.breached late",
        "10:00 sla.breached also",
        "10:00 escalation.raised breach",
        "10:00 escalation.raised warning",
        "10:00 escalation.raised tag",
        "10:00 escalation.stepped always",
    ]


def test_the_order_of_later_steps() -> None:
    """Steps of one instant come in the order of the policy's rules, after what is breached at that instant."""
    told = announced(CROWDED, "09:00 opened; 10:00 tags a", "11:00")

    assert [line for line in told if line.startswith("11:00")] == [
        "11:00 sla.breached soon",
        "11:00 escalation.stepped breach",
        "11:00 escalation.stepped warning",
        "11:00 escalation.stepped tag",
    ]


def test_at_the_opening() -> None:
    """The opening, its route, and what it raises, in this order."""
    assert announced(CROWDED, "09:00 opened", "09:00") == [
        "09:00 contact.opened",
        "09:00 contact.routed rest",
        "09:00 escalation.raised always",
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("opened; 09:10 solved; 09:20 open", ["solved", "reopened"], id="solved-and-reopened"),
        pytest.param("opened; 09:10 closed; 09:20 new", ["closed", "reopened"], id="closed-and-reopened"),
        pytest.param("opened; 09:10 solved; 09:20 closed", ["solved", "closed"], id="solved-and-closed"),
        pytest.param("opened; 09:10 solved; 09:20 solved", ["solved"], id="solved-twice"),
        pytest.param("opened; 09:10 pending; 09:20 open", [], id="nothing-ends"),
        pytest.param("opened; 09:10 observed status=solved", ["solved"], id="a-snapshot"),
        pytest.param("opened; 09:10 opened", [], id="opened-twice"),
    ],
)
def test_what_is_said_of_a_contact(told: str, expected: list[str]) -> None:
    """That a contact is opened, solved, closed and reopened is announced, each once for its change."""
    lines = announced("version: 1", f"09:00 {told}", "12:00", "contact.")

    assert [line.split(" contact.")[1] for line in lines] == ["opened", *expected]


def test_what_is_said_of_clocks() -> None:
    """Warnings, breaches and what was met in time are announced; a recovery that is due, too."""
    policy = sla(
        "id: first, metric: first_reply, within: 1h, warn: [50%]",
        "id: next, metric: next_reply, within: 1h",
        "id: heal, metric: csat_recovery, within: 1h, below: 50%",
    )
    told = "09:00 opened; 09:40 agent; 10:00 customer; 11:30 csat 1"

    assert announced(policy, told, "12:00", "sla.", "csat.") == [
        "09:30 sla.warned first",
        "09:40 sla.met first",
        "11:00 sla.breached next",
        "11:30 csat.recovery_required heal",
    ]


def test_what_is_said_of_escalations() -> None:
    """An escalation is raised with its first step, stepped, acknowledged and resolved; each is announced."""
    policy = """
roles: {first: {endpoints: [desk]}, second: {endpoints: [desk, phone]}, third: {endpoints: [desk]}}
chains: {c: {steps: [{after: 0m, notify: [first]}, {after: 1h, notify: [second, third]}, {after: 3h, notify: [third]}]}}
escalation: [{id: e, on: matched, chain: c}]
"""
    told = "09:00 opened; 12:00 solved"
    (escalation,) = judged(policy, told, "12:00")["escalations"]
    acknowledgement = {"type": "escalation.acknowledged", "escalation": escalation["id"], "by": "Ann"}
    events = [*life(told), acknowledgement | {"at": "2026-03-02T11:00:00Z"}]
    effects = judged(policy, events, "13:00")["effects"]

    assert [(e["type"], e["data"]["roles"]) for e in effects if e["type"].startswith("escalation")] == [
        ("escalation.raised", ["first"]),
        ("escalation.stepped", ["second", "third"]),
        ("escalation.acknowledged", []),
        ("escalation.resolved", []),
    ]


def test_enrich_and_actions() -> None:
    """Enrichers are asked at the opening and when the customer's identities change; actions follow their trigger."""
    policy = (
        sla("metric: first_reply, within: 1h")
        + """
enrich: [{id: paid, when: contact.customer.known, enricher: payments, ttl: 1h}]
actions: [{id: tell, on: sla.breached, do: {tags_add: [late]}}]
"""
    )
    events = life("09:00 opened; 09:10 customer")
    events[0]["customer"] = {"id": "7", "email": "ann@example.com"}
    changed = {
        "type": "contact.observed",
        "at": "2026-03-02T09:20:00Z",
        "customer": {"id": "7", "email": "b@example.com"},
    }

    assert announced(policy, [*events, changed], "11:00", "enrichment.", "action.") == [
        "09:00 enrichment.requested paid",
        "09:20 enrichment.requested paid",
        "10:00 action.requested tell",
    ]
    assert announced(policy, "09:00 opened", "09:30", "enrichment.", "action.") == []


NIGHTS = """
calendars:
  nights: {timezone: UTC, hours: {mon: "18:00-02:00"}}
queues: {day: {}, night: {}, watch: {}}
routing:
  - {id: night, when: '"nights" in contact.opened_during', queue: night}
  - {id: day, when: '"always" in contact.opened_during && !("nights" in contact.opened_during)', queue: day}
  - {id: none, queue: watch}
"""


@pytest.mark.parametrize(
    ("opened", "queue"),
    [
        pytest.param("17:59", "day", id="before-it-opens"),
        pytest.param("18:00", "night", id="as-it-opens"),
        pytest.param("Tue 01:59", "night", id="over-midnight"),
        pytest.param("Tue 02:00", "day", id="as-it-closes"),
    ],
)
def test_a_contact_knows_which_hours_it_opened_in(opened: str, queue: str) -> None:
    """The names of the calendars that were open at the opening, whenever it is looked at."""
    assert judged(NIGHTS, f"{opened} opened; Tue 12:00 customer", "Tue 13:00")["route"]["queue"] == queue


def test_hours_that_nobody_has() -> None:
    """A condition that asks for a calendar which isn't there is a mistake at its place."""
    with pytest.raises(Problems, match=r"4:\d+: GW114: there is no calendar 'nigths'; did you mean 'nights'"):
        loaded(
            "calendars: {nights: {timezone: UTC, hours: 24x7}}\nqueues: {q: {}}\nrouting:\n"
            "  - {id: r, when: '\"nigths\" in contact.opened_during', queue: q}\n"
        )
