"""Resolving by a person: an escalation is over for good, and nobody more is called. Contact and clock go on."""

from typing import Final

from gateway.engine.acting import Acted, CantAct, actor, in_one_line, meant, told
from gateway.kernel.store import Store
from gateway.model.event import EscalationResolved
from gateway.model.identity import derived_id
from gateway.model.instant import Instant

REASON_MAX: Final = 500
"""Characters of a reason that are kept."""


async def resolve(store: Store, name: str, by: str, now: int, reason: str = "") -> Acted:
    """Write that `by` has said, at `now`, that what `name` means is over: an escalation by its id, or every one that is
    going on of a contact by any of its names. Raises CantAct, also where there is none.

    It is in the inbox then, and judged within moments by a gateway that runs."""
    who, found = actor(by), await meant(store, name)
    why = in_one_line(reason, REASON_MAX) or None
    calls = [one for one in found.state.escalations if one.state != "resolved"] if found.call is None else [found.call]
    if not calls:
        raise CantAct("over", f"{found.row.id} has no escalation that is going on")
    at, ref = Instant(now), found.row.strands[0].ref
    events = [
        EscalationResolved(
            at=at, ref=ref, id=derived_id("evt", "resolve", one.id, now, who), escalation=one.id, by=who, reason=why
        )
        for one in calls
    ]
    await told(store, found.row, events, now)
    return Acted(
        contact=found.row.id,
        by=who,
        at=now,
        escalations=tuple(one.id for one in calls),
        events=tuple(event.id for event in events),
        whole=False,
    )
