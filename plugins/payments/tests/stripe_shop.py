"""A simulated Stripe account under a told clock, with somebody who asks it, and a receiver for its webhooks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from gateway_payments.stripe.simulator import StripeSimulator

from gateway.plugin import SECOND_MS, parse_instant

START = parse_instant("2026-03-02T09:00:00Z")


@dataclass(frozen=True)
class Answer:
    """What a request was answered."""

    status: int
    content: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> dict[str, Any]:
        """What was wrong."""
        found: dict[str, Any] = self.content["error"]
        return found

    @property
    def ids(self) -> list[str]:
        """The ids on a page."""
        return [row["id"] for row in self.content["data"]]


@dataclass(frozen=True)
class Pushed:
    """A webhook as it came."""

    signature: str
    body: bytes
    event: dict[str, Any]


class Shop:
    """The account and those around it. `status` is what the receiver of webhooks answers."""

    def __init__(self, seed: int = 3, **options: Any) -> None:
        self.now = int(START)
        self.simulator = StripeSimulator(seed=seed, **options)
        self.pushed: list[Pushed] = []
        self.status = 200

    async def __aenter__(self) -> "Shop":
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.hook = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        self.settings = await self.simulator.start(lambda: self.now, self.hook)
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.simulator.stop()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.pushed.append(Pushed(request.headers["Stripe-Signature"], body, await request.json()))
        return web.Response(status=self.status)

    async def ask(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        method: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Read by the restricted key; with a `form`, write by the secret one."""
        key = key or (self.settings["api_key"] if form is None and not method else self.simulator.secret_key)
        url = f"{self.settings['base_url']}/v1/{path}"
        proof = {"Authorization": f"Bearer {key}", **(headers or {})}
        verb = method or ("GET" if form is None else "POST")
        async with self.session.request(verb, url, data=form, headers=proof) as answer:
            content = await answer.json() if answer.content_type == "application/json" else await answer.text()
            return Answer(answer.status, content, answer.headers)

    async def settled(self) -> list[Pushed]:
        """The webhooks that came, in their order."""
        await self.simulator.settled()
        came, self.pushed[:] = list(self.pushed), []
        return came

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let others go on until it is so. A test's own deadline ends what never comes."""
        while not condition():  # noqa: ASYNC110 - what it waits for has no event to wait on
            await asyncio.sleep(0.001)

    def pass_(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += round(seconds * SECOND_MS)


def told(story: Callable[[Shop], Awaitable[None]], **options: Any) -> None:
    """Tell a story in an account of its own."""

    async def run() -> None:
        async with Shop(**options) as shop:
            await story(shop)

    asyncio.run(run())
