"""The simulated account's API over HTTP: who may ask, how often, what is wrong with it today, and who answers.

As Zendesk does it: `users/me` answers 200 to strangers; what is deleted is 404; a path that isn't there is another 404;
every path may end in `.json`.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from pydantic import SecretStr

from gateway.plugin import NowFunction
from gateway_zendesk.simulator import people
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.answers import Refusal, forbidden, no_endpoint, reply, stranger
from gateway_zendesk.simulator.hooks import KINDS, MESSAGE
from gateway_zendesk.simulator.limits import Limits
from gateway_zendesk.simulator.oauth import Doorman
from gateway_zendesk.simulator.push import Webhook
from gateway_zendesk.simulator.routes import ROUTES, Handler
from gateway_zendesk.simulator.ticket import Json

ABSURD: Final = ("-5", "999999999", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "", "1e9")
_HTML: Final = "<html><head><title>{0}</title></head><body>{0}</body></html>"
_OPEN_TO_ALL: Final = ("users/me",)
_NEEDS_ALL: Final = re.compile(r"tickets/\d+/audits|incremental/|webhooks")


@dataclass(slots=True)
class Api:
    """Answers for one account. `base_url`: what links begin with; by default where it was asked."""

    account: Account
    now: NowFunction
    doorman: Doorman
    limits: Limits
    webhooks: dict[str, Webhook]
    faults: set[str]
    page_size: int = 1_000
    audits_page_size: int = 100
    slow_s: float = 1.0
    base_url: str | None = None
    calls: dict[str, int] = field(default_factory=dict)
    _routes: list[tuple[str, re.Pattern[str], Handler]] = field(default_factory=list)
    _absurd: int = 0

    def application(self) -> web.Application:
        """The paths; each may end in `.json`."""
        self._routes = [(method, re.compile(path), handler) for method, path, handler in ROUTES]
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    def base(self, request: web.Request) -> str:
        """What a link begins with."""
        return self.base_url or f"{request.scheme}://{request.host}"

    def export_begins(self) -> None:
        """From now on nothing may appear behind a cursor."""
        self.account.exported = True

    def beside(self, request: web.Request, wanted: frozenset[str]) -> Json:
        """Groups and organizations, where a request wants them beside its tickets."""
        told: Json = {}
        if "groups" in wanted:
            told["groups"] = people.groups_json(self.base(request), self.account.created)
        if "organizations" in wanted:
            told["organizations"] = people.organizations_json(self.base(request), self.account.created)
        return told

    def subscribe(self, endpoint: str, secret: SecretStr, kinds: tuple[str, ...] = (*KINDS, MESSAGE)) -> Webhook:
        """A new webhook."""
        id = f"01H{self.doorman.random.getrandbits(110):023d}"[:26]
        self.webhooks[id] = Webhook(id, endpoint, secret, self.now(), kinds)
        return self.webhooks[id]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removesuffix(".json")
        self.calls[path] = self.calls.get(path, 0) + 1
        try:
            if (wrong := await self._wrong()) is not None:
                return wrong
            answer = await self._asked(request, path)
        except Refusal as refusal:
            return reply(refusal.content, refusal.status, refusal.headers)
        if "truncate" in self.faults and isinstance(answer, web.Response):
            return await _cut(request, answer)
        return answer

    async def _asked(self, request: web.Request, path: str) -> web.StreamResponse:
        if path == "/oauth/tokens" and request.method == "POST":
            return await self.doorman.token(request)
        if path == "/oauth/authorizations/new":
            return self.doorman.authorize(request)
        name = path.removeprefix("/api/v2/")
        if name == path:
            raise no_endpoint()
        scope = self.doorman.scope_of(request)
        if name not in _OPEN_TO_ALL:
            _may(scope, name)
        headers = self.limits.take(export=name.startswith("incremental/"))
        for method, pattern, handler in self._routes:
            if method in ("*", request.method) and (match := pattern.fullmatch(name)):
                answer = await handler(self, request, **match.groupdict())
                answer.headers.update(headers)
                return answer
        raise no_endpoint()

    async def _wrong(self) -> web.Response | None:
        """What a fault answers instead."""
        if "slow" in self.faults:
            await asyncio.sleep(self.slow_s)
        if "html_429" in self.faults:
            return _page(429, "Too many requests")
        if "bare_429" in self.faults:
            return reply({"error": "APIRateLimitExceeded", "description": "Too many requests"}, 429)
        if "absurd_429" in self.faults:
            self._absurd += 1
            return reply({"error": "TooManyRequests"}, 429, {"Retry-After": ABSURD[self._absurd % len(ABSURD)]})
        if "error_500" in self.faults:
            return reply({"error": {"title": "Internal Server Error", "message": "Something went wrong"}}, 500)
        if "down" in self.faults:
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
