"""A ticket as Zendesk's API shows it, in our words: the opening, and the ticket as observed at its version's time.

Laws. The opening carries only what can't change. A version is named by its second: the export's `generated_timestamp`,
an object's `updated_at`. A deleted ticket ends; a scrubbed one is redacted, and nothing of what it shows is told. Only
its log tells that a ticket was merged: what a snapshot says of its status then gives way to it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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
    Json,
    Ref,
    UnsetType,
    flag,
    mapping,
    mappings,
    text,
)
from gateway_zendesk.reading import LAST, an_id, epoch, is_settled, moment, needed_id, needed_moment
from gateway_zendesk.words import ended, medium_of, priority_of, status_of

STAFF = ("agent", "admin")
MERGED_TAG = "closed_by_merge"
"""What Zendesk tags a ticket with that was merged into another one."""

SUBJECT_MAX = 1_000
Users = Mapping[str, Json]


class Beside(NamedTuple):
    """What stands beside a ticket: the users and the names that it points at, and where people find tickets."""

    users: Users = {}
    names: Json = {}
    links: str | None = None
    """The beginning of a ticket's address, before its id; None where it isn't known."""

    def name(self, kind: str, id: str | None) -> str | None:
        """The account's own word for an id; None where it isn't known."""
        known = self.names.get(kind)
        return None if id is None or known is None else text(mapping(known, kind), id)


def ticket_ref(id: str) -> Ref:
    """Where a ticket's facts live."""
    return Ref("ticket", id)


def opened_id(id: str) -> str:
    """The event that is a ticket's opening, whoever tells of it."""
    return f"ticket:{id}:opened"


def deleted_id(id: str) -> str:
    """The event that is a ticket's deletion, whoever tells of it."""
    return f"ticket:{id}:deleted"


def merged_id(id: str) -> str:
    """The event that is a ticket's merge into another, whoever tells of it."""
    return f"ticket:{id}:merged"


def scrubbed_id(id: str) -> str:
    """The event that is the scrubbing of a deleted ticket, whoever tells of it."""
    return f"ticket:{id}:scrubbed"


def users_by_id(value: object) -> Users:
    """Side-loaded users by their ids."""
    return {id: user for user in mappings(value, "users") if (id := an_id(user, "id"))}


def is_deleted(ticket: Json) -> bool:
    """Whether a ticket is deleted or scrubbed: Zendesk shows no more of it."""
    return (text(ticket, "status") or "").lower() in ("deleted", "scrubbed")


def ticket_events(ticket: Json, beside: Beside, read_at: int, *, log_follows: bool) -> Iterator[Event]:
    """What a ticket object says that was read at `read_at` (milliseconds). `log_follows`: its log is read as well."""
    id = needed_id(ticket, "id")
    status = (text(ticket, "status") or "").lower()
    changed = moment(ticket, "updated_at")
    version = epoch(ticket, "generated_timestamp") or changed
    if version is None:
        raise BadPayload("updated_at is missing")
    if status == "scrubbed" or (status == "deleted" and ticket.get("subject") == "SCRUBBED"):
        yield from _scrubbed(id, ticket, changed or version, version)
        return
    yield _opened(id, ticket, beside.users, rev=1)
    rev = 1 if is_settled(version, read_at) else 0
    with_status = status != "deleted" and not (log_follows and perhaps_merged(ticket))
    yield _observed(id, ticket, beside, version, rev=rev, with_status=with_status)
    if status == "deleted":
        # Deleted twice, the later one counts, whoever tells of it: all say it with one rev.
        yield ContactDeleted(id=deleted_id(id), at=changed or version, ref=ticket_ref(id), sequence=LAST, rev=1)


def _scrubbed(id: str, ticket: Json, deleted: Instant, version: Instant) -> Iterator[Event]:
    """A ticket that is no more than its number: what was known of it is to be forgotten, its tags included."""
    ref = ticket_ref(id)
    # rev 0: what was known before it was scrubbed stays the opening's content.
    yield _opened(id, ticket, {}, rev=0)
    yield ContactDeleted(id=deleted_id(id), at=deleted, ref=ref, sequence=LAST, rev=1)
    yield ContactRedacted(id=scrubbed_id(id), at=version, ref=ref, sequence=LAST, all=True, rev=1)
    yield ContactObserved(id=f"{scrubbed_id(id)}:tags", at=version, ref=ref, sequence=LAST, rev=1, tags=())


