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
    ContactOpened,
    Customer,
    Event,
    Instant,
    Ref,
    StatusChanged,
)
from gateway_telephony_sip.simulator.calls import Notes

RINGING_MS: Final = 180_000
"""So long after its last sign a call that nobody has answered is given up for lost (RFC 3261, 16.6: timer C)."""

TALKING_MS: Final = 4 * 3_600_000
"""So long after its last sign one that somebody has answered is, where no session timer says better (RFC 4028)."""


def truth(notes: Notes, now: int) -> Iterator[Event]:
    """The events of one call until now, in the order of time."""
    ref = Ref("call", notes.id)

    def named(what: str, at: int) -> dict[str, Any]:
        return {"id": f"{notes.id}:{what}", "at": Instant(at), "ref": ref}

    customer: Any = {} if notes.caller is None else {"customer": Customer(phone=notes.caller)}
    yield ContactOpened(**named("opened", notes.opened_at), kind="call", channel="phone", **customer)
    if notes.queued_at is not None:
        yield CallQueued(**named("queued", notes.queued_at))
    if notes.ringing_at is not None:
        yield CallRinging(**named("ringing", notes.ringing_at))
    if notes.answered_at is not None:
        yield CallAnswered(**named("answered", notes.answered_at))
    for number, span in enumerate(notes.holds, 1):
        yield CallHeld(**named(f"held:{number}", span[0]))
        if len(span) > 1 and span[1] != notes.ended_at:
            yield CallResumed(**named(f"resumed:{number}", span[1]))
    for number, at in enumerate(notes.transfers, 1):
        yield CallTransferred(**named(f"transferred:{number}", at))
    ended_at = _end(notes)
    if ended_at > now:
        return
    gave_up = notes.outcome in ("abandoned", "short_abandoned")
    yield (CallAbandoned if gave_up else CallEnded)(**named("end", ended_at))
    to: Any = "closed" if notes.answered_at is None else "solved"
    yield StatusChanged(**named("closed", ended_at), to=to)


def _end(notes: Notes) -> int:
    """When the call was over, or counts as lost."""
    if notes.ended_at is not None:
        return notes.ended_at
    if notes.answered_at is None:
        return notes.progressed_at + RINGING_MS
    return notes.alive_at + (notes.expires_s * 1_000 or TALKING_MS)
