"""Severity and routing: the first rule that matches, judged again at every event, with its reasons."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest

from gateway.model.contact import Facts, Strand
from gateway.model.event import Event
from gateway.model.identity import Ref
from gateway.model.judgement import Route
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import Chain, EscalationRule, Policy, Queue, RoutingRule, Section, SeverityRule, Step, Verdict
from gateway.rules.verdicts import reads_change
from tests.rules.worlds import (
    T0,
    Condition,
    Conditions,
    H,
    M,
    agent,
    event,
    judged,
    opening,
    policy,
    said,
    sla,
    state_of,
    status,
    tagged,
    tags,
)

RULES = policy(
    severity=(SeverityRule("fraud", 1), SeverityRule("bulk", 4)),
    queues=(Queue("general", "t1", 1), Queue("fraud", "t2", 2)),
    routing=(
        RoutingRule("fraud-desk", "fraud", ("fraud",), 10),
        RoutingRule("vip-desk", "general", ("vip",), 5),
        RoutingRule("default", "general"),
    ),
    when={
        "fraud": tagged("fraud"),
        "bulk": tagged("bulk"),
        "fraud-desk": lambda facts: facts.severity == 1,
        "vip-desk": tagged("vip"),
    },
)


def routed(rules: Policy, until: int, *events: Event) -> list[tuple[int, str]]:
    """When the contact was routed, in minutes, and by which rule."""
    told = judged(rules, until, *events).implied
    return [((item.at - T0) // M, item.rule) for item in told if item.type == "contact.routed"]


@pytest.mark.parametrize(("priority", "severity"), [("urgent", 1), ("high", 2), ("normal", 3), ("low", 4), (None, 3)])
def test_without_a_rule_the_priority_is_the_severity(priority: str | None, severity: int) -> None:
    """Urgent 1, high 2, normal 3, low 4, none 3."""
    assert state_of(judged(policy(), M, opening(priority=priority))).severity == severity


def test_the_first_severity_rule_that_matches_wins() -> None:
    """Before any priority; when it matches no more, the priority is back."""
    events = opening(priority="high", tags=["bulk", "fraud"])
    told = state_of(judged(RULES, M, events))
    assert (told.severity, told.severity_rule) == (1, "fraud")
    later = state_of(judged(RULES, 2 * M, events, tags(M)))
    assert (later.severity, later.severity_rule) == (2, "")


def test_the_first_routing_rule_that_matches_wins() -> None:
    """It gives queue, skills and priority, and names the rules that did not match before it."""
    assert state_of(judged(RULES, M, opening(tags=["vip"]))).route == Route(
        rule="vip-desk", queue="general", team="t1", tier=1, skills=("vip",), priority=5, passed_over=("fraud-desk",)
    )


def test_routing_is_judged_again_at_every_event_and_a_change_is_told() -> None:
    """A change of rule, queue, skills or priority, and nothing else."""
    events = opening(), agent(M), tags(2 * M, "vip"), status(3 * M, "open"), tags(4 * M, "vip", "x"), tags(5 * M)
    assert routed(RULES, H, *events) == [(0, "default"), (2, "vip-desk"), (5, "default")]


def test_a_route_is_told_with_its_reason() -> None:
    """The rule that matched, the rules that did not, and the queue before."""
    told = [item for item in judged(RULES, H, opening(), tags(M, "fraud")).implied if item.type == "contact.routed"]
    assert told[0].reason == "rule default matched; fraud-desk, vip-desk did not match"
    assert told[0].detail == {"queue": "general", "before": None, "passed_over": ["fraud-desk", "vip-desk"]}
    assert told[1].reason == "rule fraud-desk matched"
    assert told[1].detail == {"queue": "fraud", "before": "general", "passed_over": []}


def test_a_contact_that_no_rule_matches_has_no_route() -> None:
    """And gets one when a rule matches later."""
    rules = policy(routing=(RoutingRule("vip", "general"),), when={"vip": tagged("vip")})
    assert state_of(judged(rules, M, opening())).route is None
    assert routed(rules, H, opening(), tags(M, "vip"), tags(2 * M), tags(3 * M, "vip")) == [(1, "vip"), (3, "vip")]


def test_sections_see_what_those_before_them_decided() -> None:
    """Routing sees the severity; the clocks and escalations see severity, queue, team, tier, skills and priority."""
    seen: dict[str, Facts] = {}

    def look(name: str) -> Condition:
        return lambda facts: seen.setdefault(name, facts) is facts

    rules = policy(
        sla("first_reply", H),
        severity=RULES.severity,
        queues=tuple(RULES.queues.values()),
        routing=RULES.routing,
        chains=(Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
        escalation=(EscalationRule("e", "matched", "c"),),
        when={
            "fraud": look("severity"),
            "fraud-desk": look("routing"),
            "first_reply": look("sla"),
            "e": look("escalation"),
        },
    )
    judged(rules, M, opening())
    assert (seen["severity"].severity, seen["severity"].queue) == (0, "")
    assert (seen["routing"].severity, seen["routing"].queue) == (1, "")
    for name in ("sla", "escalation"):
        facts = seen[name]
        assert (facts.severity, facts.queue, facts.team, facts.tier) == (1, "fraud", "t2", 2)
        assert (facts.skills, facts.route_priority) == (("fraud",), 10)


class Failing(Conditions):
    """Conditions of which one fails, and which count how often they are asked."""

    def __init__(self, rules: Mapping[Section, tuple[str, ...]], broken: str) -> None:
        super().__init__(rules, {})
        self.broken = broken
        self.asked = 0

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """The broken rule doesn't match, and is named."""
        self.asked += 1
        matched = tuple(rule != self.broken for rule in self.rules[section])
        failed = {self.broken: "division by zero"} if self.broken in self.rules[section] else {}
        return Verdict(matched, failed)


