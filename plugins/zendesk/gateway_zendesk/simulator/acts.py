"""What may happen in a simulated account, by name and by method: each is logged, exported and told by webhooks."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, ClassVar, Final

from gateway.plugin import NowFunction
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.desk import RULE_VIA, Desk
from gateway_zendesk.simulator.hooks import Hook, Hooks
from gateway_zendesk.simulator.people import AGENT, BRANDS, CUSTOM_STATUSES, GROUPS, TICKET_FIELD
from gateway_zendesk.simulator.push import Pusher
from gateway_zendesk.simulator.story import MEDIA
from gateway_zendesk.simulator.ticket import Json, Ticket, second

TRIES: Final = 50
"""Tickets that are looked at for one that an act can happen to."""

BULK: Final = 100
"""Tickets that the act `bulk` changes at most."""

_PERSON: Final = ("Ada Customer", "ada@customer.example")


class Acts:
    """The account's people. A ticket is named by its number; `at` is in milliseconds, and now by default."""

    acts: ClassVar[frozenset[str]]

    now: NowFunction
    account: Account
    hooks: Hooks
    pusher: Pusher
    _random: Random

    @property
    def desk(self) -> Desk:
        """Who writes the logs."""
        return Desk(self.account, self.account.next_entry)

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
        support_type: str = "agent",
        messaging: bool = False,
        by_agent: bool = False,
    ) -> int:
        """A customer opens a ticket at `at` by a channel in the API's word, or an agent for them. Returns its id.

        `messaging`: it is a conversation, whose messages stand in a log of their own.
        """
        if channel not in MEDIA:
            raise ValueError(f"{channel!r} is no channel: there are {', '.join(sorted(MEDIA))}")
        moment = self._at(at)
        person = self.account.person(*requester, at=moment)
        ticket = self.desk.open(
            self.account.next_ticket(),
            moment,
            person.id,
            text,
            channel=channel,
            subject=subject,
            priority=priority,
            tags=list(tags),
            support_type=support_type,
            messaging=messaging,
            submitter=AGENT if by_agent else person.id,
        )
        self.account.add(ticket)
        log = ticket.log or []
        self._tell(log[0], ticket, moment)
        if ticket.talk:
            self.pusher.send([self.hooks.of_message(ticket.talk[0], ticket, moment)])
        return ticket.id

    def customer_comment(self, ticket: int, text: str = "Any news?", *, at: int | None = None) -> None:
        """The customer writes."""
        found = self.account.touch(ticket)
        self._tell(self.desk.comment(found, self._at(at), text, author=found.requester), found, self._at(at))

    def agent_comment(
        self, ticket: int, text: str = "We are looking into it.", *, public: bool = True, at: int | None = None
    ) -> None:
        """The agent answers, or writes a note."""
        found = self.account.touch(ticket)
        audit = self.desk.comment(found, self._at(at), text, public=public, author=AGENT)
        self._tell(audit, found, self._at(at))

    def auto_reply(self, ticket: int, text: str = "We have received your request.", *, at: int | None = None) -> None:
        """A trigger answers."""
        found = self.account.touch(ticket)
        self._tell(self.desk.comment(found, self._at(at), text, author=AGENT, via=RULE_VIA), found, self._at(at))

    def message(self, ticket: int, who: str, text: str = "Hello.", *, at: int | None = None) -> None:
        """Somebody writes in a conversation: `user`, `agent` or `bot`."""
        found, moment = self.account.touch(ticket), self._at(at)
        self.pusher.send([self.hooks.of_message(self.desk.message(found, moment, text, who), found, moment)])

    def set_status(self, ticket: int, status: str, *, at: int | None = None) -> None:
        """The agent sets the status: new, open, pending, hold, solved or closed."""
        self._change(ticket, at, status=status)

    def set_custom_status(self, ticket: int, label: str, *, at: int | None = None) -> None:
        """The agent chooses a status of the account's own, by its label."""
        for id, (category, named, own) in CUSTOM_STATUSES.items():
            if named == label and not own:
                found, moment = self.account.touch(ticket), self._at(at)
                self._tell(self.desk.set_custom_status(found, moment, id, category), found, moment)
                return
        raise ValueError(f"{label!r} is no status of this account")

    def set_priority(self, ticket: int, priority: str | None, *, at: int | None = None) -> None:
        """The agent sets the priority: urgent, high, normal, low or none."""
        self._change(ticket, at, priority=priority)

    def set_subject(self, ticket: int, subject: str, *, at: int | None = None) -> None:
        """The agent sets the subject."""
        self._change(ticket, at, subject=subject)

    def set_field(self, ticket: int, value: str | None, *, field: int = TICKET_FIELD, at: int | None = None) -> None:
        """The agent sets a custom field."""
        self._change(ticket, at, fields={field: value})

    def add_tags(self, ticket: int, *tags: str, at: int | None = None) -> None:
        """The agent adds tags."""
        self._change(ticket, at, tags=list(dict.fromkeys([*self.account.touch(ticket).tags, *tags])))

    def remove_tags(self, ticket: int, *tags: str, at: int | None = None) -> None:
        """The agent removes tags."""
        self._change(ticket, at, tags=[tag for tag in self.account.touch(ticket).tags if tag not in tags])

    def assign(self, ticket: int, *, at: int | None = None) -> None:
        """The agent takes the ticket."""
        self._change(ticket, at, assignee_id=AGENT)

    def set_group(self, ticket: int, group: int, *, at: int | None = None) -> None:
        """The ticket goes to another group."""
        self._change(ticket, at, group_id=group)

    def set_brand(self, ticket: int, brand: int, *, at: int | None = None) -> None:
        """The ticket goes to another brand."""
        self._change(ticket, at, brand_id=brand)

    def rate(self, ticket: int, score: str = "good", comment: str | None = None, *, at: int | None = None) -> None:
        """The customer says `good` or `bad`."""
        found, moment = self.account.touch(ticket), self._at(at)
        self._tell(self.desk.rate(found, moment, score, comment), found, moment)

    def merge(self, source: int, target: int, *, at: int | None = None) -> None:
        """The agent merges a ticket into another one."""
        into, gone, moment = self.account.touch(target), self.account.touch(source), self._at(at)
        if into is gone:
            raise ValueError("a ticket can't be merged into itself")
        received = self.desk.receive_merge(into, moment, source)
        given = self.desk.merge_into(gone, moment, target)
        self._tell(received, into, moment)
        self._tell(given, gone, moment)

    def delete(self, ticket: int, *, spam: bool = False, at: int | None = None) -> None:
        """The agent deletes the ticket, or marks it as spam."""
        found, moment = self.account.touch(ticket), self._at(at)
        self._tell(self.desk.delete(found, moment, spam=spam), found, moment)

    def undelete(self, ticket: int, *, at: int | None = None) -> None:
        """The agent restores a deleted ticket."""
        found, moment = self.account.touch(ticket), self._at(at)
        self._tell(self.desk.undelete(found, moment), found, moment)

    def purge(self, ticket: int) -> None:
        """An administrator deletes a deleted ticket for good: its content is gone at once."""
        found, moment = self.account.touch(ticket), self.now()
        self.desk.scrub(found, moment, purged=True)
        self.pusher.send([self.hooks.of("permanently_deleted", {}, found, moment)])

    def scrub(self, ticket: int) -> None:
        """Zendesk scrubs a ticket that was deleted a while ago; no webhook tells of it."""
        self.desk.scrub(self.account.touch(ticket), self.now())

    def redact(self, ticket: int, comment: int | None = None, *, at: int | None = None) -> None:
        """The agent takes the words of a comment out; of the first one by default."""
        found, moment = self.account.touch(ticket), self._at(at)
        ids = [entry["id"] for audit in found.log or [] for entry in audit["events"] if entry["type"] == "Comment"]
        if comment is None and not ids:
            raise ValueError(f"ticket {ticket} has no comment")
        self._tell(self.desk.redact(found, moment, comment or ids[0]), found, moment)

    def change_email(self, user: int, email: str, *, at: int | None = None) -> None:
        """Somebody has another address."""
        self.account.change_email(user, email, self._at(at))

    def bulk_update(self, tickets: Iterable[int] | None = None, *, tag: str = "bulk") -> int:
        """The agent changes many tickets within one second: these, or all that can be changed. How many."""
        ids = self.account.ids() if tickets is None else list(tickets)
        changed = [id for id in ids if _changeable(self.account.ticket(id))]
        moment = self.now()
        for id in changed:
            self.add_tags(id, tag, at=moment)
        return len(changed)

    def suspend(self, subject: str = "You have won", *, at: int | None = None) -> int:
        """A mail comes that Zendesk takes for spam: it is no ticket. Returns its number in the queue."""
        moment, id = self._at(at), 900_000_000_000 + len(self.account.suspended) + 1
        author = {"id": None, "name": "Stranger", "email": "stranger@spam.example"}
        queued: Json = {
            "id": id,
            "url": f"/api/v2/suspended_tickets/{id}.json",
            "author": author,
            "subject": subject,
            "content": subject,
            "cause": "Detected as spam",
            "cause_id": 1,
            "ticket_id": None,
            "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
            "created_at": second(moment),
            "updated_at": second(moment),
            "attachments": [],
            "message_id": None,
            "recipient": "support@acme.example",
            "brand_id": next(iter(BRANDS)),
        }
        self.account.suspended.append(queued)
        return id

    def recover(self, suspended: int) -> int:
        """The agent makes a ticket of a mail in the queue."""
        for queued in self.account.suspended:
            if queued["id"] == suspended:
                self.account.suspended.remove(queued)
                author = queued["author"]
                requester = (author["name"], author["email"])
                return self.open_ticket(subject=queued["subject"], text=queued["content"], requester=requester)
        raise ValueError(f"nothing is suspended under {suspended}")

    def system_change(self, ticket: int) -> None:
        """Zendesk itself writes a ticket anew: the export shows it again, and nothing of it has changed."""
        found = self.account.ticket(ticket)
        if found is None:
            raise ValueError(f"there is no ticket {ticket}")
        self.account.mark(found)

    def _act(self, name: str) -> int | None:
        """Let an act happen now to a ticket of the account's choice."""
        if name not in self.acts:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        if name in _OPENINGS:
            return self.open_ticket(**_OPENINGS[name])
        if name == "suspend":
            self.suspend()
            return None
        if name == "bulk":
            return self._bulk()
        able, do = _ON_TICKET[name]
        ticket = self._choose(able)
        if ticket is not None:
            do(self, ticket.id)
        return None if ticket is None else ticket.id

    def _bulk(self) -> int | None:
        ids = self.account.ids()[-BULK:]
        return ids[-1] if self.bulk_update(ids, tag=f"bulk{self._random.randrange(10**6)}") else None

    def _choose(self, able: Callable[[Ticket], bool]) -> Ticket | None:
        """A ticket that something can happen to, by chance; the newest of those that can is found in any case."""
        ids = self.account.ids()
        drawn = self._random.sample(ids, min(TRIES, len(ids)))
        for id in [*drawn, *reversed(ids)]:
            ticket = self.account.ticket(id)
            if ticket is not None and able(ticket):
                return ticket
        return None

    def _merge_any(self, source: int) -> None:
        target = self._choose(lambda ticket: _changeable(ticket) and ticket.id != source)
        if target is None:
            target = self.account.touch(self.open_ticket())
        self.merge(source, target.id)

    def _change_any_email(self, ticket: int) -> None:
        requester = self.account.touch(ticket).requester
        self.change_email(requester, f"moved{self._random.getrandbits(40)}@customer.example")

    def _change(self, ticket: int, at: int | None, **values: Any) -> None:
        found, moment = self.account.touch(ticket), self._at(at)
        self._tell(self.desk.change(found, moment, **values), found, moment)

    def _at(self, at: int | None) -> int:
        return self.now() if at is None else at

    def _tell(self, audit: Json, ticket: Ticket, at: int) -> None:
        hooks: list[Hook] = list(self.hooks.of_audit(audit, ticket, at))
        self.pusher.send(hooks)


