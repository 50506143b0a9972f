"""Small policies and histories for the tests of the rules: conditions are plain Python here, events are words."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.model.contact import Facts
from gateway.model.event import Event, convert_event, identified
from gateway.model.instant import format_instant, parse_instant
from gateway.rules.advance import Judged, Sourced
from gateway.rules.policy import (
    Chain,
    EscalationRule,
    Policy,
    Queue,
    RoutingRule,
    Section,
    SeverityRule,
    SlaRule,
    Verdict,
)
from gateway.rules.replay import replay

Condition = Callable[[Facts], bool]
T0 = parse_instant("2026-03-02T09:00:00Z")
"""A Monday, nine in the morning."""

S, M, H, D = 1_000, 60_000, 3_600_000, 86_400_000


class Conditions:
    """A matcher whose conditions are functions; a rule without one always matches."""

    reads = frozenset({"status", "tags", "priority", "channel", "fields", "group", "subject"})

    def __init__(self, rules: Mapping[Section, tuple[str, ...]], when: Mapping[str, Condition]) -> None:
        self.rules = rules
        self.when = when

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """Ask each rule's function."""
        return Verdict(tuple(self.when.get(rule, lambda facts: True)(facts) for rule in self.rules[section]))


def policy(
    *sla: SlaRule,
    when: Mapping[str, Condition] | None = None,
    severity: tuple[SeverityRule, ...] = (),
    queues: tuple[Queue, ...] = (Queue("general"),),
    routing: tuple[RoutingRule, ...] = (RoutingRule("default", "general"),),
    chains: tuple[Chain, ...] = (),
    escalation: tuple[EscalationRule, ...] = (),
) -> Policy:
    """A policy of these rules; `when` has the conditions by rule id."""
    ids: dict[Section, tuple[str, ...]] = {
        "severity": tuple(rule.id for rule in severity),
        "routing": tuple(rule.id for rule in routing),
        "sla": tuple(rule.id for rule in sla),
        "escalation": tuple(rule.id for rule in escalation),
    }
    return Policy(
        name="test",
        hash="hash",
        calendars={},
        severity=severity,
        sla=sla,
        queues={queue.id: queue for queue in queues},
        routing=routing,
        roles={"lead": ("helpdesk",)},
        chains={chain.id: chain for chain in chains},
        escalation=escalation,
        matcher=Conditions(ids, when or {}),
    )


def event(type: str, after: int = 0, /, **fields: Any) -> Event:
    """An event `after` milliseconds from T0; its id says kind and time unless one is given."""
    content = {
        "type": type,
        "at": format_instant(T0 + after),
        "ref": {"kind": "ticket", "id": "1"},
        "id": f"{type}@{after}",
        **fields,
    }
    return identified(convert_event(content))


def opening(after: int = 0, **fields: Any) -> Event:
    """A ticket that comes by e-mail."""
    return event("contact.opened", after, **{"kind": "ticket", "channel": "email", **fields})


def customer(after: int, **fields: Any) -> Event:
    """The customer writes."""
    return event("message.added", after, **{"author": {"kind": "customer"}, **fields})


def agent(after: int, **fields: Any) -> Event:
    """An agent replies in public."""
    return event("message.added", after, **{"author": {"kind": "agent"}, **fields})


def status(after: int, to: str, **fields: Any) -> Event:
    """The status changes."""
    return event("status.changed", after, to=to, **fields)


def sourced(*events: Event) -> list[Sourced]:
    """The events as those of one connector."""
    return [Sourced("test", item) for item in events]


def judged(rules: Policy, until: int, *events: Event) -> Judged:
    """The judgement of a history at `until` milliseconds from T0."""
    return replay(sourced(*events), rules, T0 + until)


def said(result: Judged, *kinds: str) -> list[tuple[str, int]]:
    """What followed, as (type, milliseconds from T0); only `kinds` where some are given."""
    return [(item.type, item.at - T0) for item in result.implied if not kinds or item.type in kinds]
