"""Where the simulator's webhooks arrive: a loopback port that takes every request, notes it, and says 202.

What becomes of a request is then the story's choice: delivered at once, late, twice, in another order, or never.
"""

from collections.abc import Callable

from aiohttp import web

from gateway.kernel.ports import Clock
from gateway.plugin import Request

BODY_MAX = 16 * 1024 * 1024


class Wire:
    """The requests that came, in their order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: list[Request] = []
        self._runner: web.AppRunner | None = None
        self.heard: Callable[[Request], None] = self.requests.append

    async def start(self) -> str:
        """Listen; the URL for webhooks."""
        app = web.Application(client_max_size=BODY_MAX)
        app.router.add_route("*", "/in/kit", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/in/kit"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def taken(self) -> list[Request]:
        """What came since the last call."""
        requests, self.requests[:] = list(self.requests), []
        return requests

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.heard(Request(request.method, headers, dict(request.query), body, self._clock.now()))
        return web.Response(status=202)
