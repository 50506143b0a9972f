"""What may happen in a simulated account, by name and by method: the lists show it, and a webhook tells of it."""

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar, Final

from gateway.plugin import NowFunction
from gateway_freshdesk.simulator import desk, hooks
from gateway_freshdesk.simulator.account import Account
from gateway_freshdesk.simulator.people import AGENT, CUSTOMER_WAITS, GROUPS, ORDER_FIELD, THIRD_PARTY
from gateway_freshdesk.simulator.push import Pusher
from gateway_freshdesk.simulator.ticket import CLOSED, ENDED, OPEN, PENDING, SOLVED, Entry, Ticket, whole

TRIES: Final = 50
"""Tickets that are looked at for one that an act can happen to."""

BULK: Final = 100
"""Tickets that the act `bulk` changes at most."""

CHANNELS: Final = {
    "email": 1,
    "web": 2,
    "voice": 3,
    "twitter": 5,
    "facebook": 6,
    "chat": 7,
    "feedback": 9,
    "outbound": 10,
    "whatsapp": 13,
    "web_chat": 15,
}
"""Channels by a word, and Freshdesk's number of each."""

WORDS: Final = {
    "open": OPEN,
    "pending": PENDING,
    "hold": THIRD_PARTY,
    "waiting": CUSTOMER_WAITS,
    "solved": SOLVED,
    "closed": CLOSED,
}
"""Statuses by a word, and this account's number of each."""

_PRIORITIES: Final = {None: 1, "low": 1, "normal": 2, "high": 3, "urgent": 4}
_PERSON: Final = ("Ada Customer", "ada@customer.example")
_CC: Final = ("Carl Copied", "carl@customer.example")


