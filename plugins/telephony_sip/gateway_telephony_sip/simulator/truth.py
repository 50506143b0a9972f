"""What a perfect connector must say of simulated calls, told from the notes of those who made them."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.plugin import (
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallQueued,
    CallResumed,
    CallRinging,
    CallTransferred,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    FieldValue,
    Instant,
    Ref,
    StatusChanged,
)
from gateway_telephony_sip.simulator.calls import HOTLINE, REFUSALS, Notes

RINGING_MS: Final = 180_000
"""So long after its last sign a call that nobody has answered is given up for lost (RFC 3261, 16.6: timer C)."""

TALKING_MS: Final = 4 * 3_600_000
"""So long after its last sign one that somebody has answered is, where no session timer says better (RFC 4028)."""


def truth(notes: Notes, now: int) -> Iterator[Event]:
    """The events of one call until now, in the order of time."""
    for event in (*_way(notes), *_end(notes)):
        if event.at <= now:
            yield event


def _way(notes: Notes) -> Iterator[Event]:
    customer: Any = {} if notes.caller is None else {"customer": Customer(phone=notes.caller)}
    dialled: Any = {"fields": {"called_number": HOTLINE}}
    yield ContactOpened(**_named(notes, "opened", notes.opened_at), kind="call", channel="phone", **dialled, **customer)
    if notes.queued_at is not None:
        yield CallQueued(**_named(notes, "queued", notes.queued_at))
    if notes.ringing_at is not None:
        yield CallRinging(**_named(notes, "ringing", notes.ringing_at))
    if notes.answered_at is not None:
        yield CallAnswered(**_named(notes, "answered", notes.answered_at), agent=notes.agent)
        yield StatusChanged(**_named(notes, "answered:status", notes.answered_at), to="open")
    for number, span in enumerate(notes.holds, 1):
        yield CallHeld(**_named(notes, f"held:{number}", span[0]))
        if len(span) > 1 and span[1] != notes.ended_at:
            yield CallResumed(**_named(notes, f"resumed:{number}", span[1]))
    for number, at in enumerate(notes.transfers, 1):
        yield CallTransferred(**_named(notes, f"transferred:{number}", at))


def _end(notes: Notes) -> Iterator[Event]:
    at = _ended_at(notes)
    outcome = notes.outcome or ("answered" if notes.answered_at is not None else "lost")
    tags = {str(outcome)} - {"answered"}
    if notes.outcome is None:
        tags.add("lost")
    if notes.crossed:
        tags.add("crossed")
    fields = _figures(notes, at, outcome)
    yield ContactObserved(**_named(notes, "outcome", at), tags=tuple(sorted(tags)), fields=fields)
    kind = CallAbandoned if outcome in ("abandoned", "short_abandoned") else CallEnded
    yield kind(**_named(notes, "end", at), reason=outcome if notes.outcome else "lost")
    yield StatusChanged(**_named(notes, "end:status", at), to="closed" if notes.answered_at is None else "solved")


def _figures(notes: Notes, ended_at: int, outcome: str) -> dict[str, FieldValue]:
    """What is measured of a call that is over; of one that was lost, only what was seen."""
    came_at, answered_at = notes.queued_at or notes.opened_at, notes.answered_at
    fields: dict[str, FieldValue] = {"outcome": outcome, "called_number": HOTLINE}
    sources = ["queued sip"] if notes.queued_at is not None else []
    if answered_at is not None:
        fields["wait_s"] = _seconds(answered_at - came_at)
        sources.append("answered sip")
    elif notes.outcome is not None:
        fields["wait_s"] = _seconds(ended_at - came_at)
    if notes.outcome is not None and answered_at is not None:
        held_ms = sum((span[1] if len(span) > 1 else ended_at) - span[0] for span in notes.holds)
        fields["handle_s"] = _seconds(ended_at - answered_at)
        fields["hold_s"] = _seconds(held_ms)
        fields["talk_s"] = _seconds(ended_at - answered_at - held_ms)
    if notes.by_caller is not None:
        fields["ended_by"] = "caller" if notes.by_caller else "agent"
    if notes.outcome in REFUSALS:
        fields["sip_code"] = REFUSALS[notes.outcome][0]
    fields["measured_by"] = ", ".join([*sources, "ended sip" if notes.outcome is not None else "ended silence"])
    return fields


def _ended_at(notes: Notes) -> int:
    """When the call was over, or counts as lost."""
    if notes.ended_at is not None:
        return notes.ended_at
    if notes.answered_at is None:
        return notes.progressed_at + RINGING_MS
    return notes.alive_at + (notes.expires_s * 1_000 or TALKING_MS)


def _named(notes: Notes, what: str, at: int) -> dict[str, Any]:
    return {"id": f"{notes.id}:{what}", "at": Instant(at), "ref": Ref("call", notes.id)}


def _seconds(length_ms: int) -> int | float:
    return length_ms // 1_000 if length_ms % 1_000 == 0 else length_ms / 1_000
