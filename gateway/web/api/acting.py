"""Acting on contacts and escalations: what is asked becomes events in the inbox, and who did it is named."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gateway.engine.acting import NAME_MAX, CantAct, Why, meant
from gateway.engine.acting import Acted as Written
from gateway.kernel.store import Store
from gateway.web.api.operation import Asked, Desk, Said
from gateway.web.api.problem import Kind, Refused
from gateway.web.shapes.board import Acted

Deed = Callable[[Store, str, str, int], Awaitable[Written]]

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
        Meta(description="Who does it; unless given, the name of the token."),
    ] = None


async def acted(desk: Desk, asked: Asked[Any, Any], name: str, deed: Deed) -> Said:
    """Do it to what `name` means. Done already, it is no error, and nothing is written. Raises Refused."""
    by = (asked.body.by if asked.body is not None else None) or asked.by
    store = desk.gateway.world.store
    try:
        done = await deed(store, name, by, desk.clock.now())
    except CantAct as error:
        if error.why == "over" and (before := await _done_before(store, name, by)) is not None:
            return Said(before)
        raise Refused(_KINDS[error.why], str(error)) from None
    desk.gateway.take_up()
    told = Acted(
        contact=done.contact,
        by=done.by,
        escalations=list(done.escalations),
        events=list(done.events),
        outcome="written",
    )
    return Said(told, status=202)


async def _done_before(store: Store, name: str, by: str) -> Acted | None:
    """What stands where the deed was done already, to one escalation of a contact that goes on; else None."""
    try:
        found = await meant(store, name)
    except CantAct:
        return None
    calls = [] if found.call is None else [found.call.id]
    return Acted(contact=found.row.id, by=by, escalations=calls, events=[], outcome="done already")
