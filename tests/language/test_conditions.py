"""Conditions: what a rule may ask of a contact, what is a mistake at load, and what a rule that fails does."""

import re
from typing import Any

import pytest

from gateway.kernel.problems import Problems
from gateway.model.instant import parse_instant
from gateway.policy.evaluate import evaluate, read_events
from tests.language.words import event, judged, life, loaded, sla
from tests.support.told import told

SECTION = {
    "severity": "severity: 1",
    "routing": "queue: low",
    "sla": "metric: first_reply\n    within: 1h",
    "escalation": "on: matched\n    chain: c",
    "enrich": "enricher: payments",
    "actions": "on: matched\n    do: {tags_add: [a]}",
}
NAMES = """\
queues: {low: {team: one, tier: 2}}
roles: {lead: {endpoints: [desk]}}
chains: {c: {steps: [{after: 0m, notify: [lead]}]}}
"""
ROUTED = "routing: [{id: only, queue: low, skills: [care], priority: 5}]\n"


def ruled(condition: str, section: str = "severity", before: str = "") -> str:
    """A policy with one rule with this condition, on the last but one line."""
    return f"{NAMES}{before}{section}:\n  - id: r\n    {SECTION[section]}\n    when: {condition}\n"


def holds(condition: str, events: list[dict[str, Any]], section: str = "severity", before: str = "") -> bool:
    """Whether a condition holds for a contact."""
    answer = judged(ruled(condition, section, before), events, "12:00")
    return bool(answer["contact"]["severity"] == 1 if section == "severity" else answer["clocks"])


def mistakes(text: str) -> list[str]:
    """What is wrong with a policy."""
    with pytest.raises(Problems) as caught:
        loaded(text)
    return [told(problem) for problem in caught.value.problems]


RICH = [
    event("09:00 opened channel=chat kind=chat direction=outbound status=open priority=high group=g assignee=Ann")
    | {
        "subject": "Refund",
        "language": "de",
        "tags": ["a", "b"],
        "fields": {"plan": "gold", "seats": 3, "paid": True},
        "customer": {"id": "7", "email": "ann@example.com", "phone": "+4930123"},
    },
    *life("09:10 csat 3 of 1..5; 09:20 solved; 09:30 open"),
    {
        "type": "enrichment.received",
        "at": "2026-03-02T09:40:00Z",
        "enricher": "payments",
        "status": "ok",
        "facts": {"open_invoices": 2},
    },
]
ENRICH = "enrich: [{id: e, enricher: payments}]\n"


@pytest.mark.parametrize(
    "condition",
    [
        'contact.kind == "chat"',
        'contact.channel == "chat"',
        'contact.direction == "outbound"',
        'contact.status == "open"',
        'contact.subject == "Refund"',
        'contact.priority == "high"',
        '"a" in contact.tags && size(contact.tags) == 2',
        'contact.group == "g"',
        'contact.assignee == "Ann"',
        'contact.language == "de"',
        'contact.fields["plan"] == "gold"',
        'contact.fields["seats"] == 3 && contact.fields["paid"] == true',
        'contact.opened_at == timestamp("2026-03-02T09:00:00Z")',
        "contact.reopened == 1",
        "size(contact.connectors) == 1",
        "contact.customer.known",
        'contact.customer.email == "ann@example.com"',
        'contact.customer.phone == "+4930123"',
        'contact.customer.domain == "example.com"',
        "contact.csat.given && contact.csat.ratio == 0.5",
        "has(contact.facts.payments)",
        "contact.facts.payments.open_invoices == 2",
        'contact.tags.exists(t, t in ["b", "c"])',
        "true",
    ],
)
def test_what_a_condition_may_ask(condition: str) -> None:
    """A condition may ask for everything that is known of a contact."""
    assert holds(f"'{condition}'", RICH, before=ENRICH)


@pytest.mark.parametrize(
    "condition",
    [
        'contact.subject == ""',
        'contact.group == ""',
        'contact.assignee == ""',
        'contact.language == ""',
        "size(contact.tags) == 0",
        "size(contact.fields) == 0",
        "contact.reopened == 0",
        "!contact.customer.known",
        'contact.customer.email == "" && contact.customer.phone == "" && contact.customer.domain == ""',
        "!contact.csat.given && contact.csat.ratio == 0.0",
        "!has(contact.facts.payments)",
        'contact.priority != "urgent" && contact.priority != "normal"',
        '!contact.subject.startsWith("R")',
    ],
)
def test_what_a_contact_lacks(condition: str) -> None:
    """What a contact lacks is its type's default, never an error."""
    policy = ruled(f"'{condition}'", before=ENRICH)
    evaluation = evaluate(read_events(BARE), loaded(policy).policy, parse_instant("2026-03-02T09:00:00Z"))

    assert (dict(evaluation.view)["contact"]["severity"], evaluation.failures) == (1, {})


