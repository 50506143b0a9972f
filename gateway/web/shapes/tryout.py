"""A try-out of the policy, described: what is asked, and what comes of it. `policy.tryout` reads the one and fills the
other."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from gateway.model.event import FieldValue
from gateway.model.identity import Customer
from gateway.model.words import Channel, Direction, Kind, Metric, Priority, Status
from gateway.rules.notice import NoticeClock, NoticePolicy, NoticeRoute, Seconds, Time
from gateway.web.shapes.explained import TriedRule


class TryContact(Struct, frozen=True, kw_only=True):
    """A contact as it opens. One that `GET /api/v1/contacts/{id}` tells can be sent as it is: what the policy itself
    says of it is passed over."""

    at: Time | UnsetType | None = UNSET
    """When it opens; now, unless given."""

    kind: Kind | UnsetType | None = UNSET
    """What it is; unless given, what comes by its channel."""

    channel: Channel | UnsetType | None = UNSET
    """The way by which it comes; by e-mail, unless given."""

    direction: Direction | UnsetType | None = UNSET
    """Who begins; the customer, unless given."""

    status: Status | UnsetType | None = UNSET
    """How it stands; new, unless given."""

    priority: Priority | UnsetType | None = UNSET
    """The vendor's priority."""

    subject: str | UnsetType | None = UNSET
    """Its title."""

    group: str | UnsetType | None = UNSET
    """The vendor's group."""

    assignee: str | UnsetType | None = UNSET
    """Who has it at the vendor."""

    language: str | UnsetType | None = UNSET
    """The customer's language."""

    deadline: Time | UnsetType | None = UNSET
    """By when the vendor's own rules demand an answer."""

    connector: str | UnsetType | None = UNSET
    """The connector that it comes through."""

    tags: list[str] | UnsetType | None = UNSET
    """The vendor's tags."""

    fields: dict[str, FieldValue] | UnsetType | None = UNSET
    """The vendor's own fields."""

    customer: Customer | UnsetType | None = UNSET
    """Who asks."""

    facts: dict[str, dict[str, Any]] | UnsetType | None = UNSET
    """By enricher: what it has answered by then."""


class TryAsked(Struct, frozen=True, kw_only=True):
    """The contact as it was understood."""

    at: Time
    """When it opens."""

    kind: Kind
    """What it is."""

    channel: Channel
    """The way by which it comes."""

    direction: Direction
    """Who begins."""

    status: Status
    """How it stands."""

    priority: Priority | None
    """The vendor's priority."""

    subject: str | None
    """Its title."""

    group: str | None
    """The vendor's group."""

    assignee: str | None
    """Who has it at the vendor."""

    language: str | None
    """The customer's language."""

    deadline: Time | None
    """By when the vendor's own rules demand an answer."""

    connector: str
    """The connector that it comes through."""

    tags: list[str]
    """The vendor's tags."""

    fields: dict[str, FieldValue]
    """The vendor's own fields."""

    customer: Customer
    """Who asks."""

    facts: dict[str, dict[str, Any]]
    """By enricher: what it has answered by then."""


class TryStep(Struct, frozen=True, kw_only=True):
    """A rule that takes hold."""

    section: str
    """The policy's section."""

    rule: str
    """The rule."""

    leads_to: str
    """The severity, the queue, the metric or the chain that it leads to."""

    at: Time | UnsetType = UNSET
    """Of an escalation: when it would be raised."""


class TryClock(NoticeClock, frozen=True, kw_only=True):
    """One promise as it would start."""

    words: str
    """What would become of it."""


class TryFollowing(Struct, frozen=True, kw_only=True):
    """Something that would come if nobody acted."""

    at: Time
    """When."""

    in_s: Seconds
    """How many seconds after the opening."""

    type: str
    """What: a notice's type."""

    rule: str
    """The rule from which it follows."""

    reason: str
    """Why, in words."""

    roles: list[str]
    """The roles that would be called."""

    endpoints: list[str]
    """The endpoints of those roles."""

    metric: Metric | UnsetType = UNSET
    """Of a clock: what is counted."""

    chain: str | UnsetType = UNSET
    """Of an escalation: its chain."""

    step: int | UnsetType = UNSET
    """Of an escalation: the number of the step."""

    mark: str | UnsetType = UNSET
    """Of a warning: the mark that would be reached."""

    sla: str | UnsetType = UNSET
    """The SLA rule that it is about."""


class Tryout(Struct, frozen=True, kw_only=True):
    """What the policy in force makes of a contact, and what time alone would bring."""

    at: Time
    """When it opens."""

    asked: TryAsked
    """The contact as it was understood."""

    policy: NoticePolicy
    """The policy."""

    path: list[TryStep]
    """The rules that take hold, in the order in which they are judged."""

    severity: int
    """How grave it is, 1 the gravest."""

    severity_rule: str | None
    """The rule that says so; null where the priority does."""

    route: NoticeRoute | None
    """Where it belongs."""

    clocks: list[TryClock]
    """Its promises."""

    following: list[TryFollowing]
    """What would come if nobody acted, the soonest first."""

    following_left_out: bool
    """Whether there is more of it."""

    failures: dict[str, str]
    """Rules whose condition failed, and why."""

    cut: dict[str, int]
    """How many tags and fields the conditions did not see."""

    tried: dict[str, list[TriedRule]]
    """By section: every rule with what became of it."""

    read: dict[str, Any]
    """The values of the fields that conditions read."""
