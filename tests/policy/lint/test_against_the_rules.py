"""What is said of rules is true of every contact, by the rules themselves; and where all words are known, nothing is
missed.

Small policies over a few words, and every contact that these words can tell apart.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.model.contact import Facts
from gateway.policy.lint import findings
from gateway.policy.load import Loaded
from gateway.rules.verdicts import SEVERITY_OF
from tests.policy.build import facts, loaded

KNOWN = [
    *("contact.kind == 'call'", "contact.kind != 'chat'", "contact.kind in ['call', 'chat']"),
    *("contact.channel == 'chat'", "contact.channel != 'email'", "!(contact.channel in ['chat', 'email'])"),
    *("contact.priority == 'urgent'", "'none' != contact.priority", "contact.priority in ['high', 'low']"),
    *("'a' in contact.tags", "contact.tags.exists(t, t == 'b' || t in ['a'])", "contact.tags.all(t, t != 'b')"),
    *("['a', 'b'].exists(w, w in contact.tags)", "contact.kind.startsWith('c')", "contact.kind >= 'chat'", "true"),
]
"""What the search decides exactly."""

OPAQUE = [
    *("contact.subject == 'x'", "!(contact.subject == 'x')"),
    *("1 / contact.reopened == 1", "!(1 / contact.reopened == 1)"),
    *("contact.tags.exists(t, t != 'a')", "contact.tags.all(t, t in ['a'])", "contact.tags.exists_one(t, t == 'a')"),
    *("contact.tags.exists(t, !(t == 'a') && t != 'b')", "contact.tags.all(t, t != 'a' && (t != 'b' || t == 'b'))"),
    *("contact.tags.size() > 1", "size(contact.tags) == 0", "contact.tags == ['a']", "has(contact.subject)"),
]
"""What is a fact of its own, and what fails for some."""

PROMISES = ["metric: first_reply", "metric: first_reply, warn: [50%]", "metric: resolution, warn: [50%]"]
TRIGGERS = [
    "on: matched",
    "on: sla.warned",
    "on: sla.breached, metric: resolution",
    "on: sla.warned, metric: first_reply",
]
SECTIONS = ("severity", "routing", "sla", "escalation")
SEVERITY = ["contact.severity == 1", "contact.severity in [2, 3]", "contact.severity > 3", "3 <= contact.severity"]
ROUTE = [
    *("contact.queue == 'q1'", "contact.queue == ''", "contact.tier >= 2"),
    *("'s' in contact.skills", "contact.team != 't2'"),
]


def conditions(atoms: list[str]) -> st.SearchStrategy[str]:
    """Conditions made of atoms; an empty one is left out."""
    whole = st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.one_of(
            inner.map(lambda one: f"!({one})"),
            st.tuples(inner, inner).map(" && ".join).map("({})".format),
            st.tuples(inner, inner).map(" || ".join).map("({})".format),
            st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} ? {three[1]} : {three[2]})"),
        ),
        max_leaves=4,
    )
    return st.one_of(whole, whole, whole, st.just(""))


@st.composite
def policies(draw: st.DrawFn, atoms: list[str]) -> str:
    """A policy with a few rules a section, each of which may read what those before it decide."""
    lines = ["queues: {q1: {team: t1, tier: 1}, q2: {team: t2, tier: 2}}"]
    lines += ["roles: {r: {endpoints: [e]}}", "chains: {c: {steps: [{after: 0m, notify: [r]}]}}"]
    for section, known in (
        ("severity", atoms),
        ("routing", atoms + SEVERITY),
        ("sla", atoms + SEVERITY + ROUTE),
        ("escalation", atoms + SEVERITY + ROUTE),
    ):
        lines.append(f"{section}:")
        for number, condition in enumerate(draw(st.lists(conditions(known), min_size=1, max_size=4))):
            extra = {
                "severity": f"severity: {draw(st.integers(1, 3))}",
                "routing": f"{draw(st.sampled_from(['queue: q1', 'queue: q2', 'queue: q2, skills: [s]']))}",
                "sla": f"within: 1h, {draw(st.sampled_from(PROMISES))}",
                "escalation": f"chain: c, {draw(st.sampled_from(TRIGGERS))}",
            }[section]
            when = f', when: "{condition}"' if condition else ""
            lines.append(f"  - {{id: {section}{number}, {extra}{when}}}")
    return "\n".join(lines) + "\n"


def contacts(text: str) -> Iterator[Facts]:
    """Every contact that the policy's words tell apart."""
    subjects = (None, "x") if "subject" in text else (None,)
    reopened = (0, 1) if "reopened" in text else (0,)
    for kind, channel, priority, tags, subject, count in product(
        ("ticket", "call", "chat"),
        ("email", "chat", "phone"),
        (None, "urgent", "high", "normal", "low"),
        ((), ("a",), ("b",), ("b", "a")),
        subjects,
        reopened,
    ):
        changes: dict[str, Any] = {"priority": priority, "subject": subject, "reopened": count}
        yield facts(kind=kind, channel=channel, tags=tags, **changes)


