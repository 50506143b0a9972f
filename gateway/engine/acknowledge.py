"""Acknowledging: somebody takes care of a contact, or of one of its escalations."""

from gateway.engine.acting import Acted, CantAct, actor, meant, told
from gateway.kernel.store import Store
from gateway.model.event import ContactAcknowledged, EscalationAcknowledged, Event
from gateway.model.identity import derived_id
from gateway.model.instant import Instant


async def acknowledge(store: Store, name: str, by: str, now: int) -> Acted:
    """Write that `by` has taken, at `now`, what `name` means: an escalation by its id, or a contact by any of its
    names, and with it every escalation of it that is active. Raises CantAct.

    It is in the inbox then, and judged within moments by a gateway that runs."""
    who, found = actor(by), await meant(store, name)
    row, call, at = found.row, found.call, Instant(now)
    if call is not None and call.acknowledged_at is not None:
        raise CantAct("over", f"escalation {call.id} is acknowledged by {call.acknowledged_by} already")
    calls = [one for one in found.state.escalations if one.state == "active"] if call is None else [call]
    ref = row.strands[0].ref
    events: list[Event] = []
    if call is None:
        events.append(ContactAcknowledged(at=at, ref=ref, id=derived_id("evt", "ack", row.id, now, who), by=who))
    events += [
        EscalationAcknowledged(at=at, ref=ref, id=derived_id("evt", "ack", one.id, now, who), escalation=one.id, by=who)
        for one in calls
    ]
    await told(store, row, events, now)
    return Acted(
        contact=row.id,
        by=who,
        at=now,
        escalations=tuple(one.id for one in calls),
        events=tuple(event.id for event in events),
        whole=call is None,
    )