def perhaps_merged(ticket: Json) -> bool:
    """Whether a ticket may have ended by a merge. Follow-ups inherit the tag, so that it alone says nothing."""
    tags = ticket.get("tags")
    return tags is not None and MERGED_TAG in tags_of(tags) and ended(ticket.get("status"))


def is_rated(ticket: Json) -> bool:
    """Whether a customer has said how a ticket went: its log tells when, and under which id."""
    rating = ticket.get("satisfaction_rating")
    score = None if rating is None else mapping(rating, "satisfaction_rating").get("score")
    return isinstance(score, str) and score.startswith(("good", "bad"))


def _opened(id: str, ticket: Json, users: Users, *, rev: int) -> ContactOpened:
    medium = medium_of(ticket)
    requester = an_id(ticket, "requester_id")
    return ContactOpened(
        id=opened_id(id),
        at=needed_moment(ticket, "created_at"),
        ref=ticket_ref(id),
        rev=rev,
        kind=medium.kind,
        channel=medium.channel,
        direction=_direction(ticket, users, medium.direction),
        customer=Customer(id=requester) if requester else UNSET,
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


def observed_by_push(id: str, detail: Json, links: str | None) -> Iterator[ContactObserved]:
    """The ticket as the webhook of its creation shows it; what the object itself says later wins over it."""
    version = moment(detail, "updated_at")
    if version is not None:
        yield _observed(id, detail, Beside(links=links), version, rev=0, with_status=True)


def _direction(ticket: Json, users: Users, told: Direction) -> Direction:
    """Outbound where the channel says so, or where staff wrote to somebody else."""
    submitter, requester = an_id(ticket, "submitter_id"), an_id(ticket, "requester_id")
    if submitter and submitter != requester and role_of(users, submitter) in STAFF:
        return "outbound"
    return told


def role_of(users: Users, id: str) -> str | None:
    """The role of a side-loaded user: end-user, agent or admin; None for one that isn't there."""
    return text(users[id], "role") if id in users else None


def _observed(
    id: str, ticket: Json, beside: Beside, version: Instant, *, rev: int, with_status: bool
) -> ContactObserved:
    requester = an_id(ticket, "requester_id")
    user = beside.users.get(requester) if requester else None
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
        fields=_fields(id, ticket, user, beside),
        language=UNSET if user is None else text(user, "locale") or UNSET,
        status=status_of(ticket.get("status")) if with_status else UNSET,
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


def _fields(id: str, ticket: Json, user: Json | None, beside: Beside) -> dict[str, FieldValue] | UnsetType:
    """Custom fields by their ids, and what else belongs to the contact by name. A custom field without a value is left
    out: the log tells when one is cleared."""
    found: dict[str, FieldValue] = {}
    for field in mappings(ticket.get("custom_fields"), "custom_fields"):
        value = field_value(field.get("value"))
        if value is not None:
            found[needed_id(field, "id")] = value
    if "brand_id" in ticket:
        found |= brand_fields(an_id(ticket, "brand_id"), beside)
    if "custom_status_id" in ticket:
        found |= custom_status_fields(an_id(ticket, "custom_status_id"), beside)
    if user is not None and (suspended := flag(user, "suspended")) is not None:
        found["requester_suspended"] = suspended
    if beside.links is not None:
        found["link"] = f"{beside.links}{id}"
    return found or (UNSET if ticket.get("custom_fields") is None else {})


def brand_fields(id: str | None, beside: Beside) -> dict[str, FieldValue]:
    """A brand as fields: its id, and its name where that is known. Never told from a host: any brand's shows all."""
    return {"brand_id": id, "brand": beside.name("brands", id)}


def custom_status_fields(id: str | None, beside: Beside) -> dict[str, FieldValue]:
    """What the account calls a custom status; the status itself is the category that it belongs to."""
    return {"custom_status": beside.name("custom_statuses", id)}


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