BARE = b'[{"type": "contact.opened", "at": "2026-03-02T09:00:00Z", "kind": "ticket", "channel": "email"}]'


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param('contact.colour == "red"', id="unknown-field"),
        pytest.param("contact.customer.shoe == 43", id="unknown-field-inside"),
        pytest.param("contact.subject == 1", id="type-error"),
        pytest.param("contact.reopened + contact.subject == 1", id="type-error-inside"),
        pytest.param('contact.channel == "pigeon"', id="a-word-that-it-cannot-have"),
        pytest.param('contact.status in ["open", "done"]', id="such-a-word-in-a-list"),
        pytest.param('contact.priority == "mild"', id="such-a-priority"),
        pytest.param("contact.subject", id="no-boolean"),
        pytest.param("1 + 1", id="no-boolean-at-all"),
        pytest.param("contact.reopened ==", id="half-an-expression"),
        pytest.param("person.name == 1", id="unknown-name"),
        pytest.param("contact.dance()", id="unknown-function"),
    ],
)
def test_mistakes_in_a_condition(condition: str) -> None:
    """An unknown field, a type error, a word that a field of fixed words can't have, and a result that isn't a boolean
    are mistakes of the policy, with file, line and column inside the expression."""
    text = ruled(f"'{condition}'")
    line = len(text.splitlines())
    (mistake,) = mistakes(text)
    found = re.match(rf"p\.yaml:{line}:(\d+): [a-z-]+: .", mistake)

    assert found
    assert 11 <= int(found[1]) <= 12 + len(condition)


def test_every_mistake_is_told_at_its_own_place() -> None:
    """Each mistake is told with its own line and column, in the order of the file."""
    text = (
        "version: 1\n"
        "colour: red\n"
        "severity:\n"
        "  - id: a\n"
        "    when: contact.colour == 1\n"
        "    severity: 1\n"
        "sla:\n"
        "  - {id: b, metric: patience, within: 4 hours}\n"
    )
    places = [tuple(int(n) for n in line.split(":")[1:3]) for line in mistakes(text)]

    assert places == [(2, 1), (5, 18), (8, 21), (8, 39)]


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("severity", "severity == 1"),
        ("severity", 'queue == "low"'),
        ("severity", "tier == 2"),
        ("routing", 'queue == "low"'),
        ("routing", 'team == "one"'),
        ("routing", "tier == 2"),
        ("routing", '"care" in contact.skills'),
        ("routing", "route_priority == 5"),
    ],
)
def test_what_is_decided_later(section: str, field: str) -> None:
    """Severity comes first, then routing: to ask for what is decided later is a mistake."""
    condition = field if "contact." in field else f"contact.{field}"

    assert len(mistakes(ruled(f"'{condition}'", section))) == 1


@pytest.mark.parametrize("section", ["sla", "escalation", "enrich", "actions"])
@pytest.mark.parametrize(
    "condition",
    [
        "contact.severity == 3",
        'contact.queue == "low"',
        'contact.team == "one"',
        "contact.tier == 2",
        'contact.skills == ["care"]',
        "contact.route_priority == 5",
    ],
)
def test_what_is_decided_before(section: str, condition: str) -> None:
    """Promises, escalations, enrichers and actions may ask for the severity and the route."""
    policy = ruled(f"'{condition}'", section, ROUTED)
    answer = judged(policy, "09:00 opened", "09:00")

    expected = {
        "sla": None,
        "escalation": "escalation.raised",
        "enrich": "enrichment.requested",
        "actions": "action.requested",
    }
    said = {effect["type"] for effect in answer["effects"]}

    assert bool(answer["clocks"]) == (section == "sla")
    assert said - {"contact.opened", "contact.routed"} == ({expected[section]} - {None})


def test_routing_asks_for_the_severity() -> None:
    """Routing may ask for the severity, which is decided before it."""
    assert judged(ruled("contact.severity == 3", "routing"), "09:00 opened", "09:00")["route"]["rule"] == "r"


def test_the_vendors_group_and_our_queue() -> None:
    """The group is the vendor's, the queue is our route: neither follows the other."""
    both = 'contact.group == "g" && contact.queue == "low"'
    policy = NAMES + ROUTED + sla(f"when: '{both}', metric: first_reply, within: 1h")
    answer = judged(policy, "09:00 opened group=g", "09:00")

    assert (len(answer["clocks"]), answer["contact"]["group"], answer["route"]["queue"]) == (1, "g", "low")


def test_no_condition_is_always() -> None:
    """A rule without a condition always matches."""
    assert judged("severity: [{id: s, severity: 7}]", "09:00 opened", "09:00")["contact"]["severity"] == 7


FAILING = (
    "severity:\n"
    "  - {id: zero, when: 1 / contact.reopened == 1, severity: 1}\n"
    "  - {id: missing, when: 'contact.fields[\"none\"] == 1', severity: 2}\n"
    "  - {id: fine, when: contact.reopened == 0, severity: 6}\n"
    "sla: [{id: r, when: contact.reopened / contact.reopened == 1, metric: first_reply, within: 1h},\n"
    "      {id: r2, metric: first_reply, within: 2h}]\n"
)


