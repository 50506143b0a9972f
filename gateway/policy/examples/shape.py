"""The shape of a policy's tests: what is given, at which instants it is looked at, and what must have followed by then.

They stand in the section `tests` of a policy, or in files beside it. The text behind each field is what editors and the
reference tell of the key. What is written counts, so a key that is there with `null` expects that there is nothing.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from gateway.kernel.problems import did_you_mean
from gateway.model.event import Event
from gateway.model.judgement import ClockState
from gateway.model.words import Channel, Direction, Kind, Life, Metric, Priority, Status
from gateway.policy.examples.moment import Moment, read_moment
from gateway.policy.scalars import AT_SCHEMA, Duration, Label, Shape, Share, Version

TESTS_MAX: Final = 2_000
"""Tests in one file."""

LOOKS_MAX: Final = 200
"""Looks of one test behind its first."""

EVENTS_MAX: Final = 200
"""Events that are given at once."""

NOTICES_MAX: Final = 1_000
"""Notices that one look lists."""

COUNT_MAX: Final = 1_000_000
"""Of what is counted."""

EVENT_TYPES: Final[tuple[str, ...]] = tuple(str(kind.__struct_config__.tag) for kind in Event.__args__)


def _event_type(value: object) -> object:
    if not isinstance(value, str) or value not in EVENT_TYPES:
        hint = did_you_mean(value, EVENT_TYPES) if isinstance(value, str) else ""
        raise ValueError(f"there is no such event about a contact{hint}")
    return value


def _written(value: object) -> object:
    if value is None:
        raise ValueError("there is always one; write which, or leave the key out")
    return value


At = Annotated[Moment, PlainValidator(read_moment), WithJsonSchema(AT_SCHEMA)]
EventType = Annotated[str, BeforeValidator(_event_type), WithJsonSchema({"type": "string", "enum": list(EVENT_TYPES)})]
Always = BeforeValidator(_written)
"""For what every contact has: nothing can't be expected of it."""


class Given(Shape):
    """A contact as it opens, for a test."""

    kind: Kind
    """What it is."""

    channel: Channel
    """The way by which it came."""

    at: At | None = None
    """When it opened: a time with its zone."""

    after: Duration | None = None
    """The same, counted from the first event that is given."""

    direction: Direction = "inbound"
    """Who began."""

    subject: str | None = None
    """Its title."""

    status: Status = "new"
    """Its status after the opening."""

    priority: Priority | None = None
    """The vendor's priority."""

    tags: list[str] = []
    """The vendor's tags."""

    group: str | None = None
    """The vendor's group."""

    assignee: str | None = None
    """Who has it at the vendor."""

    language: str | None = None
    """The customer's language."""

    deadline: At | None = None
    """By when the vendor's own rules demand an answer: a time with its zone."""

    fields: dict[str, str | bool | int | float | None] = {}
    """The vendor's own fields: text, numbers, true or false."""

    customer: dict[str, Any] | None = None
    """Who asks, as in an event."""


class GivenEvent(Shape):
    """An event for a test, in the words of the [events](events.md): its `type`, its time, and whatever it carries."""

    model_config = ConfigDict(extra="allow")

    type: EventType
    """What happened. The `escalation` of `escalation.acknowledged` or `escalation.resolved` is its rule's id here."""

    at: At | None = None
    """When it happened: a time with its zone."""

    after: Duration | None = None
    """The same, counted from the first event that is given."""


def _which(value: object) -> str:
    if isinstance(value, list):
        return "list"
    return "event" if isinstance(value, GivenEvent) or (isinstance(value, dict) and "type" in value) else "opening"


OneGiven = Annotated[
    Annotated[Given, Tag("opening")] | Annotated[GivenEvent, Tag("event")],
    Discriminator(_which),
]
AllGiven = Annotated[
    Annotated[Given, Tag("opening")]
    | Annotated[GivenEvent, Tag("event")]
    | Annotated[list[OneGiven], Field(min_length=1, max_length=EVENTS_MAX), Tag("list")],
    Discriminator(_which),
]


class ExpectedClock(Shape):
    """What a test expects of one rule's clock."""

    instance: Annotated[int, Field(ge=1, le=COUNT_MAX)] | None = None
    """Which of its metric's clocks is meant, from 1; left out: the latest one that the rule counts."""

    state: Annotated[ClockState | None, Always] = None
    """How it stands."""

    due_at: At | None = None
    """Its deadline; `null`: it has none."""

    target: Annotated[Duration | None, Always] = None
    """Its target, as the rule says."""

    calendar: Annotated[Label | None, Always] = None
    """The calendar that counts it."""

    operator: Annotated[Literal["lt", "le"] | None, Always] = None
    """Whether the deadline itself is still in time (`le`) or not (`lt`)."""

    objective: Share | None = None
    """The share of contacts that must meet it; `null`: none is promised."""

    started_at: Annotated[At | None, Always] = None
    """When it started."""

    met_at: At | None = None
    """When it was met; `null`: it wasn't."""

    breached_at: At | None = None
    """When it was broken; `null`: it wasn't."""

    cancelled_at: At | None = None
    """When it lost its object; `null`: it didn't."""

    elapsed: Annotated[Duration | None, Always] = None
    """The time that counts by then."""

    warned: Annotated[list[Label] | None, Always] = None
    """Exactly these of the rule's marks have fired, in any order."""


