"""One contact as it is told: the whole of it, and the row that stands for it in a listing.

The whole contact is filled by `kernel.values`, and described here; a row is made of its card.
"""

from typing import Literal, cast

from msgspec import UNSET, Struct, UnsetType

from gateway.kernel.board import Carded, Order
from gateway.model.event import FieldValue
from gateway.model.identity import Customer
from gateway.model.instant import format_instant, format_known, seconds_of
from gateway.model.words import Channel, Direction, Kind, Metric, Priority
from gateway.rules.card import CardCall, CardDue
from gateway.rules.notice import NoticeClock, NoticeEscalation, NoticeFacts, NoticeRef, NoticeRoute, Seconds, Time
from gateway.web.shapes.outgoing import DeliveryTold

Known = Literal["new", "open", "pending", "on_hold", "solved", "closed", "merged", "deleted", "unopened"]
"""A contact's status; `unopened`: its opening hasn't come."""


class ListedDue(Struct, frozen=True, kw_only=True):
    """A promise that nobody has kept yet."""

    at: Time
    """Its deadline; of a breached one when it was breached."""

    breached: bool
    """Whether it is breached."""

    metric: Metric
    """What is counted."""

    rule: str
    """The SLA rule that counts it."""

    started_at: Time
    """When it started."""

    target_s: Seconds
    """The target, in seconds of open time."""


class ListedEscalation(Struct, frozen=True, kw_only=True):
    """An escalation that is going on."""

    id: str
    """Its id."""

    rule: str
    """The escalation rule that raised it."""

    chain: str
    """The chain that it follows."""

    state: Literal["active", "acknowledged"]
    """Whether somebody has taken it."""

    step: int
    """How many of the chain's steps have been taken."""

    steps: int
    """How many steps the chain has."""

    raised_at: Time
    """When it was raised."""

    next_step_at: Time | None
    """When the next step or reminder is due."""


class ListedContact(Struct, frozen=True, kw_only=True):
    """What a listing shows of one contact. Nothing in it changes but by a new `version`. Of one whose opening hasn't
    come nothing is known but its references."""

    id: str
    """Its id."""

    version: int
    """Grows with every change of it."""

    subject: str
    """Its title, at most 200 characters; empty without one."""

    kind: Kind | None
    """What it is."""

    channel: Channel | None
    """The way by which it came."""

    direction: Direction | None
    """Who began."""

    status: Known
    """How it stands."""

    severity: int | None
    """How grave it is, 1 the gravest."""

    priority: Priority | None
    """The vendor's priority."""

    queue: str | None
    """The policy's queue; null where no rule routes it."""

    team: str | None
    """Who works on the queue."""

    tier: int
    """How far up the queue is."""

    group: str | None
    """The vendor's group."""

    assignee: str | None
    """Who has it at the vendor."""

    customer: str | None
    """The customer as people call them: a name, else an identity."""

    refs: list[NoticeRef]
    """The vendors' objects that it is made of."""

    opened_at: Time
    """When it began."""

    updated_at: Time
    """When something last happened to it."""

    waiting_since: Time | None
    """Since when the customer waits for an answer that somebody owes."""

    due: ListedDue | None
    """The promise that counts: the one breached first, else the one due first."""

    then: ListedDue | None
    """The next deadline, where the first promise is breached already."""

    paused: bool
    """Some clock is paused by the status."""

    escalations: list[ListedEscalation]
    """Its escalations that are going on."""


class ContactList(Struct, frozen=True, kw_only=True):
    """Contacts. A page may be short, or empty, and have a `next`: so many were looked through, and not more."""

    contacts: list[ListedContact]
    """One page of them."""

    next: str | None
    """Where the next page begins: ask again with it as `after`; null behind the last."""

    order: Order
    """The order in which they come: where ended contacts are among them it is `changed`, whatever was asked for."""


class WholeContact(Struct, frozen=True, kw_only=True):
    """One contact with its judgement. Of one whose opening hasn't come nothing is known but its references."""

    id: str
    """Its id."""

    version: int
    """Grows with every change of it."""

    kind: Kind | None
    """What it is."""

    channel: Channel | None
    """The way by which it came."""

    direction: Direction | None
    """Who began."""

    status: Known
    """How it stands."""

    severity: int | None
    """How grave it is, 1 the gravest."""

    subject: str | None
    """Its title."""

    priority: Priority | None
    """The vendor's priority."""

    tags: list[str]
    """The vendor's tags."""

    group: str | None
    """The vendor's group."""

    assignee: str | None
    """Who has it at the vendor."""

    language: str | None
    """The customer's language."""

    deadline: Time | None
    """By when the vendor's own rules demand an answer."""

    fields: dict[str, FieldValue]
    """The vendor's own fields."""

    customer: Customer | None
    """Who asks; what is not known is left out."""

    facts: dict[str, NoticeFacts]
    """What others know of the customer, by enricher."""

    refs: list[NoticeRef]
    """The vendors' objects that it is made of."""

    opened_at: Time | None
    """When it began."""

    updated_at: Time
    """When something last happened to it."""

    reopened: int
    """How often it came back after an end."""

    queue: str | None
    """The policy's queue."""

    route: NoticeRoute | None
    """Where it belongs, and why."""

    clocks: list[NoticeClock]
    """Its promises, in the policy's order; `elapsed_s` is as of the answer."""

    escalations: list[NoticeEscalation]
    """Its escalations."""

    next_due: Time | None
    """When something happens if nothing else does."""

    deliveries: list[DeliveryTold]
    """Its notices, the latest first, at most 100."""

    cut: dict[str, int] | UnsetType = UNSET
    """How many tags and fields the conditions did not see."""


def listed(row: Carded) -> ListedContact:
    """The row of a contact in a listing."""
    card = row.card
    return ListedContact(
        id=row.id,
        version=row.version,
        subject=card.subject,
        kind=cast(Kind, card.kind) or None,
        channel=cast(Channel, card.channel) or None,
        direction=cast(Direction, card.direction) or None,
        status=cast(Known, card.status),
        severity=card.severity or None,
        priority=cast(Priority | None, card.priority),
        queue=card.queue or None,
        team=card.team or None,
        tier=card.tier,
        group=card.group,
        assignee=card.assignee,
        customer=card.customer or None,
        refs=[NoticeRef(ref.connector, ref.kind, ref.id) for ref in card.refs],
        opened_at=format_instant(card.opened_at),
        updated_at=format_instant(card.updated_at),
        waiting_since=format_known(card.waiting_since),
        due=_due(card.due),
        then=_due(card.then),
        paused=card.paused,
        escalations=[listed_call(call) for call in card.calls],
    )


def listed_call(call: CardCall) -> ListedEscalation:
    """An escalation in a listing."""
    return ListedEscalation(
        id=call.id,
        rule=call.rule,
        chain=call.chain,
        state="acknowledged" if call.acknowledged else "active",
        step=call.step,
        steps=call.steps,
        raised_at=format_instant(call.raised_at),
        next_step_at=format_known(call.next_at),
    )


def _due(due: CardDue | None) -> ListedDue | None:
    if due is None:
        return None
    return ListedDue(
        at=format_instant(due.at),
        breached=due.breached,
        metric=cast(Metric, due.metric),
        rule=due.rule,
        started_at=format_instant(due.started_at),
        target_s=seconds_of(due.target_ms),
    )
