"""The simulated account itself: what tickets and people there are, and where the lists have them. No sockets here.

Laws. A ticket stands in one of three lists: of what is there, what is deleted, what is spam; each by the second of its
last change, then by id. Whatever happens to a ticket moves it. What is purged leaves no trace.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.plugin import DAY_MS, SECOND_MS, NowFunction
from gateway_freshdesk.simulator.people import ADMIN, AGENT, FIRST_CONTACT, Person
from gateway_freshdesk.simulator.ticket import Order, Ticket, whole

AGE_MS: Final = 365 * DAY_MS
"""How long the account has been there."""

LATE_S: Final = 60
"""How much later than its own time a list shows what is committed late."""

THERE, DELETED, SPAM = "", "deleted", "spam"


@dataclass(slots=True)
class Account:
    """What one account holds."""

    now: NowFunction
    created: int = 0
    late: bool = False
    """Whether changes are committed late."""

    tickets: dict[int, Ticket] = field(default_factory=dict)
    agents: dict[int, Person] = field(default_factory=dict)
    contacts: dict[int, Person] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=lambda: {name: Order() for name in (THERE, DELETED, SPAM)})
    _by_email: dict[str, int] = field(default_factory=dict)
    _ids: dict[str, int] = field(default_factory=dict)
    _hidden: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.created = whole(self.now() - AGE_MS)
        for id, name, email in ((AGENT, "Agnes Agent", "agnes"), (ADMIN, "Root", "root")):
            address = f"{email}@support.example"
            self.agents[id] = Person(id, name, address, self.created, self.created)

    def next_id(self, kind: str, first: int = 1) -> int:
        """The next id of a kind of things."""
        self._ids[kind] = self._ids.get(kind, first - 1) + 1
        return self._ids[kind]

    def ticket(self, id: int) -> Ticket:
        """A ticket as it is, removed ones too. Raises ValueError for none."""
        found = self.tickets.get(id)
        if found is None:
            raise ValueError(f"there is no ticket {id}")
        return found

    def person(self, name: str, email: str, at: int | None = None) -> Person:
        """A contact by their address: known, or new."""
        known = self._by_email.get(email)
        if known is not None:
            return self.contacts[known]
        moment = whole(self.now() if at is None else at)
        made = Person(self.next_id("contact", FIRST_CONTACT), name, email, moment, moment)
        self.contacts[made.id] = made
        self._by_email[email] = made.id
        return made

    def forget(self, contact: int) -> None:
        """A contact is gone for good; their tickets still have the number."""
        self._by_email.pop(self.contacts.pop(contact).email or "", None)

    def anybody(self, id: int) -> Person | None:
        """A contact or an agent; None for nobody."""
        return self.contacts.get(id) or self.agents.get(id)

    def place(self, ticket: Ticket) -> None:
        """The lists have this ticket as it is now."""
        self.tickets[ticket.id] = ticket
        mine = DELETED if ticket.deleted else SPAM if ticket.spam else THERE
        for name, order in self.orders.items():
            if name != mine:
                order.drop(ticket.id)
        self.orders[mine].put(ticket.id, ticket.updated)
        if self.late:
            ticket.shown_from = self.now() + LATE_S * SECOND_MS
            self._hidden.add(ticket.id)

    def place_all(self, tickets: list[Ticket]) -> None:
        """The lists have these new tickets, none of which is removed; many at once."""
        self.tickets.update({ticket.id: ticket for ticket in tickets})
        for name, chosen in (
            (THERE, [ticket for ticket in tickets if not ticket.gone]),
            (DELETED, [ticket for ticket in tickets if ticket.deleted]),
            (SPAM, [ticket for ticket in tickets if ticket.spam and not ticket.deleted]),
        ):
            self.orders[name].put_all([(ticket.updated, ticket.id) for ticket in chosen])

    def remove(self, id: int) -> None:
        """A ticket is gone for good."""
        self.ticket(id)
        for order in self.orders.values():
            order.drop(id)
        del self.tickets[id]

    def since(self, name: str, at: int) -> list[int]:
        """The ids of the tickets in a list that changed at an instant or later, the oldest change first."""
        order = self.orders[name]
        self._hidden = {id for id in self._hidden if id in self.tickets and self.tickets[id].shown_from > self.now()}
        return [id for _, id in order.places[order.since(at) :] if id not in self._hidden]

    def all(self) -> Iterator[Ticket]:
        """Every ticket that isn't purged, by its id."""
        return (self.tickets[id] for id in sorted(self.tickets))
