"""The simulated account's API over HTTP: who may ask, how often, what is wrong with it today, and who answers."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.plugin import same_secret
from gateway_freshdesk.simulator.answers import Refusal, nothing_there, reply, stranger
from gateway_freshdesk.simulator.api import Api
from gateway_freshdesk.simulator.lists import included
from gateway_freshdesk.simulator.routes import ROUTES

_HTML: Final = "<html><head><title>{0}</title></head><body>{0}</body></html>"
_ROUTES: Final = [(method, re.compile(path), handler) for method, path, handler in ROUTES]
_PREFIX: Final = "/api/v2/"


@dataclass(frozen=True, slots=True)
class Server:
    """Answers for one account."""

    api: Api

    def application(self) -> web.Application:
        """The paths."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.api.calls[path] = self.api.calls.get(path, 0) + 1
        try:
            if (wrong := self._wrong()) is not None:
                return wrong
            answer = await self._asked(request, path)
        except Refusal as refusal:
            return reply(refusal.content, refusal.status, refusal.headers)
        return await _cut(request, answer) if "truncate" in self.api.faults else answer

    async def _asked(self, request: web.Request, path: str) -> web.Response:
        name = path.removeprefix(_PREFIX).rstrip("/")
        if not path.startswith(_PREFIX):
            raise nothing_there()
        if "no_key" in self.api.faults or not same_secret(_key_of(request), self.api.key):
            raise stranger()
        lists = request.method == "GET" and name == "tickets"
        headers = self.api.limits.take(included=len(included(request)), lists=lists)
        try:
            answer = await self._routed(request, name)
        except Refusal as refusal:
            answer = reply(refusal.content, refusal.status, refusal.headers)
        answer.headers.update(headers)
        return answer

    async def _routed(self, request: web.Request, name: str) -> web.Response:
        for method, pattern, handler in _ROUTES:
            if method == request.method and (match := pattern.fullmatch(name)):
                return await handler(self.api, request, **match.groupdict())
        raise nothing_there()

    def _wrong(self) -> web.Response | None:
        """What a fault answers instead."""
        if "html_429" in self.api.faults:
            return _page(429, "Too many requests")
        if "bare_429" in self.api.faults:
            return reply({"message": "You have exceeded the limit of requests per minute"}, 429)
        if "error_500" in self.api.faults:
            return reply({"code": "internal_error", "message": "We're sorry, but something went wrong."}, 500)
        if "down" in self.api.faults:
            return _page(503, "maintenance")
        return None


def _key_of(request: web.Request) -> str | None:
    """The API key: the name of HTTP Basic, whatever the password. None where there is none."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeError):
        return None


def _page(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=_HTML.format(text), content_type="text/html")


async def _cut(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Half of an answer, whose header promises all of it."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    cut = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return cut
