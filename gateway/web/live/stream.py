"""The stream of changes: server-sent events, for whoever wants to know at once.

Events: `hello` (the gateway's time), `contact.changed` (the contact as listings tell it), `contact.ended`,
`connector.changed`, `endpoint.changed`, and `missed`: some were not told, read your list again. A comment comes within
15 seconds. Nothing is kept for who was away: after a reconnect, read again.
"""

import msgspec
from aiohttp import hdrs, web

from gateway.kernel.ports import Clock
from gateway.kernel.store import StoreUnusable
from gateway.model.instant import format_instant
from gateway.web.api.problem import Refused
from gateway.web.auth import Guard
from gateway.web.live.feed import Feed, TooMany
from gateway.web.live.listener import Listener, framed

EVENT_STREAM = "text/event-stream"
AGAIN_MS = 2_000
"""How long a client waits before it connects again, in milliseconds; it is told so."""

_HEADERS = {
    hdrs.CONTENT_TYPE: EVENT_STREAM,
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",  # a proxy of nginx's kind would keep events back
}


class Stream:
    """The handler."""

    def __init__(self, feed: Feed, clock: Clock, guard: Guard) -> None:
        self._feed = feed
        self._clock = clock
        self._guard = guard

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Tell what changes until somebody hangs up. Raises Refused where too many listen."""
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=_HEADERS)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        listener = Listener(gone=transport.is_closing, cut=transport.abort)
        try:
            self._feed.listen(listener)
        except TooMany:
            raise Refused("unavailable", "as many listen to changes as may: ask again, or read lists") from None
        try:
            return await self._told(request, listener)
        finally:
            self._feed.leave(listener)

    async def _told(self, request: web.Request, listener: Listener) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(request)
            hello = msgspec.json.encode({"now": format_instant(self._clock.now())})
            await response.write(b"retry: %d\n%b" % (AGAIN_MS, framed("hello", hello)))
            # Whoever listens proves for each event that it still may: its token may be revoked meanwhile.
            while (frames := await listener.take()) and await self._guard.still_may(request):
                await response.write(frames)
        except (ConnectionError, StoreUnusable):
            pass  # whoever listened has hung up, or nobody can say whether it may: it asks again
        return response
