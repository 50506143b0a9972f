"""Acting: what is asked is done by the engine's deeds, and who did it is named."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from gateway.engine.acting import NAME_MAX, CantAct, Why, actor
from gateway.engine.acting import Acted as Written
from gateway.kernel.store import Store
from gateway.web.api.operation import Asked, Desk, Said
from gateway.web.api.problem import Kind, Refused, Wrong
from gateway.web.shapes.board import Acted

Deed = Callable[[str, str], Awaitable[Written]]
"""Does it to what a name means, by a person. Raises CantAct."""

Done = Literal["acknowledged", "resolved"]
"""What an escalation is to which it was done."""

_KINDS: Final[dict[Why, Kind]] = {
    "missing": "not-found",
    "unopened": "conflict",
    "over": "conflict",
    "unable": "conflict",
    "many": "conflict",
    "nameless": "bad-body",
}


class Actor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who does it."""

    by: Annotated[
        Annotated[str, Meta(max_length=NAME_MAX)] | None,
        Meta(description="For whom the token's owner does it; they are then named together: `TOKEN for NAME`."),
    ] = None


def by_whom(asked: Asked[Any, Any]) -> str:
    """Who does it: whose token it is, and whom the body names beside. The token stands first, where no name that is
    too long can push it out: nobody acts in another's name alone."""
    named = asked.body.by if isinstance(asked.body, Actor) else None
    return asked.by if named is None or named == asked.by else f"{asked.by} for {actor(named)}"


def refused(error: CantAct) -> Refused:
    """The refusal of what can't be done."""
    errors = [Wrong("body.by", str(error))] if error.why == "nameless" else []
    return Refused(_KINDS[error.why], str(error), errors)


async def acted(desk: Desk, asked: Asked[Any, Any], name: str, deed: Deed, done: Done | None = None) -> Said:
    """Do it to what `name` means. An escalation that is `done` already is no error: nothing is written, and who did it
    is told. Raises Refused."""
    try:
        written = await deed(name, by_whom(asked))
    except CantAct as error:
        before = await _done_before(desk.gateway.world.store, name, done) if done and error.why == "over" else None
        if before is None:
            raise refused(error) from None
        return Said(before)
    told = Acted(
        contact=written.contact,
        by=written.by,
        escalations=list(written.escalations),
        events=list(written.events),
        outcome="written",
    )
    return Said(told, status=202)


async def _done_before(store: Store, name: str, done: Done) -> Acted | None:
    """What stands where that was done already to an escalation; None where it can't be done any more."""
    row = await store.find_escalation(name)
    if row is None:
        return None
    calls = () if row.state is None else row.state.escalations
    call = next((one for one in calls if one.id == name), None)  # the state drops those that were resolved long ago
    if done == "acknowledged" and (call is None or call.state != "acknowledged"):
        return None
    by = "" if call is None else call.acknowledged_by if done == "acknowledged" else call.resolved_by
    return Acted(contact=row.id, by=by or None, escalations=[name], events=[], outcome="done already")
