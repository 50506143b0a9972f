"""What a perfect connector must say of a simulated account, told from the account's own state."""

from collections.abc import Iterator
from typing import Final

from gateway.plugin import (
    SECOND_MS,
    Channel,
    ContactDeleted,
    ContactObserved,
    ContactOpened,
    CsatReceived,
    Customer,
    Direction,
    Event,
    Instant,
    Kind,
    MessageAdded,
    MessageEdited,
    Person,
    Priority,
    Ref,
    Status,
    StatusChanged,
)
from gateway_freshdesk.simulator.account import Account
from gateway_freshdesk.simulator.people import CUSTOMER_WAITS, THIRD_PARTY, TRIAGE
from gateway_freshdesk.simulator.ticket import CHATS, CLOSED, OPEN, OUTBOUND, PENDING, SOLVED, Entry, Ticket
from gateway_freshdesk.simulator.views import said

LAST: Final = 2**62
MEDIA: Final[dict[int, tuple[Kind, Channel, Direction]]] = {
    1: ("ticket", "email", "inbound"),
    2: ("ticket", "web", "inbound"),
    3: ("ticket", "phone", "inbound"),
    5: ("mention", "social", "inbound"),
    6: ("mention", "social", "inbound"),
    7: ("chat", "chat", "inbound"),
    9: ("ticket", "web", "inbound"),
    OUTBOUND: ("ticket", "email", "outbound"),
    13: ("chat", "whatsapp", "inbound"),
    15: ("chat", "chat", "inbound"),
}
"""The sources that tickets can have here, by Freshdesk's number."""

STATUSES: Final[dict[int, Status]] = {
    OPEN: "open",
    PENDING: "pending",
    SOLVED: "solved",
    CLOSED: "closed",
    THIRD_PARTY: "on_hold",
    CUSTOMER_WAITS: "pending",
    TRIAGE: "open",
}
PRIORITIES: Final[dict[int, Priority]] = {4: "urgent", 3: "high", 2: "normal", 1: "low"}


def truth(account: Account) -> list[Event]:
    """What is true of every ticket, by ticket.

    Of a removed ticket: that it was opened, and that it ended; when, only if it was removed once. Of changes of status:
    those that Freshdesk remembers, the last of each kind.
    """
    return [event for ticket in account.all() for event in _of_ticket(ticket)]


def _of_ticket(ticket: Ticket) -> Iterator[Event]:
    ref = Ref("ticket", str(ticket.id))
    kind, channel, direction = MEDIA[ticket.source]
    yield ContactOpened(
        id=f"ticket:{ticket.id}:opened",
        at=Instant(ticket.created),
        ref=ref,
        kind=kind,
        channel=channel,
        direction=direction,
        customer=Customer(id=str(ticket.requester)),
    )
    if ticket.gone:
        if ticket.removals == 1:
            at = Instant(ticket.updated)
            yield ContactDeleted(id=f"ticket:{ticket.id}:deleted", at=at, ref=ref, sequence=LAST, rev=1)
        return
    yield _observed(ref, ticket)
    yield from _statuses(ref, ticket)
    if ticket.source not in CHATS:
        yield _description(ref, ticket)
    for entry in said(ticket):
        yield from _entry(ref, entry)
    for rating in ticket.ratings:
        score = float((abs(rating.score) - 100) * (1 if rating.score > 0 else -1))
        yield CsatReceived(id=f"rating:{rating.id}", at=Instant(rating.at), ref=ref, score=score, min=-3.0, max=3.0)


def _observed(ref: Ref, ticket: Ticket) -> ContactObserved:
    return ContactObserved(
        id=f"ticket:{ticket.id}:observed:{ticket.updated // SECOND_MS}",
        at=Instant(ticket.updated),
        ref=ref,
        subject=ticket.subject,
        tags=tuple(ticket.tags),
        priority=PRIORITIES[ticket.priority],
        group=None if ticket.group is None else str(ticket.group),
        assignee=None if ticket.assignee is None else str(ticket.assignee),
        status=STATUSES[ticket.status],
    )


def _statuses(ref: Ref, ticket: Ticket) -> Iterator[StatusChanged]:
    stats = ticket.stats
    known: tuple[tuple[int | None, Status], ...] = (
        (stats.status_updated, STATUSES[ticket.status]),
        (stats.resolved, "solved"),
        (stats.closed, "closed"),
        (stats.reopened, "open"),
        (stats.pending_since, "pending"),
    )
    for at, to in dict.fromkeys(known):
        if at is not None:
            yield StatusChanged(id=f"{ref.kind}:{ref.id}:status:{at // SECOND_MS}:{to}", at=Instant(at), ref=ref, to=to)


def _description(ref: Ref, ticket: Ticket) -> MessageAdded:
    """A ticket's own words. Who wrote a mail to a customer, the ticket doesn't say."""
    author = Person("agent") if ticket.source == OUTBOUND else Person("customer", str(ticket.requester))
    return MessageAdded(
        id=f"ticket:{ticket.id}:description",
        at=Instant(ticket.created),
        ref=ref,
        author=author,
        text=ticket.description,
    )


def _entry(ref: Ref, entry: Entry) -> Iterator[Event]:
    id = f"conversation:{entry.id}"
    author = Person("customer" if entry.incoming else "agent", str(entry.author))
    yield MessageAdded(
        id=id,
        at=Instant(entry.at),
        author=Person("system") if entry.away else author,
        auto=entry.away,
        visibility="internal" if entry.private else "public",
        ref=ref,
        text=entry.text,
    )
    if entry.edited is not None:
        name = f"{id}:edited:{entry.edited // SECOND_MS}"
        yield MessageEdited(id=name, at=Instant(entry.edited), ref=ref, message=id)
