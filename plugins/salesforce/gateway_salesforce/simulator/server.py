"""The simulated org's API over HTTP: who may ask, how often, what is wrong with it today, and who answers."""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway_salesforce.simulator.answers import Refusal, not_found, refusal, reply
from gateway_salesforce.simulator.api import Api
from gateway_salesforce.simulator.oauth import OAUTH_PATH
from gateway_salesforce.simulator.routes import ROUTES, VERSIONS, Asked, versions

_VERSION: Final = re.compile(r"/services/data/(?P<version>v(?P<number>\d{2})\.0)(?:/(?P<rest>.*))?")
_ROUTES: Final = [(method, re.compile(path), handler) for method, path, handler in ROUTES]
_HTML: Final = "<html><head><title>Salesforce</title></head><body>We are down for maintenance.</body></html>"


@dataclass(frozen=True, slots=True)
class Server:
    """Answers for one org."""

    api: Api

    def application(self) -> web.Application:
        """Every path."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.api.calls[request.path] = self.api.calls.get(request.path, 0) + 1
        try:
            if (wrong := await self._wrong()) is not None:
                return wrong
            answer = await self._asked(request)
        except Refusal as refused:
            answer = reply(refused.content, refused.status)
        if request.path.startswith("/services/data/"):
            answer.headers["Sforce-Limit-Info"] = self.api.daily.told()
        if "truncate" in self.api.faults:
            return await _cut(request, answer)
        return answer

    async def _asked(self, request: web.Request) -> web.Response:
        base = f"{request.scheme}://{request.host}"
        path = request.path.rstrip("/")
        if path == OAUTH_PATH and request.method == "POST":
            return await self.api.doorman.token(request, base)
        if path == "/services/oauth2/revoke" and request.method == "POST":
            return await self.api.doorman.revoke(request)
        if path == "/services/data":
            return reply(versions())
        session = self.api.doorman.session_of(request)
        if path == "/services/oauth2/userinfo" or path.startswith("/id/"):
            return reply(self.api.user_json(base))
        match = _VERSION.fullmatch(path)
        if match is None or int(match["number"]) not in VERSIONS:
            raise not_found()
        self.api.daily.take()
        return await self._routed(Asked(self.api, request, match["version"], session), match["rest"] or "")

    async def _routed(self, asked: Asked, name: str) -> web.Response:
        if "not_acceptable" in self.api.faults and name.startswith("query"):
            # As it is met: now and then, and the same request is good a moment later.
            self.api.turn += 1
            if self.api.turn % 2:
                raise refusal(406, "NOT_ACCEPTABLE", "The requested resource cannot be generated in this format")
        for method, pattern, handler in _ROUTES:
            if method == asked.request.method and (match := pattern.fullmatch(name)):
                return await handler(asked, **match.groupdict())
        if any(pattern.fullmatch(name) for _, pattern, _ in _ROUTES):
            raise refusal(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{asked.request.method}' not allowed.")
        raise not_found()

    async def _wrong(self) -> web.Response | None:
        """What a fault answers instead."""
        if "slow" in self.api.faults:
            await asyncio.sleep(self.api.slow_s)
        if "error_500" in self.api.faults:
            return reply([{"errorCode": "UNKNOWN_EXCEPTION", "message": "An unexpected error occurred."}], 500)
        if "unavailable" in self.api.faults:
            return reply([{"errorCode": "SERVER_UNAVAILABLE", "message": "The server is too busy."}], 503)
        if "down" in self.api.faults:
            return web.Response(status=503, text=_HTML, content_type="text/html")
        return None


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
