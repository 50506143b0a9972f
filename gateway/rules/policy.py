"""A policy as the rules see it: loaded, checked, compiled and frozen. The floor `policy` makes it from a file.

Times are milliseconds. A rule's place in its tuple is its place in the file: first match wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal, Protocol

from gateway.model.contact import Facts
from gateway.model.words import Metric
from gateway.rules.calendar import Calendar

Section = Literal["severity", "routing", "sla", "escalation", "enrich", "actions"]
"""The sections that have conditions, in the order in which they are judged: each sees what those before it decided."""

Operator = Literal["lt", "le"]
Trigger = Literal["matched", "sla.warned", "sla.breached"]
NOTHING: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A warning: `text` as it stands in the file; due when `elapsed_ms` have been used, and this `share` of a target
    that is each clock's own."""

    text: str
    elapsed_ms: int
    share: Fraction = NOTHING

    def reach(self, target_ms: int) -> int:
        """How much of the target has been used when it is due; negative where that is before the start."""
        return self.elapsed_ms + round(self.share * target_ms) if self.share else self.elapsed_ms


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """How grave a contact is, 1 the gravest."""

    id: str
    severity: int


@dataclass(frozen=True, slots=True)
class SlaRule:
    """`operator` lt: met before the deadline; le: at or before it. `below`: a share of the csat scale, 0 to 1.
    `target_ms` None: each clock has its own, up to the deadline that the vendor has set."""

    id: str
    metric: Metric
    target_ms: int | None
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
    on: Trigger
    chain: str
    metric: Metric | None = None


@dataclass(frozen=True, slots=True)
class EnrichRule:
    """Which enricher is asked about the customer; its answer is good for `ttl_ms`, None: as the enricher says."""

    id: str
    enricher: str
    ttl_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What is written on a contact at its vendor."""

    comment: str | None = None
    visibility: Literal["public", "internal"] = "internal"
    tags_add: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What is done, and when; `connector` None: by the contact's own. `metric` narrows a clock's trigger."""

    id: str
    on: Trigger
    do: Deed
    metric: Metric | None = None
    connector: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a section's conditions say of a contact, rule by rule in the file's order; failures by rule id."""

    matched: tuple[bool, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)
    """How many of the contact's tags and fields the conditions did not get to see, where any."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A rule's condition as its file has it, empty where it always matches, and the values that it read of a contact:
    plain ones, by the field's name or `field.key`, None for a key that isn't there; long ones are cut."""

    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


class Matcher(Protocol):
    """The compiled conditions of a policy: a pure function of the facts, however it is made."""

    reads: frozenset[str]
    """Names of the contact's fields that any condition reads: while these stay, verdicts stay."""

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """Judge every rule of a section. Never raises: a rule that fails counts as not matched, alone."""
        ...

    def readings(self, section: Section, facts: Facts) -> tuple[Reading, ...]:
        """What each rule of a section reads of the contact, in the file's order; for people, not for judging."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All rules of a deployment. `hash` names its exact content, calendars included; `starts` is the instant of its own
    date, where it has one."""

    name: str
    hash: str
    matcher: Matcher
    starts: int | None = None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    severity: tuple[SeverityRule, ...] = ()
    sla: tuple[SlaRule, ...] = ()
    queues: Mapping[str, Queue] = field(default_factory=dict)
    routing: tuple[RoutingRule, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chains: Mapping[str, Chain] = field(default_factory=dict)
    escalation: tuple[EscalationRule, ...] = ()
    enrich: tuple[EnrichRule, ...] = ()
    actions: tuple[ActionRule, ...] = ()
    sla_by_id: Mapping[str, SlaRule] = field(init=False, repr=False, compare=False)
    sla_places: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """Where each rule stands among the file's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sla_by_id", {rule.id: rule for rule in self.sla})
        object.__setattr__(self, "sla_places", {rule.id: place for place, rule in enumerate(self.sla)})
