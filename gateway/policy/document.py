"""The shape of a policy file: what may stand in it, key by key.

Only shape and single values are checked here; what refers to something else in the file is checked by `references`,
conditions by `expressions`. Unknown keys are errors. Durations are milliseconds once read. The text behind each field
is what editors and the reference tell of the key.
"""

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from gateway.model.words import Metric
from gateway.policy.examples.shape import PolicyTest
from gateway.policy.scalars import (
    Date,
    Duration,
    Hours,
    Label,
    Mark,
    Name,
    PositiveDuration,
    Shape,
    Share,
    Version,
    Week,
    When,
)
from gateway.rules.policy import Trigger

RULES_MAX: Final = 2_000
"""Entries of one section."""

_KEYS_BY_METRIC: Final[dict[str, Any]] = {
    "allOf": [
        {
            "if": {"properties": {"metric": {"const": "csat_recovery"}}, "required": ["metric"]},
            "then": {"required": ["below"]},
            "else": {"properties": {"below": False}},
        },
        {
            "if": {"properties": {"metric": {"const": "deadline"}}, "required": ["metric"]},
            "then": {"properties": {"within": False, "calendar": False}},
            "else": {"required": ["within"]},
        },
    ]
}
_METRIC_ONLY_FOR_CLOCKS: Final[dict[str, Any]] = {
    "if": {"properties": {"on": {"const": "matched"}}, "required": ["on"]},
    "then": {"properties": {"metric": False}},
}


class CountryHolidays(Shape):
    """The public holidays of a country or one of its parts."""

    country: Label = Field(examples=["US", "DE"])
    """The country's two letters."""

    subdivision: Label | None = Field(default=None, examples=["CA"])
    """A state or province, which has holidays of its own beside those of the country."""


class DatedHoliday(Shape):
    """A holiday of one's own."""

    date: Date
    """The day on which nothing opens."""

    name: str | None = Field(default=None, max_length=200)
    """What it is called, for readers of the file."""


class ExceptionalDay(Shape):
    """A date with hours of its own; none: closed."""

    date: Date
    """The day whose hours are replaced. It wins over a holiday."""

    hours: Hours
    """The hours that start on this date, instead of the weekday's; `[]` for none."""

    name: str | None = Field(default=None, max_length=200)
    """What it is called, for readers of the file."""


class WeeklyHours(Shape):
    """A calendar of local hours, weekday by weekday."""

    timezone: Label = Field(examples=["America/Los_Angeles", "Europe/Berlin", "UTC"])
    """The IANA name of the time zone in which the hours are meant."""

    hours: Week
    """Hours by weekday (`mon`, `mon-fri`, `sat,sun`), or `24x7`. Hours that end at or before their start run into the
    next day and belong to the day on which they start."""

    holidays: list[CountryHolidays | DatedHoliday] = Field(default=[], max_length=1_000)
    """Days on which no hours start: those of a country, or dates."""

    exceptions: list[ExceptionalDay] = Field(default=[], max_length=1_000)
    """Dates with other hours; each date once."""

    from_: Date | None = Field(default=None, alias="from")
    """These hours count from the midnight, in the calendar's zone, with which this date begins."""


class AnyOf(Shape):
    """Open whenever one of the calendars is."""

    any_of: list[Label] = Field(min_length=1, max_length=100)
    """Names of calendars; open while at least one of them is."""


class AllOf(Shape):
    """Open while all of the calendars are."""

    all_of: list[Label] = Field(min_length=1, max_length=100)
    """Names of calendars; open only while every one of them is."""


CalendarShape = WeeklyHours | AnyOf | AllOf


class Rule(Shape):
    """What every rule has: a name of its own in its section, and the condition under which it matches."""

    id: Name
    """The rule's name, once in its section: decisions and notices name it."""

    when: When = None
    """A CEL expression over `contact` that gives true or false; left out: always."""


class SeverityEntry(Rule):
    """How grave a contact is, 1 the gravest."""

    severity: int = Field(ge=1, le=9)
    """1, the gravest, to 9."""


class SlaEntry(Rule):
    """A promise: what must have happened within which time, counted by which calendar."""

    model_config = ConfigDict(json_schema_extra=_KEYS_BY_METRIC)

    metric: Metric
    """What is counted: when it starts, in which statuses it runs, and what meets it."""

    within: Duration | None = None
    """The target, in time that the calendar is open. Only `deadline` has none: its instant is the vendor's."""

    operator: Literal["lt", "le"] = "le"
    """`le`: met at or before the deadline; `lt`: only before it."""

    calendar: Label = "always"
    """Which hours count; not for `deadline`, which counts every hour."""

    warn: list[Mark] = Field(default=[], max_length=20, json_schema_extra={"uniqueItems": True})
    """When to warn: a share of the target (`50%`), time before its end (`5s before`), or elapsed time (`24h`)."""

    objective: Share | None = None
    """The share of contacts that must meet it, for reports."""

    bots_count: bool = False
    """Whether a bot's public reply counts as an agent's."""

    below: Share | None = None
    """For `csat_recovery`, and only there: it starts at an answer below this share of the survey's scale."""


