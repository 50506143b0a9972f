"""A contact as its events say it is, and the same facts as the policy's conditions may read them."""

from typing import Any

import msgspec

from gateway.model.event import FieldValue
from gateway.model.identity import Customer, Ref
from gateway.model.words import ENDED, Channel, Direction, Kind, Life, Priority

_OPEN_FIRST: tuple[Life, ...] = ("open", "new", "on_hold", "pending", "solved", "closed", "merged", "deleted")


class Strand(msgspec.Struct, frozen=True, array_like=True):
    """What one vendor object says: its status, tags and deadline are its own, the rest belongs to the contact."""

    connector: str
    ref: Ref
    status: Life
    tags: tuple[str, ...] = ()
    deadline: int | None = None


class Csat(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last survey's answer; `ratio` is its place on its own scale, 0 to 1."""

    given: bool = False
    ratio: float = 0.0


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What an enricher has said last: at `at` it gave facts, or (`reason`) why it could give none. `facts_at` is when
    it gave the facts that are known of it; None where none are."""

    at: int
    reason: str = ""
    facts_at: int | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One matter with one customer. Instants are milliseconds since the epoch."""

    kind: Kind
    channel: Channel
    direction: Direction
    opened_at: int
    updated_at: int
    strands: tuple[Strand, ...]
    subject: str | None = None
    priority: Priority | None = None
    group: str | None = None
    assignee: str | None = None
    language: str | None = None
    fields: dict[str, FieldValue] = {}
    customer: Customer = Customer()
    csat: Csat = Csat()
    facts: dict[str, dict[str, Any]] = {}
    reopened: int = 0
    answers: dict[str, Answer] = {}
    """By enricher."""

    @property
    def status(self) -> Life:
        """The first of open, new, on_hold, pending that any strand has; ended only when all of them are."""
        if len(self.strands) == 1:
            return self.strands[0].status
        return min((strand.status for strand in self.strands), key=_OPEN_FIRST.index)

    @property
    def ended(self) -> bool:
        """Whether every strand has ended."""
        return self.status in ENDED

    @property
    def tags(self) -> tuple[str, ...]:
        """The union of the strands' tags, each once, in the order in which they were given."""
        if len(self.strands) == 1:
            return self.strands[0].tags
        return tuple(dict.fromkeys(tag for strand in self.strands for tag in strand.tags))

    @property
    def deadline(self) -> int | None:
        """The earliest of the strands that haven't ended, or of all once the contact has; None where none has one."""
        if len(self.strands) == 1:
            return self.strands[0].deadline
        strands = [strand for strand in self.strands if strand.status not in ENDED] or self.strands
        return min((strand.deadline for strand in strands if strand.deadline is not None), default=None)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions read: the contact, and what the sections judged before this one have decided.

    `opened_during` names the policy's calendars that were open when the contact opened. `severity` is 0 and `queue`
    empty until their sections have been judged.
    """

    contact: Contact
    opened_during: tuple[str, ...] = ()
    severity: int = 0
    queue: str = ""
    team: str = ""
    tier: int = 0
    skills: tuple[str, ...] = ()
    route_priority: int = 0
