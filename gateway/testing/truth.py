"""Compares what was read with what is true: events by their ids, contacts by what is known of them."""

from collections.abc import Mapping, Sequence

import msgspec

from gateway.model.contact import Contact
from gateway.plugin import UNSET, Event

Contacts = Mapping[str, Contact | None]
"""What is known of contacts, by their ids; None of one whose opening isn't known."""

_GONE = frozenset({"deleted", "merged"})

_NOT_CONTENT = frozenset({"rev", "historical", "sequence"})
"""Who told a fact, and in which order, is the teller's."""


def unsaid(truth: Sequence[Event], said: Mapping[str, Event]) -> str:
    """The first thing that is true and wasn't said, in words; empty if all was."""
    for event in truth:
        name = f"{_type(event)} {event.id!r} of {event.ref.kind} {event.ref.id}"
        found = said.get(event.id)
        if found is None:
            return f"{name} is never said ({len(truth)} events are true, {_missing(truth, said)} of them missing)"
        if type(found) is not type(event):
            return f"{name} is said as {_type(found)}"
        for field in event.__struct_fields__:
            due = getattr(event, field)
            if field in _NOT_CONTENT or due is UNSET or due is None:
                continue
            if getattr(found, field) != due:
                return f"{name} has {field} {_short(getattr(found, field))}, and should have {_short(due)}"
    return ""


def differing(found: Contacts, due: Contacts, *, ended: bool = True, exact: bool = False) -> str:
    """The first difference between contacts, in words; empty if there is none.

    `exact`: byte for byte. Without `ended`, of a contact that is deleted or merged only that is compared: vendors show
    nothing more of it.
    """
    if missing := set(due) - set(found):
        return f"{len(missing)} of {len(due)} contacts are missing"
    if more := set(found) - set(due):
        return f"there are {len(more)} contacts that shouldn't be"
    for id, contact in due.items():
        other = found[id]
        gone = contact is not None and contact.status in _GONE and other is not None and other.status == contact.status
        same = msgspec.json.encode(other) == msgspec.json.encode(contact) if exact else other == contact
        if not same and (ended or not gone):
            return f"a contact is not the same: {_apart(other, contact)}"
    return ""


def _apart(found: Contact | None, due: Contact | None) -> str:
    """Where two contacts differ, in a few words."""
    if found is None or due is None:
        return "its opening is not known" if found is None else "its opening is known, and shouldn't be"
    name = ", ".join(f"{strand.ref.kind} {strand.ref.id}" for strand in due.strands)
    for field in due.__struct_fields__:
        one, other = getattr(found, field), getattr(due, field)
        if one != other:
            return f"{name} has {field} {_short(one)}, and should have {_short(other)}"
    return f"{name} is written in another way"


def _missing(truth: Sequence[Event], said: Mapping[str, Event]) -> int:
    return sum(event.id not in said for event in truth)


def _type(event: Event) -> str:
    return str(type(event).__struct_config__.tag)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
