"""What a wallboard reads: sums, queues, escalations, and how often something was announced."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from gateway.kernel.board import Carded, QueueRow, Sums, Tally
from gateway.model.instant import format_instant, format_known, seconds_of
from gateway.rules.notice import Seconds, Time
from gateway.web.shapes.contact import ListedEscalation, listed_call


class EscalatedContact(Struct, frozen=True, kw_only=True):
    """The contact of an escalation, in short."""

    id: str
    """Its id."""

    subject: str
    """Its title; empty without one."""

    status: str
    """How it stands."""

    severity: int
    """How grave it is, 1 the gravest."""

    queue: str | None
    """The policy's queue."""

    team: str | None
    """Who works on the queue."""

    assignee: str | None
    """Who has it at the vendor."""


class EscalationOfContact(Struct, frozen=True, kw_only=True):
    """An escalation that is going on, and whose it is."""

    escalation: ListedEscalation
    """The escalation."""

    contact: EscalatedContact
    """The contact that it is for."""


class EscalationList(Struct, frozen=True, kw_only=True):
    """Escalations that are going on, in the order of their contacts."""

    escalations: list[EscalationOfContact]
    """One page of them."""

    next: str | None
    """Where the next page begins: ask again with it as `after`; null behind the last."""


class Summary(Struct, frozen=True, kw_only=True):
    """How much there is among open contacts: the head of the board."""

    risk_s: Seconds
    """How near a deadline is that counts as at risk, in seconds."""

    open: int
    """Open contacts."""

    breached: int
    """With a broken promise that nobody has kept yet."""

    breached_gravest: int
    """Breached ones of the gravest severity that any of them has."""

    gravest: int | None
    """That severity."""

    at_risk: int
    """Not breached, with a deadline that is near."""

    paused: int
    """With a clock that is paused."""

    escalated: int
    """With an escalation that is going on."""

    unacknowledged: int
    """With one that nobody has taken."""

    words: dict[str, dict[str, int]]
    """By field and word how many have it, the filters left aside: what a filter can be set to."""


class QueueTold(Struct, frozen=True, kw_only=True):
    """The open contacts of one queue that came by one channel."""

    queue: str
    """The queue; empty for contacts that no rule routes."""

    team: str
    """Who works on it."""

    channel: str
    """The way by which they came."""

    open: int
    """Open contacts."""

    waiting: int
    """Those whose customer waits for an answer."""

    longest_since: Time | None
    """Since when the one waits that has waited longest."""

    breached: int
    """With a broken promise that nobody has kept yet."""

    at_risk: int
    """Not breached, with a deadline that is near."""

    soonest_due: Time | None
    """The next deadline that isn't breached yet."""

    unassigned: int
    """Those that nobody has at the vendor."""

    paused: int
    """Those with a clock that is paused."""


class QueueList(Struct, frozen=True, kw_only=True):
    """Every queue that has an open contact."""

    queues: list[QueueTold]
    """By queue and channel."""

    risk_s: Seconds
    """How near a deadline is that counts as at risk, in seconds."""


class TallyTold(Struct, frozen=True, kw_only=True):
    """How often something was announced in one hour."""

    hour: Time
    """The beginning of the hour, in UTC."""

    type: str
    """What was announced: a notice's type."""

    rule: str
    """The rule from which it followed; empty for none."""

    target: str
    """What it led to: the queue of `contact.routed`, the chain of `escalation.*`, the metric of `sla.*`."""

    count: int
    """How often."""


class TallyList(Struct, frozen=True, kw_only=True):
    """What was announced, hour by hour."""

    tallies: list[TallyTold]
    """By hour, type, rule and target."""

    since: Time
    """The beginning of the first hour that may be among them."""


class Acted(Struct, frozen=True, kw_only=True):
    """What was written. It is in the inbox, and judged within moments."""

    contact: str
    """The contact's id."""

    by: str | None
    """Who did it; null where it was done already, and no person did it or it was long ago."""

    escalations: list[str]
    """The escalations that it is about."""

    events: list[str]
    """The ids of the events that were written; none where it was done already."""

    outcome: Literal["written", "done already"]
    """Whether anything had to be written."""


def escalations_of(row: Carded, *, acknowledged: bool | None) -> list[EscalationOfContact]:
    """The escalations of a contact that are going on, or of them those that are, or aren't, acknowledged."""
    card = row.card
    contact = EscalatedContact(
        id=row.id,
        subject=card.subject,
        status=card.status,
        severity=card.severity,
        queue=card.queue or None,
        team=card.team or None,
        assignee=card.assignee,
    )
    return [
        EscalationOfContact(escalation=listed_call(call), contact=contact)
        for call in card.calls
        if acknowledged is None or call.acknowledged == acknowledged
    ]


def summary(sums: Sums, risk_ms: int) -> Summary:
    """The sums over contacts."""
    return Summary(
        risk_s=seconds_of(risk_ms),
        open=sums.open,
        breached=sums.breached,
        breached_gravest=sums.breached_gravest,
        gravest=sums.gravest,
        at_risk=sums.at_risk,
        paused=sums.paused,
        escalated=sums.escalated,
        unacknowledged=sums.unacknowledged,
        words={field: dict(words) for field, words in sums.words.items()},
    )


def queue_list(rows: Iterable[QueueRow], risk_ms: int) -> QueueList:
    """Every queue."""
    return QueueList(queues=[queue(row) for row in rows], risk_s=seconds_of(risk_ms))


def queue(row: QueueRow) -> QueueTold:
    """One queue by channel."""
    return QueueTold(
        queue=row.queue,
        team=row.team,
        channel=row.channel,
        open=row.open,
        waiting=row.waiting,
        longest_since=format_known(row.longest_since),
        breached=row.breached,
        at_risk=row.at_risk,
        soonest_due=format_known(row.soonest_due),
        unassigned=row.unassigned,
        paused=row.paused,
    )


def tally(row: Tally) -> TallyTold:
    """One hour's count."""
    return TallyTold(hour=format_instant(row.hour), type=row.type, rule=row.rule, target=row.target, count=row.count)
