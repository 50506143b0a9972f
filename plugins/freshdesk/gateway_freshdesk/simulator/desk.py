"""What happens to a simulated ticket: each act changes it as Freshdesk does, and moves its second of last change.

Laws. A customer's reply opens what is pending, solved or closed. Closing what isn't solved solves it in the same
second. A ticket that is opened again forgets when it was solved and closed; Freshdesk keeps no history beside.
"""

from collections.abc import Callable
from typing import Any, Final

from gateway_freshdesk.simulator.people import AGENT, STATUSES
from gateway_freshdesk.simulator.ticket import (
    CHATS,
    CLOSED,
    ENDED,
    OPEN,
    OUTBOUND,
    PENDING,
    SOLVED,
    Entry,
    Rating,
    Stats,
    Ticket,
    whole,
)

NextId = Callable[[str], int]
RATINGS: Final = (103, 102, 101, 100, -101, -102, -103)
_REPLIED: Final = (PENDING, *ENDED)
_MAY_CHANGE: Final = frozenset({"subject", "priority", "type", "tags", "assignee", "group"})


def open_ticket(id: int, at: int, requester: int, source: int, text: str, next_id: NextId, **content: Any) -> Ticket:
    """A new ticket. A chat's first message stands among its conversations, too."""
    moment = whole(at)
    ticket = Ticket(
        id=id,
        created=moment,
        updated=moment,
        requester=requester,
        source=source,
        description=text,
        stats=Stats(status_updated=moment),
        **{"subject": "Help", **content},
    )
    if source in CHATS:
        ticket.entries.append(Entry(next_id("entry"), moment, requester, text, incoming=True))
    if source == OUTBOUND:
        ticket.stats.agent_responded = moment
    if ticket.status != OPEN:
        status, ticket.status = ticket.status, OPEN
        set_status(ticket, at, status)
    return ticket


def say(
    ticket: Ticket, at: int, id: int, author: int, text: str, *, incoming: bool, private: bool = False, **more: bool
) -> Entry:
    """Somebody writes; `more` is what Entry has besides."""
    needs_here(ticket)
    entry = Entry(id, whole(at), author, text, incoming, private, **more)
    ticket.entries.append(entry)
    moved(ticket, at)
    if incoming:
        ticket.stats.requester_responded = whole(at)
        if ticket.status in _REPLIED:
            set_status(ticket, at, OPEN)
    elif not private:
        ticket.stats.agent_responded = whole(at)
        ticket.stats.first_responded = ticket.stats.first_responded or whole(at)
    return entry


def edit(ticket: Ticket, at: int, entry: int, text: str) -> None:
    """An agent changes what they wrote. Raises ValueError for what isn't there."""
    needs_here(ticket)
    for found in ticket.entries:
        if found.id == entry:
            found.text, found.edited = text, whole(at)
            moved(ticket, at)
            return
    raise ValueError(f"ticket {ticket.id} has no entry {entry}")


def set_status(ticket: Ticket, at: int, status: int) -> None:
    """The status is another one now, by its number; the same one again says nothing."""
    needs_here(ticket)
    if status not in STATUSES:
        raise ValueError(f"{status} is no status: there are {', '.join(map(str, STATUSES))}")
    moved(ticket, at)
    if status == ticket.status:
        return
    stats, moment = ticket.stats, whole(at)
    if status == SOLVED or (status == CLOSED and stats.resolved is None):
        stats.resolved = moment
    if status == CLOSED:
        stats.closed = moment
    if status == PENDING:
        stats.pending_since = moment
    if status not in ENDED and ticket.status in ENDED:
        stats.reopened, stats.resolved, stats.closed = moment, None, None
    ticket.status, stats.status_updated = status, moment


def change(ticket: Ticket, at: int, **values: Any) -> None:
    """Somebody changes what stands in a ticket; custom fields by `fields`."""
    needs_here(ticket)
    for name, value in values.items():
        if name == "fields":
            ticket.fields = {**ticket.fields, **value}
        elif name in _MAY_CHANGE:
            setattr(ticket, name, value)
        else:
            raise ValueError(f"{name!r} can't be changed")
    moved(ticket, at)


def rate(ticket: Ticket, at: int, id: int, score: int, feedback: str = "") -> Rating:
    """The customer says how it was. The ticket itself stays as it is."""
    needs_here(ticket)
    if score not in RATINGS:
        raise ValueError(f"{score} is no rating: there are {', '.join(map(str, RATINGS))}")
    rating = Rating(id, whole(at), score, feedback, ticket.assignee)
    ticket.ratings.append(rating)
    return rating


def remove(ticket: Ticket, at: int, *, spam: bool) -> None:
    """An agent deletes the ticket, or marks it as spam."""
    needs_here(ticket)
    ticket.deleted, ticket.spam = not spam, spam
    ticket.removals += 1
    moved(ticket, at)


def restore(ticket: Ticket, at: int) -> None:
    """An agent takes the ticket back."""
    if not ticket.gone:
        raise ValueError(f"ticket {ticket.id} is not removed")
    ticket.deleted = ticket.spam = False
    moved(ticket, at)


def moved(ticket: Ticket, at: int) -> None:
    """Something of the ticket is new. What is told of an earlier time moves nothing back."""
    ticket.updated = max(ticket.updated, whole(at))


def needs_here(ticket: Ticket) -> None:
    """Raise ValueError for a ticket that is deleted or spam: nothing can be done with it."""
    if ticket.gone:
        raise ValueError(f"ticket {ticket.id} is removed")


def agent_of(ticket: Ticket) -> int:
    """Who answers."""
    return ticket.assignee or AGENT
