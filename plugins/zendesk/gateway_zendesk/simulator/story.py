"""What a perfect connector must say of a simulated account, told from the account's own log."""

from collections.abc import Iterator
from typing import Any

from gateway.plugin import (
    SECOND_MS,
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    ContactRedacted,
    CsatReceived,
    Customer,
    Event,
    Instant,
    MessageAdded,
    MessageEdited,
    Person,
    Priority,
    Ref,
    Status,
    StatusChanged,
    parse_instant,
)
from gateway_zendesk.reading import LAST
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.desk import author_of, by_rule
from gateway_zendesk.simulator.people import SYSTEM
from gateway_zendesk.simulator.ticket import Json, Ticket
from gateway_zendesk.words import Medium

MEDIA: dict[str, tuple[str, Medium]] = {
    "email": ("mail", Medium("ticket", "email")),
    "web": ("web_form", Medium("ticket", "web")),
    "api": ("web_service", Medium("ticket", "api")),
    "voice": ("phone_call_inbound", Medium("call", "phone")),
    "chat": ("chat", Medium("chat", "chat")),
    "native_messaging": ("native_messaging", Medium("chat", "in_app")),
    "whatsapp": ("whatsapp", Medium("chat", "whatsapp")),
    "sms": ("sms", Medium("chat", "sms")),
    "twitter": ("twitter_dm", Medium("mention", "social")),
}
"""The channels that an account can have, by the API's word: the webhooks' word for it, and ours."""

_STATUSES: dict[str, Status] = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "on_hold",
    "solved": "solved",
    "closed": "closed",
}
_PRIORITIES: dict[str, Priority] = {"urgent": "urgent", "high": "high", "normal": "normal", "low": "low"}


def truth(account: Account) -> list[Event]:
    """What is true of every ticket, by ticket and in the order of its log.

    Of a deleted ticket the API shows nothing any more: its opening, its merge and its end are all that can be known for
    sure; when, only if it was deleted once. That a deletion was undone is told by the change of status alone.
    """
    return [event for id in account.ids() for event in _of_ticket(account, account.whole(id))]


def _of_ticket(account: Account, ticket: Ticket) -> Iterator[Event]:
    ref = Ref("ticket", str(ticket.id))
    _, medium = MEDIA[ticket.channel]
    yield ContactOpened(
        id=f"ticket:{ticket.id}:opened",
        at=Instant(ticket.created),
        ref=ref,
        rev=0 if ticket.scrubbed else 1,
        kind=medium.kind,
        channel=medium.channel,
        customer=Customer(id=str(ticket.requester)),
    )
    if ticket.gone:
        if ticket.deletions == 1:
            at = Instant(ticket.updated)
            yield ContactDeleted(id=f"ticket:{ticket.id}:deleted", at=at, ref=ref, sequence=LAST, rev=1)
        if ticket.scrubbed:
            at = Instant(ticket.written * SECOND_MS)
            yield ContactRedacted(id=f"ticket:{ticket.id}:scrubbed", at=at, ref=ref, sequence=LAST, all=True, rev=1)
        return
    for audit in ticket.log or []:
        merges = ticket.merged_into is not None and _merges(audit, ticket)
        for entry in audit["events"]:
            if not merges or entry.get("field_name") != "status":  # the merge ends the ticket, in place of its status
                yield from _of_entry(account, ref, audit, entry)
        if ticket.merged_into is not None and merges:
            into = Ref("ticket", str(ticket.merged_into))
            at = parse_instant(audit["created_at"])
            yield ContactMerged(id=f"ticket:{ticket.id}:merged", at=at, ref=ref, sequence=LAST, into=into)
    for said in ticket.talk or []:
        yield _message(ref, said)


def _merges(audit: Json, ticket: Ticket) -> bool:
    to = audit["via"].get("source", {}).get("to") or {}
    return bool(to.get("ticket_id") == ticket.merged_into)


def _of_entry(account: Account, ref: Ref, audit: Json, entry: Json) -> Iterator[Event]:
    at = parse_instant(audit["created_at"])
    common: dict[str, Any] = {"at": at, "ref": ref, "sequence": entry["id"], "rev": 1}
    named = {"id": f"audit:{audit['id']}:{entry['id']}", **common}
    match entry["type"]:
        case "Comment":
            yield MessageAdded(
                id=f"comment:{entry['id']}",
                author=_person(account, author_of(account, entry, audit)),
                visibility="public" if entry["public"] else "internal",
                auto=by_rule(entry, audit),
                text=entry["body"],
                **common,
            )
        case "SatisfactionRating":
            yield CsatReceived(score=1.0 if entry["score"] == "good" else 0.0, min=0.0, max=1.0, **named)
        case "CommentRedactionEvent":
            yield MessageEdited(message=f"comment:{entry['comment_id']}", **named)
        case _:
            yield from _of_change(entry, named)


def _of_change(entry: Json, named: dict[str, Any]) -> Iterator[Event]:
    value = entry["value"]
    match entry["field_name"]:
        case "status" if value in _STATUSES:
            yield StatusChanged(to=_STATUSES[value], **named)
        case "assignee_id":
            yield ContactAssigned(assignee=value, **named)
        case "group_id":
            yield ContactAssigned(group=value, **named)
        case "priority":
            yield ContactObserved(priority=_PRIORITIES.get(value), **named)
        case "tags":
            yield ContactObserved(tags=tuple(value), **named)


def _person(account: Account, id: int) -> Person:
    if id == SYSTEM:
        return Person(kind="system")
    user = account.users[id]
    return Person(kind="customer" if user.role == "end-user" else "agent", id=str(id), name=user.name)


def _message(ref: Ref, said: Json) -> MessageAdded:
    """What was said in a conversation; the bot is no person with an id."""
    author = said["author"]
    id = author.get("zen:support:user_id")
    kind = {"user": "customer", "agent": "agent"}.get(author["type"], "bot")
    person: Any = {"kind": kind, "id": None if id is None else str(id), "name": author["display_name"]}
    name = said["reference"].rpartition(":")[2]
    return MessageAdded(
        id=f"message:{name}",
        at=parse_instant(said["created_at"]),
        ref=ref,
        rev=1,
        author=Person(**person),
        visibility="public",
        text=said["content"]["text"],
    )
