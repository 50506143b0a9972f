"""Zendesk's webhooks: proving one, and what it says.

Laws. What is signed is the timestamp and the body's very bytes. A webhook that names the fact's own id gives the event,
as the log will tell it again; one that lacks it gives a look-up of the ticket and no event.
"""

import base64
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import SecretStr

from gateway.plugin import (
    MINUTE_MS,
    BadPayload,
    ContactDeleted,
    ContactMerged,
    ContactRedacted,
    Event,
    Fetch,
    Instant,
    Json,
    MessageAdded,
    Person,
    Record,
    Refused,
    Request,
    flag,
    hmac_sha256,
    mapping,
    parse_instant,
    read_json,
    same_secret,
    text,
)
from gateway_zendesk.audits import comment_id, comment_text
from gateway_zendesk.normalize import deleted_id, merged_id, observed_by_push, opened_by_push, scrubbed_id, ticket_ref
from gateway_zendesk.reading import LAST, SYSTEM, an_id, moment, needed_id

TOLERANCE_MS: Final = 5 * MINUTE_MS
"""How far the signature's timestamp may be from the receipt, in milliseconds."""

SIGNATURE: Final = "x-zendesk-webhook-signature"
TIMESTAMP: Final = "x-zendesk-webhook-signature-timestamp"
_HEADER_MAX = 128
_KEY_MAX = 200
_EVENT_TYPE = "zen:event-type:"
_TICKET_SUBJECT = "zen:ticket:"


def signature(secret: SecretStr, timestamp: str, body: bytes) -> str:
    """The signature as Zendesk makes it."""
    return base64.b64encode(hmac_sha256(secret, timestamp.encode() + body)).decode()


def unproved(secrets: Sequence[SecretStr], request: Request) -> Refused | None:
    """Why a request isn't proved to be Zendesk's; None if it is. Every secret is tried."""
    if not secrets:
        return Refused(401, "no webhook_secret is set for this connector")
    timestamp = request.headers.get(TIMESTAMP, "")
    given = request.headers.get(SIGNATURE, "")
    if not timestamp.isascii() or not given.isascii() or max(len(timestamp), len(given)) > _HEADER_MAX:
        return Refused(401, "the signature's headers are malformed")
    try:
        signed_at = parse_instant(timestamp)
    except (ValueError, OverflowError):
        return Refused(401, f"{TIMESTAMP} is missing or no time")
    if abs(request.received_at - signed_at) > TOLERANCE_MS:
        return Refused(401, f"{TIMESTAMP} is more than five minutes from now")
    proved = [same_secret(given, signature(secret, timestamp, request.body)) for secret in secrets]
    return None if any(proved) else Refused(401, f"{SIGNATURE} doesn't match")


def record_of(request: Request) -> Record:
    """A proved request as a record. Its key is the event's id; a trigger's own text has none: each counts."""
    return Record(body=request.body, form="push", key=_key(request.body), received_at=Instant(request.received_at))


def _key(body: bytes) -> str | None:
    try:
        payload = read_json(body)
    except BadPayload:
        return None
    if not isinstance(payload, dict) or not str(payload.get("type", "")).startswith(_EVENT_TYPE):
        return None
    id = payload.get("id")
    return id if isinstance(id, str) and 0 < len(id) <= _KEY_MAX else None


def push_events(body: bytes, links: str | None = None) -> Iterator[Event | Fetch]:
    """What a webhook says: events, look-ups, or BadPayload if it concerns no ticket. `links`: see `Beside`."""
    payload = mapping(read_json(body), "the body")
    kind = text(payload, "type") or ""
    if kind.startswith(_EVENT_TYPE) and not _about_ticket(payload, kind):
        raise BadPayload(f"{kind[:100]} is not about a ticket: subscribe this webhook to ticket events only")
    if not kind.startswith(_EVENT_TYPE):
        yield Fetch(ticket_ref(_ticket_of_trigger(payload)), "a trigger or an automation named the ticket")
        return
    detail = mapping(payload.get("detail") or {}, "detail")
    event = mapping(payload.get("event") or {}, "event")
    id = _ticket_of_event(payload, detail)
    name = kind.removeprefix(_EVENT_TYPE).removeprefix("ticket.")[:100]
    known = list(_facts(name, id, payload, detail, event, links))
    yield from known
    if not known or name == "created":
        yield Fetch(ticket_ref(id), f"the webhook {name} doesn't hold the fact itself")


def _about_ticket(payload: Json, kind: str) -> bool:
    subject = text(payload, "subject") or ""
    return kind.startswith(f"{_EVENT_TYPE}ticket.") or subject.startswith(_TICKET_SUBJECT)


def _ticket_of_event(payload: Json, detail: Json) -> str:
    subject = text(payload, "subject") or ""
    named = {"id": subject.removeprefix(_TICKET_SUBJECT)} if subject.startswith(_TICKET_SUBJECT) else {}
    return an_id(detail, "id") or needed_id(named, "id")


def _ticket_of_trigger(payload: Json) -> str:
    """The ticket that a body of an administrator's own making names."""
    ticket = payload.get("ticket")
    named = an_id(payload, "ticket_id") or (an_id(ticket, "id") if isinstance(ticket, dict) else None)
    if named is None or named == SYSTEM:
        raise BadPayload("neither an event of Zendesk's nor a `ticket_id`: put the ticket's id into the webhook's body")
    return named


def _facts(name: str, id: str, payload: Json, detail: Json, event: Json, links: str | None) -> Iterator[Event]:
    """The facts that the webhook names itself; none where an id or a time is missing."""
    at = moment(payload, "time")
    match name:
        case "created":
            opened_at = moment(detail, "created_at")
            if opened_at is not None:
                yield opened_by_push(id, detail, opened_at)
                yield from observed_by_push(id, detail, links)
        case "comment_added" if at is not None:
            yield from _comment(id, at, mapping(event.get("comment") or {}, "comment"))
        case "merged" if at is not None:
            target = an_id(event, "target_ticket_id")
            if target is not None:
                ref, into = ticket_ref(id), ticket_ref(target)
                yield ContactMerged(id=merged_id(id), at=at, ref=ref, sequence=LAST, into=into)
        case "soft_deleted" if at is not None:
            # Deleted twice, the later one counts, whoever tells of it: all say it with one rev.
            yield ContactDeleted(id=deleted_id(id), at=at, ref=ticket_ref(id), sequence=LAST, rev=1)
        case "permanently_deleted" if at is not None:
            yield ContactDeleted(id=deleted_id(id), at=at, ref=ticket_ref(id), sequence=LAST)
            yield ContactRedacted(id=scrubbed_id(id), at=at, ref=ticket_ref(id), sequence=LAST, all=True)


def _comment(ticket: str, at: Instant, comment: Json) -> Iterator[Event]:
    author = mapping(comment.get("author") or {}, "author")
    id, author_id = an_id(comment, "id"), an_id(author, "id")
    staff, public = flag(author, "is_staff"), flag(comment, "is_public")
    if id is None or id == SYSTEM or author_id is None or staff is None or public is None:
        return
    person = Person(kind="agent" if staff else "customer", id=author_id, name=text(author, "name"))
    yield MessageAdded(
        id=comment_id(id),
        at=at,
        ref=ticket_ref(ticket),
        sequence=int(id),
        author=Person(kind="system") if author_id == SYSTEM else person,
        visibility="public" if public else "internal",
        text=comment_text(comment),
    )
