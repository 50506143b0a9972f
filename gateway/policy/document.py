"""The shape of a policy file: what may stand in it, key by key.

Only shape and single values are checked here; what refers to something else in the file is checked by `references`,
conditions by `expressions`. Unknown keys are errors. Durations are milliseconds once read.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.model.instant import parse_instant
from gateway.model.words import Channel, Direction, Kind, Metric, Priority, Status
from gateway.policy.durations import read_duration, read_share
from gateway.rules.calendar import YEAR_MAX, YEAR_MIN, Interval

RULES_MAX = 2_000
WHEN_MAX = 10_000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_INTERVAL = re.compile(r"([0-9]{2}):([0-9]{2}) ?- ?([0-9]{2}):([0-9]{2})")


def _name(value: object) -> object:
    if isinstance(value, str) and not _NAME.fullmatch(value):
        raise ValueError("a name has letters, digits, '_', '.' and '-', starts with a letter or digit, at most 100")
    return value


def _when(value: object) -> object:
    if value is None:
        raise ValueError("the condition is empty; leave `when` out where the rule always matches")
    return str(value).lower() if isinstance(value, bool) else value


def _positive(value: object) -> int:
    duration = read_duration(value)
    if duration == 0:
        raise ValueError("must be longer than 0s")
    return duration


def _date(value: object) -> object:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("expected a date such as 2026-12-24") from None
    if isinstance(value, date) and not YEAR_MIN < value.year < YEAR_MAX:
        raise ValueError(f"the year must lie between {YEAR_MIN + 1} and {YEAR_MAX - 1}")
    return value


def _instant(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("expected a time with its zone, such as 2026-03-02T09:00:00Z")
    return int(parse_instant(value))


def read_days(text: str) -> list[int]:
    """The weekdays that a key of `hours` names, Monday 0: `mon`, `mon-fri`, `sat,sun`, `fri-mon`."""
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip().lower() for word in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError("expected weekdays such as mon, mon-fri or sat,sun")
        start = DAYS.index(first)
        count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        days += [(start + n) % 7 for n in range(count)]
    return days


def read_interval(text: object) -> Interval:
    """Minutes of the day of an interval such as `08:00-12:00`; `24:00` may end one."""
    match = _INTERVAL.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected hours such as 08:00-12:00")
    hour, minute, end_hour, end_minute = (int(part) for part in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= 1440 or end > 1440:
        raise ValueError("no such time of day; hours go from 00:00 to 24:00, and only an end may be 24:00")
    return start, end


def _intervals(value: object) -> object:
    if value == "24x7":
        return ["00:00-24:00"]
    return [value] if isinstance(value, str) else value


def _week(value: object) -> object:
    return {"mon-sun": "24x7"} if value == "24x7" else value


def _day_key(value: object) -> object:
    if isinstance(value, str):
        read_days(value)
    return value


Name = Annotated[str, BeforeValidator(_name)]
When = Annotated[str | None, BeforeValidator(_when), Field(max_length=WHEN_MAX)]
Duration = Annotated[int, BeforeValidator(read_duration)]
PositiveDuration = Annotated[int, BeforeValidator(_positive)]
Share = Annotated[float, BeforeValidator(read_share)]
Date = Annotated[date, BeforeValidator(_date)]
At = Annotated[int, BeforeValidator(_instant)]
Hours = Annotated[
    list[Annotated[Any, BeforeValidator(read_interval)]], BeforeValidator(_intervals), Field(max_length=48)
]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Trigger = Literal["matched", "sla.warned", "sla.breached"]


class Shape(BaseModel):
    """What every part of the file is: strict, without unknown keys, never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CountryHolidays(Shape):
    """The public holidays of a country or one of its parts."""

    country: Label
    subdivision: Label | None = None


class DatedHoliday(Shape):
    """A holiday of one's own."""

    date: Date
    name: str | None = Field(default=None, max_length=200)


class ExceptionalDay(Shape):
    """A date with hours of its own; none: closed."""

    date: Date
    hours: Hours
    name: str | None = Field(default=None, max_length=200)


class WeeklyHours(Shape):
    """A calendar of local hours, weekday by weekday."""

    timezone: Label
    hours: Annotated[dict[Annotated[str, BeforeValidator(_day_key)], Hours], BeforeValidator(_week)]
    holidays: list[CountryHolidays | DatedHoliday] = Field(default=[], max_length=1_000)
    exceptions: list[ExceptionalDay] = Field(default=[], max_length=1_000)


class AnyOf(Shape):
    """Open whenever one of the calendars is."""

    any_of: list[Label] = Field(min_length=1, max_length=100)