def judged(made: Loaded, fact: Facts) -> dict[str, tuple[bool, ...]]:
    """Which rules match a contact, section by section, each knowing what those before it decided."""
    policy, found = made.policy, {}
    found["severity"] = policy.matcher.verdict("severity", fact).matched
    first = next((rule for rule, holds in zip(policy.severity, found["severity"], strict=True) if holds), None)
    fact = replace(fact, severity=first.severity if first else SEVERITY_OF[fact.contact.priority])
    found["routing"] = policy.matcher.verdict("routing", fact).matched
    route = next((rule for rule, holds in zip(policy.routing, found["routing"], strict=True) if holds), None)
    if route is not None:
        queue = policy.queues[route.queue]
        fact = replace(
            fact, queue=queue.id, team=queue.team, tier=queue.tier, skills=route.skills, route_priority=route.priority
        )
    for section in ("sla", "escalation"):
        found[section] = policy.matcher.verdict(section, fact).matched
    return found


def said(made: Loaded) -> dict[str, set[str]]:
    """The ids of the rules of which each kind of finding is told; for a section's finding, its message."""
    lines = enumerate(made.text.split("\n"), 1)
    ids = {number: match[1] for number, line in lines if (match := re.search(r"id: (\w+)", line))}
    told: dict[str, set[str]] = {}
    for problem in findings(made):
        told.setdefault(problem.id, set()).add(ids.get(problem.line, problem.message))
    return told


class Truth:
    """What is so of a policy's rules, over all contacts."""

    def __init__(self, made: Loaded, text: str) -> None:
        rules = {name: [rule.id for rule in getattr(made.policy, name)] for name in SECTIONS}
        metrics = {rule.id: rule.metric for rule in made.policy.sla}
        written = [rule for name in rules for rule in getattr(made.document, name)]
        self.written = {rule.id for rule in written if rule.when not in (None, "true")}
        self.listed = {id for name in ("severity", "routing", "sla") for id in rules[name]}
        everything = {id for ids in rules.values() for id in ids}
        self.never, self.always, self.first = set(everything), set(everything), set[str]()
        self.unrouted, self.covered, self.raised = False, set[str](), set[str]()
        for fact in contacts(text):
            verdicts = judged(made, fact)
            for section, matched in verdicts.items():
                those = [id for id, holds in zip(rules[section], matched, strict=True) if holds]
                self.never -= set(those)
                self.always -= set(rules[section]) - set(those)
                firsts: dict[str, str] = {}
                for id in those:
                    firsts.setdefault(metrics.get(id, section), id)
                self.first |= set(firsts.values())
            self.unrouted |= not any(verdicts["routing"])
            if any(verdicts["sla"]):
                self.covered.add(fact.contact.channel)
            self.raised |= self._raised(made, verdicts)

    def _raised(self, made: Loaded, verdicts: dict[str, tuple[bool, ...]]) -> set[str]:
        """The escalations that something may set off for a contact of these verdicts."""
        in_force = {rule.metric for rule, holds in zip(made.policy.sla, verdicts["sla"], strict=True) if holds}
        warning = {rule.metric for rule in made.policy.sla if rule.marks}
        matching = [rule for rule, holds in zip(made.policy.escalation, verdicts["escalation"], strict=True) if holds]
        clocks = {"matched": {None}, "sla.breached": in_force, "sla.warned": in_force & warning}
        return {rule.id for rule in matching if any(rule.metric in (None, metric) for metric in clocks[rule.on])}


def never_first(told: dict[str, set[str]]) -> set[str]:
    """The rules of which it is said that they never take effect."""
    return {id for kind in ("unreachable-rule", "shadowed-rule", "never-matches") for id in told.get(kind, ())}


def uncovered(told: dict[str, set[str]]) -> set[str]:
    """The channels of which it is said that nothing is promised, among those that are tried."""
    words = re.findall(r"\w+", " ".join(told.get("uncovered-channel", ())).split(";")[0])
    return set(words) & {"email", "chat", "phone"}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(KNOWN + OPAQUE))
def test_never_a_false_finding(text: str) -> None:
    """What is said to match never, always, or behind others, does so for every contact; who goes nowhere does so."""
    made = loaded(text)
    told, truth = said(made), Truth(made, text)

    assert never_first(told) & truth.listed & truth.first == set()
    assert told.get("never-matches", set()) <= truth.never
    assert told.get("always-matches", set()) <= truth.always
    assert told.get("never-raised", set()).isdisjoint(truth.raised)
    assert uncovered(told).isdisjoint(truth.covered)
    assert truth.unrouted or "unrouted" not in told


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(KNOWN))
def test_nothing_is_missed_where_all_words_are_known(text: str) -> None:
    """Every rule that never takes effect is told, every condition that holds always, every gap; and nothing else."""
    made = loaded(text)
    told, truth = said(made), Truth(made, text)

    assert never_first(told) & truth.listed == truth.listed - truth.first
    assert told.get("never-matches", set()) == truth.never
    assert told.get("always-matches", set()) == truth.always & truth.written
    assert told.get("never-raised", set()) == {rule.id for rule in made.policy.escalation} - truth.raised - truth.never
    assert uncovered(told) == {"email", "chat", "phone"} - truth.covered
    assert ("unrouted" in told) == truth.unrouted
