"""A contact's card: what a listing shows of it, made from its state alone, so that it stands until the state changes.

No `now` is in it: instants are in milliseconds since the epoch, and who shows a card counts from them.
"""

import msgspec

from gateway.model.judgement import State
from gateway.rules.policy import Policy

SUBJECT_MAX = 200
"""Characters of a subject on a card."""


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
    raise NotImplementedError
