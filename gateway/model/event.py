"""Events: what happened, in our words. One class a fact; the union `Event` is all of them.

An event's `id` names the vendor's fact (comment 7, the opening of ticket 42), never its delivery. Fields left `UNSET`
are unknown; `None` where a field allows it means that the vendor cleared it.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.model.identity import Customer, Ref, derived_id
from gateway.model.instant import DAY_MS, EARLIEST, Instant, format_instant, parse_instant
from gateway.model.words import (
    AuthorKind,
    Channel,
    Direction,
    Kind,
    Priority,
    Status,
    Visibility,
)

EVENT_ID_MAX = 200
REF_MAX = 200
"""Characters that the kind or the id of a ref may have."""

DEADLINE_DAYS_MAX = 400
"""How far ahead of its event a deadline may lie: as far as a calendar is looked up."""

FieldValue = str | bool | int | float | None
Id = Annotated[str, Meta(max_length=EVENT_ID_MAX)]


class EventBase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """What every event carries. `rev`: 0 pushed, 1 read from the vendor's log or object; the higher one wins."""

    at: Instant
    ref: Ref
    id: Id = ""
    sequence: int = 0
    rev: int = 0
    historical: bool = False


class Person(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who wrote a message."""

    kind: AuthorKind
    id: str | None = None
    name: str | None = None


class Snapshot(EventBase, frozen=True, kw_only=True):
    """The fields that an opening and an observation share; `tags` replace, `None` clears."""

    subject: str | UnsetType | None = UNSET
    customer: Customer | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    priority: Priority | UnsetType | None = UNSET
    group: str | UnsetType | None = UNSET
    assignee: str | UnsetType | None = UNSET
    fields: dict[str, FieldValue] | UnsetType = UNSET
    language: str | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    deadline: Instant | UnsetType | None = UNSET


class ContactOpened(Snapshot, frozen=True, kw_only=True, tag="contact.opened"):
    kind: Kind
    channel: Channel
    direction: Direction = "inbound"


class ContactObserved(Snapshot, frozen=True, kw_only=True, tag="contact.observed"):
    kind: Kind | UnsetType = UNSET
    channel: Channel | UnsetType = UNSET
    direction: Direction | UnsetType = UNSET


class MessageAdded(EventBase, frozen=True, kw_only=True, tag="message.added"):
    author: Person
    visibility: Visibility = "public"
    auto: bool = False
    text: str | None = None


class MessageEdited(EventBase, frozen=True, kw_only=True, tag="message.edited"):
    message: str


class MessageRemoved(EventBase, frozen=True, kw_only=True, tag="message.removed"):
    message: str


class StatusChanged(EventBase, frozen=True, kw_only=True, tag="status.changed"):
    to: Status


class ContactAssigned(EventBase, frozen=True, kw_only=True, tag="contact.assigned"):
    assignee: str | UnsetType | None = UNSET
    group: str | UnsetType | None = UNSET


class ContactAcknowledged(EventBase, frozen=True, kw_only=True, tag="contact.acknowledged"):
    by: str


class CallEvent(EventBase, frozen=True, kw_only=True):
    """What the events of a call share; every one may name who, where and why."""

    agent: str | None = None
    queue: str | None = None
    reason: str | None = None


class CallQueued(CallEvent, frozen=True, kw_only=True, tag="call.queued"):
    pass


class CallRinging(CallEvent, frozen=True, kw_only=True, tag="call.ringing"):
    pass


class CallAnswered(CallEvent, frozen=True, kw_only=True, tag="call.answered"):
    pass


class CallHeld(CallEvent, frozen=True, kw_only=True, tag="call.held"):
    pass


class CallResumed(CallEvent, frozen=True, kw_only=True, tag="call.resumed"):
    pass


class CallTransferred(CallEvent, frozen=True, kw_only=True, tag="call.transferred"):
    pass


class CallAbandoned(CallEvent, frozen=True, kw_only=True, tag="call.abandoned"):
    pass


class CallEnded(CallEvent, frozen=True, kw_only=True, tag="call.ended"):
    pass


class CsatReceived(EventBase, frozen=True, kw_only=True, tag="csat.received"):
    score: float
    min: float
    max: float


class NpsReceived(EventBase, frozen=True, kw_only=True, tag="nps.received"):
    score: float


class ContactMerged(EventBase, frozen=True, kw_only=True, tag="contact.merged"):
    into: Ref


class ContactDeleted(EventBase, frozen=True, kw_only=True, tag="contact.deleted"):
    pass


class ContactRedacted(EventBase, frozen=True, kw_only=True, tag="contact.redacted"):
    fields: tuple[str, ...] = ()
    all: bool = False


class EnrichmentReceived(EventBase, frozen=True, kw_only=True, tag="enrichment.received"):
    enricher: str
    status: Literal["ok", "unavailable"]
    facts: dict[str, Any] | None = None
    reason: str | None = None
    customer: Customer | None = None
    """Of whom it is said: nothing is kept of it where the contact's customer is somebody else."""

    known_at: Instant | None = None
    """When the facts were said first, where that was before `at`."""


class EscalationAcknowledged(EventBase, frozen=True, kw_only=True, tag="escalation.acknowledged"):
    escalation: str
    by: str


class EscalationResolved(EventBase, frozen=True, kw_only=True, tag="escalation.resolved"):
    escalation: str
    by: str
    reason: str | None = None


class BotHandedOver(EventBase, frozen=True, kw_only=True, tag="bot.handed_over"):
    topic: str | None = None


Event = (
    ContactOpened
    | ContactObserved
    | MessageAdded
    | MessageEdited
    | MessageRemoved
    | StatusChanged
    | ContactAssigned
    | ContactAcknowledged
    | CallQueued
    | CallRinging
    | CallAnswered
    | CallHeld
    | CallResumed
    | CallTransferred
    | CallAbandoned
    | CallEnded
    | CsatReceived
    | NpsReceived
    | ContactMerged
    | ContactDeleted
    | ContactRedacted
    | EnrichmentReceived
    | EscalationAcknowledged
    | EscalationResolved
    | BotHandedOver
)
"""Every event about a contact. `gateway.model.apart` has those that belong to none."""

Position = tuple[int, int, int, str]
"""Where an event stands among its contact's: time, opening first, the source's sequence, id by code point."""


def position(event: Event) -> Position:
    """The place of `event` in its contact's history, whatever the order of arrival."""
    return (int(event.at), 0 if isinstance(event, ContactOpened) else 1, event.sequence, event.id)


def read_instant(kind: type, value: Any) -> Any:
    """What msgspec asks for an Instant: the time that a text names."""
    if kind is Instant:
        if not isinstance(value, str):
            raise ValueError("a time is text in RFC 3339, such as 2026-03-02T09:00:00Z")
        return parse_instant(value)
    raise NotImplementedError(kind)


def _write(value: Any) -> Any:
    if isinstance(value, Instant):
        return format_instant(value)
    raise NotImplementedError(type(value))


_encoder = msgspec.json.Encoder(enc_hook=_write, order="deterministic")
_decoder = msgspec.json.Decoder(Event, dec_hook=read_instant)


class _Listed(Struct, forbid_unknown_fields=True):
    """Events as systems post them."""

    events: list[Event]


_list_decoder = msgspec.json.Decoder(_Listed, dec_hook=read_instant)


def encode_event(event: Event) -> bytes:
    """The event as JSON, keys in a fixed order: equal events give equal bytes."""
    return _encoder.encode(event)


def decode_event(body: bytes) -> Event:
    """Read one event that `encode_event` wrote. Raises msgspec.ValidationError on any other shape."""
    event: Event = _decoder.decode(body)
    return event


def decode_events(body: bytes) -> list[Event]:
    """Read `{"events": [ … ]}` at once, for speed: what it reads, `convert_event` reads alike, one by one.

    Raises msgspec.MsgspecError, ValueError, OverflowError or RecursionError for what may be wrong; the words don't say
    which event it is, and a body with a key that stands twice may be right.
    """
    return _list_decoder.decode(body).events


def convert_event(value: object) -> Event:
    """Read one event from decoded JSON. Raises msgspec.ValidationError with the place and the reason."""
    event: Event = msgspec.convert(value, Event, dec_hook=read_instant)
    return event


def check_event(event: Event) -> None:
    """Raise ValueError for what nobody may say: a ref without a name, a number out of range, a time before EARLIEST, a
    deadline too far ahead."""
    for word, text in (("kind", event.ref.kind), ("id", event.ref.id)):
        if not 0 < len(text) <= REF_MAX:
            raise ValueError(f"`ref.{word}` has {len(text)} characters: 1 to {REF_MAX} are allowed")
    check_numbers(event.at, event.sequence, event.rev)
    check_deadline(event)


def check_numbers(at: int, sequence: int, rev: int) -> None:
    """Raise ValueError for a number out of range, or a time before EARLIEST."""
    for word, number in (("sequence", sequence), ("rev", rev)):
        if not 0 <= number < 2**63:
            raise ValueError(f"`{word}` is out of range: 0 to 2^63 - 1 are allowed")
    if at < EARLIEST:
        raise ValueError(f"`at` lies before {format_instant(EARLIEST)}")


def check_deadline(event: Event) -> None:
    """Raise ValueError for a deadline before EARLIEST, or too far behind its event's time."""
    deadline = event.deadline if isinstance(event, Snapshot) else None
    if not isinstance(deadline, int):
        return
    if deadline < EARLIEST:
        raise ValueError(f"`deadline` lies before {format_instant(EARLIEST)}")
    if deadline > event.at + DEADLINE_DAYS_MAX * DAY_MS:
        raise ValueError(f"`deadline` lies more than {DEADLINE_DAYS_MAX} days after `at`")


def identified(event: Event) -> Event:
    """The event with an id: its own, or a hash of its content, however it was told, where the source gave none."""
    if event.id:
        return event
    content = msgspec.structs.replace(event, rev=0, historical=False)
    return msgspec.structs.replace(event, id=derived_id("evt", encode_event(content).decode()))
