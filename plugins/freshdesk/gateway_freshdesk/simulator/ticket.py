"""A simulated ticket as the account holds it, and the order in which a list shows tickets.

Times are milliseconds of whole seconds: Freshdesk's API shows no fractions.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.plugin import SECOND_MS, format_instant

Json = dict[str, Any]

OPEN, PENDING, SOLVED, CLOSED = 2, 3, 4, 5
ENDED: Final = (SOLVED, CLOSED)
EMAIL, OUTBOUND, WEB_CHAT = 1, 10, 15
CHATS: Final = (7, 13, WEB_CHAT)
"""Sources whose first message stands among the conversations too."""

REPLY, NOTE = 0, 2
"""The sources of an entry of the conversations: a reply and a note."""


def whole(at: int) -> int:
    """The second of an instant, in milliseconds."""
    return at - at % SECOND_MS


def second(at: int | None) -> str | None:
    """A time as the API writes it."""
    return None if at is None else format_instant(whole(at))


@dataclass(slots=True)
class Entry:
    """One entry of the conversations: a reply, a note, or what a customer wrote."""

    id: int
    at: int
    author: int
    text: str
    incoming: bool = False
    private: bool = False
    edited: int | None = None
    mailed: bool = False
    """Whether an agent wrote it in their own mailbox: it came in from outside."""

    away: bool = False
    """Whether a customer's mailbox answered by itself."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a customer thinks: 103 is the best, 100 neutral, -103 the worst."""

    id: int
    at: int
    score: int
    feedback: str
    agent: int | None


@dataclass(slots=True)
class Stats:
    """What Freshdesk remembers of a ticket's past: of each kind the last time only.

    Opened again, a ticket forgets that it was solved and closed; that it was pending once stays.
    """

    status_updated: int
    agent_responded: int | None = None
    requester_responded: int | None = None
    first_responded: int | None = None
    reopened: int | None = None
    resolved: int | None = None
    closed: int | None = None
    pending_since: int | None = None


@dataclass(slots=True)
class Ticket:
    """One ticket. `shown_from`: when a list shows it at the earliest, in milliseconds."""

    id: int
    created: int
    updated: int
    requester: int
    source: int
    subject: str
    description: str
    stats: Stats
    status: int = OPEN
    priority: int = 1
    type: str | None = None
    tags: list[str] = field(default_factory=list)
    assignee: int | None = None
    group: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    deleted: bool = False
    spam: bool = False
    removals: int = 0
    shown_from: int = 0

    @property
    def gone(self) -> bool:
        """Whether it is in no list but those of what was removed."""
        return self.deleted or self.spam


class Order:
    """Tickets by (time, id), as the lists go; moving one is cheap."""

    def __init__(self) -> None:
        self.places: list[tuple[int, int]] = []
        self._at: dict[int, int] = {}

    def put(self, id: int, at: int) -> None:
        """Place a ticket, or move it."""
        if self._at.get(id) == at:
            return
        self.drop(id)
        self._at[id] = at
        if not self.places or self.places[-1] < (at, id):
            self.places.append((at, id))
        else:
            insort(self.places, (at, id))

    def drop(self, id: int) -> None:
        """Take a ticket out, if it is there."""
        if (before := self._at.pop(id, None)) is not None:
            del self.places[bisect_left(self.places, (before, id))]

    def put_all(self, places: Sequence[tuple[int, int]]) -> None:
        """Place many new tickets at once."""
        self._at.update({id: at for at, id in places})
        self.places = sorted([*self.places, *places])

    def since(self, at: int) -> int:
        """How many places are before an instant."""
        return bisect_left(self.places, (at, -1))
