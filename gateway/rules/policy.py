"""A policy as the rules see it: loaded, checked, compiled and frozen. The floor `policy` makes it from a file.

Times are milliseconds. A rule's place in its tuple is its place in the file: first match wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gateway.model.contact import Facts
from gateway.model.words import Metric
from gateway.rules.calendar import Calendar

Section = Literal["severity", "routing", "sla", "escalation"]
"""The sections that have conditions, in the order in which they are judged: each sees what those before it decided."""

Operator = Literal["lt", "le"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A warning: `text` as it stands in the file; due when `elapsed_ms` of the target have been used."""

    text: str
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """How grave a contact is, 1 the gravest."""

    id: str
    severity: int


@dataclass(frozen=True, slots=True)
class SlaRule:
    """`operator` lt: met before the deadline; le: at or before it. `below`: a share of the csat scale, 0 to 1."""

    id: str
    metric: Metric
    target_ms: int
    calendar: Calendar
    operator: Operator = "le"
    marks: tuple[Mark, ...] = ()
    bots_count: bool = False
    objective: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Where contacts wait, and whose they are. Tier 1 is the first to be asked."""

    id: str
    team: str = ""
    tier: int = 1


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """Which queue a contact belongs to, and what it takes to answer it."""

    id: str
    queue: str
    skills: tuple[str, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """`notify` names roles; `reminder_ms` repeats the step until somebody acknowledges."""

    after_ms: int
    notify: tuple[str, ...]
    reminder_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Who is told after how long. `unack_after_ms`: go on when nothing has happened since an acknowledgement."""

    id: str
    calendar: Calendar
    steps: tuple[Step, ...]
    unack_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """`metric` narrows a clock's trigger to that metric."""

    id: str
    on: Literal["matched", "sla.warned", "sla.breached"]
    chain: str
    metric: Metric | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a section's conditions say of a contact, rule by rule in the file's order; failures by rule id."""

    matched: tuple[bool, ...]
    failed: Mapping[str, str] = field(default_factory=dict)


class Matcher(Protocol):
    """The compiled conditions of a policy: a pure function of the facts, however it is made."""

    reads: frozenset[str]
    """Names of the contact's fields that any condition reads: while these stay, verdicts stay."""

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """Judge every rule of a section. Never raises: a rule that fails counts as not matched, alone."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of a deployment. `hash` names its exact content, resolved calendars included."""

    name: str
    hash: str
    calendars: Mapping[str, Calendar]
    severity: tuple[SeverityRule, ...]
    sla: tuple[SlaRule, ...]
    queues: Mapping[str, Queue]
    routing: tuple[RoutingRule, ...]
    roles: Mapping[str, tuple[str, ...]]
    chains: Mapping[str, Chain]
    escalation: tuple[EscalationRule, ...]
    matcher: Matcher
