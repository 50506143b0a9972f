"""What happens in a simulated account: each act writes the ticket's log as Zendesk does, and returns what it wrote.

A seeded story is told by the same acts on a ticket that nobody holds, with ids that were set aside for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.plugin import SECOND_MS
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.people import AGENT, BRAND, SYSTEM, default_status
from gateway_zendesk.simulator.ticket import FIELDS, Json, Rating, Ticket, second

BOT: Final = "bot"
REDACTED: Final = "\u2587" * 6
PLAIN_VIA: Final = {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}
RULE_VIA: Final = {
    "channel": "rule",
    "source": {"to": {}, "from": {"deleted": False, "title": "Tell them", "id": 35_079_792}, "rel": "trigger"},
}
_REOPENS = ("solved", "pending", "hold")


@dataclass(slots=True)
class Desk:
    """The acts on tickets. For a story that is told again it is not `live`: nothing but the ticket changes."""

    account: Account
    next_entry: Callable[[], int]
    live: bool = True

    def open(
        self, id: int, at: int, requester: int, text: str, *, channel: str, messaging: bool = False, **content: Any
    ) -> Ticket:
        """A customer writes: a new ticket."""
        moment = at - at % SECOND_MS
        ticket = Ticket(
            id=id,
            created=moment,
            updated=moment,
            requester=requester,
            channel=channel,
            description=text,
            messaging=messaging,
            log=[],
            talk=[],
            **{"submitter": requester, "brand": BRAND, "subject": "Help", **content},
        )
        ticket.custom_status = default_status(ticket.status)
        created = [
            self._entry("Create", field_name=name, value=getattr(ticket, name))
            for name in ("status", "priority", "tags")
        ]
        if messaging:
            self._say(ticket, at, "user", requester, text)
            self._audit(ticket, at, requester, created, channel)
        else:
            comment = self._comment(ticket, text, public=True, author=ticket.submitter)
            self._audit(ticket, at, ticket.submitter, [comment, *created], channel)
        return ticket

    def comment(
        self, ticket: Ticket, at: int, text: str, *, public: bool = True, author: int, via: Json | None = None
    ) -> Json:
        """Somebody writes. A customer's comment on a solved or pending ticket opens it again."""
        _needs_open(ticket)
        entries = [self._comment(ticket, text, public=public, author=author)]
        customer = author == ticket.requester
        if customer and ticket.status in _REOPENS:
            entries.append(self._changed(ticket, "status", "open"))
        if via is not None:
            entries[0]["via"] = via
        return self._audit(ticket, at, author, entries, ticket.channel if customer else None, via)

    def message(self, ticket: Ticket, at: int, text: str, who: str) -> Json:
        """Somebody writes in a conversation: `who` is user, agent or bot. It is in the conversation's log only."""
        _needs_open(ticket)
        if not ticket.messaging:
            raise ValueError(f"ticket {ticket.id} is no conversation")
        said = self._say(ticket, at, who, {"user": ticket.requester, "agent": AGENT}.get(who), text)
        self._moved(ticket, at)
        return said

    def change(self, ticket: Ticket, at: int, author: int = AGENT, **values: Any) -> Json:
        """Somebody changes fields, by their names in the API; a custom field by `fields`."""
        _needs_open(ticket)
        entries = []
        for number, value in values.pop("fields", {}).items():
            known = ticket.fields = dict(ticket.fields or {})
            entries.append(self._entry("Change", field_name=str(number), value=value, previous_value=known.get(number)))
            known[number] = value
        entries += [self._changed(ticket, name, value) for name, value in values.items()]
        return self._audit(ticket, at, author, entries)

    def set_custom_status(self, ticket: Ticket, at: int, custom: int, category: str) -> Json:
        """An agent chooses a status of the account's own, which may be of another category."""
        values: Json = {"custom_status_id": custom}
        if category != ticket.status:
            values["status"] = category
        audit = self.change(ticket, at, **values)
        ticket.custom_status = custom
        return audit

    def delete(self, ticket: Ticket, at: int, *, spam: bool = False) -> Json:
        """An agent deletes a ticket, or marks it as spam: the API forgets it, the export says `deleted`."""
        _needs_open(ticket, closed_too=True)
        ticket.before_deletion, ticket.spam = ticket.status, spam
        ticket.deletions += 1
        return self._audit(ticket, at, AGENT, [self._changed(ticket, "status", "deleted")])

    def undelete(self, ticket: Ticket, at: int) -> Json:
        """An agent restores a deleted ticket."""
        if not ticket.gone or ticket.scrubbed:
            raise ValueError(f"ticket {ticket.id} can't be restored")
        before, ticket.before_deletion = ticket.before_deletion or "open", None
        return self._audit(ticket, at, AGENT, [self._changed(ticket, "status", before)])

    def scrub(self, ticket: Ticket, at: int, *, purged: bool = False) -> None:
        """Zendesk takes the content out of a deleted ticket: a month later, or at once if it is deleted for good.

        `updated_at` stays, and the export shows the row again.
        """
        if not ticket.gone:
            raise ValueError(f"ticket {ticket.id} is not deleted")
        if ticket.scrubbed:
            raise ValueError(f"ticket {ticket.id} is scrubbed already")
        ticket.subject, ticket.description, ticket.tags, ticket.fields = "SCRUBBED", "X", [], {}
        ticket.scrubbed_at, ticket.purged = at - at % SECOND_MS, purged
        ticket.log, ticket.talk = [], []
        self._mark(ticket, at)

    def rate(self, ticket: Ticket, at: int, score: str, comment: str | None = None) -> Json:
        """The customer says whether it was good or bad."""
        if ticket.gone:
            raise ValueError(f"ticket {ticket.id} is gone")
        entry = self._entry("SatisfactionRating", score=score, assignee_id=ticket.assignee, body=comment)
        ticket.rating = Rating(entry["id"], score, comment, at - at % SECOND_MS)
        return self._audit(ticket, at, ticket.requester, [entry])

    def receive_merge(self, target: Ticket, at: int, source: int) -> Json:
        """Another ticket was merged into this one: its log says so."""
        text = f"Request #{source} was closed and merged into this request."
        return self.comment(target, at, text, public=False, author=AGENT, via=merge_via("from", source))

    def merge_into(self, source: Ticket, at: int, target: int) -> Json:
        """A ticket ends in another one: it is closed, with a tag and a comment that tell so."""
        _needs_open(source)
        text = f"This request was closed and merged into request #{target}."
        comment = self._comment(source, text, public=False, author=AGENT)
        comment["via"] = merge_via("to", target)
        entries = [
            comment,
            self._changed(source, "status", "closed"),
            self._changed(source, "tags", [*source.tags, "closed_by_merge"]),
        ]
        source.merged_into = target
        return self._audit(source, at, AGENT, entries, via=comment["via"])

    def redact(self, ticket: Ticket, at: int, comment: int) -> Json:
        """An agent takes the words of a comment out."""
        for audit in ticket.log or []:
            for entry in audit["events"]:
                if entry["type"] == "Comment" and entry["id"] == comment:
                    entry["body"] = REDACTED
                    return self._audit(ticket, at, AGENT, [self._entry("CommentRedactionEvent", comment_id=comment)])
        raise ValueError(f"ticket {ticket.id} has no comment {comment}")

    def _changed(self, ticket: Ticket, name: str, value: Any) -> Json:
        attribute = FIELDS[name]
        before = getattr(ticket, attribute)
        setattr(ticket, attribute, value)
        if name == "status" and value != "deleted":
            ticket.custom_status = default_status(value)
        as_text = name.endswith("_id")
        pair = {"value": value, "previous_value": before}
        written = {key: str(item) if as_text and item is not None else item for key, item in pair.items()}
        return self._entry("Change", field_name=name, **written)

    def _comment(self, ticket: Ticket, text: str, *, public: bool, author: int) -> Json:
        return self._entry("Comment", body=text, public=public, author_id=author)

    def _say(self, ticket: Ticket, at: int, who: str, user: int | None, text: str) -> Json:
        id = self.next_entry()
        author: Json = {"type": who, "display_name": "Helper" if user is None else self.account.users[user].name}
        if user is not None:
            author["zen:support:user_id"] = user
        said = {
            "id": f"01J{id:023d}",
            "type": "Messaging::ConversationMessage",
            "reference": f"zen:sunco:conversation_message:{id:024x}",
            "created_at": second(at),
            "attachments": [],
            "author": author,
            "content": {"type": "text", "text": text},
            "metadata": {},
        }
        assert ticket.talk is not None  # noqa: S101 - a ticket that is acted on has its log
        ticket.talk.append(said)
        return said

    def _audit(
        self, ticket: Ticket, at: int, author: int, entries: list[Json], channel: str | None = None, via: Any = None
    ) -> Json:
        audit = {
            "id": self.next_entry(),
            "ticket_id": ticket.id,
            "created_at": second(at),
            "author_id": author,
            "via": via or ({**PLAIN_VIA, "channel": channel} if channel else PLAIN_VIA),
            "events": entries,
        }
        assert ticket.log is not None  # noqa: S101 - a ticket that is acted on has its log
        ticket.log.append(audit)
        self._moved(ticket, at)
        return audit

    def _moved(self, ticket: Ticket, at: int) -> None:
        if at >= ticket.updated:
            ticket.updated = at - at % SECOND_MS
        self._mark(ticket, at)

    def _mark(self, ticket: Ticket, at: int) -> None:
        if self.live:
            self.account.mark(ticket, at)

    def _entry(self, kind: str, **content: Any) -> Json:
        return {"id": self.next_entry(), "type": kind, **content}


def merge_via(side: str, other: int) -> Json:
    """How a merge is written: by whom is the agent's, from where or to where another ticket."""
    source: Json = {"from": {}, "to": {}, "rel": "merge"}
    source[side] = {"ticket_id": other}
    return {"channel": "web", "source": source}


def by_rule(*sources: Json) -> bool:
    """Whether a trigger or an automation did one of these."""
    return any((source.get("via") or {}).get("channel") == "rule" for source in sources)


def author_of(account: Account, entry: Json, audit: Json) -> int:
    """Who wrote a comment."""
    author = entry.get("author_id", audit["author_id"])
    return author if author in account.users else SYSTEM


def _needs_open(ticket: Ticket, *, closed_too: bool = False) -> None:
    if ticket.gone or (ticket.status == "closed" and not closed_too):
        raise ValueError(f"ticket {ticket.id} can't be changed")
