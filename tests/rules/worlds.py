"""Small policies and histories for the tests of the rules: conditions are plain Python here, events are words."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.model.contact import Facts
from gateway.model.event import Event, convert_event, identified
from gateway.model.instant import format_instant, parse_instant
from gateway.model.judgement import State
from gateway.model.words import Metric
from gateway.rules.advance import Judged, Sourced
from gateway.rules.calendar import ALWAYS, Calendar
from gateway.rules.policy import (
    ActionRule,
    Chain,
    EnrichRule,
    EscalationRule,
    Policy,
    Queue,
    Reading,
    RoutingRule,
    Section,
    SeverityRule,
    SlaRule,
    Verdict,
)
from gateway.rules.replay import replay
from gateway.rules.timeline import InForce, Timeline
from gateway.rules.view import clocks_view

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
        return Verdict(tuple(rule not in self.when or self.when[rule](facts) for rule in self.rules.get(section, ())))

    def readings(self, section: Section, facts: Facts) -> tuple[Reading, ...]:
        """A function has no text; the tags stand for what it reads."""
        return tuple(
            Reading("it holds", {"tags": list(facts.contact.tags)}) if rule in self.when else Reading()
            for rule in self.rules.get(section, ())
        )


def policy(
    *sla: SlaRule,
    when: Mapping[str, Condition] | None = None,
    severity: tuple[SeverityRule, ...] = (),
    queues: tuple[Queue, ...] = (Queue("general"),),
    routing: tuple[RoutingRule, ...] = (RoutingRule("default", "general"),),
    chains: tuple[Chain, ...] = (),
    escalation: tuple[EscalationRule, ...] = (),
    enrich: tuple[EnrichRule, ...] = (),
    actions: tuple[ActionRule, ...] = (),
    name: str = "test",
) -> Policy:
    """A policy of these rules; `when` has the conditions by rule id."""
    ids: dict[Section, tuple[str, ...]] = {
        "severity": tuple(rule.id for rule in severity),
        "routing": tuple(rule.id for rule in routing),
        "sla": tuple(rule.id for rule in sla),
        "escalation": tuple(rule.id for rule in escalation),
        "enrich": tuple(rule.id for rule in enrich),
        "actions": tuple(rule.id for rule in actions),
    }
    return Policy(
        name=name,
        hash="hash" if name == "test" else f"hash of {name}",
        calendars={},
        severity=severity,
        sla=sla,
        queues={queue.id: queue for queue in queues},
        routing=routing,
        roles={"lead": ("helpdesk",)},
        chains={chain.id: chain for chain in chains},
        escalation=escalation,
        enrich=enrich,
        actions=actions,
        matcher=Conditions(ids, when or {}),
    )


def sla(metric: Metric, target: int | None, *, id: str = "", calendar: Calendar = ALWAYS, **more: Any) -> SlaRule:
    """A rule for a metric, named after it unless it has a name of its own."""
    return SlaRule(id or metric, metric, target, calendar, **more)


def tagged(tag: str) -> Condition:
    """Holds while the contact has a tag."""
    return lambda facts: tag in facts.contact.tags


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


def tags(after: int, *names: str, **fields: Any) -> Event:
    """The tags become these."""
    return event("contact.observed", after, tags=list(names), **fields)


def status(after: int, to: str, **fields: Any) -> Event:
    """The status changes."""
    return event("status.changed", after, to=to, **fields)


def sourced(*events: Event) -> list[Sourced]:
    """The events as those of one connector."""
    return [Sourced("test", item) for item in events]


def judged(rules: Policy | Timeline, until: int, *events: Event) -> Judged:
    """The judgement of a history at `until` milliseconds from T0."""
    return replay(sourced(*events), rules if isinstance(rules, Timeline) else Timeline.only(rules), T0 + until)


def following(first: Policy, *later: tuple[int, Policy]) -> Timeline:
    """A policy from the beginning, and others from so many milliseconds after T0 on."""
    return Timeline([InForce(0, first), *(InForce(T0 + after, rules) for after, rules in later)])


def said(result: Judged, *kinds: str) -> list[tuple[str, int]]:
    """What followed, as (type, milliseconds from T0); only `kinds` where some are given."""
    return [(item.type, item.at - T0) for item in result.implied if not kinds or item.type in kinds]


def state_of(result: Judged) -> State:
    """The state reached; the contact must have been opened."""
    assert result.state is not None
    return result.state


def lines(rules: Policy | Timeline, until: int, *events: Event) -> list[str]:
    """The clocks as their listing shows them at `until`, one line each, times in minutes from T0 and durations in
    minutes: `first_reply#1 met from 0 due 15 met 10 used 10/15`."""
    state = state_of(judged(rules, until, *events))
    policy = rules.at(state.policy_since).policy if isinstance(rules, Timeline) else rules
    return [_line(view) for view in clocks_view(state, policy, T0 + until)]


def _line(view: Mapping[str, Any]) -> str:
    words = [f"{view['rule']}#{view['instance']}", view["state"]]
    for word, name in (("from", "started_at"), ("due", "due_at"), ("met", "met_at"), ("breached", "breached_at")):
        if view[name] is not None:
            words.append(f"{word} {_minutes(parse_instant(view[name]) - T0)}")
    if view["cancelled_at"] is not None:
        words.append(f"cancelled {_minutes(parse_instant(view['cancelled_at']) - T0)}")
    target = "-" if view["target_s"] is None else f"{view['target_s'] / 60:g}"
    words.append(f"used {view['elapsed_s'] / 60:g}/{target}")
    return " ".join(words)


def _minutes(duration: int) -> str:
    return f"{duration / M:g}"
