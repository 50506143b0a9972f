"""A ticket as Freshdesk's API shows it, in our words: opening, description, statuses, the ticket as observed.

Laws. The opening carries only what hardly changes; where it does, the newest counts. Freshdesk keeps no history: of a
ticket's statuses it tells when each was reached last, and these instants are its facts; one that nobody read in time is
never known. A version is named by its second, `updated_at`. A ticket that is deleted, or spam, ends; restored, it is
seen again.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from gateway.plugin import (
    SECOND_MS,
    UNSET,
    BadPayload,
    ContactDeleted,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    FieldValue,
    Instant,
    Json,
    MessageAdded,
    Person,
    Ref,
    Status,
    StatusChanged,
    UnsetType,
    flag,
    mapping,
    text,
)
from gateway_freshdesk.reading import (
    LAST,
    an_id,
    edition,
    field_value,
    is_settled,
    moment,
    needed_id,
    needed_moment,
    number,
)
from gateway_freshdesk.words import Labels, Meanings, is_own, medium_of, priority_of, status_of

SUBJECT_MAX: Final = 1_000
TEXT_MAX: Final = 8_000
"""Characters of a message that are kept."""

TOLD: Final[Mapping[str, Status]] = {
    "reopened_at": "open",
    "pending_since": "pending",
    "resolved_at": "solved",
    "closed_at": "closed",
}
"""What a ticket's `stats` tell of when it was last in a status."""

_ORDER: Final = ("new", "open", "pending", "on_hold", "solved", "closed")
"""How statuses follow each other that are told of one second."""

OBSERVED: Final = 2**61
"""The sequence of a snapshot: it shows what all else in its second has led to, an end apart."""


class Beside(NamedTuple):
    """What is known beside a ticket: the labels of its own statuses and what the settings say that they mean, and where
    people find tickets."""

    labels: Labels = {}
    meanings: Meanings = {}
    links: str | None = None
    """The beginning of a ticket's address, before its id; None where it isn't known."""


def ticket_ref(id: str) -> Ref:
    """Where a ticket's facts live."""
    return Ref("ticket", id)


def is_removed(ticket: Json) -> bool:
    """Whether a ticket is deleted, or in the folder of spam."""
    return bool(flag(ticket, "deleted") or flag(ticket, "spam"))


def ticket_events(ticket: Json, beside: Beside, read_at: int) -> Iterator[Event]:
    """What a ticket object says that was read at `read_at` (milliseconds)."""
    id, version = needed_id(ticket, "id"), needed_moment(ticket, "updated_at")
    newest = edition(version, read_at)
    yield _opened(id, ticket, newest)
    yield from _description(id, ticket, newest)
    yield from _statuses(id, ticket, beside)
    yield _observed(id, ticket, beside, version, rev=1 if is_settled(version, read_at) else 0)
    if is_removed(ticket):
        # Deleted twice, the later one counts, whoever tells of it: all say it with one rev.
        yield ContactDeleted(id=f"ticket:{id}:deleted", at=version, ref=ticket_ref(id), sequence=LAST, rev=1)


def _opened(id: str, ticket: Json, rev: int) -> ContactOpened:
    medium, requester = medium_of(ticket), an_id(ticket, "requester_id")
    return ContactOpened(
        id=f"ticket:{id}:opened",
        at=needed_moment(ticket, "created_at"),
        ref=ticket_ref(id),
        rev=rev,
        kind=medium.kind,
        channel=medium.channel,
        direction=medium.direction,
        customer=Customer(id=requester) if requester else UNSET,
    )


def _description(id: str, ticket: Json, rev: int) -> Iterator[MessageAdded]:
    """What the ticket began with. Of a chat the conversation tells it: there, it would count twice."""
    medium = medium_of(ticket)
    if medium.kind == "chat" or "description_text" not in ticket:
        return
    by = Person(kind="customer", id=an_id(ticket, "requester_id"))
    yield MessageAdded(
        id=f"ticket:{id}:description",
        at=needed_moment(ticket, "created_at"),
        ref=ticket_ref(id),
        rev=rev,  # it can be edited
        author=Person(kind="agent") if medium.direction == "outbound" else by,
        text=(text(ticket, "description_text") or "")[:TEXT_MAX] or None,
    )


def _statuses(id: str, ticket: Json, beside: Beside) -> Iterator[StatusChanged]:
    """When the ticket was last in each status, each second and status once."""
    if ticket.get("stats") is None:
        return
    stats = mapping(ticket["stats"], "stats")
    current = status_of(ticket, beside.labels, beside.meanings)
    reached = [(at, to) for key, to in TOLD.items() if (at := moment(stats, key)) is not None]
    updated = moment(stats, "status_updated_at")
    if updated is not None and current is not UNSET:
        reached.append((updated, current))
    for at, to in dict.fromkeys(reached):
        name = f"ticket:{id}:status:{at // SECOND_MS}:{to}"
        yield StatusChanged(id=name, at=at, ref=ticket_ref(id), sequence=_ORDER.index(to), rev=1, to=to)


def _observed(id: str, ticket: Json, beside: Beside, version: Instant, *, rev: int) -> ContactObserved:
    person = ticket.get("requester")
    return ContactObserved(
        id=f"ticket:{id}:observed:{version // SECOND_MS}",
        at=version,
        ref=ticket_ref(id),
        sequence=OBSERVED,
        rev=rev,
        subject=_subject(ticket),
        customer=UNSET if person is None else customer_of(mapping(person, "requester")),
        tags=_tags(ticket),
        priority=priority_of(ticket),
        group=an_id(ticket, "group_id") if "group_id" in ticket else UNSET,
        assignee=an_id(ticket, "responder_id") if "responder_id" in ticket else UNSET,
        fields=_fields(id, ticket, beside),
        status=status_of(ticket, beside.labels, beside.meanings),
    )


def _subject(ticket: Json) -> str | UnsetType | None:
    """A subject of bounded length; UNSET where it isn't told, None where it was cleared."""
    if "subject" not in ticket:
        return UNSET
    return (text(ticket, "subject") or "")[:SUBJECT_MAX] or None


def _tags(ticket: Json) -> tuple[str, ...] | UnsetType:
    value = ticket.get("tags")
    if value is None:
        return UNSET
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise BadPayload("tags are no list of texts")
    return tuple(value)


def customer_of(person: Json) -> Customer:
    """A person as a ticket shows its requester."""
    return Customer(
        id=an_id(person, "id"),
        email=text(person, "email") or None,
        phone=_phone(person, "phone") or _phone(person, "mobile"),
        name=text(person, "name") or None,
    )


def _phone(person: Json, key: str) -> str | None:
    """The number of a telephone, which older accounts write as a number."""
    value = person.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15:
        return str(value)
    return text(person, key) or None


def _fields(id: str, ticket: Json, beside: Beside) -> dict[str, FieldValue]:
    """The account's own fields by their names, and what else belongs to the contact. All are told each time: one
    that was emptied is known to be."""
    own = mapping(ticket.get("custom_fields") or {}, "custom_fields")
    found = {name: field_value(value) for name, value in own.items()}
    if "type" in ticket:
        found["type"] = text(ticket, "type") or None
    for key in ("company_id", "product_id"):
        if key in ticket:
            found[key] = an_id(ticket, key)
    status = number(ticket, "status")
    if status is not None:
        found["freshdesk_status"] = beside.labels.get(str(status), str(status)) if is_own(status) else None
    if beside.links is not None:
        found["link"] = f"{beside.links}{id}"
    return found
