"""A ticket as Zendesk's API shows it, in our words: the opening, and the ticket as observed at its version's time.

Laws. The opening carries only what can't change. A version is named by its second: the export's `generated_timestamp`,
an object's `updated_at`. A deleted ticket ends; a scrubbed one is redacted and tells nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.plugin import (
    SECOND_MS,
    UNSET,
    BadPayload,
    ContactDeleted,
    ContactObserved,
    ContactOpened,
    ContactRedacted,
    Customer,
    Direction,
    Event,
    FieldValue,
    Instant,
    Ref,
    UnsetType,
)
from gateway_zendesk.reading import Json, an_id, epoch, flag, mappings, moment, needed_id, needed_moment, text
from gateway_zendesk.words import medium_of, priority_of, status_of

STAFF = ("agent", "admin")
SETTLED_MS = 2 * SECOND_MS
"""A version is final when its second is over; this many milliseconds later, for clocks that differ a little."""

SUBJECT_MAX = 1_000
Users = Mapping[str, Json]


def ticket_ref(id: str) -> Ref:
    """Where a ticket's facts live."""
    return Ref("ticket", id)


def opened_id(id: str) -> str:
    """The event that is a ticket's opening, whoever tells of it."""
    return f"ticket:{id}:opened"


def deleted_id(id: str) -> str:
    """The event that is a ticket's deletion, whoever tells of it."""
    return f"ticket:{id}:deleted"


def scrubbed_id(id: str) -> str:
    """The event that is the scrubbing of a deleted ticket, whoever tells of it."""
    return f"ticket:{id}:scrubbed"


def users_by_id(value: object) -> Users:
    """Side-loaded users by their ids."""
    return {id: user for user in mappings(value, "users") if (id := an_id(user, "id"))}


def ticket_events(ticket: Json, users: Users, read_at: int) -> Iterator[Event]:
    """What a ticket object says that was read at `read_at` (milliseconds)."""
    id = needed_id(ticket, "id")
    status = text(ticket, "status")
    changed = moment(ticket, "updated_at")
    version = epoch(ticket, "generated_timestamp") or changed
    if version is None:
        raise BadPayload("updated_at is missing")
    gone = (status or "").lower()
    if gone == "scrubbed" or (gone == "deleted" and ticket.get("subject") == "SCRUBBED"):
        # rev 0: what was known before it was scrubbed stays the opening's content.
        yield _opened(id, ticket, {}, customer=None, rev=0)
        yield ContactDeleted(id=deleted_id(id), at=changed or version, ref=ticket_ref(id), rev=1)
        yield ContactRedacted(id=scrubbed_id(id), at=version, ref=ticket_ref(id), all=True, rev=1)
        return
    yield _opened(id, ticket, users, customer=an_id(ticket, "requester_id"), rev=1)
    if gone == "deleted":
        yield ContactDeleted(id=deleted_id(id), at=changed or version, ref=ticket_ref(id), rev=1)
        return
    yield _observed(id, ticket, users, version, rev=1 if read_at - version >= SETTLED_MS else 0)


def _opened(id: str, ticket: Json, users: Users, *, customer: str | None, rev: int) -> ContactOpened:
    medium = medium_of(ticket)
    return ContactOpened(
        id=opened_id(id),
        at=needed_moment(ticket, "created_at"),
        ref=ticket_ref(id),
        rev=rev,
        kind=medium.kind,
        channel=medium.channel,
        direction=_direction(ticket, users, medium.direction),
        customer=Customer(id=customer) if customer else UNSET,
    )


def opened_by_push(id: str, detail: Json, at: Instant) -> ContactOpened:
    """The opening as a webhook tells it: roles are not in it, so that only its channel tells the direction."""
    medium = medium_of(detail)
    requester = an_id(detail, "requester_id")
    return ContactOpened(
        id=opened_id(id),
        at=at,
        ref=ticket_ref(id),
        kind=medium.kind,
        channel=medium.channel,
        direction=medium.direction,
        customer=Customer(id=requester) if requester else UNSET,
    )


def observed_by_push(id: str, detail: Json) -> Iterator[ContactObserved]:
    """The ticket as the webhook of its creation shows it; what the object itself says later wins over it."""
    version = moment(detail, "updated_at")
    if version is not None:
        yield _observed(id, detail, {}, version, rev=0)


def _direction(ticket: Json, users: Users, told: Direction) -> Direction:
    """Outbound where the channel says so, or where staff wrote to somebody else."""
    submitter, requester = an_id(ticket, "submitter_id"), an_id(ticket, "requester_id")
    if submitter and submitter != requester and role_of(users, submitter) in STAFF:
        return "outbound"
    return told


def role_of(users: Users, id: str) -> str | None:
    """The role of a side-loaded user: end-user, agent or admin; None for one that isn't there."""
    return text(users[id], "role") if id in users else None


def _observed(id: str, ticket: Json, users: Users, version: Instant, rev: int) -> ContactObserved:
    requester = an_id(ticket, "requester_id")
    user = users.get(requester) if requester else None
    return ContactObserved(
        id=f"ticket:{id}:observed:{version // SECOND_MS}",
        at=version,
        ref=ticket_ref(id),
        rev=rev,
        subject=subject_of(ticket),
        customer=UNSET if user is None else customer_of(user),
        tags=tags_of(ticket["tags"]) if ticket.get("tags") is not None else UNSET,
        priority=priority_of(ticket["priority"]) if "priority" in ticket else UNSET,
        group=an_id(ticket, "group_id") if "group_id" in ticket else UNSET,
        assignee=an_id(ticket, "assignee_id") if "assignee_id" in ticket else UNSET,
        fields=_fields(ticket),
        language=UNSET if user is None else text(user, "locale") or UNSET,
        status=status_of(ticket.get("status")),
    )


def subject_of(source: Json, key: str = "subject") -> str | UnsetType | None:
    """A subject of bounded length; UNSET where it isn't told, None where it was cleared."""
    if key not in source:
        return UNSET
    value = text(source, key)
    return value[:SUBJECT_MAX] if value else None


def customer_of(user: Json) -> Customer:
    """A person as Zendesk knows them."""
    email = text(user, "email") or None
    return Customer(
        id=needed_id(user, "id"),
        email=email,
        phone=text(user, "phone") or None,
        name=text(user, "name") or None,
        verified=(email,) if email and flag(user, "verified") else (),
    )


def tags_of(value: object) -> tuple[str, ...]:
    """Tags, as a list or as words with spaces between."""
    if isinstance(value, str):
        return tuple(value.split())
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise BadPayload("tags are no list of texts")
    return tuple(value)


def _fields(ticket: Json) -> dict[str, FieldValue] | UnsetType:
    """Custom fields by their ids. Those without a value are left out; the log tells when one is cleared."""
    if ticket.get("custom_fields") is None:
        return UNSET
    found: dict[str, FieldValue] = {}
    for field in mappings(ticket["custom_fields"], "custom_fields"):
        value = field_value(field.get("value"))
        if value is not None:
            found[needed_id(field, "id")] = value
    return found


def field_value(value: Any) -> FieldValue:
    """The value of a custom field: text, a number or a boolean; several choices are joined by commas."""
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise BadPayload("the value of a custom field is no list of texts")
        return ",".join(value) or None
    if isinstance(value, int) and value.bit_length() >= 64:
        raise BadPayload("the value of a custom field is out of range")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise BadPayload("the value of a custom field is neither text, number nor boolean")
