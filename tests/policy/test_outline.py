"""A policy as a list of what stands in it: places, conditions, findings, and what may follow what."""

from pathlib import Path

import pytest

from gateway.policy import presets
from gateway.policy.lint import findings
from gateway.policy.load import load_policy
from gateway.policy.outline import Outline, outline_of

POLICY = """\
version: 1
name: small
calendars:
  office:
    timezone: Europe/Berlin
    hours: {mon-fri: ["08:00-12:00", "13:00-24:00"], sat: []}
    holidays: [{country: DE, subdivision: BE}, {date: 2026-12-24, name: Eve}]
    exceptions: [{date: 2026-12-19, hours: ["10:00-14:00"]}]
  any: {any_of: [office, always]}
severity:
  - {id: grave, when: contact.priority == "urgent", severity: 1}
  - {id: rest, severity: 2}
queues: {fast: {team: t2, tier: 2}, slow: {}, nobody: {}}
routing:
  - {id: grave, when: contact.severity == 1, queue: fast, skills: [x], priority: 5}
  - {id: other, queue: slow}
  - {id: behind, queue: slow}
sla:
  - {id: reply, metric: first_reply, within: 1h, warn: [50%], objective: 90%, calendar: any}
  - id: answer
    when: >-
      contact.kind == "call" &&
      contact.severity == 1
    metric: speed_of_answer
    within: 20s
    operator: lt
roles: {lead: {endpoints: [desk, pager]}}
chains: {up: {steps: [{after: 0m, notify: [lead], reminder: 5m}, {after: 1h, notify: [lead]}], unack_after: 2h}}
escalation:
  - {id: now, when: contact.severity == 1, on: matched, chain: up}
  - {id: late, when: contact.severity == 2, on: sla.breached, chain: up}
  - {id: warned, on: sla.warned, metric: resolution, chain: up}
"""


def outline(text: str) -> Outline:
    """The outline of a policy's text."""
    loaded = load_policy(text, "p.yaml")
    return outline_of(loaded, findings(loaded))


def test_every_rule_has_its_place_and_its_condition_as_written() -> None:
    """And what it leads to, in words."""
    found = outline(POLICY)
    routing = found.rules["routing"][0]
    assert (routing.line, routing.condition, routing.target) == (15, "contact.severity == 1", "fast")
    assert routing.says == "queue fast, priority 5, skills x"
    assert found.promises[1].condition == 'contact.kind == "call" && contact.severity == 1'
    assert (found.promises[0].within, found.promises[0].warn, found.promises[0].objective) == (3_600_000, ("50%",), 0.9)
    assert found.rules["escalation"][1].says == "chain up, on sla.breached"
    assert next((queue.id, queue.team, queue.tier) for queue in found.queues) == ("fast", "t2", 2)
    assert found.chains[0].steps[0].roles == (("lead", ("desk", "pager")),)
    assert found.size == 10


def test_calendars_are_told_as_they_stand() -> None:
    """Hours with their zone, what replaces them, and what is made of others."""
    office, any_of = outline(POLICY).calendars
    assert office.zone == "Europe/Berlin"
    assert office.hours == (("mon-fri", "08:00-12:00, 13:00-24:00"), ("sat", "closed"))
    assert office.days_off == ("holidays of DE, BE", "2026-12-24 (Eve) closed", "2026-12-19 10:00-14:00")
    assert (any_of.joined, any_of.parts) == ("any of", ("office", "always"))


def test_findings_stand_at_what_they_are_about() -> None:
    """Each at its rule, or its queue; those of a section at the section. Several rules in one line are told apart."""
    found = outline(POLICY)
    behind, warned = found.rules["routing"][2], found.rules["escalation"][2]
    assert [note.id for note in behind.notes] == ["unreachable-rule"]
    assert behind.dead is not None
    assert warned.dead is not None
    assert warned.dead.id == "never-raised"
    assert [queue.id for queue in found.queues if queue.notes] == ["nobody"]
    assert all(rule.dead is None for rule in found.rules["severity"])
    one_line = outline(
        "version: 1\nqueues: {q: {}, r: {}}\nrouting: [{id: a, queue: q}, {id: b, queue: q}, {id: c, queue: q}]"
    )
    assert [bool(rule.notes) for rule in one_line.rules["routing"]] == [False, True, True]
    assert [bool(queue.notes) for queue in one_line.queues] == [False, True]
    gap = outline("version: 1\nqueues: {q: {}}\nrouting:\n  - {id: a, when: contact.kind == 'call', queue: q}")
    assert [note.id for note in gap.notes["routing"]] == ["unrouted"]


def test_rules_that_no_contact_can_meet_together_are_parted() -> None:
    """A severity and a route, a queue and an escalation, a promise and an escalation."""
    flow = outline(POLICY).flow
    assert flow.routed == ((0, 0), (1, 1))
    assert flow.raised == (("fast", 0),)
    assert flow.rung == ((0, 1),)


@pytest.mark.parametrize("name", ["orion", "orion-stars"])
def test_the_presets_have_an_outline(name: str) -> None:
    """Of every section, and with a flow in which every severity leads somewhere."""
    found = outline(Path(presets.__file__).with_name(f"{name}.yaml").read_text())
    assert {severity for severity, _ in found.flow.routed} == set(range(len(found.rules["severity"])))
    assert found.flow.raised
    assert found.flow.rung


def test_an_empty_policy_has_an_empty_outline() -> None:
    """And none of its parts raises."""
    found = outline("version: 1\n")
    assert found.size == 0
    assert not found.flow.routed
