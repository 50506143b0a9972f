"""What may happen in a simulated org, by name and by method: rows change, and an Apex trigger tells the webhook."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, ClassVar, Final

from gateway.plugin import NowFunction
from gateway_salesforce.simulator.desk import DRAFT, Desk
from gateway_salesforce.simulator.org import Org, Row
from gateway_salesforce.simulator.people import People
from gateway_salesforce.simulator.push import Pusher

TRIES: Final = 50
"""Rows that are looked at for one that an act can happen to."""

BULK: Final = 100
"""Cases that the act `bulk` changes at most."""

STATUSES: Final = {
    "new": "New",
    "open": "Working",
    "pending": "Waiting on Customer",
    "hold": "On Hold",
    "solved": "Closed",
    "closed": "Closed",
}
"""The words that a helpdesk is played with, and this org's labels."""

PRIORITIES: Final = {"urgent": "High", "high": "High", "normal": "Medium", "low": "Low"}
"""Likewise; what is urgent is escalated too."""

CHANNELS: Final = {"email": "Email", "web": "Web", "phone": "Phone", "voice": "Phone", "chat": "Chat", "api": "API"}
"""Likewise, of a case's origin."""

_PERSON: Final = ("Ada Customer", "ada@customer.example")


class Acts:
    """The org's people. A row is named by its id; `at` is in milliseconds, and now by default."""

    acts: ClassVar[frozenset[str]]

    now: NowFunction
    org: Org
    people: People
    pusher: Pusher
    _random: Random

    @property
    def desk(self) -> Desk:
        """Who writes the rows."""
        return Desk(self.org, self.people)

    def open_ticket(
        self,
        *,
        at: int | None = None,
        subject: str | None = "Help",
        text: str = "Please help me.",
        priority: str | None = "normal",
        channel: str = "email",
        tags: tuple[str, ...] = (),
        requester: tuple[str, str] = _PERSON,
        known: bool = True,
        status: str = "New",
        answered: bool = False,
    ) -> str:
        """A customer opens a case by one of CHANNELS. Returns its id. A case has no tags: the first one is its type.

        Unless `known`, there is no contact of the customer's: name and address stand in the case itself, as they do in
        each that came by mail. `answered`: an auto-response rule sends a receipt.
        """
        if channel not in CHANNELS:
            raise ValueError(f"{channel!r} is no channel: there are {', '.join(sorted(CHANNELS))}")
        if priority is not None and priority not in PRIORITIES:
            raise ValueError(f"{priority!r} is no priority: there are {', '.join(sorted(PRIORITIES))}")
        moment = self._at(at)
        name, address = requester
        supplied = channel == "email" or not known
        case = self.desk.open(
            moment,
            origin=CHANNELS[channel],
            contact=self.people.contact(name, address, moment) if known else None,
            by=self.people.clerk,
            SuppliedName=name if supplied else None,
            SuppliedEmail=address if supplied else None,
            Subject=subject,
            Description=text,
            Priority=None if priority is None else PRIORITIES[priority],
            IsEscalated=priority == "urgent",
            Type=tags[0] if tags else None,
            Status=status,
        )
        if channel == "email":
            self.desk.mail(case, moment, text, incoming=True)
        if answered:
            self.desk.mail(case, moment, "We have got your message.", incoming=False, by=self.people.clerk)
        self._tell(case.id)
        return case.id

    def customer_comment(self, ticket: str, text: str = "Any news?", *, at: int | None = None) -> None:
        """The customer writes a letter. A flow of the org opens again what waited for it, or was closed."""
        case, moment = self._case(ticket), self._at(at)
        self.desk.mail(case, moment, text, incoming=True)
        if case.values["IsClosed"] or case.values["Status"] == STATUSES["pending"]:
            self.desk.change(case, moment, self.people.robot, Status=STATUSES["open"])
        self._tell(ticket)

    def agent_comment(
        self, ticket: str, text: str = "We are looking into it.", *, public: bool = True, at: int | None = None
    ) -> None:
        """The agent writes a letter, or a comment that the customer doesn't see."""
        case, moment = self._case(ticket), self._at(at)
        if public:
            self.desk.mail(case, moment, text, incoming=False)
        else:
            self.desk.comment(case, moment, text, public=False, by=self.people.agent)
        self._tell(ticket)

    def publish(self, ticket: str, text: str = "It is done.", *, at: int | None = None) -> None:
        """The agent writes a comment that the customer sees."""
        self.desk.comment(self._case(ticket), self._at(at), text, public=True, by=self.people.agent)
        self._tell(ticket)

    def portal_comment(self, ticket: str, text: str = "It is still broken.", *, at: int | None = None) -> None:
        """The customer writes a comment in the portal."""
        self.desk.comment(self._case(ticket), self._at(at), text, public=True, by=self.people.portal)
        self._tell(ticket)

    def draft(self, ticket: str, text: str = "Dear", *, at: int | None = None) -> str:
        """The agent begins a letter. Returns its id."""
        letter = self.desk.mail(self._case(ticket), self._at(at), text, incoming=False, draft=True)
        self._tell(ticket)
        return letter.id

    def send_draft(self, letter: str, *, at: int | None = None) -> None:
        """The agent sends a letter that was begun."""
        row = self.org.held(letter, "EmailMessage")
        self.desk.send(row, self._at(at))
        self._tell(row.values["ParentId"])

    def set_status(self, ticket: str, status: str, *, at: int | None = None) -> None:
        """The agent sets the status: one of STATUSES, or a label of the org's."""
        self._change(ticket, at, Status=STATUSES.get(status, status))

    def set_priority(self, ticket: str, priority: str | None, *, at: int | None = None) -> None:
        """The agent sets the priority, by its label."""
        self._change(ticket, at, Priority=priority)

    def set_subject(self, ticket: str, subject: str | None, *, at: int | None = None) -> None:
        """The agent sets the subject."""
        self._change(ticket, at, Subject=subject)

    def escalate(self, ticket: str, *, at: int | None = None) -> None:
        """A rule of the org escalates the case."""
        self._change(ticket, at, Status="Escalated", IsEscalated=True)

    def assign(self, ticket: str, *, at: int | None = None) -> None:
        """The agent takes the case."""
        self._change(ticket, at, OwnerId=self.people.agent)

    def set_queue(self, ticket: str, queue: int = 1, *, at: int | None = None) -> None:
        """The case goes to one of the queues."""
        self._change(ticket, at, OwnerId=self.people.queues[queue])

    def take_and_work(self, ticket: str, *, at: int | None = None) -> None:
        """The agent takes the case and works on it, by one save."""
        self._change(ticket, at, OwnerId=self.people.agent, Status="Working")

    def merge(self, source: str, target: str, *, at: int | None = None) -> None:
        """The agent merges a case into another one: it is deleted, and says which one it has become."""
        gone, into = self._case(source), self._case(target)
        if gone is into:
            raise ValueError("a case can't be merged into itself")
        self.desk.merge(gone, self._at(at), into.id)
        self._tell(source, target)

    def delete(self, ticket: str, *, at: int | None = None) -> None:
        """The agent deletes the case."""
        self.desk.delete(self._case(ticket), self._at(at))
        self._tell(ticket)

    def undelete(self, ticket: str, *, at: int | None = None) -> None:
        """The agent restores a deleted case. It is no act of `acts`: how often it was deleted nobody sees who reads
        later."""
        row = self._binned(ticket)
        if row.values["MasterRecordId"] is not None:
            raise ValueError(f"case {ticket} was merged, and can't be restored")
        self.desk.undelete(row, self._at(at))
        self._tell(ticket)

    def purge(self, ticket: str) -> None:
        """The recycle bin is emptied of a case: nobody learns of it any more. So it is no act of `acts`."""
        self.desk.purge(self._binned(ticket))
        self._tell(ticket)

    def system_change(self, ticket: str) -> None:
        """Salesforce itself writes a case anew, and nothing of it has changed. No trigger tells of it, so that only who
        pulls can know: it is no act of `acts`."""
        self.org.change(self._case(ticket), self.now(), {}, by_system=True)

    def bulk_update(self, tickets: Iterable[str], *, reason: str = "Bulk") -> int:
        """The agent changes many cases within one second. How many."""
        rows = [row for id in tickets if (row := self.org.row(id)) is not None and _there(row)]
        for row in rows:
            self.desk.change(row, self.now(), Reason=reason)
        self._tell(*(row.id for row in rows))
        return len(rows)

    def open_session(
        self,
        *,
        channel: str = "WhatsApp",
        person: tuple[str, str] = _PERSON,
        known: bool = True,
        case: str | None = None,
        at: int | None = None,
    ) -> str:
        """A customer writes by a messenger. Returns the session's id."""
        moment = self._at(at)
        contact = self.people.contact(*person, moment) if known else None
        key = f"whatsapp:+49170{self._random.randrange(10**7):07d}" if channel == "WhatsApp" else person[1]
        row = self.desk.session(moment, channel=channel, name=person[0], key=key, contact=contact, CaseId=case)
        self._tell(row.id)
        return row.id

    def accept_session(self, session: str, *, at: int | None = None) -> None:
        """The agent takes a session."""
        moment = self._at(at)
        values = {"AcceptTime": moment - moment % 1_000, "OwnerId": self.people.agent, "AgentType": "Agent"}
        self._session(session, moment, Status="Active", **values)

    def transfer_session(self, session: str, *, at: int | None = None) -> None:
        """A session goes on to a colleague."""
        self._session(session, self._at(at), OwnerId=self.people.colleague)

    def end_session(self, session: str, *, at: int | None = None) -> None:
        """A session is over."""
        moment = self._at(at)
        self._session(session, moment, Status="Ended", EndTime=moment - moment % 1_000)

    def ring(self, *, outbound: bool = False, number: str = "+491701234567", at: int | None = None) -> str:
        """A customer is called, or calls. Returns the call's id."""
        row = self.desk.call(self._at(at), type="Outbound" if outbound else "Inbound", number=number)
        self._tell(row.id)
        return row.id

    def answer(self, call: str, *, at: int | None = None) -> None:
        """Somebody picks up."""
        moment, row = self._at(at), self.org.held(call, "VoiceCall")
        values = dict.fromkeys(("CallAcceptDateTime", "CallConnectDateTime"), moment - moment % 1_000)
        self.org.change(row, moment, values)
        self._tell(call)

    def transfer_call(self, call: str, *, at: int | None = None) -> None:
        """A call goes on to a colleague."""
        self.org.change(self.org.held(call, "VoiceCall"), self._at(at), {"OwnerId": self.people.colleague})
        self._tell(call)

    def hang_up(self, call: str, *, at: int | None = None) -> None:
        """A call is over, whether or not somebody has picked up."""
        self.desk.hang_up(self.org.held(call, "VoiceCall"), self._at(at))
        self._tell(call)

    def _act(self, name: str) -> str | None:
        """Let an act happen now to a row of the org's choice."""
        if name not in self.acts:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        if name in _OPENINGS:
            return _OPENINGS[name](self)
        if name == "bulk":
            ids = self.org.cases[-BULK:]
            return ids[-1] if self.bulk_update(ids, reason=f"Bulk {self._random.randrange(10**6)}") else None
        object, able, do = _ON_ROW[name]
        row = self._choose(object, able)
        if row is None:
            return None
        do(self, row.id)
        return str(row.values["ParentId"]) if object == "EmailMessage" else row.id

    def _choose(self, object: str, able: Callable[[Row], bool]) -> Row | None:
        """A row that something can happen to, by chance; the newest of those that can is found in any case."""
        rows = self.org.tables[object].rows
        ids = list(rows)
        drawn = self._random.sample(ids, min(TRIES, len(ids)))
        return next((rows[id] for id in [*drawn, *reversed(ids)] if able(rows[id])), None)

    def _merge_any(self, source: str) -> None:
        target = self._choose("Case", lambda row: _there(row) and row.id != source)
        self.merge(source, self.open_ticket() if target is None else target.id)

    def _change(self, ticket: str, at: int | None, **values: Any) -> None:
        self.desk.change(self._case(ticket), self._at(at), **values)
        self._tell(ticket)

    def _session(self, session: str, at: int, **values: Any) -> None:
        self.org.change(self.org.held(session, "MessagingSession"), at, values)
        self._tell(session)

    def _case(self, id: str) -> Row:
        return self.org.held(id, "Case")

    def _binned(self, id: str) -> Row:
        row = self.org.row(id)
        if row is None or row.object != "Case" or not row.values["IsDeleted"]:
            raise ValueError(f"there is no case {id} in the recycle bin")
        return row

    def _at(self, at: int | None) -> int:
        return self.now() if at is None else at

    def _tell(self, *ids: str) -> None:
        if ids:
            self.pusher.send(ids)