class QueueEntry(Shape):
    """Where contacts wait, and whose they are."""

    team: str = Field(default="", max_length=100)
    """Who works on it."""

    tier: int = Field(default=1, ge=1, le=99)
    """How far up it is: a route to a higher tier is a hand-over."""


class RoutingEntry(Rule):
    """Which queue a contact goes to."""

    queue: Label
    """The name of a queue."""

    skills: list[Label] = Field(default=[], max_length=50)
    """What whoever takes it must know."""

    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    """Which of a queue's contacts comes first: the higher."""


class RoleEntry(Shape):
    """Who is called for, as endpoints of gateway.yaml."""

    endpoints: list[Label] = Field(max_length=50, json_schema_extra={"minItems": 1})
    """Names of endpoints in gateway.yaml: a role, never a person's number."""


class StepEntry(Shape):
    """Whom to call, how long after the escalation was raised."""

    after: Duration
    """How long after the raising, in time that the chain's calendar is open; not before the step above."""

    notify: list[Label] = Field(max_length=50, json_schema_extra={"minItems": 1})
    """Names of roles."""

    reminder: PositiveDuration | None = None
    """Repeats the step so often until somebody acknowledges."""


class ChainEntry(Shape):
    """Steps, one after the other, until somebody acknowledges."""

    calendar: Label = "always"
    """Which hours count for the steps."""

    steps: list[StepEntry] = Field(min_length=1, max_length=50)
    """In the order of time."""

    unack_after: PositiveDuration | None = None
    """Goes on with the next step when nothing has happened for so long since an acknowledgement."""


class EscalationEntry(Rule):
    """When a chain starts."""

    model_config = ConfigDict(json_schema_extra=_METRIC_ONLY_FOR_CLOCKS)

    on: Trigger
    """`matched`: as soon as the condition holds; else as soon as a clock is warned or breached and it holds."""

    chain: Label
    """The name of a chain."""

    metric: Metric | None = None
    """Only clocks of this metric; not with `matched`."""


class EnrichEntry(Rule):
    """Which enricher is asked, and for how long its answer is good."""

    enricher: Name
    """Who is asked, by its name in gateway.yaml: its answers are `contact.facts.NAME` in conditions."""

    ttl: PositiveDuration | None = None
    """How long an answer is good; asked again only after that."""


class Comment(Shape):
    """A comment that is written on the contact."""

    text: str = Field(min_length=1, max_length=10_000)
    """What it says; `{rule}` stands for the rule's id."""

    visibility: Literal["public", "internal"] = "internal"
    """Whether the customer sees it."""


class Deed(Shape):
    """What is written back to the vendor."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    comment: Comment | None = None
    """A comment to write."""

    tags_add: list[Label] = Field(default=[], max_length=50)
    """Tags to add."""


class ActionEntry(Rule):
    """What is written back, and when."""

    model_config = ConfigDict(json_schema_extra=_METRIC_ONLY_FOR_CLOCKS)

    on: Trigger
    """`matched`: as soon as the condition holds; else as soon as a clock is warned or breached and it holds."""

    do: Deed
    """What to write."""

    metric: Metric | None = None
    """Only clocks of this metric; not with `matched`."""

    connector: Name | None = None
    """Through which connector; left out: the contact's own."""


class PolicyDocument(Shape):
    """A whole policy file."""

    version: Version = 1
    """The version of the policy language."""

    name: Name = "policy"
    """What the policy is called; notices name it, beside its hash."""

    from_: Date | None = Field(default=None, alias="from")
    """In force from the midnight with which this date begins, in the zone of the file's first calendar."""

    calendars: dict[Name, CalendarShape] = Field(default={}, max_length=200)
    """Which hours count, by name; `always` and `24x7` are built in."""

    severity: list[SeverityEntry] = Field(default=[], max_length=RULES_MAX)
    """How grave a contact is: the first rule that matches; else by priority."""

    sla: list[SlaEntry] = Field(default=[], max_length=RULES_MAX)
    """The promises: of each metric the first rule that matches."""

    queues: dict[Name, QueueEntry] = Field(default={}, max_length=RULES_MAX)
    """Where contacts wait, by name."""

    routing: list[RoutingEntry] = Field(default=[], max_length=RULES_MAX)
    """Which queue a contact goes to: the first rule that matches."""

    roles: dict[Name, RoleEntry] = Field(default={}, max_length=RULES_MAX)
    """Who can be called for, by name."""

    chains: dict[Name, ChainEntry] = Field(default={}, max_length=RULES_MAX)
    """Who is told after how long, by name."""

    escalation: list[EscalationEntry] = Field(default=[], max_length=RULES_MAX)
    """When a chain starts: every rule that matches."""

    enrich: list[EnrichEntry] = Field(default=[], max_length=RULES_MAX)
    """Which enrichers are asked about a contact's customer."""

    actions: list[ActionEntry] = Field(default=[], max_length=RULES_MAX)
    """What is written back to vendors."""

    tests: list[PolicyTest] = Field(default=[], max_length=RULES_MAX)
    """Examples of what the policy must do."""