class ExpectedNotice(Shape):
    """What a test expects of one notice; only what is written is compared."""

    type: Label | None = None
    """Its type, such as `sla.breached`."""

    rule: Label | None = None
    """The rule from which it follows."""

    at: At | None = None
    """The instant at which it became true."""

    after: Duration | None = None
    """The same, counted from the first event that is given."""

    roles: list[Label] | None = None
    """Exactly the roles that it calls, in order."""

    metric: Metric | None = None
    """Of a clock: what is counted."""

    instance: Annotated[int, Field(ge=1, le=COUNT_MAX)] | None = None
    """Of a clock: which of the repeats."""

    mark: Label | None = None
    """Of a warning: the mark that was reached."""

    chain: Label | None = None
    """The chain of an escalation."""

    step: Annotated[int, Field(ge=0, le=COUNT_MAX)] | None = None
    """The number of a step, from 1; 0: none yet."""

    reminder: Annotated[int, Field(ge=0, le=COUNT_MAX)] | None = None
    """The number of a step's reminder; 0: the step itself."""


class Expected(Shape):
    """What a test expects at an instant; only what is written is compared. With nothing written, `{}`, it expects that
    nothing has followed: no queue, no clock, no escalation, and since the look before no notice, question or action."""

    status: Annotated[Life | None, Always] = None
    """The contact's status."""

    severity: Annotated[int | None, Always] = None
    """How grave it is."""

    queue: Label | None = None
    """Where it is routed; `null`: nowhere."""

    route: Label | None = None
    """The routing rule that says so; `null`: none."""

    team: str | None = None
    """Who works on the queue; `null`: there is none."""

    tier: int | None = None
    """How far up the queue is; `null`: there is none."""

    skills: Annotated[list[Label] | None, Always] = None
    """Exactly what whoever takes it must know, in order."""

    priority: int | None = None
    """The route's priority; `null`: there is no route."""

    clocks: Annotated[dict[Label, ExpectedClock | Literal["none"] | None] | None, Always] = None
    """By the id of an SLA rule; `none` for a clock that must not be there. `{}`: there is no clock at all."""

    escalations: Annotated[list[Label] | None, Always] = None
    """Exactly these rules' escalations are raised and not over, in any order. `[]`: none."""

    steps: Annotated[dict[Label, Annotated[int, Field(ge=0, le=COUNT_MAX)]] | None, Field(min_length=1), Always] = None
    """By the id of an escalation rule: how many steps have fired of the one that it raised last. At least one."""

    notices: Annotated[list[Label | ExpectedNotice] | None, Field(max_length=NOTICES_MAX), Always] = None
    """Exactly these have gone out since the look before, in order: of `sla.*`, `escalation.*` and `csat.*`, each by its
    type or by more. The first look: since the beginning. `[]`: none."""

    asked: Annotated[list[Label] | None, Always] = None
    """Exactly these rules of `enrich` have asked since the look before, in order."""

    actions: Annotated[list[Label] | None, Always] = None
    """Exactly these rules of `actions` have acted since the look before, in order."""

    calendars: Annotated[dict[Label, Literal["open", "closed"]] | None, Field(min_length=1), Always] = None
    """By name: whether a calendar is open at that instant. At least one."""


class Look(Shape):
    """A further instant of a test."""

    at: At | None = None
    """The instant, with its zone, or `after`; each look is later than the one before."""

    after: Duration | None = None
    """The same, counted from the first event that is given."""

    given: AllGiven | None = None
    """What happens between the look before and this one; what has no time of its own, at this instant."""

    expect: Expected
    """What must have followed by then."""


class PolicyTest(Shape):
    """An example of what the policy must do."""

    name: str = Field(min_length=1, max_length=200)
    """What it shows; once in all files."""

    given: AllGiven
    """The contact as it opens, an event, or a list of either."""

    expect: Expected
    """What must have followed by the last of the given events."""

    then: list[Look] = Field(default=[], max_length=LOOKS_MAX)
    """Further looks, in order of time."""


class TestsDocument(Shape):
    """A file of tests beside a policy."""

    version: Version = 1
    """The version of the format."""

    tests: list[PolicyTest] = Field(max_length=TESTS_MAX)
    """Examples of what the policy must do."""
