"""Why a contact is where it is, described: `engine.explaining` fills it, for the API and `gateway explain`."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from gateway.model.event import FieldValue
from gateway.model.identity import Customer
from gateway.model.words import Channel, Direction, Kind, Life, Metric, Priority
from gateway.rules.coming import ComingKind
from gateway.rules.notice import NoticeFacts, NoticeRef, NoticeRoute, Seconds, Time
from gateway.rules.trace.path import EnquiryKind, TurnOf
from gateway.rules.trace.tried import Became
from gateway.web.shapes.paths import ExplainedClock, ExplainedEscalation, WhatCaused


class PolicyKept(Struct, frozen=True, kw_only=True):
    """A policy as it is kept."""

    name: str
    """Its name."""

    hash: str
    """The name of its content."""

    since: Time | None
    """From when on it judges; null for one that judges from the beginning."""

    stored_at: Time
    """When it came."""


class RoutingVerdict(Struct, frozen=True, kw_only=True):
    """A routing rule and what became of it."""

    rule: str
    """Its id."""

    queue: str
    """Where it leads."""

    verdict: Literal["matched", "not matched", "not needed"]
    """What became of it."""


class TriedRule(Struct, frozen=True, kw_only=True):
    """A rule and what became of it."""

    rule: str
    """Its id."""

    became: Became
    """What became of it."""

    condition: str | None
    """Its condition; null where it always matches."""

    reads: list[str]
    """The fields that the condition read; `read` has their values."""

    metric: Metric | UnsetType = UNSET
    """Of an SLA rule: its metric."""

    on: str | UnsetType = UNSET
    """What else it waits for."""

    reason: str | UnsetType = UNSET
    """Why it failed."""


class ContactTurn(Struct, frozen=True, kw_only=True):
    """A change of what the whole contact is judged by."""

    at: Time
    """When."""

    of: TurnOf
    """Of what."""

    metric: Metric | None
    """Of a rule: the metric that it counts."""

    before: str | None
    """What was before."""

    after: str | None
    """What is after."""

    rule: str | None
    """The rule that says so."""

    because: list[str]
    """The reasons."""

    cause: WhatCaused
    """What brought it."""


class ContactEnquiry(Struct, frozen=True, kw_only=True):
    """An enricher was asked, or it answered."""

    at: Time
    """When."""

    enricher: str
    """Its name."""

    kind: EnquiryKind
    """`asked`, or how it answered."""

    rule: str | None
    """Asked: the rule that asks it."""

    reason: str | None
    """Why it is unavailable."""

    changed: list[str]
    """The facts that an answer changed, in words."""

    cause: WhatCaused
    """What brought it."""


class Upcoming(Struct, frozen=True, kw_only=True):
    """Something that happens if nothing else does."""

    at: Time
    """When."""

    in_s: Seconds
    """How many seconds from now."""

    kind: ComingKind
    """What it is: `resumption` is an acknowledgement that runs out."""

    rule: str | None
    """The rule whose it is."""

    what: str
    """The same in words."""


class HistoryTold(Struct, frozen=True, kw_only=True):
    """Whether the path could be told."""

    told: bool
    """Whether it could."""

    why: str | None
    """Why not."""

    received_later: int
    """Of an instant of the past: how many events of before it came only after it."""


class JudgedBy(Struct, frozen=True, kw_only=True):
    """The policy that judged the contact."""

    name: str
    """Its name; empty where it isn't kept."""

    hash: str
    """The name of its content."""

    since: Time | None
    """From when on it judges."""

    in_force: PolicyKept | None
    """The policy in force."""

    judged_again: bool
    """Whether the contact is about to be judged by that one."""

    stored_at: Time | UnsetType = UNSET
    """When it came."""


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a contact is where it is, and what happens next. Of one whose opening hasn't come there are `id`, `status`,
    `refs` and an empty `next`, and no more."""

    id: str
    """The contact's id."""

    status: Life | Literal["unopened"]
    """How it stands."""

    refs: list[NoticeRef]
    """The vendors' objects that it is made of."""

    next: list[Upcoming]
    """What comes if nothing else happens, the soonest first."""

    at: Time | UnsetType = UNSET
    """The instant that it is told of."""

    behind_s: Seconds | UnsetType = UNSET
    """How many seconds ago that is."""

    kind: Kind | UnsetType = UNSET
    """What it is."""

    channel: Channel | UnsetType = UNSET
    """The way by which it came."""

    direction: Direction | UnsetType = UNSET
    """Who began."""

    severity: int | UnsetType = UNSET
    """How grave it is, 1 the gravest."""

    subject: str | UnsetType | None = UNSET
    """Its title."""

    priority: Priority | UnsetType | None = UNSET
    """The vendor's priority."""

    tags: list[str] | UnsetType = UNSET
    """The vendor's tags."""

    group: str | UnsetType | None = UNSET
    """The vendor's group."""

    assignee: str | UnsetType | None = UNSET
    """Who has it at the vendor."""

    language: str | UnsetType | None = UNSET
    """The customer's language."""

    deadline: Time | UnsetType | None = UNSET
    """By when the vendor's own rules demand an answer."""

    fields: dict[str, FieldValue] | UnsetType = UNSET
    """The vendor's own fields."""

    customer: Customer | UnsetType = UNSET
    """Who asks."""

    facts: dict[str, NoticeFacts] | UnsetType = UNSET
    """What others know of the customer, by enricher."""

    opened_at: Time | UnsetType = UNSET
    """When it began."""

    updated_at: Time | UnsetType = UNSET
    """When something last happened to it."""

    reopened: int | UnsetType = UNSET
    """How often it came back after an end."""

    cut: dict[str, int] | UnsetType = UNSET
    """How many tags and fields the conditions did not see."""

    severity_rule: str | UnsetType | None = UNSET
    """The rule that says how grave it is; null where the priority does."""

    route: NoticeRoute | UnsetType | None = UNSET
    """Where it belongs."""

    routing: list[RoutingVerdict] | UnsetType = UNSET
    """Every routing rule with what became of it."""

    clocks: list[ExplainedClock] | UnsetType = UNSET
    """Its promises."""

    clocks_left_out: int | UnsetType = UNSET
    """How many more there were."""

    escalations: list[ExplainedEscalation] | UnsetType = UNSET
    """Its escalations, the first raised first."""

    escalations_left_out: int | UnsetType = UNSET
    """How many more there were."""

    failures: dict[str, str] | UnsetType = UNSET
    """Rules whose condition failed, and why."""

    tried: dict[str, list[TriedRule]] | UnsetType = UNSET
    """By section: every rule with what became of it."""

    read: dict[str, Any] | UnsetType = UNSET
    """The values of the fields that conditions read."""

    turns: list[ContactTurn] | UnsetType | None = UNSET
    """What changed the judging of the whole contact."""

    turns_left_out: int | UnsetType = UNSET
    """How many more did."""

    enquiries: list[ContactEnquiry] | UnsetType | None = UNSET
    """What enrichers were asked and have said."""

    enquiries_left_out: int | UnsetType = UNSET
    """How many more of them there were."""

    zones: dict[str, str] | UnsetType = UNSET
    """The zones of the policy's calendars."""

    history: HistoryTold | UnsetType = UNSET
    """Whether the path could be told."""

    policy: JudgedBy | UnsetType = UNSET
    """The policy that judged it."""
