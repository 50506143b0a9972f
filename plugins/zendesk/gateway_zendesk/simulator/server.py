"""The simulated account's API over HTTP, as far as the connector uses it.

As Zendesk does it: the export goes by (generated_timestamp, id) with a cursor in base64, without the latest minute, ten
requests a minute; `users/me` answers 200 to strangers; what is deleted is 404.
"""

import base64
import binascii
import hmac
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from aiohttp import web

from gateway.plugin import MINUTE_MS, SECOND_MS, NowFunction
from gateway_zendesk.simulator.account import FIRST_USER, Account, Json

TOKEN_LIFE_S = 1_800
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Api:
    """Answers for one account."""

    account: Account
    now: NowFunction
    client_id: str
    client_secret: str
    random: Random
    faults: set[str]
    export_lag_s: int = 60
    export_per_minute: int | None = 10
    page_size: int = 1_000
    audits_page_size: int = 100
    calls: dict[str, int] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    _exports: deque[int] = field(default_factory=deque)

    def application(self) -> web.Application:
        """The routes; each may end in `.json`."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_post("/oauth/tokens", self._token)
        app.router.add_get(r"/api/v2/users/me{_:(\.json)?}", self._me)
        app.router.add_get(r"/api/v2/incremental/tickets/cursor{_:(\.json)?}", self._export)
        app.router.add_get(r"/api/v2/tickets/{id:\d{1,18}}{_:(\.json)?}", self._ticket)
        app.router.add_get(r"/api/v2/tickets/{id:\d{1,18}}/audits{_:(\.json)?}", self._audits)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removesuffix(".json")
        self.calls[path] = self.calls.get(path, 0) + 1
        if "html_429" in self.faults:
            return web.Response(status=429, text="<html>Too many requests</html>", content_type="text/html")
        if "down" in self.faults:
            return web.Response(status=503, text="<html>maintenance</html>", content_type="text/html")
        open_to_all = path in ("/oauth/tokens", "/api/v2/users/me")
        if not open_to_all and not self._known(request):
            return web.json_response({"error": "Couldn't authenticate you"}, status=401)
        return await handler(request)

    def _known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        given = str(form.get("client_secret", "")).encode()
        if form.get("client_id") != self.client_id or not hmac.compare_digest(given, self.client_secret.encode()):
            return web.json_response({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        token = f"{self.random.getrandbits(256):064x}"
        self.tokens.add(token)
        answer = {"access_token": token, "token_type": "bearer", "scope": "read", "expires_in": TOKEN_LIFE_S}
        return web.json_response(answer, status=201)

    async def _me(self, request: web.Request) -> web.Response:
        nobody = {"id": None, "name": "Anonymous user", "role": "end-user"}
        return web.json_response({"user": self.account.users[FIRST_USER + 1] if self._known(request) else nobody})

    async def _export(self, request: web.Request) -> web.Response:
        now_s = self.now() // SECOND_MS
        self.account.exported = True
        if (wait_s := self._over_budget()) is not None:
            return web.json_response({"error": "TooManyRequests"}, status=429, headers={"Retry-After": str(wait_s)})
        try:
            after = self._position(request, now_s)
        except ValueError as error:
            return web.json_response({"error": "InvalidValue", "description": str(error)}, status=400)
        until = now_s - self.export_lag_s
        everyone = request.query.get("support_type_scope") == "all"
        shown = [row for row in self.account.tickets.values() if everyone or row["support_type"] == "agent"]
        rows = [row for row in shown if after < _place(row) < (until, 0)]
        page = sorted(rows, key=_place)[: self.page_size]
        last = _place(page[-1]) if page else after
        users = self.account.people_of(page) if request.query.get("include") == "users" else None
        answer: Json = {
            "tickets": page,
            "after_cursor": _cursor(last) if page or "cursor" in request.query else None,
            "end_of_stream": len(page) == len(rows),
        }
        return web.json_response(answer if users is None else {**answer, "users": users})

    def _over_budget(self) -> int | None:
        """Seconds to wait if the minute's budget is spent."""
        now = self.now()
        while self._exports and self._exports[0] <= now - MINUTE_MS:
            self._exports.popleft()
        if self.export_per_minute is not None and len(self._exports) >= self.export_per_minute:
            return max(1, -(-(self._exports[0] + MINUTE_MS - now) // SECOND_MS))
        self._exports.append(now)
        return None

    def _position(self, request: web.Request, now_s: int) -> tuple[int, int]:
        """The row behind which the page begins. Raises ValueError."""
        cursor = request.query.get("cursor")
        if cursor is not None:
            return _place_of(cursor)
        start = int(request.query.get("start_time", ""))
        if start > now_s - self.export_lag_s:
            raise ValueError(f"start_time must be at least {self.export_lag_s} seconds ago")
        return start, -1

    async def _ticket(self, request: web.Request) -> web.Response:
        ticket = self._found(request)
        if ticket is None:
            return _not_found()
        shown = {key: value for key, value in ticket.items() if key != "generated_timestamp"}
        answer: Json = {"ticket": shown}
        if request.query.get("include") == "users":
            answer["users"] = self.account.people_of([ticket])
        return web.json_response(answer)

    async def _audits(self, request: web.Request) -> web.Response:
        ticket = self._found(request)
        if ticket is None:
            return _not_found()
        try:
            size = min(int(request.query.get("page[size]", self.audits_page_size)), self.audits_page_size)
            after = int(request.query.get("page[after]", 0))
        except ValueError:
            return web.json_response({"error": "InvalidValue"}, status=400)
        rest = [audit for audit in self.account.audits[ticket["id"]] if audit["id"] > after]
        page = rest[:size]
        more = len(rest) > len(page)
        authors = tuple(
            id for audit in page for id in (audit["author_id"], *(e.get("author_id", 0) for e in audit["events"]))
        )
        users = self.account.people_of([], authors) if request.query.get("include") == "users" else []
        meta = {"has_more": more, "after_cursor": str(page[-1]["id"]) if more else None, "before_cursor": None}
        return web.json_response({"audits": page, "users": users, "meta": meta})

    def _found(self, request: web.Request) -> Json | None:
        ticket = self.account.tickets.get(int(request.match_info["id"]))
        return None if ticket is None or ticket["status"] == "deleted" else ticket


def _not_found() -> web.Response:
    return web.json_response({"error": "RecordNotFound", "description": "Not found"}, status=404)


def _place(row: Json) -> tuple[int, int]:
    return row["generated_timestamp"], row["id"]


def _cursor(place: tuple[int, int]) -> str:
    return base64.b64encode(f"{place[0]}.0||{place[1]}|".encode()).decode()


def _place_of(cursor: str) -> tuple[int, int]:
    try:
        second, _, rest = base64.b64decode(cursor, validate=True).decode().partition(".0||")
        return int(second), int(rest.removesuffix("|"))
    except (binascii.Error, UnicodeError, ValueError):
        raise ValueError("the cursor is not ours") from None