class Acts:
    """The account's people. A ticket is named by its number; `at` is in milliseconds, and now by default."""

    acts: ClassVar[frozenset[str]]

    now: NowFunction
    account: Account
    pusher: Pusher
    _faults: set[str]
    _random: Random

    def open_ticket(
        self,
        *,
        at: int | None = None,
        subject: str = "Help",
        text: str = "Please help me.",
        priority: str | None = None,
        channel: str = "email",
        tags: tuple[str, ...] = (),
        requester: tuple[str, str] = _PERSON,
    ) -> int:
        """A customer opens a ticket at `at`, or an agent writes to them (`outbound`). Returns its number."""
        moment = self._at(at)
        person = self.account.person(*requester, at=moment)
        made = desk.open_ticket(
            self.account.next_id("ticket"),
            moment,
            person.id,
            _known(CHANNELS, channel, "channel"),
            text,
            self.account.next_id,
            subject=subject,
            priority=_known(_PRIORITIES, priority, "priority"),
            tags=list(tags),
        )
        self.told(made)
        return made.id

    def customer_comment(
        self,
        ticket: int,
        text: str = "Any news?",
        *,
        at: int | None = None,
        by: tuple[str, str] | None = None,
        away: bool = False,
    ) -> int:
        """The customer writes, or their mailbox because they are `away`, or somebody else who is on the copy. Returns
        the entry's number."""
        found = self.account.ticket(ticket)
        author = found.requester if by is None else self.account.person(*by, at=at).id
        return self._say(found, at, author, text, incoming=True, away=away)

    def agent_comment(
        self,
        ticket: int,
        text: str = "We are looking into it.",
        *,
        public: bool = True,
        at: int | None = None,
        mailed: bool = False,
    ) -> int:
        """The agent answers, from their own mailbox if it is `mailed`, or writes a note. Returns the entry's number."""
        found = self.account.ticket(ticket)
        return self._say(found, at, desk.agent_of(found), text, incoming=False, private=not public, mailed=mailed)

    def edit(self, entry: int, text: str = "Changed.", *, at: int | None = None) -> None:
        """The agent changes what was written. Raises ValueError for an entry that there is not."""
        for found in self.account.all():
            if any(known.id == entry for known in found.entries):
                desk.edit(found, self._at(at), entry, text)
                self.told(found)
                return
        raise ValueError(f"there is no entry {entry}")

    def set_status(self, ticket: int, status: str, *, at: int | None = None) -> None:
        """The agent sets the status, by a word."""
        found = self.account.ticket(ticket)
        desk.set_status(found, self._at(at), _known(WORDS, status, "status"))
        self.told(found)

    def set_priority(self, ticket: int, priority: str, *, at: int | None = None) -> None:
        """The agent sets the priority: urgent, high, normal or low."""
        self.change(ticket, at=at, priority=_known(_PRIORITIES, priority, "priority"))

    def assign(self, ticket: int, *, at: int | None = None) -> None:
        """The agent takes the ticket."""
        self.change(ticket, at=at, assignee=AGENT)

    def change(self, ticket: int, *, at: int | None = None, **values: Any) -> None:
        """The agent changes subject, priority, type, tags, assignee or group; custom fields by `fields`."""
        found = self.account.ticket(ticket)
        desk.change(found, self._at(at), **values)
        self.told(found)

    def rate(self, ticket: int, score: int = 103, feedback: str = "", *, at: int | None = None) -> None:
        """The customer says how it was: 103 is the best, -103 the worst."""
        found = self.account.ticket(ticket)
        desk.rate(found, self._at(at), self.account.next_id("rating"), score, feedback)
        self.told(found)

    def delete(self, ticket: int, *, spam: bool = False, at: int | None = None) -> None:
        """The agent deletes the ticket, or marks it as spam."""
        found = self.account.ticket(ticket)
        desk.remove(found, self._at(at), spam=spam)
        self.told(found)

    def restore(self, ticket: int, *, at: int | None = None) -> None:
        """The agent takes a removed ticket back."""
        found = self.account.ticket(ticket)
        desk.restore(found, self._at(at))
        self.told(found)

    def purge(self, ticket: int) -> None:
        """A removed ticket is gone for good: nothing says that it ever was."""
        if not self.account.ticket(ticket).gone:
            raise ValueError(f"ticket {ticket} is not removed")
        self.account.remove(ticket)

    def bulk_update(self, *, tag: str) -> int | None:
        """The agent tags the newest tickets within one second. Returns the last of them; None where there is none."""
        ids = [ticket.id for ticket in self.account.all() if _here(ticket)][-BULK:]
        moment = self.now()
        for id in ids:
            self.change(id, at=moment, tags=[*self.account.tickets[id].tags, tag])
        return ids[-1] if ids else None

    def _act(self, name: str) -> int | None:
        """Let an act happen now to a ticket of the account's choice."""
        if name not in self.acts:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        if name in _OPENINGS:
            return self.open_ticket(**_OPENINGS[name])
        if name == "bulk":
            return self.bulk_update(tag=f"bulk{self._random.randrange(10**6)}")
        able, do = _ON_TICKET[name]
        # Nobody restores a ticket in the very second in which it was removed: its times couldn't tell the order.
        ticket = self._choose(lambda one: able(one) and not (one.gone and one.updated == whole(self.now())))
        if ticket is not None:
            do(self, ticket.id)
        return None if ticket is None else ticket.id

    def _choose(self, able: Callable[[Ticket], bool]) -> Ticket | None:
        """A ticket that something can happen to, by chance; the newest of those that can is found in any case."""
        ids = sorted(self.account.tickets)
        drawn = self._random.sample(ids, min(TRIES, len(ids)))
        return next((ticket for id in [*drawn, *reversed(ids)] if able(ticket := self.account.tickets[id])), None)

    def _edit_any(self, ticket: int) -> None:
        entry = self._random.choice([one for one in self.account.tickets[ticket].entries if not one.incoming])
        self.edit(entry.id, f"Changed: {self._random.randrange(10**6)}.")

    def _say(self, ticket: Ticket, at: int | None, author: int, text: str, *, incoming: bool, **more: bool) -> int:
        id = self.account.next_id("entry")
        entry: Entry = desk.say(ticket, self._at(at), id, author, text, incoming=incoming, **more)
        self.told(ticket)
        return entry.id

    def _at(self, at: int | None) -> int:
        return self.now() if at is None else at

    def told(self, ticket: Ticket) -> None:
        """The lists have it, and a webhook tells of it."""
        self.account.place(ticket)
        if "form" in self._faults:
            self.pusher.send(hooks.form(ticket))
        elif "own_body" in self._faults:
            self.pusher.send(hooks.own(ticket))
        else:
            self.pusher.send(hooks.simple(ticket))