class AllOf(Shape):
    """Open while all of the calendars are."""

    all_of: list[Label] = Field(min_length=1, max_length=100)


CalendarShape = WeeklyHours | AnyOf | AllOf


class Rule(Shape):
    """What every rule has: a name of its own in its section, and the condition under which it matches."""

    id: Name
    when: When = None


class SeverityEntry(Rule):
    """How grave a contact is, 1 the gravest."""

    severity: int = Field(ge=1, le=9)


class SlaEntry(Rule):
    """A promise: what must have happened within which time, counted by which calendar."""

    metric: Metric
    within: Duration
    operator: Literal["lt", "le"] = "le"
    calendar: Label = "always"
    warn: list[Label] = Field(default=[], max_length=20)
    objective: Share | None = None
    bots_count: bool = False
    below: Share | None = None


class QueueEntry(Shape):
    """Where contacts wait, and whose they are."""

    team: str = Field(default="", max_length=100)
    tier: int = Field(default=1, ge=1, le=99)


class RoutingEntry(Rule):
    """Which queue a contact goes to."""

    queue: Label
    skills: list[Label] = Field(default=[], max_length=50)
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)


class RoleEntry(Shape):
    """Who is called for, as endpoints of gateway.yaml."""

    endpoints: list[Label] = Field(min_length=1, max_length=50)


class StepEntry(Shape):
    """Whom to call, how long after the escalation was raised."""

    after: Duration
    notify: list[Label] = Field(min_length=1, max_length=50)
    reminder: PositiveDuration | None = None


class ChainEntry(Shape):
    """Steps, one after the other, until somebody acknowledges."""

    calendar: Label = "always"
    steps: list[StepEntry] = Field(min_length=1, max_length=50)
    unack_after: PositiveDuration | None = None


class EscalationEntry(Rule):
    """When a chain starts."""

    on: Trigger
    chain: Label
    metric: Metric | None = None


class EnrichEntry(Rule):
    """Which enricher is asked, and for how long its answer is good."""

    enricher: Name
    ttl: PositiveDuration | None = None


class Comment(Shape):
    """A comment that is written on the contact."""

    text: str = Field(min_length=1, max_length=10_000)
    visibility: Literal["public", "internal"] = "internal"


class Deed(Shape):
    """What is written back to the vendor."""

    comment: Comment | None = None
    tags_add: list[Label] = Field(default=[], max_length=50)


class ActionEntry(Rule):
    """What is written back, and when."""

    on: Trigger
    do: Deed
    metric: Metric | None = None
    connector: Name | None = None


class Given(Shape):
    """A contact as it opens, for a test."""

    kind: Kind
    channel: Channel
    at: At
    direction: Direction = "inbound"
    subject: str | None = None
    status: Status = "new"
    priority: Priority | None = None
    tags: list[str] = []
    group: str | None = None
    assignee: str | None = None
    language: str | None = None
    fields: dict[str, str | bool | int | float | None] = {}
    customer: dict[str, Any] | None = None


class ExpectedClock(Shape):
    """What a test expects of one rule's clock."""

    due_at: At | None = None
    state: Literal["running", "paused", "met", "breached", "cancelled"] | None = None


class Expected(Shape):
    """What a test expects of the judgement; only what is written is compared."""

    severity: int | None = None
    queue: Label | None = None
    route: Label | None = None
    skills: list[Label] | None = None
    priority: int | None = None
    clocks: dict[Label, ExpectedClock] = {}
    escalations: list[Label] | None = None


class PolicyTest(Shape):
    """An example of what the policy must do."""

    name: str = Field(min_length=1, max_length=200)
    given: Given
    expect: Expected


class PolicyDocument(Shape):
    """A whole policy file."""

    version: Literal[1] = 1
    name: Name = "policy"
    calendars: dict[Name, CalendarShape] = Field(default={}, max_length=200)
    severity: list[SeverityEntry] = Field(default=[], max_length=RULES_MAX)
    sla: list[SlaEntry] = Field(default=[], max_length=RULES_MAX)
    queues: dict[Name, QueueEntry] = Field(default={}, max_length=RULES_MAX)
    routing: list[RoutingEntry] = Field(default=[], max_length=RULES_MAX)
    roles: dict[Name, RoleEntry] = Field(default={}, max_length=RULES_MAX)
    chains: dict[Name, ChainEntry] = Field(default={}, max_length=RULES_MAX)
    escalation: list[EscalationEntry] = Field(default=[], max_length=RULES_MAX)
    enrich: list[EnrichEntry] = Field(default=[], max_length=RULES_MAX)
    actions: list[ActionEntry] = Field(default=[], max_length=RULES_MAX)
    tests: list[PolicyTest] = Field(default=[], max_length=RULES_MAX)
