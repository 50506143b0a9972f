"""A contact's card: what a listing shows of it, made from its state alone, so that it stands until the state changes.

No `now` is in it: instants are in milliseconds since the epoch, and who shows a card counts from them.
"""

import msgspec

from gateway.model.contact import Contact
from gateway.model.identity import Customer
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.policy import Policy

CARD_FORM = 1
"""Raise it with every change of what a card says of the same state, or of what it is found by: at the next start all of
them are made anew."""

SUBJECT_MAX = 200
"""Characters of a subject on a card, and of a customer's name."""


class CardRef(msgspec.Struct, frozen=True, array_like=True):
    """A vendor's object behind the contact."""

    connector: str
    kind: str
    id: str


class CardDue(msgspec.Struct, frozen=True, array_like=True):
    """A promise that nobody has kept yet. Breached, `at` is when that was; else its deadline."""

    at: int
    metric: str
    rule: str
    started_at: int
    target_ms: int
    breached: bool = False


class CardCall(msgspec.Struct, frozen=True, array_like=True):
    """An escalation that is going on, at a step of its chain's steps."""

    id: str
    rule: str
    chain: str
    step: int
    steps: int
    raised_at: int
    acknowledged: bool = False
    next_at: int | None = None


class Card(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What a listing shows of one contact."""

    subject: str
    kind: str
    channel: str
    direction: str
    status: str
    severity: int
    priority: str | None
    queue: str
    """Empty where no rule routes it."""

    team: str
    tier: int
    group: str | None
    assignee: str | None
    customer: str
    """The customer as people call them: a name, else an identity; empty if neither is known."""

    refs: tuple[CardRef, ...]
    opened_at: int
    updated_at: int
    waiting_since: int | None
    """Since when the customer waits for an answer that somebody owes."""

    due: CardDue | None
    """The promise that counts: the one breached first, else the one due first."""

    then: CardDue | None
    """The next deadline, where the first promise is breached already."""

    paused: bool
    """Some clock is paused by the status."""

    calls: tuple[CardCall, ...]


def card_of(state: State, policy: Policy) -> Card:
    """The card of a contact; `policy` is the one that judged it last."""
    contact, route = state.contact, state.route
    live = [clock for clock in state.clocks if clock.instance and not clock.over and not clock.dropped]
    due, then = _promises(live, policy)
    return Card(
        subject=_cut(contact.subject or ""),
        kind=contact.kind,
        channel=contact.channel,
        direction=contact.direction,
        status=contact.status,
        severity=state.severity,
        priority=contact.priority,
        queue=route.queue if route else "",
        team=route.team if route else "",
        tier=route.tier if route else 0,
        group=contact.group,
        assignee=contact.assignee,
        customer=_cut(called(contact.customer)),
        refs=tuple(CardRef(strand.connector, strand.ref.kind, strand.ref.id) for strand in contact.strands),
        opened_at=int(contact.opened_at),
        updated_at=int(contact.updated_at),
        waiting_since=_waiting_since(state, contact),
        due=due,
        then=then,
        paused=any(not clock.runs for clock in live),
        calls=tuple(_call(escalation, policy) for escalation in state.escalations if escalation.resolved_at is None),
    )


def _promises(live: list[Clock], policy: Policy) -> tuple[CardDue | None, CardDue | None]:
    """The promise that counts, and the next deadline behind one that is breached."""
    breached: CardDue | None = None
    coming: CardDue | None = None
    for clock in live:
        one = _due(clock, policy)
        if one is None:
            continue
        if one.breached:
            breached = one if breached is None or one.at < breached.at else breached
        else:
            coming = one if coming is None or one.at < coming.at else coming
    return (breached, coming) if breached else (coming, None)


def _due(clock: Clock, policy: Policy) -> CardDue | None:
    """The promise of a clock; None while it is paused or where no deadline can be told."""
    if clock.breached_at is not None:
        at, rule, breached = clock.breached_at, clock.breached_rule, True
    else:
        deadline = clocks.deadline(clock, policy.sla_by_id.get(clock.rule)) if clock.runs else None
        if deadline is None:
            return None
        at, rule, breached = deadline, clock.rule, False
    return CardDue(int(at), clock.metric, rule, int(clock.started_at), clock.target_ms, breached)


def _call(escalation: Escalation, policy: Policy) -> CardCall:
    chain = policy.chains.get(escalation.chain)
    return CardCall(
        id=escalation.id,
        rule=escalation.rule,
        chain=escalation.chain,
        step=escalation.steps_fired,
        steps=len(chain.steps) if chain else escalation.steps_fired,
        raised_at=int(escalation.raised_at),
        acknowledged=escalation.state == "acknowledged",
        next_at=None if escalation.next_at is None else int(escalation.next_at),
    )


def _waiting_since(state: State, contact: Contact) -> int | None:
    """Whoever began a contact waits from its opening until the first reply; later from the first message that none has
    followed, and what was asked while the contact was ended counts from its reopening."""
    if contact.ended:
        return None
    if contact.direction == "inbound" and not state.replied and not contact.reopened:
        return int(contact.opened_at)
    return None if state.waiting is None else int(state.waiting[0])


def called(customer: Customer) -> str:
    """The customer as people call them: a name, else an identity; empty if neither is known."""
    handle = customer.handles[0].handle if customer.handles else ""
    return customer.name or customer.email or customer.phone or handle or customer.id or ""


def _cut(text: str) -> str:
    return text if len(text) <= SUBJECT_MAX else text[: SUBJECT_MAX - 1] + "…"
