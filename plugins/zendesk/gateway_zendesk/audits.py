"""Zendesk's log of a ticket in our words: each change, comment and rating under the id of its own entry.

An entry's id is the event's `sequence` too: Zendesk hands them out in order, and its times have whole seconds only.

Laws. A comment that was redacted or made private shows so under its old id: each such change makes its `rev` greater,
so that what was read later wins in any order of arrival. A merge ends its ticket in place of the status that it sets.
"""

from collections.abc import Iterator
from typing import Any

from gateway.plugin import (
    UNSET,
    BadPayload,
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    CsatReceived,
    Event,
    Instant,
    Json,
    MessageAdded,
    MessageEdited,
    Person,
    Ref,
    StatusChanged,
    Visibility,
    flag,
    mappings,
    text,
)
from gateway_zendesk.merges import merged_into
from gateway_zendesk.normalize import (
    STAFF,
    Beside,
    Users,
    brand_fields,
    custom_status_fields,
    customer_of,
    deleted_id,
    field_value,
    merged_id,
    role_of,
    subject_of,
    tags_of,
    ticket_ref,
)
from gateway_zendesk.reading import LAST, SYSTEM, an_id, needed_id, needed_moment
from gateway_zendesk.words import by_rule, ended, priority_of, status_of

TEXT_MAX = 8_000
"""Characters of a comment that are kept."""

_COMMENTS = ("Comment", "VoiceComment", "TpeVoiceComment", "FacebookComment")
_EDITS = ("CommentRedactionEvent", "CommentRedactEvent", "AttachmentRedactionEvent", "CommentPrivacyChange")
_BLOCK = "\u2587"
"""What Zendesk writes in place of each character that was redacted."""


def comment_id(id: str) -> str:
    """The event that is a comment, whoever tells of it."""
    return f"comment:{id}"


def redactions(words: str, visibility: Visibility) -> int:
    """How often a comment was changed after it was written, at most: this number only grows."""
    return words.count(_BLOCK) + (visibility == "internal")


def audits_events(audits: object, beside: Beside, requester: str | None) -> Iterator[Event]:
    """What a page of the log says; `requester` is the ticket's, for authors whose role isn't told."""
    for audit in mappings(audits, "audits"):
        yield from _audit(audit, beside, requester)


def _audit(audit: Json, beside: Beside, requester: str | None) -> Iterator[Event]:
    ticket = needed_id(audit, "ticket_id")
    at = needed_moment(audit, "created_at")
    audit_id = needed_id(audit, "id")
    into = merged_into(audit, ticket)
    if into is not None:
        yield ContactMerged(
            id=merged_id(ticket), at=at, ref=ticket_ref(ticket), sequence=LAST, rev=1, into=ticket_ref(into)
        )
    for entry in mappings(audit.get("events"), "events"):
        kind = text(entry, "type")
        if kind in ("Create", "Change"):
            if into is None or text(entry, "field_name") != "status" or not ended(entry.get("value")):
                yield from _change(entry, ticket, at, audit_id, beside)
        elif kind in _COMMENTS:
            yield _comment(entry, audit, ticket_ref(ticket), at, beside.users, requester)
        elif kind == "SatisfactionRating":
            yield from _rating(entry, ticket_ref(ticket), at, audit_id)
        elif kind in _EDITS:
            message = an_id(entry, "comment_id")
            if message is not None:
                yield MessageEdited(message=comment_id(message), **_common(entry, ticket_ref(ticket), at, audit_id))


def _common(entry: Json, ref: Ref, at: Instant, audit_id: str) -> dict[str, Any]:
    id = needed_id(entry, "id")
    return {"id": f"audit:{audit_id}:{id}", "at": at, "ref": ref, "sequence": int(id), "rev": 1}


def _change(entry: Json, ticket: str, at: Instant, audit_id: str, beside: Beside) -> Iterator[Event]:
    field = text(entry, "field_name") or ""
    value = entry.get("value")
    common = _common(entry, ticket_ref(ticket), at, audit_id)
    match field:
        case "status" if value == "deleted":
            yield ContactDeleted(id=deleted_id(ticket), at=at, ref=ticket_ref(ticket), sequence=LAST, rev=1)
        case "status":
            status = status_of(value)
            if status is not UNSET:
                yield StatusChanged(to=status, **common)
        case "assignee_id":
            yield ContactAssigned(assignee=an_id(entry, "value"), **common)
        case "group_id":
            yield ContactAssigned(group=an_id(entry, "value"), **common)
        case "priority":
            yield ContactObserved(priority=priority_of(value), **common)
        case "tags":
            yield ContactObserved(tags=tags_of([] if value is None else value), **common)
        case "subject":
            yield ContactObserved(subject=subject_of(entry, "value"), **common)
        case "requester_id":
            requester = an_id(entry, "value")
            if requester is not None and requester in beside.users:
                yield ContactObserved(customer=customer_of(beside.users[requester]), **common)
        case "brand_id" | "custom_status_id":
            told = brand_fields if field == "brand_id" else custom_status_fields
            yield ContactObserved(fields=told(an_id(entry, "value"), beside), **common)
        case _ if field.isascii() and field.isdigit():
            yield ContactObserved(fields={field[:18]: field_value(value)}, **common)


def _comment(entry: Json, audit: Json, ref: Ref, at: Instant, users: Users, requester: str | None) -> MessageAdded:
    id = needed_id(entry, "id")
    # A comment that doesn't say who may see it counts as internal: a reply that the customer never saw meets no clock.
    visibility: Visibility = "public" if flag(entry, "public") else "internal"
    author = an_id(entry, "author_id") or an_id(audit, "author_id")
    words = text(entry, "body") or ""
    return MessageAdded(
        id=comment_id(id),
        at=at,
        ref=ref,
        sequence=int(id),
        rev=1 + redactions(words, visibility),
        author=_author(author, users, requester, visibility),
        visibility=visibility,
        auto=by_rule(entry) or by_rule(audit),
        text=comment_text(entry),
    )


def comment_text(comment: Json) -> str | None:
    """What a comment says, of bounded length."""
    value = text(comment, "body")
    return value[:TEXT_MAX] if value else None


def _author(id: str | None, users: Users, requester: str | None, visibility: Visibility) -> Person:
    """Who wrote a comment. An agent is whose role says so, or who wrote a note, which only staff can: a reply that was
    none must meet no clock."""
    if id is None or id == SYSTEM:
        return Person(kind="system")
    role = role_of(users, id)
    name = text(users[id], "name") if id in users else None
    staff = role in STAFF or (role is None and id != requester and visibility == "internal")
    return Person(kind="agent" if staff else "customer", id=id, name=name)


def _rating(entry: Json, ref: Ref, at: Instant, audit_id: str) -> Iterator[Event]:
    score = entry.get("score")
    if score is not None and not isinstance(score, str):
        raise BadPayload("score is no text")
    if score and score.startswith(("good", "bad")):
        good = 1.0 if score.startswith("good") else 0.0
        yield CsatReceived(score=good, min=0.0, max=1.0, **_common(entry, ref, at, audit_id))
