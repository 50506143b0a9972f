"""The simulated account's API over HTTP: who may ask, how often, what is wrong with it today, and who answers.

As Zendesk does it: `users/me` answers 200 to strangers; what is deleted is 404; a path that isn't there is another 404;
every path may end in `.json`.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway_zendesk.simulator.answers import Refusal, forbidden, no_endpoint, reply, stranger
from gateway_zendesk.simulator.api import Api
from gateway_zendesk.simulator.routes import ROUTES

ABSURD: Final = ("-5", "999999999", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "", "1e9")
_HTML: Final = "<html><head><title>{0}</title></head><body>{0}</body></html>"
_OPEN_TO_ALL: Final = ("users/me",)
_ROUTES: Final = [(method, re.compile(path), handler) for method, path, handler in ROUTES]
_NEEDS_ALL: Final = re.compile(r"tickets/\d+/audits|incremental/|webhooks")


@dataclass(frozen=True, slots=True)
class Server:
    """Answers for one account."""

    api: Api

    def application(self) -> web.Application:
        """The paths; each may end in `.json`."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removesuffix(".json")
        self.api.calls[path] = self.api.calls.get(path, 0) + 1
        try:
            if (wrong := await self._wrong()) is not None:
                return wrong
            answer = await self._asked(request, path)
        except Refusal as refusal:
            return reply(refusal.content, refusal.status, refusal.headers)
        if "truncate" in self.api.faults and isinstance(answer, web.Response):
            return await _cut(request, answer)
        return answer

    async def _asked(self, request: web.Request, path: str) -> web.StreamResponse:
        if path == "/oauth/tokens" and request.method == "POST":
            return await self.api.doorman.token(request)
        if path == "/oauth/authorizations/new":
            return self.api.doorman.authorize(request)
        name = path.removeprefix("/api/v2/")
        if name == path:
            raise no_endpoint()
        scope = self.api.doorman.scope_of(request)
        if name not in _OPEN_TO_ALL:
            _may(scope, name)
        headers = self.api.limits.take(export=name.startswith("incremental/"))
        for method, pattern, handler in _ROUTES:
            if method in ("*", request.method) and (match := pattern.fullmatch(name)):
                answer = await handler(self.api, request, **match.groupdict())
                answer.headers.update(headers)
                return answer
        raise no_endpoint()

    async def _wrong(self) -> web.Response | None:
        """What a fault answers instead."""
        if "slow" in self.api.faults:
            await asyncio.sleep(self.api.slow_s)
        if "html_429" in self.api.faults:
            return _page(429, "Too many requests")
        if "bare_429" in self.api.faults:
            return reply({"error": "APIRateLimitExceeded", "description": "Too many requests"}, 429)
        if "absurd_429" in self.api.faults:
            self.api.absurd += 1
            return reply({"error": "TooManyRequests"}, 429, {"Retry-After": ABSURD[self.api.absurd % len(ABSURD)]})
        if "error_500" in self.api.faults:
            return reply({"error": {"title": "Internal Server Error", "message": "Something went wrong"}}, 500)
        if "down" in self.api.faults:
            return _page(503, "maintenance")
        return None


def _may(scope: str | None, name: str) -> None:
    """Whether a token with this scope opens a path: the log and the exports need all of `read`. Raises Refusal."""
    if scope is None:
        raise stranger()
    words = scope.split()
    part = name.partition("/")[0]
    if "read" in words or (f"{part}:read" in words and not _NEEDS_ALL.match(name)):
        return
    raise forbidden()


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