def test_a_rule_that_fails_fails_alone() -> None:
    """A rule that fails when it is asked counts as not matched; the others still decide, and the failure is named."""
    evaluation = evaluate(read_events(BARE), loaded(FAILING).policy, parse_instant("2026-03-02T09:00:00Z"))

    assert evaluation.view["contact"]["severity"] == 6
    assert [clock["rule"] for clock in evaluation.view["clocks"]] == ["r2"]
    assert {name.rpartition("/")[2].rpartition(".")[2] for name in evaluation.failures} >= {"zero", "r"}


def test_too_much_work_fails_alone() -> None:
    """A condition that would work without end is stopped, counts as not matched, and is named; the others decide."""
    tags = [f"t{number}" for number in range(64)]
    deep = "true"
    for name in "abcdef":
        deep = f"contact.tags.all({name}, {deep})"
    policy = f"severity: [{{id: deep, when: '{deep}', severity: 1}}, {{id: rest, severity: 6}}]"
    events = [event("09:00 opened") | {"tags": tags}]

    assert judged(policy, events, "09:00")["contact"]["severity"] == 6


@pytest.mark.parametrize(
    ("given", "condition", "cut"),
    [
        pytest.param({"tags": [f"t{n:03}" for n in range(64)]}, "size(contact.tags) == 64", {}, id="64-tags"),
        pytest.param({"tags": [f"t{n:03}" for n in range(70)]}, "size(contact.tags) == 64", {"tags": 6}, id="70-tags"),
        pytest.param({"tags": ["x" * 100]}, "contact.tags.exists(t, size(t) == 100)", {}, id="a-tag-of-100"),
        pytest.param(
            {"tags": ["x" * 101, "a"]}, "!contact.tags.exists(t, size(t) > 100)", {"tags": 1}, id="a-tag-of-101"
        ),
        pytest.param({"fields": {f"f{n}": n for n in range(100)}}, "size(contact.fields) == 100", {}, id="100-fields"),
        pytest.param(
            {"fields": {f"f{n}": n for n in range(120)}}, "size(contact.fields) == 100", {"fields": 20}, id="120-fields"
        ),
    ],
)
def test_how_much_reaches_the_rules(given: dict[str, Any], condition: str, cut: dict[str, int]) -> None:
    """At most 64 tags of 100 characters and 100 fields reach the rules; how many did not is told with the
    contact where a condition asks for them."""
    events = [event("09:00 opened") | given]

    assert holds(f"'{condition}'", events)
    assert judged(ruled(f"'{condition}'"), events, "12:00")["contact"].get("cut", {}) == cut


@pytest.mark.parametrize("within", ["1.5h", "4 hours", "-1h", "h", "", "1h 30m", "4", "2 business hours", "1w"])
def test_what_is_no_duration(within: str) -> None:
    """A duration is whole numbers with s, m, h or d; there is no business hour, as hours are the calendar's matter."""
    assert len(mistakes(sla(f'metric: first_reply, within: "{within}"'))) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(sla("metric: first_reply, within: 1h, calendar: nine"), id="calendar"),
        pytest.param("routing: [{id: a, queue: nine}]", id="queue"),
        pytest.param("chains: {c: {steps: [{after: 0m, notify: [nine]}]}}", id="role"),
        pytest.param("escalation: [{id: a, on: matched, chain: nine}]", id="chain"),
        pytest.param("calendars: {a: {any_of: [nine]}}", id="calendar-of-a-calendar"),
    ],
)
def test_a_name_that_nothing_has(text: str) -> None:
    """What names something that the policy doesn't have is a mistake, named."""
    (mistake,) = mistakes(text)

    assert "nine" in mistake


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(sla("id: a, metric: first_reply, within: 1h", "id: a, metric: next_reply, within: 1h"), id="id"),
        pytest.param(sla("metric: first_reply, within: 1h, operator: gt"), id="operator"),
        pytest.param(sla("metric: first_reply, within: 1h, below: 60%"), id="below-of-another-metric"),
        pytest.param(sla("metric: csat_recovery, within: 1h"), id="recovery-without-below"),
        pytest.param("version: 2", id="version"),
        pytest.param("severity: [{id: a, severity: 0}]", id="severity"),
        pytest.param("calendars: {a: {any_of: [b]}, b: {any_of: [a]}}", id="a-ring-of-calendars"),
        pytest.param("calendars: {a: {timezone: Mars/Olympus, hours: 24x7}}", id="zone"),
        pytest.param('calendars: {a: {timezone: UTC, hours: {mon: "25:00-26:00"}}}', id="hours"),
    ],
)
def test_other_mistakes(text: str) -> None:
    """What the language doesn't know is a mistake of the policy."""
    assert len(mistakes(text)) >= 1
