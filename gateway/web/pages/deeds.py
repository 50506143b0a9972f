"""What somebody does from the pages of connectors, deliveries, endpoints and the inbox: plain forms that lead back.

Every deed is one of `engine/operate.py`, in the name of whoever asks. The page that it leads to says that it was done,
for a minute; what came of it stands there for good.
"""

from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from gateway.engine.acting import CantAct
from gateway.engine.operate import Operating
from gateway.model.instant import parse_instant
from gateway.web.asked import NUMBER_MAX
from gateway.web.auth import WHO
from gateway.web.pages.forms import BadForm, Forms
from gateway.web.pages.page import Frame
from gateway.web.replies import closing
from gateway.web.routes import Route

REASON_MAX: Final = 200
"""Characters of a reason."""

DID: Final = ("did", "when")
"""What the page that a deed leads to is asked for: the deed, and its instant in ms."""

TOLD_FOR_MS: Final = 60_000
"""So long it is told that something was done."""

WORDS: Final[Mapping[str, str]] = {
    "synced": "A pull was asked for: its progress stands below.",
    "paused": "Paused. What the vendor pushes is taken all the same.",
    "resumed": "Resumed: its vendor is asked again at once.",
    "tested": "A test notice was sent: its outcome stands below.",
    "enabled": "Enabled: what waits goes out, the oldest first.",
    "replayed": "What was given up goes out once more.",
    "resent": "It goes out once more, with the same id and the same bytes.",
    "waiting": "It has not ended yet, and waits in its own order.",
    "taken-up": "Taken up again: it is judged in a moment.",
}

_STATUS: Final[Mapping[str, int]] = {"missing": 404, "nameless": 400}
"""Of what can't be done; 409 for all else."""


def done(request: web.Request, now: int) -> str:
    """What the page tells of a deed that has just led to it; whatever else stands in the address is left aside."""
    return WORDS.get(request.query.get("did", ""), "") if is_just_done(request, now) else ""


def is_just_done(request: web.Request, now: int) -> bool:
    """Whether the address says that its deed was done a moment ago."""
    when = request.query.get("when", "")
    return when.isascii() and when.isdigit() and len(when) < 16 and 0 <= now - int(when) < TOLD_FOR_MS


class Deeds:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._clock = frame.clock
        self._do = Operating(frame.gateway)
        self._forms = Forms()

    def routes(self) -> Iterator[Route]:
        """The addresses of the forms."""
        yield Route("POST", "/connectors/{name}/sync", self.sync, "operator")
        yield Route("POST", "/connectors/{name}/pause", self.pause, "operator")
        yield Route("POST", "/connectors/{name}/resume", self.resume, "operator")
        yield Route("POST", "/endpoints/{name}/test", self.test, "operator")
        yield Route("POST", "/endpoints/{name}/enable", self.enable, "operator")
        yield Route("POST", "/endpoints/{name}/replay", self.replay_dead, "operator")
        yield Route("POST", "/deliveries/{id}/replay", self.replay_delivery, "operator")
        yield Route("POST", "/inbox/{id}/replay", self.replay_record, "operator")

    async def sync(self, request: web.Request) -> web.Response:
        """Pull what is new, now."""
        name, by = request.match_info["name"], request[WHO].name
        return await self._led(request, self._do.sync(name, by), "/connectors", "synced", name)

    async def pause(self, request: web.Request) -> web.Response:
        """Ask a vendor for nothing, until somebody resumes it."""
        name, by = request.match_info["name"], request[WHO].name
        try:
            reason = (await self._forms.read(request)).get("reason", "")[:REASON_MAX]
        except BadForm as bad:
            return closing(self._frame.failing(request, bad.status, f"{bad}."))
        return await self._led(request, self._do.pause(name, by, reason), "/connectors", "paused", name)

    async def resume(self, request: web.Request) -> web.Response:
        """Ask it again."""
        name, by = request.match_info["name"], request[WHO].name
        return await self._led(request, self._do.resume(name, by), "/connectors", "resumed", name)

    async def test(self, request: web.Request) -> web.Response:
        """Send a test notice, and wait for its answer; the audit tells it."""
        name, by = request.match_info["name"], request[WHO].name
        return await self._led(request, self._do.test_endpoint(name, by), "/endpoints", "tested", name)

    async def enable(self, request: web.Request) -> web.Response:
        """Let an endpoint have its deliveries again."""
        name, by = request.match_info["name"], request[WHO].name
        return await self._led(request, self._do.enable_endpoint(name, by), "/endpoints", "enabled", name)

    async def replay_dead(self, request: web.Request) -> web.Response:
        """Let all that an endpoint wasn't given since an instant go out once more."""
        name, by = request.match_info["name"], request[WHO].name
        try:
            since = parse_instant((await self._forms.read(request)).get("since", "")[:100])
        except BadForm as bad:
            return closing(self._frame.failing(request, bad.status, f"{bad}."))
        except ValueError as error:
            return self._frame.failing(request, 400, f"Since when: {error}.")
        return await self._led(request, self._do.replay_dead(name, since, by), "/endpoints", "replayed", name)

    async def replay_delivery(self, request: web.Request) -> web.Response:
        """Let a delivery go out once more."""
        id = _id(request)
        back = f"/deliveries/{request.match_info['id']}"
        try:
            became = await self._do.replay_delivery(id, request[WHO].name)
        except CantAct as error:
            return self._refused(request, error)
        return _to(back, "resent" if became == "due" else "waiting", self._clock.now())

    async def replay_record(self, request: web.Request) -> web.Response:
        """Let a record be judged once more."""
        back = f"/inbox/{request.match_info['id']}"
        return await self._led(request, self._do.replay_record(_id(request), request[WHO].name), back, "taken-up")

    async def _led(
        self, request: web.Request, deed: Awaitable[Any], back: str, did: str, anchor: str = ""
    ) -> web.Response:
        try:
            await deed
        except CantAct as error:
            return self._refused(request, error)
        return _to(back, did, self._clock.now(), anchor)

    def _refused(self, request: web.Request, error: CantAct) -> web.Response:
        words = str(error)
        return self._frame.failing(request, _STATUS.get(error.why, 409), f"{words[:1].upper()}{words[1:]}.")


def id_of(request: web.Request) -> int | None:
    """The number in the address; None where it is none."""
    text = request.match_info["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= NUMBER_MAX else None


def _id(request: web.Request) -> int:
    """The number in the address; one that nothing has where it is none."""
    id = id_of(request)
    return -1 if id is None else id


def _to(back: str, did: str, now: int, anchor: str = "") -> web.Response:
    asked = urlencode({"did": did, "when": now})
    location = f"{quote(back)}?{asked}" + (f"#{quote(anchor)}" if anchor else "")
    return web.Response(status=303, headers={hdrs.LOCATION: location})
