"""Acknowledging and resolving from the page of a contact: plain forms, which lead back to it.

What somebody does here is an event in the inbox, and judged within moments: nothing waits for it. The page says that it
was taken, and shows what came of it when it is there.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from gateway.engine.acting import Acted, CantAct
from gateway.engine.case import Case
from gateway.engine.operate import Operating
from gateway.web.auth import WHO
from gateway.web.pages.deeds import DID, is_just_done
from gateway.web.pages.page import Frame
from gateway.web.routes import Route

Deed = Literal["acknowledged", "resolved"]

ASKED: Final = (*DID, "which")
"""What the page is asked for after something was done: the deed, or why there was none, its instant, and whose."""

WHOLE: Final = "contact"
_REFUSED: Final = {
    "missing": "There is no such escalation on this contact.",
    "unopened": "This contact isn't opened yet: there is nothing to do about it.",
    "over": "That was done already, or the contact is over.",
    "nameless": "Nobody is named as who does it.",
}
_DEEDS: Final[dict[str, str]] = {"acknowledged": "Acknowledgement taken", "resolved": "Resolution taken"}


@dataclass(frozen=True, slots=True)
class Done:
    """What somebody has just done: `which` is an escalation's id, or WHOLE; `judged` whether the contact shows it."""

    which: str
    words: str
    judged: bool
    refused: bool = False


class Acting:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._store = frame.gateway.world.store
        self._clock = frame.clock
        self._operating = Operating(frame.gateway)

    def routes(self) -> Iterator[Route]:
        """The addresses of the forms."""
        yield Route("POST", "/contacts/{id}/acknowledge", self.acknowledge_contact, "operator")
        yield Route("POST", "/contacts/{id}/escalations/{escalation}/acknowledge", self.acknowledge, "operator")
        yield Route("POST", "/contacts/{id}/escalations/{escalation}/resolve", self.resolve, "operator")

    async def acknowledge_contact(self, request: web.Request) -> web.Response:
        """Somebody takes the contact, and every escalation of it that is active."""
        return await self._do(request, "acknowledged", WHOLE, self._operating.acknowledge)

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Somebody takes one escalation."""
        return await self._do(request, "acknowledged", request.match_info["escalation"], self._operating.acknowledge)

    async def resolve(self, request: web.Request) -> web.Response:
        """Somebody says that one escalation is over."""
        return await self._do(request, "resolved", request.match_info["escalation"], self._operating.resolve)

    async def _do(
        self, request: web.Request, deed: Deed, which: str, act: Callable[[str, str], Awaitable[Acted]]
    ) -> web.Response:
        contact = request.match_info["id"]
        did: str = deed
        try:
            if which != WHOLE:
                row = await self._store.find_contact(contact)
                calls = () if row is None or row.state is None else row.state.escalations
                if which not in {call.id for call in calls}:
                    raise CantAct("missing", "this contact has no such escalation")
            contact = (await act(contact if which == WHOLE else which, request[WHO].name)).contact
        except CantAct as error:
            did = error.why
        asked = urlencode({"did": did, "which": which[:100], "when": self._clock.now()})
        location = f"/contacts/{quote(contact, safe='')}?{asked}#chain"
        return web.Response(status=303, headers={hdrs.LOCATION: location})


def done(request: web.Request, case: Case, now: int) -> Done | None:
    """What the page tells of a deed that has just led back to it; whatever else stands in the address is left aside."""
    did, which = request.query.get("did", ""), request.query.get("which", "")
    if not is_just_done(request, now):
        return None
    if did in _REFUSED:
        return Done(which, _REFUSED[did], judged=True, refused=True)
    if did not in _DEEDS or case.row.state is None:
        return None
    calls = [call for call in case.row.state.escalations if which in (call.id, WHOLE)]
    if did == "resolved":
        judged = all(call.resolved_at is not None for call in calls)
    elif calls:
        judged = all(call.acknowledged_at is not None or call.resolved_at is not None for call in calls)
    else:
        judged = case.row.state.acknowledged
    return Done(which, f"{_DEEDS[did]}; judged in a moment." if not judged else f"{_DEEDS[did]} and judged.", judged)
