"""A stand-in for Yoursystem on a loopback port, with one customer in it.

Write it after the system's documentation, not after the enricher: what both have misread in the same way, no test
finds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from gateway import plugin as gw

TOKEN = "stand-in-token"  # noqa: S105 - of nobody
ADA = {
    "id": "c1001",
    "email": "ada@customer.example",
    "phone": "+442071838750",
    "since": "2024-01-31T09:00:00Z",
    "orders": 12,
    "last_order_at": "2026-02-27T16:20:00Z",
}


class YoursystemStandIn:
    """One account."""

    async def start(self, now: gw.NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen. Returns the settings that point an enricher here."""
        app = web.Application()
        app.router.add_get("/me", self._me)
        app.router.add_get("/people", self._people)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        return {"base_url": f"http://127.0.0.1:{port}", "allow_private": True, "token": TOKEN}

    def customers(self) -> Sequence[gw.Customer]:
        """Whom it knows, by each identity alone."""
        return [
            gw.Customer(id=str(ADA["id"])),
            gw.Customer(email=str(ADA["email"])),
            gw.Customer(phone=str(ADA["phone"])),
        ]

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _me(self, request: web.Request) -> web.Response:
        _refuse_strangers(request)
        return web.json_response({"name": "Gateway"})

    async def _people(self, request: web.Request) -> web.Response:
        _refuse_strangers(request)
        found = all(ADA.get(key) == value for key, value in request.query.items())
        return web.json_response({"people": [ADA] if found and request.query else []})


def _refuse_strangers(request: web.Request) -> None:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise web.HTTPUnauthorized