def failing(broken: str) -> tuple[Policy, Failing]:
    """Two routes and two clocks, of which one rule fails."""
    rules = policy(
        sla("first_reply", M, id="a"),
        sla("first_reply", H, id="b"),
        routing=(RoutingRule("r", "general"), RoutingRule("s", "general")),
    )
    ids: dict[Section, tuple[str, ...]] = {"severity": (), "routing": ("r", "s"), "sla": ("a", "b"), "escalation": ()}
    matcher = Failing(ids, broken)
    return replace(rules, matcher=matcher), matcher


@pytest.mark.parametrize(("broken", "route", "clock"), [("r", "s", "a"), ("a", "r", "b")])
def test_a_rule_that_fails_counts_as_not_matched_alone(broken: str, route: str, clock: str) -> None:
    """The others still decide, and the failure is named."""
    rules, _ = failing(broken)
    state = state_of(judged(rules, 0, opening()))
    assert state.route is not None and state.route.rule == route
    assert [item.rule for item in state.clocks if item.rule] == [clock]
    assert state.failures == {broken: "division by zero"}


def test_conditions_are_asked_again_only_when_something_they_read_has_changed() -> None:
    """Messages change nothing that these conditions read; a tag does."""
    rules, matcher = failing("nothing")
    judged(rules, H, opening(), *(agent(minute * M) for minute in range(1, 9)))
    once = matcher.asked
    judged(rules, H, opening(), tags(M, "x"))
    assert (once, matcher.asked) == (2, 2 + 4)


def test_a_priority_is_always_read() -> None:
    """The severity follows it where no rule speaks."""
    rules, _ = failing("nothing")
    rules.matcher.reads = frozenset()
    assert state_of(judged(rules, H, opening(), event("contact.observed", M, priority="urgent"))).severity == 1


@pytest.mark.parametrize(
    ("reads", "changed", "expected"),
    [
        ({"tags"}, {}, False),
        ({"subject"}, {"subject": "".join(["He", "lp"])}, False),
        ({"subject"}, {"subject": "Other"}, True),
        ({"subject"}, {"group": "g"}, False),
        ({"connectors"}, {"strands": (Strand("elsewhere", Ref("ticket", "1"), "new"),)}, True),
        ({"severity", "queue"}, {"group": "g"}, False),
        (set(), {"priority": "urgent"}, True),
    ],
)
def test_only_what_a_condition_reads_asks_again(reads: set[str], changed: dict[str, object], expected: bool) -> None:
    """Equal is no change, the strands are what it reads as `connectors`, and verdicts are no fields of the contact."""
    rules, matcher = failing("nothing")
    matcher.reads = frozenset(reads)
    before = state_of(judged(rules, 0, opening(subject="Help"))).contact
    assert reads_change(rules, before, msgspec.structs.replace(before, **changed)) is expected


def test_a_route_is_told_once_in_a_life() -> None:
    """A reopen with the same route says nothing new."""
    events = opening(), status(M, "solved"), status(2 * M, "open")
    assert said(judged(RULES, H, *events), "contact.routed") == [("contact.routed", 0)]


def test_an_instant_at_which_a_route_was_said_is_settled() -> None:
    """Also where it was lost; what happens there later could have changed what was said. Nothing else settles one."""
    rules = policy(routing=(RoutingRule("vip", "general"),), when={"vip": tagged("vip")})
    events = opening(), tags(M, "vip"), agent(2 * M), tags(3 * M), agent(4 * M)
    settled = [state_of(judged(rules, after * M, *events)).settled - T0 for after in range(5)]
    assert settled == [-1, M, M, 3 * M, 3 * M]
