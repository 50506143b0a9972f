"""The part of the Store port that people look at: cards of contacts, filtered and page by page, and sums over them.

The store keeps cards of open contacts alone, written with the contact in one transaction. Who lists ended contacts, or
any, asks `engine/listing.py`, which has them made.

Every method but one only reads, on one snapshot of the database. A place in a listing (`after`, `next`) is a text that
only its listing understands; it stays good when rows come and go, and one that isn't a place raises BadPlace.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gateway.model.instant import MINUTE_MS
from gateway.rules.card import Card

Order = Literal["due", "changed", "opened"]
"""What breaches next first (breached already before all, the longest ago first; without a deadline last); the latest
change first; the latest opening first."""

CARDS_MAX = 1_000
"""Cards of one page."""

RISK_MIN = 15
RISK_MS = RISK_MIN * MINUTE_MS
"""Minutes before its deadline from which on a contact is at risk, on every page and, unless asked otherwise, in the
API."""


class BadPlace(ValueError):
    """`after` is no place that a listing has given."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts are wanted. Of each field any of its words; all fields together; an empty one leaves all in."""

    status: tuple[str, ...] = ()
    """Statuses; none means every contact that is open."""

    queue: tuple[str, ...] = ()
    """Queues; an empty word means contacts that have none."""

    team: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    severity: tuple[int, ...] = ()
    connector: tuple[str, ...] = ()
    assignee: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    """SLA rules whose clock is the one that a card shows."""

    breached: bool | None = None
    escalated: Literal["active", "acknowledged", "any", "none"] | None = None
    """By the escalations that are going on: one that nobody has taken, all taken, any at all, none."""

    due_before: int | None = None
    """With a deadline (met by nobody yet) before this instant, breached ones among them."""

    due_from: int | None = None
    """With a deadline at or after this instant, breached since then or not breached."""

    text: str = ""
    """What the subject or a vendor's id holds, in upper or lower case; at most 100 characters."""


class Carded(msgspec.Struct, frozen=True, kw_only=True):
    """A contact in a listing. `version` grows with every write of it."""

    id: str
    version: int
    card: Card


class CardPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a listing. `next` is where the next one begins; None behind the last. A page may be short, or even
    empty, and have a `next`: so much was looked through, and not more."""

    rows: tuple[Carded, ...]
    next: str | None = None


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is of what is wanted, among open contacts."""

    open: int = 0
    breached: int = 0
    breached_gravest: int = 0
    """Breached ones of the gravest severity that any of them has."""

    gravest: int | None = None
    at_risk: int = 0
    """Not breached, and due before the instant that was asked for."""

    paused: int = 0
    escalated: int = 0
    unacknowledged: int = 0
    words: Mapping[str, Mapping[str, int]] = {}
    """By field (`queue`, `team`, `channel`, `severity`, `connector`) and word: how many have it, among all open ones,
    the filters left aside: what a filter can be set to."""


class QueueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One queue by channel, of open contacts. Instants are None where there is no such contact."""

    queue: str
    team: str
    channel: str
    open: int
    waiting: int
    """Contacts whose customer waits for an answer."""

    longest_since: int | None
    """Since when the one waits that has waited longest."""

    breached: int
    at_risk: int
    soonest_due: int | None
    """The next deadline that isn't breached yet."""

    unassigned: int
    paused: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often something was announced in one hour. `target` is what it led to: the queue of `contact.routed`, the
    chain of `escalation.*`, the metric of `sla.*`; empty for others."""

    hour: int
    """The beginning of the hour, in milliseconds since the epoch; hours are those of UTC."""

    type: str
    rule: str
    target: str
    count: int


class Board(Protocol):
    """What the pages and the API need of contacts. Implementations: `gateway.store`."""

    async def cards(self, wanted: Wanted, *, order: Order, limit: int, after: str | None = None) -> CardPage:
        """A page of open contacts, of those that are wanted; a status that ended contacts have finds none. Raises
        BadPlace."""
        ...

    async def sums(self, wanted: Wanted, *, risk_before: int) -> Sums:
        """Sums over the open contacts that are wanted; `risk_before` is the instant before which a deadline is near."""
        ...

    async def queues(self, *, risk_before: int) -> list[QueueRow]:
        """Every queue that has an open contact, by queue and channel; contacts without one under an empty name."""
        ...

    async def card_versions(self) -> dict[str, int]:
        """The version of every open contact's card, by the contact's id."""
        ...

    async def cards_of(self, contacts: Sequence[str]) -> list[Carded]:
        """The cards of these contacts, of those that are open, in no promised order."""
        ...

    async def tallies(self, since: int) -> list[Tally]:
        """What was announced in the hours that end after an instant."""
        ...

    async def remove_tallies(self, before: int) -> int:
        """Remove the oldest hour of tallies, if it began before an instant; how many rows it had."""
        ...

    async def change_mark(self) -> object:
        """Something that compares equal as long as nothing was committed to the database, by anybody: cheap."""
        ...
