"""The shape of the section `tests` of a policy file: contacts, and what must follow from them."""

from typing import Any, Literal

from pydantic import Field

from gateway.model.words import Channel, Direction, Kind, Priority, Status
from gateway.policy.scalars import At, Label, Shape


class Given(Shape):
    """A contact as it opens, for a test."""

    kind: Kind
    """What it is."""

    channel: Channel
    """The way by which it came."""

    at: At
    """When it opened: a time with its zone."""

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

    fields: dict[str, str | bool | int | float | None] = {}
    """The vendor's own fields: text, numbers, true or false."""

    customer: dict[str, Any] | None = None
    """Who asks, as in an event."""


class ExpectedClock(Shape):
    """What a test expects of one rule's clock."""

    due_at: At | None = None
    """Its deadline."""

    state: Literal["running", "paused", "met", "breached", "cancelled"] | None = None
    """How it stands."""


class Expected(Shape):
    """What a test expects of the judgement; only what is written is compared."""

    severity: int | None = None
    """How grave it is."""

    queue: Label | None = None
    """Where it is routed."""

    route: Label | None = None
    """The routing rule that says so."""

    skills: list[Label] | None = None
    """What it needs."""

    priority: int | None = None
    """The route's priority."""

    clocks: dict[Label, ExpectedClock] = {}
    """By the id of an SLA rule."""

    escalations: list[Label] | None = None
    """The ids of the escalation rules that are raised."""


class PolicyTest(Shape):
    """An example of what the policy must do."""

    name: str = Field(min_length=1, max_length=200)
    """What it shows; once in the file."""

    given: Given
    """The contact."""

    expect: Expected
    """What must follow at its opening."""
