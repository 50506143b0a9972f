"""A ticket's conversation in our words: replies, notes, and what the customer and others wrote.

Laws. Each entry says itself who wrote it: on a ticket of one customer others who are copied in reply as well. Who it
was, its `category` tells; `incoming` tells only that it came from outside, as an agent's mail from their own mailbox
does, and decides where there is no category. What an agent wrote in private is internal, and so are what goes to third
parties, what comes back from them, and words beside a rating. A customer's automatic answer is nobody's. An entry that
was edited says what it says now.
"""

from collections.abc import Iterator
from typing import Final

from gateway.plugin import SECOND_MS, Event, Json, MessageAdded, MessageEdited, Person, flag, mappings, text
from gateway_freshdesk.normalize import TEXT_MAX, ticket_ref
from gateway_freshdesk.reading import an_id, moment, needed_id, needed_moment, number

CUSTOMER, AGENT_PRIVATE, AGENT_PUBLIC, THIRD_PARTY, META, TO_FORWARD, FEEDBACK, BROADCAST = range(1, 9)
"""Freshdesk's categories of entries."""

_BY_AGENTS: Final = (AGENT_PRIVATE, AGENT_PUBLIC, TO_FORWARD, BROADCAST)
_BY_CUSTOMERS: Final = (CUSTOMER, THIRD_PARTY, FEEDBACK)
_INTERNAL: Final = (AGENT_PRIVATE, THIRD_PARTY, META, TO_FORWARD, FEEDBACK)


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
        author=_author(entry),
        visibility="internal" if flag(entry, "private") or number(entry, "category") in _INTERNAL else "public",
        auto=_is_automatic(entry),
        text=(text(entry, "body_text") or "")[:TEXT_MAX] or None,
    )
    yield added
    if edited is not None:
        name = f"{added.id}:edited:{edited // SECOND_MS}"
        yield MessageEdited(id=name, at=edited, ref=added.ref, sequence=int(id), rev=1, message=added.id)


def _author(entry: Json) -> Person:
    """Who wrote an entry."""
    category, id = number(entry, "category"), an_id(entry, "user_id")
    if category in _BY_AGENTS:
        return Person(kind="agent", id=id)
    if category == META:
        return Person(kind="system")
    if category not in _BY_CUSTOMERS and not flag(entry, "incoming"):
        return Person(kind="agent", id=id)
    return Person(kind="system") if flag(entry, "auto_response") else Person(kind="customer", id=id)


def _is_automatic(entry: Json) -> bool:
    """Whether nobody typed it: an automation did, or somebody's absence."""
    ruled = flag(entry, "auto_response") or an_id(entry, "automation_id") is not None
    return ruled or number(entry, "category") == META
