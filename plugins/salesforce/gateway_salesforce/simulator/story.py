"""What a perfect connector must say of a simulated org, told from the org's own rows."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.plugin import (
    MINUTE_MS,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    Channel,
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    Customer,
    Direction,
    Event,
    Instant,
    MessageAdded,
    Person,
    Priority,
    Ref,
    Status,
    StatusChanged,
)
from gateway_salesforce.simulator.desk import DRAFT
from gateway_salesforce.simulator.org import Org, Row
from gateway_salesforce.simulator.people import People
from gateway_salesforce.simulator.schema import Json

STATUSES: Final[dict[str, Status]] = {
    "New": "new",
    "Working": "open",
    "Escalated": "open",
    "Waiting on Customer": "pending",
    "On Hold": "on_hold",
    "Waiting for documents": "open",
    "Closed": "closed",
    "Closed - Duplicate": "closed",
}
PRIORITIES: Final[dict[str, Priority]] = {"High": "high", "Medium": "normal", "Low": "low"}
CHANNELS: Final[dict[str, Channel]] = {"Email": "email", "Web": "web", "Phone": "phone", "Chat": "chat", "API": "api"}
MESSENGERS: Final[dict[str, Channel]] = {
    "Text": "sms",
    "WhatsApp": "whatsapp",
    "Facebook": "social",
    "EmbeddedMessaging": "in_app",
}


def truth(org: Org, people: People) -> list[Event]:
    """What is true of every case, session and call.

    Of a deleted case nothing is shown but that it was opened and is deleted, or merged; of one that is purged nothing.
    What was written on a case that was merged is the other one's.
    Of an owner's change only the row with ids says something; what a snapshot says is true of the last one.
    """
    teller = _Teller(org, people)
    return [
        *(event for row in org.rows("Case") for event in teller.case(row)),
        *(event for row in org.rows("MessagingSession") for event in teller.session(row)),
        *(event for row in org.rows("VoiceCall") for event in teller.call(row)),
    ]


class _Teller:
    """Tells what rows say."""

    def __init__(self, org: Org, people: People) -> None:
        self._org, self._people = org, people

    def case(self, row: Row) -> Iterator[Event]:
        """A case, and all that hangs on it."""
        values, ref = row.values, Ref("case", row.id)
        yield ContactOpened(
            id=f"case:{row.id}:opened",
            at=Instant(values["CreatedDate"]),
            ref=ref,
            kind="ticket",
            channel=CHANNELS.get(values["Origin"] or "", "other"),
            **_customer(values["ContactId"]),
        )
        stamp = Instant(values["SystemModstamp"])
        if values["MasterRecordId"] is not None:
            into = Ref("case", values["MasterRecordId"])
            yield ContactMerged(id=f"case:{row.id}:merged", at=stamp, ref=ref, into=into)
            return
        if values["IsDeleted"]:
            yield ContactDeleted(id=f"case:{row.id}:deleted", at=stamp, ref=ref)
            return
        for change in self._org.under("CaseHistory", "CaseId", row.id):
            yield from self._change(ref, change)
        for letter in self._org.under("EmailMessage", "ParentId", row.id):
            yield from self._letter(ref, letter.values)
        for comment in self._org.under("CaseComment", "ParentId", row.id):
            yield self._comment(ref, comment.values)
        yield ContactObserved(
            id=f"case:{row.id}:observed:{stamp}",
            at=stamp,
            ref=ref,
            subject=values["Subject"],
            priority="urgent" if values["IsEscalated"] else PRIORITIES.get(values["Priority"]),
            status=STATUSES[values["Status"]],
        )

    def _change(self, ref: Ref, row: Row) -> Iterator[Event]:
        values = row.values
        named: dict[str, Any] = {"id": f"history:{row.id}", "at": Instant(values["CreatedDate"]), "ref": ref}
        new = values["NewValue"]
        match values["Field"]:
            case "Status":
                yield StatusChanged(to=STATUSES[new], **named)
            case "Priority":
                yield ContactObserved(priority=PRIORITIES.get(new), **named)
            case "Owner" | "ownerAccepted" if values["DataType"] == "EntityId":
                yield ContactAssigned(**_owner(new), **named)

    def _letter(self, ref: Ref, values: Json) -> Iterator[Event]:
        if values["Status"] == DRAFT:
            return
        incoming = values["Incoming"]
        name = values["FromName"]
        receipt = not incoming and values["CreatedById"] == self._people.clerk and self._is_first(values)
        author = Person("customer", name=name) if incoming else Person("agent", values["CreatedById"], name)
        yield MessageAdded(
            id=f"email:{values['Id']}",
            at=Instant(values["MessageDate"] or values["CreatedDate"]),
            ref=ref,
            author=Person("system") if receipt else author,
            visibility="public",
            auto=receipt,
            text=values["TextBody"],
        )

    def _is_first(self, values: Json) -> bool:
        """Whether a letter is as old as its case. A receipt that a merge has handed on can't be told from a reply."""
        case = self._org.row(values["ParentId"])
        return case is not None and 0 <= values["CreatedDate"] - case.values["CreatedDate"] <= MINUTE_MS

    def _comment(self, ref: Ref, values: Json) -> MessageAdded:
        by = values["CreatedById"]
        writer = self._org.row(by)
        name = None if writer is None else writer.values["Name"]
        return MessageAdded(
            id=f"comment:{values['Id']}",
            at=Instant(values["CreatedDate"]),
            ref=ref,
            author=Person("customer" if by == self._people.portal else "agent", by, name),
            visibility="public" if values["IsPublished"] else "internal",
            text=values["CommentBody"],
        )

    def session(self, row: Row) -> Iterator[Event]:
        """A messaging session."""
        values, ref = row.values, Ref("session", row.id)
        begun = Instant(values["StartTime"] or values["CreatedDate"])
        yield ContactOpened(
            id=f"session:{row.id}:opened",
            at=begun,
            ref=ref,
            kind="chat",
            channel=MESSENGERS.get(values["ChannelType"], "chat"),
            **_customer(values["EndUserContactId"]),
        )
        if values["AcceptTime"] is not None:
            at = Instant(values["AcceptTime"])
            agent = values["OwnerId"]
            yield ContactAssigned(id=f"session:{row.id}:accepted", at=at, ref=ref, assignee=agent)
            yield CallAnswered(id=f"session:{row.id}:answered", at=at, ref=ref, agent=agent)
        if values["EndTime"] is not None:
            yield StatusChanged(id=f"session:{row.id}:ended", at=Instant(values["EndTime"]), ref=ref, to="closed")
        yield _seen(f"session:{row.id}", ref, values)

    def call(self, row: Row) -> Iterator[Event]:
        """A call."""
        values, ref, name = row.values, Ref("call", row.id), f"call:{row.id}"
        outbound = values["CallType"] == "Outbound"
        direction: Direction = "outbound" if outbound else "inbound"
        begun = Instant(values["CallStartDateTime"])
        yield ContactOpened(id=f"{name}:opened", at=begun, ref=ref, kind="call", channel="phone", direction=direction)
        accepted, over = values["CallAcceptDateTime"], values["CallEndDateTime"]
        if accepted is not None:
            yield CallAnswered(id=f"{name}:answered", at=Instant(accepted), ref=ref, agent=values["OwnerId"])
        if over is not None:
            if accepted is None and not outbound:
                yield CallAbandoned(id=f"{name}:abandoned", at=Instant(over), ref=ref)
            else:
                yield CallEnded(id=f"{name}:ended", at=Instant(over), ref=ref)
        yield _seen(name, ref, values)


def _seen(name: str, ref: Ref, values: Json) -> ContactObserved:
    """What the last snapshot says of whose it is."""
    stamp = Instant(values["SystemModstamp"])
    return ContactObserved(id=f"{name}:observed:{stamp}", at=stamp, ref=ref, **_owner(values["OwnerId"]))


def _owner(id: str) -> dict[str, Any]:
    return {"group": id} if id.startswith("00G") else {"assignee": id}


def _customer(id: str | None) -> dict[str, Any]:
    return {} if id is None else {"customer": Customer(id=id)}
