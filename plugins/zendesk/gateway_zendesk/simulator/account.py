"""The simulated account itself: tickets, people and their log, as Zendesk keeps them. No sockets here.

Laws. Times have whole seconds. A comment's id is that of its entry in the log. `updated_at` is when a change happened
in the story; `generated_timestamp`, by which the export goes, is when the account wrote it down: that is the story's
time too until the export is first asked for, so that an account can have a history.
"""

from dataclasses import dataclass, field
from typing import Any

from gateway.plugin import SECOND_MS, NowFunction, format_instant

Json = dict[str, Any]
FIRST_ENTRY = 2_000_000_001
FIRST_USER = 370_000_000_001
AGENT, SYSTEM = FIRST_USER, -1


def second(at: int) -> str:
    """A time as the API writes it."""
    return format_instant(at // SECOND_MS * SECOND_MS)


@dataclass(slots=True)
class Account:
    """What one account holds. Its acts return the entry of the log that they wrote."""

    now: NowFunction
    tickets: dict[int, Json] = field(default_factory=dict)
    audits: dict[int, list[Json]] = field(default_factory=dict)
    users: dict[int, Json] = field(default_factory=dict)
    exported: bool = False
    """Whether the export has been asked for: from then on nothing may appear behind a cursor."""

    _latest: dict[int, int] = field(default_factory=dict)
    _entries: int = FIRST_ENTRY

    def __post_init__(self) -> None:
        self._user("Agnes Agent", "agnes@support.example", "agent")
        self._user("Root", "root@support.example", "admin")

    def open(self, at: int, content: Json, requester: tuple[str, str], text: str) -> Json:
        """A customer writes: a new ticket. `requester`: name and e-mail address."""
        id = len(self.tickets) + 1
        person = self._person(*requester)
        self.tickets[id] = {
            "id": id,
            "created_at": second(at),
            "updated_at": second(at),
            "generated_timestamp": 0,
            "status": "new",
            "priority": None,
            "type": None,
            "tags": [],
            "requester_id": person["id"],
            "submitter_id": person["id"],
            "assignee_id": None,
            "group_id": None,
            "is_public": True,
            "support_type": "agent",
            "from_messaging_channel": False,
            "description": text,
            "custom_fields": [],
            **content,
        }
        self.audits[id] = []
        ticket = self.tickets[id]
        created = [
            self._entry("Create", field_name=name, value=ticket[name]) for name in ("status", "priority", "tags")
        ]
        comment = self._entry("Comment", body=text, public=True, author_id=person["id"])
        return self._audit(id, at, person["id"], [comment, *created])

    def comment(self, id: int, at: int, text: str, *, public: bool, agent: bool) -> Json:
        """Somebody writes. A customer's comment on a solved or pending ticket opens it again."""
        ticket = self._open_ticket(id)
        author = self.users[AGENT if agent else ticket["requester_id"]]
        comment = self._entry("Comment", body=text, public=public, author_id=author["id"])
        entries = [comment]
        if not agent and ticket["status"] in ("solved", "pending", "hold"):
            entries.append(self._changed(ticket, "status", "open"))
        return self._audit(id, at, author["id"], entries)

    def change(self, id: int, at: int, **values: Any) -> Json:
        """An agent changes fields of a ticket."""
        ticket = self._open_ticket(id)
        return self._audit(id, at, AGENT, [self._changed(ticket, name, value) for name, value in values.items()])

    def delete(self, id: int, at: int) -> Json:
        """An agent deletes a ticket: the API forgets it, the export says `deleted`."""
        ticket = self._open_ticket(id)
        return self._audit(id, at, AGENT, [self._changed(ticket, "status", "deleted")])

    def scrub(self, id: int) -> None:
        """What Zendesk does a month after a deletion: the content goes, and the export shows the row again."""
        ticket = self.tickets[id]
        if ticket["status"] != "deleted":
            raise ValueError(f"ticket {id} is not deleted")
        ticket.update(subject="SCRUBBED", description="X", tags=[], custom_fields=[])
        ticket["generated_timestamp"] = self.now() // SECOND_MS

    def people_of(self, tickets: list[Json], extra: tuple[int, ...] = ()) -> list[Json]:
        """The users whom tickets name, and `extra` ones."""
        ids = {ticket[key] for ticket in tickets for key in ("requester_id", "submitter_id", "assignee_id")}
        return [self.users[id] for id in sorted((ids | set(extra)) & set(self.users))]

    def _open_ticket(self, id: int) -> Json:
        ticket = self.tickets.get(id)
        if ticket is None or ticket["status"] in ("deleted", "closed"):
            raise ValueError(f"ticket {id} can't be changed")
        return ticket

    def _changed(self, ticket: Json, name: str, value: Any) -> Json:
        entry = self._entry("Change", field_name=name, value=value, previous_value=ticket[name])
        ticket[name] = value
        return entry

    def _audit(self, id: int, at: int, author: int, entries: list[Json]) -> Json:
        ticket = self.tickets[id]
        if at >= self._latest.get(id, 0):
            self._latest[id], ticket["updated_at"] = at, second(at)
        written = self.now() if self.exported else at
        ticket["generated_timestamp"] = max(ticket["generated_timestamp"], written // SECOND_MS)
        audit = {
            "id": self._next(),
            "ticket_id": id,
            "created_at": second(at),
            "author_id": author,
            "via": {"channel": "web"},
            "events": entries,
        }
        self.audits[id].append(audit)
        return audit

    def _entry(self, kind: str, **content: Any) -> Json:
        return {"id": self._next(), "type": kind, **content}

    def _next(self) -> int:
        self._entries += 1
        return self._entries

    def _person(self, name: str, email: str) -> Json:
        known = next((user for user in self.users.values() if user["email"] == email), None)
        return known or self._user(name, email, "end-user")

    def _user(self, name: str, email: str, role: str) -> Json:
        id = FIRST_USER + len(self.users)
        self.users[id] = {"id": id, "name": name, "email": email, "role": role, "locale": "en-US", "verified": True}
        return self.users[id]
