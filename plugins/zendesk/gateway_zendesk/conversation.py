"""The conversation of a messaging ticket in our words: its messages stand in a log of their own.

Laws. A message is named by its id at Zendesk's messaging. A comment that the conversation shows as well is the comment
of the ticket's log, and what that log says of it wins. Whose kind isn't known meets no clock.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from gateway.plugin import EVENT_ID_MAX, Event, Json, MessageAdded, Person, Visibility, flag, mapping, mappings, text
from gateway_zendesk.audits import TEXT_MAX, comment_id, redactions
from gateway_zendesk.normalize import STAFF, Users, role_of, ticket_ref
from gateway_zendesk.reading import SYSTEM, an_id, needed_id, needed_moment

_MESSAGE, _COMMENT = "Messaging::ConversationMessage", "Comment"
_COMMENT_REFERENCE = "zen:ticket_event:"
_MESSAGE_REFERENCE = "zen:sunco:conversation_message:"
_KINDS: Final = {"agent": "agent", "bot": "bot", "user": "customer", "end-user": "customer", "end_user": "customer"}
_TAG: Final = re.compile(r"<[^<>]{0,1000}>")
_HTML_MAX = 8 * TEXT_MAX
_NAME_MAX = 200


def message_id(id: str) -> str:
    """The event that is a message of messaging, whoever tells of it."""
    return f"message:{id}"


def conversation_events(body: Json, users: Users) -> Iterator[Event]:
    """What a page of a conversation says."""
    ticket, requester = needed_id(body, "ticket_id"), an_id(body, "requester_id")
    for entry in mappings(body["conversation"], "conversation"):
        kind = text(entry, "type")
        if kind in (_MESSAGE, _COMMENT):
            yield _message(entry, ticket, users, requester, is_comment=kind == _COMMENT)


def _message(entry: Json, ticket: str, users: Users, requester: str | None, *, is_comment: bool) -> MessageAdded:
    words = _words(mapping(entry.get("content") or {}, "content"))
    public = flag(mapping(entry.get("metadata") or {}, "metadata"), "public")
    # A note says that it is none; a message of messaging, that the customer doesn't see it.
    visible = public is True if is_comment else public is not False
    visibility: Visibility = "public" if visible else "internal"
    id, sequence = _named(entry, is_comment)
    return MessageAdded(
        id=id,
        at=needed_moment(entry, "created_at"),
        ref=ticket_ref(ticket),
        sequence=sequence,
        rev=0 if is_comment else 1 + redactions(words, visibility),
        author=_author(mapping(entry.get("author") or {}, "author"), users, requester),
        visibility=visibility,
        text=words[:TEXT_MAX] if words else None,
    )


def _named(entry: Json, is_comment: bool) -> tuple[str, int]:
    """The event's id, and where it stands among others of its second."""
    reference = text(entry, "reference") or ""
    if is_comment and reference.startswith(_COMMENT_REFERENCE):
        id = needed_id({"reference": reference.removeprefix(_COMMENT_REFERENCE)}, "reference")
        return comment_id(id), int(id)
    named = reference.removeprefix(_MESSAGE_REFERENCE) or text(entry, "id") or needed_id(entry, "id")
    return message_id(named)[:EVENT_ID_MAX], 0


def _author(author: Json, users: Users, requester: str | None) -> Person:
    id = an_id(author, "zen:support:user_id")
    kind = _KINDS.get((text(author, "type") or "").lower())
    if kind is None and id is not None:
        kind = "agent" if role_of(users, id) in STAFF else "customer" if id == requester else None
    name = (text(author, "display_name") or "")[:_NAME_MAX] or None
    if kind is None or id == SYSTEM:
        return Person(kind="system")
    person = id or (text(author, "zen:sunco:user_id") or "")[:_NAME_MAX] or None
    if kind == "agent":
        return Person(kind="agent", id=person, name=name)
    return Person(kind="bot" if kind == "bot" else "customer", id=person, name=name)


def _words(content: Json) -> str:
    """What a message says as plain text; empty where it is a picture or a form."""
    plain = text(content, "text")
    if plain:
        return plain
    body = (text(content, "body") or "")[:_HTML_MAX]
    return unescape(_TAG.sub(" ", body)).strip() if text(content, "type") == "html" else body
