"""What happens in the simulated org: each act changes rows as Salesforce does, with the history that it keeps of them.

Laws. Of an owner two rows of history are written, one with ids and one with names, under a name of its own where
somebody takes the case out of a queue. Whether a case is closed follows from its status. A letter or a comment doesn't
touch the case that it hangs on. What hangs on a case is deleted and restored with it.
"""

from dataclasses import dataclass
from typing import Any, Final

from gateway.plugin import SECOND_MS
from gateway_salesforce.simulator.org import Org, Row
from gateway_salesforce.simulator.people import SUPPORT, People
from gateway_salesforce.simulator.schema import STATUSES, Json

DRAFT, SENT, NEW = "5", "3", "0"
"""The numbers of a letter's status."""

HANGING: Final = (("CaseHistory", "CaseId"), ("CaseComment", "ParentId"), ("EmailMessage", "ParentId"))
"""What is deleted and restored with a case, and by which field it hangs on it."""

ACCEPTED: Final = "ownerAccepted"
"""What the history calls it that somebody takes a case out of a queue."""

_TRACKED: Final = {"Status": "DynamicEnum", "Priority": "DynamicEnum", "IsEscalated": "Boolean"}


@dataclass(slots=True)
class Desk:
    """The acts on rows. `at` is in milliseconds."""

    org: Org
    people: People

    def open(self, at: int, *, origin: str | None, contact: str | None, by: str, **values: Any) -> Row:
        """A new case, in the first queue, which is closed at once if its status says so."""
        found = self.org.row(contact) if contact is not None else None
        filled: Json = {
            "CaseNumber": f"{len(self.org.tables['Case'].rows) + 1_001:08d}",
            "Status": "New",
            "Origin": origin,
            "ContactId": contact,
            "AccountId": found.values["AccountId"] if found else None,
            "ContactEmail": found.values["Email"] if found else None,
            "ContactPhone": found.values["Phone"] if found else None,
            "OwnerId": self.people.queues[0],
            "IsEscalated": False,
            "CreatedById": by,
            "LastModifiedById": by,
            **values,
        }
        moment = at - at % SECOND_MS
        row = self.org.add("Case", at, {**filled, **_closing(filled["Status"], moment)})
        self._history(row, at, by, "created", None, None, "Text")
        return row

    def mail(self, case: Row, at: int, text: str, *, incoming: bool, draft: bool = False, by: str | None = None) -> Row:
        """A letter comes, goes, or is begun; `by` a user, the agent for one that goes."""
        contact = self.org.row(case.values["ContactId"] or "")
        customer = contact.values["Email"] if contact else case.values["SuppliedEmail"]
        name = contact.values["Name"] if contact else case.values["SuppliedName"]
        number = len(self.org.tables["EmailMessage"].rows) + 1
        by = by or (self.people.clerk if incoming else self.people.agent)
        values = {
            "ParentId": case.id,
            "Subject": case.values["Subject"],
            "FromName": name if incoming else "Agnes Agent",
            "FromAddress": customer if incoming else SUPPORT,
            "ToAddress": SUPPORT if incoming else customer,
            "TextBody": text,
            "Incoming": incoming,
            "Status": DRAFT if draft else NEW if incoming else SENT,
            "MessageDate": None if draft else at - at % SECOND_MS,
            "MessageIdentifier": f"<{number}@mail.example>",
            "HasAttachment": False,
            "CreatedById": by,
            "LastModifiedById": by,
        }
        return self.org.add("EmailMessage", at, values)

    def send(self, letter: Row, at: int) -> None:
        """A letter that was begun is sent."""
        self.org.change(letter, at, {"Status": SENT, "MessageDate": at - at % SECOND_MS})

    def comment(self, case: Row, at: int, text: str, *, public: bool, by: str) -> Row:
        """Somebody writes a comment."""
        values = {"ParentId": case.id, "CommentBody": text, "IsPublished": public}
        return self.org.add("CaseComment", at, {**values, "CreatedById": by, "LastModifiedById": by})

    def change(self, case: Row, at: int, by: str | None = None, **values: Any) -> None:
        """Somebody changes a case; what is the same already leaves no history."""
        who, before = by or self.people.agent, dict(case.values)
        status = values.get("Status")
        closing = {} if status is None else _closing(status, before["ClosedDate"] or at - at % SECOND_MS)
        self.org.change(case, at, {**values, **closing, "LastModifiedById": who})
        for name, type in _TRACKED.items():
            if name in values and values[name] != before[name]:
                self._history(case, at, who, name, before[name], values[name], type)
        if values.get("OwnerId", before["OwnerId"]) != before["OwnerId"]:
            old, new = before["OwnerId"], values["OwnerId"]
            field = ACCEPTED if old in self.people.queues and new == who else "Owner"
            self._history(case, at, who, field, old, new, "EntityId")
            self._history(case, at, who, field, self._name(old), self._name(new), "Text")

    def delete(self, case: Row, at: int) -> None:
        """A case goes to the recycle bin with all that hangs on it."""
        self._binned(case, at, deleted=True)

    def merge(self, case: Row, at: int, master: str) -> None:
        """A case goes to the recycle bin, and says which one it has become: its letters and comments are that one's."""
        for object, name in HANGING:
            for row in self.org.under(object, name, case.id) if object != "CaseHistory" else ():
                self.org.change(row, at, {name: master}, by_system=True)
        self._binned(case, at, deleted=True, MasterRecordId=master)

    def undelete(self, case: Row, at: int) -> None:
        """A case comes back with all that was deleted with it."""
        self._binned(case, at, deleted=False)

    def _binned(self, case: Row, at: int, *, deleted: bool, **values: Any) -> None:
        self.org.change(case, at, {**values, "IsDeleted": deleted})
        for row in self._hanging(case):
            self.org.change(row, at, {"IsDeleted": deleted}, by_system=True)

    def purge(self, case: Row) -> None:
        """The recycle bin is emptied of a case."""
        for row in [*self._hanging(case), case]:
            self.org.drop(row)

    def _hanging(self, case: Row) -> list[Row]:
        return [row for object, name in HANGING for row in self.org.under(object, name, case.id)]

    def session(self, at: int, *, channel: str, name: str, key: str, contact: str | None, **values: Any) -> Row:
        """Somebody writes by a messenger."""
        user = {"Name": name, "MessagingPlatformKey": key, "MessageType": channel, "ContactId": contact}
        who = self.org.add("MessagingEndUser", at, user)
        number = len(self.org.tables["MessagingSession"].rows) + 1
        filled = {
            "Name": f"MS-{number:08d}",
            "MessagingEndUserId": who.id,
            "EndUserContactId": contact,
            "OwnerId": self.people.queues[0],
            "Status": "Waiting",
            "ChannelType": channel,
            "Origin": "InboundInitiated",
            "AgentType": "System",
            "StartTime": at - at % SECOND_MS,
            **values,
        }
        return self.org.add("MessagingSession", at, filled)

    def call(self, at: int, *, type: str, number: str, **values: Any) -> Row:
        """The telephone rings, there or here."""
        ours = "+49301110"
        outbound = type == "Outbound"
        filled = {
            "CallType": type,
            "OwnerId": self.people.agent,
            "FromPhoneNumber": ours if outbound else number,
            "ToPhoneNumber": number if outbound else ours,
            "VendorCallKey": f"call-{len(self.org.tables['VoiceCall'].rows) + 1}",
            "CallStartDateTime": at - at % SECOND_MS,
            **values,
        }
        return self.org.add("VoiceCall", at, filled)

    def hang_up(self, call: Row, at: int) -> None:
        """A call is over."""
        accepted = call.values["CallAcceptDateTime"]
        moment = max(at - at % SECOND_MS, call.values["CallStartDateTime"])
        values = {"CallEndDateTime": moment, "CallDisposition": "completed" if accepted else "abandoned"}
        duration = 0 if accepted is None else (moment - accepted) // SECOND_MS
        self.org.change(call, at, {**values, "CallDurationInSeconds": duration})

    def _history(self, case: Row, at: int, by: str, field: str, old: Any, new: Any, type: str) -> None:
        values = {"CaseId": case.id, "Field": field, "OldValue": old, "NewValue": new, "DataType": type}
        self.org.add("CaseHistory", at, {**values, "CreatedById": by})

    def _name(self, id: str) -> str | None:
        row = self.org.row(id)
        return None if row is None else row.values["Name"]


def _closing(status: str, at: int) -> Json:
    """What follows for a case from its status."""
    closed = STATUSES.get(status, False)
    return {"IsClosed": closed, "ClosedDate": at if closed else None}
