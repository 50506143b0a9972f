"""A ticket's conversation in our words: replies, notes, and what the customer and others wrote.

Laws. Each entry says itself who wrote it: on a ticket of one customer others who are copied in reply as well. What an
agent wrote in private is internal, and so is what came back to it. An entry that was edited says what it says now.
"""

from collections.abc import Iterator

from gateway.plugin import SECOND_MS, Event, MessageAdded, MessageEdited, Person
from gateway_freshdesk.normalize import TEXT_MAX, ticket_ref
from gateway_freshdesk.reading import Json, an_id, flag, mappings, moment, needed_id, needed_moment, text


def conversation_events(entries: object, ticket: str) -> Iterator[Event]:
    """What entries of the conversation of `ticket` say."""
    for entry in mappings(entries, "conversations"):
        yield from _entry(entry, ticket)


def _entry(entry: Json, ticket: str) -> Iterator[Event]:
    id, edited = needed_id(entry, "id"), moment(entry, "last_edited_at")
    added = MessageAdded(
        id=f"conversation:{id}",
        at=needed_moment(entry, "created_at"),
        ref=ticket_ref(ticket),
        sequence=int(id),
        rev=1 if edited is None else edited // SECOND_MS,  # the newest edition counts
        author=Person(kind="customer" if flag(entry, "incoming") else "agent", id=an_id(entry, "user_id")),
        visibility="internal" if flag(entry, "private") else "public",
        auto=_is_automatic(entry),
        text=(text(entry, "body_text") or "")[:TEXT_MAX] or None,
    )
    yield added
    if edited is not None:
        name = f"{added.id}:edited:{edited // SECOND_MS}"
        yield MessageEdited(id=name, at=edited, ref=added.ref, sequence=int(id), rev=1, message=added.id)


def _is_automatic(entry: Json) -> bool:
    """Whether nobody typed it: an automation did, or somebody's absence."""
    return flag(entry, "auto_response") or an_id(entry, "automation_id") is not None
