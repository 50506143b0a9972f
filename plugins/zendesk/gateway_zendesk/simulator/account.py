"""The simulated account itself: what tickets and people there are, and where the exports have them. No sockets here.

Laws. Times have whole seconds. `updated` is when a change happened in the story; `written` (Zendesk's
generated_timestamp), by which the export goes, is when the account wrote it down: that is the story's time too until an
export is first asked for, so that an account can have a history. Nothing of a ticket that was seeded and is untouched
is held but what the export shows of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.plugin import DAY_MS, SECOND_MS, NowFunction
from gateway_zendesk.simulator.people import ADMIN, AGENT, FIRST_USER, User
from gateway_zendesk.simulator.ticket import Json, Order, Ticket

FIRST_ENTRY: Final = 2_000_000_001
LATE_S: Final = 60
"""How much later than its lag the export shows what is committed late."""

AGE_MS: Final = 365 * DAY_MS
"""How long the account has been there."""

Tell = Callable[[int], Ticket]
"""Tells a seeded ticket's story again, log and all."""


@dataclass(slots=True)
class Account:
    """What one account holds."""

    now: NowFunction
    export_lag_s: int = 60
    users: dict[int, User] = field(default_factory=dict)
    suspended: list[Json] = field(default_factory=list)
    created: int = 0
    exported: bool = False
    """Whether an export has been asked for: from then on nothing may appear behind a cursor."""

    late: bool = False
    """Whether changes are committed late."""

    ticket_order: Order = field(default_factory=Order)
    user_order: Order = field(default_factory=Order)
    tickets_ever: int = 0
    _tickets: dict[int, Ticket] = field(default_factory=dict)
    _seeded: dict[int, Tell] = field(default_factory=dict)
    _by_email: dict[str, User] = field(default_factory=dict)
    _entries: int = FIRST_ENTRY

    def __post_init__(self) -> None:
        self.created = self.now() - AGE_MS
        self.person("Agnes Agent", "agnes@support.example", "agent", self.created)
        self.person("Root", "root@support.example", "admin", self.created)

    def ids(self) -> list[int]:
        """Every ticket there ever was."""
        return list(range(1, self.tickets_ever + 1))

    def ticket(self, id: int) -> Ticket | None:
        """A ticket as it is, deleted ones too; None where there never was one."""
        found = self._tickets.get(id)
        if found is None and id in self._seeded:
            found = self._seeded[id](id)
            found.log = found.talk = None
            self._tickets[id] = found
        return found

    def whole(self, id: int) -> Ticket:
        """A ticket with its log, to read. Raises KeyError where there never was one."""
        found = self.ticket(id)
        if found is None:
            raise KeyError(id)
        return found if found.log is not None else self._seeded[id](id)

    def touch(self, id: int) -> Ticket:
        """A ticket with its log, to be changed: from now on all of it is held. Raises ValueError for none."""
        found = self.ticket(id)
        if found is None:
            raise ValueError(f"there is no ticket {id}")
        if found.log is None:
            told = self._seeded[id](id)
            found.log, found.talk = told.log, told.talk
        return found

    def add(self, ticket: Ticket) -> None:
        """A new ticket is there."""
        self._tickets[ticket.id] = ticket

    def next_ticket(self) -> int:
        """The id of the next ticket."""
        self.tickets_ever += 1
        return self.tickets_ever

    def next_entry(self) -> int:
        """The id of the next entry of a log."""
        self._entries += 1
        return self._entries

    def reserve(self, count: int) -> int:
        """So many ids of entries are taken; the one before the first."""
        before = self._entries
        self._entries += count
        return before

    def seeded(self, tells: Iterable[tuple[int, int, Tell]]) -> None:
        """Tickets with a past: id, where the export has each in seconds, and who tells its story."""
        places = []
        for id, written, tell in tells:
            self._seeded[id] = tell
            places.append((written, id))
        self.ticket_order.put_all(places)

    def mark(self, ticket: Ticket, at: int | None = None) -> None:
        """The export has this ticket anew: as of now, or as of `at` while nobody has asked."""
        now = self.now()
        written = now if self.exported or at is None else at
        ticket.written = max(ticket.written, written // SECOND_MS)
        if self.late:
            ticket.shown_from = now + (self.export_lag_s + LATE_S) * SECOND_MS
        self.ticket_order.put(ticket.id, ticket.written)

    def shown(self, after: tuple[int, int], until_s: int, *, everyone: bool = True) -> Iterator[Ticket]:
        """The tickets that an export has behind a place and before a second, in its order."""
        now = self.now()
        for _, id in self.ticket_order.after(after, until_s):
            ticket = self.ticket(id)
            if ticket is None or ticket.shown_from > now:
                continue
            if everyone or ticket.support_type == "agent":
                yield ticket

    def person(self, name: str, email: str, role: str = "end-user", at: int | None = None) -> User:
        """Somebody by their address: known, or new."""
        known = self._by_email.get(email)
        if known is not None:
            return known
        moment = self.now() if at is None else at
        moment -= moment % SECOND_MS
        user = User(FIRST_USER + len(self.users), name, email, role, moment, moment)
        self.users[user.id] = self._by_email[email] = user
        self._write_user(user, moment)
        return user

    def change_email(self, id: int, email: str, at: int) -> User:
        """Somebody has another address. Raises ValueError for one that is taken, and for nobody."""
        user = self.users.get(id)
        if user is None or email in self._by_email:
            raise ValueError(f"user {id} can't have the address {email}")
        self._by_email.pop(user.email or "", None)
        self._by_email[email] = user
        user.email, user.updated = email, at - at % SECOND_MS
        self._write_user(user, at)
        return user

    def _write_user(self, user: User, at: int) -> None:
        user.written = max(user.written, (self.now() if self.exported else at) // SECOND_MS)
        self.user_order.put(user.id, user.written)

    def people(self, ids: Iterable[int | None]) -> list[User]:
        """The users of these ids who are known."""
        return [self.users[id] for id in sorted({id for id in ids if id is not None} & set(self.users))]

    def people_of(self, tickets: Iterable[Ticket]) -> list[User]:
        """The users whom tickets name."""
        return self.people(id for ticket in tickets for id in (ticket.requester, ticket.submitter, ticket.assignee))

    def staff(self) -> list[User]:
        """Agents and administrators."""
        return [self.users[AGENT], self.users[ADMIN]]
