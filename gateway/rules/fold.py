"""Put an event into its contact: what the contact says of itself afterwards, before anything is judged.

Laws. The first `contact.opened` fixes kind, channel, direction and opening; a second one only updates fields. An event
that says nothing about a field leaves it; `None` clears it; `tags` replace. Every event moves `updated_at` forward.
What enrichers have said holds for the customer of whom they were asked, and goes when another one takes that place.
"""

from math import inf
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from gateway.model.contact import Answer, Contact, Csat, Strand
from gateway.model.event import (
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactOpened,
    ContactRedacted,
    CsatReceived,
    EnrichmentReceived,
    Event,
    Snapshot,
    StatusChanged,
)
from gateway.model.identity import Customer, Ref
from gateway.model.words import Life

NO_REASON = "it gave no reason"

_PLAIN = ("subject", "priority", "group", "assignee", "language")


def opened(connector: str, event: ContactOpened) -> Contact:
    """The contact that an opening begins."""
    life: Life = "new" if event.status is UNSET else event.status
    fresh = Contact(
        kind=event.kind,
        channel=event.channel,
        direction=event.direction,
        opened_at=int(event.at),
        updated_at=int(event.at),
        strands=(Strand(connector, event.ref, life),),
    )
    return _with_snapshot(fresh, connector, event)


def fold(contact: Contact, connector: str, event: Event) -> Contact:
    """The contact after `event` of `connector`."""
    changed = _changed(contact, connector, event)
    if contact.updated_at < event.at:
        return replace(changed, updated_at=int(event.at))
    return changed


def _changed(contact: Contact, connector: str, event: Event) -> Contact:
    match event:
        case ContactOpened():
            return _with_snapshot(contact, connector, replace(event, status=UNSET))
        case Snapshot():
            return _with_snapshot(contact, connector, event)
        case StatusChanged():
            return _with_life(contact, connector, event.ref, event.to)
        case ContactMerged():
            return _with_life(contact, connector, event.ref, "merged")
        case ContactDeleted():
            return _with_life(contact, connector, event.ref, "deleted")
        case ContactAssigned():
            return _with_fields(contact, event, ("assignee", "group"))
        case CsatReceived():
            span = event.max - event.min
            ratio = (event.score - event.min) / span if 0 < span < inf else 0.0
            return replace(contact, csat=Csat(True, min(max(ratio, 0.0), 1.0)))
        case EnrichmentReceived():
            return _with_answer(contact, event)
        case ContactRedacted():
            return _redacted(contact, event)
        case _:
            return contact


def _with_strand(contact: Contact, connector: str, ref: Ref, **changed: Any) -> Contact:
    """The contact with one strand changed; a strand that isn't there leaves it as it is."""
    strands = tuple(
        replace(strand, **changed) if strand.ref == ref and strand.connector == connector else strand
        for strand in contact.strands
    )
    return replace(contact, strands=strands)


def _with_life(contact: Contact, connector: str, ref: Ref, life: Life) -> Contact:
    after = _with_strand(contact, connector, ref, status=life)
    if contact.ended and not after.ended:
        return replace(after, reopened=contact.reopened + 1)
    return after


def _with_snapshot(contact: Contact, connector: str, event: Snapshot) -> Contact:
    contact = _with_fields(contact, event, _PLAIN)
    if event.customer is not UNSET:
        contact = _with_customer(contact, event.customer or Customer())
    if event.fields is not UNSET:
        contact = replace(contact, fields={**contact.fields, **event.fields})
    if event.tags is not UNSET:
        contact = _with_strand(contact, connector, event.ref, tags=tuple(dict.fromkeys(event.tags)))
    if event.deadline is not UNSET:
        due = None if event.deadline is None else int(event.deadline)
        contact = _with_strand(contact, connector, event.ref, deadline=due)
    if event.status is not UNSET:
        contact = _with_life(contact, connector, event.ref, event.status)
    return contact


def _with_customer(contact: Contact, customer: Customer) -> Contact:
    """The contact of this customer. What is known of somebody else is none of theirs."""
    if customer.replaces(contact.customer):
        return replace(contact, customer=customer, facts={}, answers={})
    return replace(contact, customer=customer)


def _with_answer(contact: Contact, event: EnrichmentReceived) -> Contact:
    """The contact with what an enricher says of its customer. That it can't say anything takes away nothing that it has
    said."""
    if event.customer is not None and contact.customer.replaces(event.customer):
        return contact
    name, at = event.enricher, int(event.at)
    if event.status == "ok":
        answer = Answer(at, facts_at=at if event.known_at is None else min(at, int(event.known_at)))
        return replace(
            contact,
            facts={**contact.facts, name: event.facts or {}},
            answers={**contact.answers, name: answer},
        )
    before = contact.answers.get(name)
    answer = Answer(at, event.reason or NO_REASON, before.facts_at if before else None)
    return replace(contact, answers={**contact.answers, name: answer})


def _with_fields(contact: Contact, event: Snapshot | ContactAssigned, names: tuple[str, ...]) -> Contact:
    said: dict[str, Any] = {name: value for name in names if (value := getattr(event, name)) is not UNSET}
    return replace(contact, **said) if said else contact


def _redacted(contact: Contact, event: ContactRedacted) -> Contact:
    if event.all:
        return replace(contact, subject=None, fields={}, customer=Customer(), facts={}, answers={})
    names = set(event.fields)
    blank: dict[str, Any] = {"subject": None} if "subject" in names else {}
    if "customer" in names:
        blank |= {"customer": Customer(), "facts": {}, "answers": {}}
    kept = {name: value for name, value in contact.fields.items() if name not in names}
    return replace(contact, fields=kept, **blank)