def _there(row: Row) -> bool:
    return not row.values["IsDeleted"]


def _has(name: str, *values: Any) -> Callable[[Row], bool]:
    return lambda row: _there(row) and row.values[name] in values


def _lacks(name: str, *values: Any) -> Callable[[Row], bool]:
    return lambda row: _there(row) and row.values[name] not in values


def _unended(row: Row) -> bool:
    return row.values["CallEndDateTime"] is None


_OPENINGS: Final[dict[str, Callable[[Acts], str]]] = {
    "open": lambda org: org.open_ticket(),
    "open_answered": lambda org: org.open_ticket(answered=True),
    "open_web": lambda org: org.open_ticket(channel="web", known=False, requester=("Stray Er", "stray@web.example")),
    "open_session": lambda org: org.open_session(),
    "ring": lambda org: org.ring(),
    "ring_out": lambda org: org.ring(outbound=True),
}
_ON_ROW: Final[dict[str, tuple[str, Callable[[Row], bool], Callable[[Acts, str], object]]]] = {
    "customer_comment": ("Case", _there, lambda org, id: org.customer_comment(id)),
    "agent_comment": ("Case", _there, lambda org, id: org.agent_comment(id)),
    "note": ("Case", _there, lambda org, id: org.agent_comment(id, "A note.", public=False)),
    "publish": ("Case", _there, lambda org, id: org.publish(id)),
    "portal_comment": ("Case", _there, lambda org, id: org.portal_comment(id)),
    "draft": ("Case", _there, lambda org, id: org.draft(id)),
    "send_draft": ("EmailMessage", _has("Status", DRAFT), lambda org, id: org.send_draft(id)),
    "work": ("Case", _lacks("Status", "Working"), lambda org, id: org.set_status(id, "open")),
    "wait": ("Case", _has("Status", "New", "Working"), lambda org, id: org.set_status(id, "pending")),
    "hold": ("Case", _has("Status", "New", "Working"), lambda org, id: org.set_status(id, "hold")),
    "documents": ("Case", _has("IsClosed", False), lambda org, id: org.set_status(id, "Waiting for documents")),
    "close": ("Case", _has("IsClosed", False), lambda org, id: org.set_status(id, "closed")),
    "duplicate": ("Case", _has("IsClosed", False), lambda org, id: org.set_status(id, "Closed - Duplicate")),
    "escalate": ("Case", _has("IsEscalated", False), lambda org, id: org.escalate(id)),
    "priority": ("Case", _lacks("Priority", "High"), lambda org, id: org.set_priority(id, "High")),
    "calm": ("Case", _has("Priority", "High"), lambda org, id: org.set_priority(id, None)),
    "subject": ("Case", _there, lambda org, id: org.set_subject(id, "Help again")),
    "assign": ("Case", _there, lambda org, id: org.assign(id)),
    "queue": ("Case", _there, lambda org, id: org.set_queue(id)),
    "take_and_work": ("Case", _there, lambda org, id: org.take_and_work(id)),
    "merge": ("Case", _there, Acts._merge_any),
    "delete": ("Case", _there, lambda org, id: org.delete(id)),
    "accept_session": ("MessagingSession", _has("Status", "Waiting"), lambda org, id: org.accept_session(id)),
    "transfer_session": ("MessagingSession", _has("Status", "Active"), lambda org, id: org.transfer_session(id)),
    "end_session": ("MessagingSession", _lacks("Status", "Ended"), lambda org, id: org.end_session(id)),
    "answer": (
        "VoiceCall",
        lambda row: _unended(row) and row.values["CallAcceptDateTime"] is None,
        lambda org, id: org.answer(id),
    ),
    "transfer_call": (
        "VoiceCall",
        lambda row: _unended(row) and row.values["CallAcceptDateTime"] is not None,
        lambda org, id: org.transfer_call(id),
    ),
    "hang_up": ("VoiceCall", _unended, lambda org, id: org.hang_up(id)),
}
"""What happens to a row: of which object, to which ones it can, and how."""

ACTS: Final = frozenset({"bulk", *_OPENINGS, *_ON_ROW})
"""Everything that may happen, by name."""