def _known(words: Any, word: str | None, what: str) -> int:
    """What a word stands for. Raises ValueError."""
    if word not in words:
        raise ValueError(f"{word!r} is no {what}: there are {', '.join(str(known) for known in words)}")
    number: int = words[word]
    return number


def _here(ticket: Ticket) -> bool:
    return not ticket.gone


def _is(*statuses: int) -> Callable[[Ticket], bool]:
    return lambda ticket: not ticket.gone and ticket.status in statuses


def _answered(ticket: Ticket) -> bool:
    return not ticket.gone and any(not entry.incoming for entry in ticket.entries)


def _is_removed(ticket: Ticket) -> bool:
    return ticket.gone


_WORKED_ON: Final = (OPEN, PENDING, THIRD_PARTY, CUSTOMER_WAITS)
_OPENINGS: Final[dict[str, dict[str, Any]]] = {
    "open": {},
    "open_quoted": {"subject": 'It says "no"\nand stops', "channel": "web"},
    "open_web_chat": {"channel": "web_chat", "text": "Hello."},
    "open_phone": {"channel": "voice"},
    "open_outbound": {"channel": "outbound", "text": "We have news for you."},
}
_ON_TICKET: Final[dict[str, tuple[Callable[[Ticket], bool], Callable[[Acts, int], object]]]] = {
    "customer_comment": (_here, lambda people, id: people.customer_comment(id)),
    "copied_comment": (_here, lambda people, id: people.customer_comment(id, "Me too.", by=_CC)),
    "absence": (_here, lambda people, id: people.customer_comment(id, "I am away.", away=True)),
    "agent_comment": (_here, lambda people, id: people.agent_comment(id)),
    "mailed_comment": (_here, lambda people, id: people.agent_comment(id, mailed=True)),
    "note": (_here, lambda people, id: people.agent_comment(id, "A note.", public=False)),
    "edit": (_answered, Acts._edit_any),
    "solve": (_is(*_WORKED_ON), lambda people, id: people.set_status(id, "solved")),
    "reopen": (_is(*ENDED), lambda people, id: people.set_status(id, "open")),
    "pending": (_is(OPEN), lambda people, id: people.set_status(id, "pending")),
    "hold": (_is(OPEN, PENDING), lambda people, id: people.set_status(id, "hold")),
    "waiting": (_is(OPEN, PENDING), lambda people, id: people.set_status(id, "waiting")),
    "close": (_is(*_WORKED_ON, SOLVED), lambda people, id: people.set_status(id, "closed")),
    "priority": (_here, lambda people, id: people.set_priority(id, "urgent")),
    "tag": (_here, lambda people, id: people.change(id, tags=["vip"])),
    "untag": (_here, lambda people, id: people.change(id, tags=[])),
    "assign": (_here, lambda people, id: people.assign(id)),
    "group": (_here, lambda people, id: people.change(id, group=next(iter(GROUPS)))),
    "field": (_here, lambda people, id: people.change(id, fields={ORDER_FIELD: "ORD-7"})),
    "subject": (_here, lambda people, id: people.change(id, subject="Help again")),
    "rate_good": (_is(*ENDED), lambda people, id: people.rate(id, 103, "Thank you")),
    "rate_bad": (_is(*ENDED), lambda people, id: people.rate(id, -103)),
    "delete": (_here, lambda people, id: people.delete(id)),
    "spam": (_here, lambda people, id: people.delete(id, spam=True)),
    "restore": (_is_removed, lambda people, id: people.restore(id)),
}
"""What happens to a ticket: to which ones it can, and how."""

ACTS: Final = frozenset({"bulk", *_OPENINGS, *_ON_TICKET})
"""Everything that may happen, by name."""
