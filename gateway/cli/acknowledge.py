"""Acknowledging a contact: events in the gateway's own words, put into the inbox like anyone's.

So it goes the way of every datum: a running gateway takes it up, and without one the next start does.
"""

import os
from dataclasses import dataclass

import msgspec

from gateway.cli.failures import FOUND, Failed
from gateway.kernel.store import ContactRow, Store
from gateway.model.event import ContactAcknowledged, EscalationAcknowledged, Event, encode_event
from gateway.model.identity import derived_id
from gateway.model.instant import Instant
from gateway.model.record import Record

NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What was written: ids of the escalations that were active, and of the events."""

    contact: str
    escalations: list[str]
    events: list[str]


def somebody() -> str:
    """The name of whoever runs the command, as the system knows it."""
    return os.environ.get("LOGNAME") or os.environ.get("USER") or "command line"


async def acknowledge(store: Store, row: ContactRow, by: str, now: int) -> Acknowledged:
    """Write that `by` has taken the contact, and every escalation of it that is active, at `now`. Raises Failed."""
    state = row.state
    if state is None:
        raise Failed(FOUND, f"{row.id} isn't opened yet: there is nothing to acknowledge")
    if state.contact.ended:
        raise Failed(FOUND, f"{row.id} is {state.contact.status}: there is nothing to acknowledge")
    who, at, ref = by[:NAME_MAX], Instant(now), row.strands[0].ref
    active = [call.id for call in state.escalations if call.state == "active"]
    events: list[Event] = [ContactAcknowledged(at=at, ref=ref, id=derived_id("evt", "ack", row.id, now), by=who)]
    events += [
        EscalationAcknowledged(at=at, ref=ref, id=derived_id("evt", "ack", call, now), escalation=call, by=who)
        for call in active
    ]
    body = msgspec.json.encode({"events": [msgspec.Raw(encode_event(event)) for event in events]})
    record = Record(body=body, form="events", key=events[0].id, received_at=at)
    await store.add_records(row.strands[0].connector, [record])
    return Acknowledged(row.id, active, [event.id for event in events])
