"""Compares what was read with what is true: events by their ids, contacts by what is known of them."""

from collections.abc import Mapping, Sequence

import msgspec

from gateway.plugin import UNSET, Event

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


def differing(found: Mapping[str, bytes], due: Mapping[str, bytes]) -> str:
    """The first difference between contacts, in words; empty if there is none."""
    if missing := sorted(set(due) - set(found)):
        return f"{len(missing)} of {len(due)} contacts are missing"
    if more := sorted(set(found) - set(due)):
        return f"there are {len(more)} contacts that shouldn't be"
    for id, body in due.items():
        if found[id] != body:
            return f"a contact is not the same: {apart(found[id], body)}"
    return ""


def apart(found: bytes, due: bytes) -> str:
    """Where two encoded contacts differ, in a few words."""
    one, other = msgspec.json.decode(found), msgspec.json.decode(due)
    if not isinstance(one, list) or not isinstance(other, list):
        return f"{_short(one)} instead of {_short(other)}"
    for left, right in zip(one, other, strict=False):
        if left != right:
            return f"{_short(left)} instead of {_short(right)}"
    return "one has more fields"


def _missing(truth: Sequence[Event], said: Mapping[str, Event]) -> int:
    return sum(event.id not in said for event in truth)


def _type(event: Event) -> str:
    return str(type(event).__struct_config__.tag)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
