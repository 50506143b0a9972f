"""What several tests of the simulator use: a simulated account under a told clock, who asks it, and who is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from gateway_freshdesk.simulator import FreshdeskSimulator

from gateway.plugin import parse_instant

START = parse_instant("2026-03-02T09:00:00Z")


class Desk:
    """A simulated account; `pushed` are the headers and the bytes of the webhooks that came."""

    def __init__(self, **options: Any) -> None:
        self.now = int(START)
        self.simulator = FreshdeskSimulator(seed=3, **{"per_minute": None, "list_per_minute": None, **options})
        self.pushed: list[tuple[Any, bytes]] = []
        self.answers: list[int] = []
        """What the next webhooks are answered; 200 when it is empty."""

    async def start(self) -> None:
        """Listen, on both sides."""
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.hook = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        self.settings = await self.simulator.start(lambda: self.now, self.hook)
        self.session = aiohttp.ClientSession()

    async def stop(self) -> None:
        """Stop listening."""
        await self.session.close()
        await self.simulator.stop()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.pushed.append((request.headers, await request.read()))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def ask(
        self, path: str, method: str = "GET", *, key: str | None = "", base: str = "/api/v2/", **sent: Any
    ) -> tuple[int, Any, Any]:
        """Status, content and headers of an answer; `key` None for a stranger."""
        known = self.simulator.api_key if key == "" else key
        headers = {} if known is None else {"Authorization": aiohttp.encode_basic_auth(known, "X")}
        url = f"{self.settings['base_url']}{base}{path}"
        async with self.session.request(method, url, headers=headers, **sent) as answer:
            body = await answer.read()
            is_json = bool(body) and answer.content_type.endswith("json")
            return answer.status, await answer.json() if is_json else body, answer.headers

    async def get(self, path: str, **query: Any) -> Any:
        """What a path answers that must be there."""
        status, content, _ = await self.ask(f"{path}?{urlencode(query)}")
        assert status == 200, content
        return content

    async def window(self, since: str = "2020-01-01T00:00:00Z", **query: Any) -> list[dict[str, Any]]:
        """All rows of a list of tickets, by the links to the next page, the oldest change first."""
        asked = {"updated_since": since, "order_by": "updated_at", "order_type": "asc", "per_page": 100, **query}
        path, rows = f"tickets?{urlencode(asked)}", []
        while True:
            status, page, headers = await self.ask(path)
            assert status == 200, page
            rows += page
            if "Link" not in headers:
                return rows
            path = headers["Link"].partition(">")[0].rpartition("/")[2]


def play(work: Callable[[Desk], Awaitable[Any]], **options: Any) -> None:
    """Let something be done with an account."""

    async def main() -> None:
        desk = Desk(**options)
        await desk.start()
        try:
            await work(desk)
        finally:
            await desk.stop()

    asyncio.run(main())