def _changeable(ticket: Ticket | None) -> bool:
    return ticket is not None and ticket.status not in ("deleted", "closed")


def _in(*statuses: str) -> Callable[[Ticket], bool]:
    return lambda ticket: ticket.status in statuses


def _talks(ticket: Ticket) -> bool:
    return ticket.messaging and _changeable(ticket)


def _writes(ticket: Ticket) -> bool:
    return not ticket.messaging and _changeable(ticket)


def _erasable(ticket: Ticket) -> bool:
    return ticket.gone and not ticket.scrubbed


_OPENINGS: Final[dict[str, dict[str, Any]]] = {
    "open": {},
    "open_messaging": {"channel": "native_messaging", "messaging": True},
    "open_ai": {"channel": "web", "support_type": "ai_agent"},
}
_ON_TICKET: Final[dict[str, tuple[Callable[[Ticket], bool], Callable[[Acts, int], object]]]] = {
    "customer_comment": (_writes, lambda desk, id: desk.customer_comment(id)),
    "agent_comment": (_writes, lambda desk, id: desk.agent_comment(id)),
    "note": (_changeable, lambda desk, id: desk.agent_comment(id, "A note.", public=False)),
    "auto_reply": (_writes, lambda desk, id: desk.auto_reply(id)),
    "customer_message": (_talks, lambda desk, id: desk.message(id, "user")),
    "agent_message": (_talks, lambda desk, id: desk.message(id, "agent")),
    "bot_message": (_talks, lambda desk, id: desk.message(id, "bot")),
    "solve": (_in("new", "open", "pending", "hold"), lambda desk, id: desk.set_status(id, "solved")),
    "reopen": (_in("solved"), lambda desk, id: desk.set_status(id, "open")),
    "pending": (_in("new", "open"), lambda desk, id: desk.set_status(id, "pending")),
    "hold": (_in("new", "open", "pending"), lambda desk, id: desk.set_status(id, "hold")),
    "close": (_in("solved"), lambda desk, id: desk.set_status(id, "closed")),
    "custom_status": (_changeable, lambda desk, id: desk.set_custom_status(id, "Waiting for documents")),
    "priority": (_changeable, lambda desk, id: desk.set_priority(id, "urgent")),
    "tag": (_changeable, lambda desk, id: desk.add_tags(id, "vip")),
    "untag": (lambda ticket: _changeable(ticket) and bool(ticket.tags), lambda desk, id: desk.remove_tags(id, "vip")),
    "assign": (_changeable, lambda desk, id: desk.assign(id)),
    "group": (_changeable, lambda desk, id: desk.set_group(id, next(iter(GROUPS)))),
    "brand": (_changeable, lambda desk, id: desk.set_brand(id, list(BRANDS)[1])),
    "field": (_changeable, lambda desk, id: desk.set_field(id, "ORD-7")),
    "subject": (_changeable, lambda desk, id: desk.set_subject(id, "Help again")),
    "rate_good": (_in("solved"), lambda desk, id: desk.rate(id, "good", "Thank you")),
    "rate_bad": (_in("solved"), lambda desk, id: desk.rate(id, "bad")),
    "merge": (_changeable, Acts._merge_any),
    "delete": (_changeable, lambda desk, id: desk.delete(id)),
    "spam": (_changeable, lambda desk, id: desk.delete(id, spam=True)),
    "undelete": (_erasable, lambda desk, id: desk.undelete(id)),
    "purge": (_erasable, lambda desk, id: desk.purge(id)),
    "scrub": (_erasable, lambda desk, id: desk.scrub(id)),
    "redact": (_writes, lambda desk, id: desk.redact(id)),
    "change_email": (lambda ticket: not ticket.scrubbed, Acts._change_any_email),
    "system_change": (lambda ticket: not ticket.scrubbed, lambda desk, id: desk.system_change(id)),
}
"""What happens to a ticket: to which ones it can, and how."""

ACTS: Final = frozenset({"suspend", "bulk", *_OPENINGS, *_ON_TICKET})
"""Everything that may happen, by name."""
