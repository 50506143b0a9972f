"""Acting: what is asked is done by the engine's deeds, and who did it is named."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gateway.engine.acting import NAME_MAX, CantAct, Why, meant
from gateway.engine.acting import Acted as Written
from gateway.kernel.store import Store
from gateway.web.api.operation import Asked, Desk, Said
from gateway.web.api.problem import Kind, Refused, Wrong
from gateway.web.shapes.board import Acted

Deed = Callable[[str, str], Awaitable[Written]]
"""Does it to what a name means, by a person. Raises CantAct."""

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


def by_whom(asked: Asked[Any, Any]) -> str:
    """Who does it: whom the body names, else whose token it is."""
    named = asked.body.by if isinstance(asked.body, Actor) else None
    return asked.by if named is None else named


def refused(error: CantAct) -> Refused:
    """The refusal of what can't be done."""
    errors = [Wrong("body.by", str(error))] if error.why == "nameless" else []
    return Refused(_KINDS[error.why], str(error), errors)


async def acted(desk: Desk, asked: Asked[Any, Any], name: str, deed: Deed, *, again: bool = False) -> Said:
    """Do it to what `name` means. Done already, it is no error, and nothing is written: `again` says that what is over
    has nothing left to be done. Raises Refused."""
    by = by_whom(asked)
    try:
        done = await deed(name, by)
    except CantAct as error:
        before = await _done_before(desk.gateway.world.store, name, by, again=again) if error.why == "over" else None
        if before is None:
            raise refused(error) from None
        return Said(before)
    told = Acted(
        contact=done.contact,
        by=done.by,
        escalations=list(done.escalations),
        events=list(done.events),
        outcome="written",
    )
    return Said(told, status=202)


async def _done_before(store: Store, name: str, by: str, *, again: bool) -> Acted | None:
    """What stands where the deed was done already to one escalation; else None."""
    try:
        found = await meant(store, name)
    except CantAct:
        row = await store.find_escalation(name) if again else None
        return (
            None if row is None else Acted(contact=row.id, by=by, escalations=[name], events=[], outcome="done already")
        )
    calls = [] if found.call is None else [found.call.id]
    return Acted(contact=found.row.id, by=by, escalations=calls, events=[], outcome="done already")
