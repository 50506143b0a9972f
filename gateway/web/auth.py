"""Who may: whoever proves a token whose role is enough for the route, and only under a host name that is ours.

A token comes as `Authorization: Bearer`; or once, in a link as `?token=` or by the page for signing in, and then a
cookie comes in its place, which is derived from it and doesn't tell it. A host name that isn't ours is refused first.
What changes anything by the cookie must come from a page of ours. A route that isn't in the table doesn't exist, and
every one in it names the least role: `anyone` must be said.

An endpoint may have a token of its own, as `Authorization: Bearer` and by no other way. It opens one address, for that
endpoint alone, under any host name: no browser sends it by itself.
"""

from collections.abc import Mapping
from typing import Final, Literal

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from yarl import URL

from gateway.engine.world import World
from gateway.kernel.access import ADMIN, Who, session_of
from gateway.kernel.store import StoreUnusable
from gateway.plugin import hmac_sha256, same_secret
from gateway.web.hosts import SAFE, Hosts, by_tls, is_from_here, own_path
from gateway.web.known import Known, Unproved
from gateway.web.replies import Failing, Handler
from gateway.web.routes import Role, Routes
from gateway.web.servers import Serving

IN_LINK = "token"
"""The name under which a link carries the token."""

MISSED = "/api/v1/notices"
"""Where an endpoint asks for what it has missed."""

SIGN_IN = "/sign-in"
"""Where a browser gives a token."""

WHO: Final = web.RequestKey("who", Who)
"""Who asks. Every request has it whose route isn't for anyone."""

FOR_PROGRAMS = ("/api/", "/metrics", "/readyz")
TWIN = ".json"
"""Beginnings, and an end, of paths that programs ask for: they are told in JSON what fails, and sent nowhere."""

TOLD_EVERY_S = 10.0
"""Refusals of proofs are logged as one line in so long: anybody can send a million."""

Refusal = Unproved | Literal["host", "role", "origin"]
"""Why a request is refused, as it is counted."""

WORDS: Final[Mapping[Unproved, str]] = {
    "missing": "a token is needed",
    "wrong": "the token is wrong, or not valid any more",
    "expired": "the token has expired",
}
_MISDIRECTED = 421


class Guard:
    """Asks every request for its proof. `token` is the admin's own, `endpoints` are those of endpoints.

    Raises ValueError for an empty token.
    """

    def __init__(
        self, world: World, token: str, serving: Serving, hosts: Hosts, endpoints: Mapping[str, str] | None = None
    ) -> None:
        if not token:
            raise ValueError("the admin token is empty: nobody could be told from anybody else")
        self._world = world
        self._known = Known(world)
        self._token = token
        self._session = f"ogs_{ADMIN}_{hmac_sha256(token, b'value of the cookie').hex()}"
        self._serving = serving
        self._hosts = hosts
        self._endpoints = endpoints or {}
        self._untold = 0
        self._told_s: float | None = None

    def __repr__(self) -> str:
        return "Guard(***)"

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies don't know ports: each gateway of a machine has a name of its own."""
        return f"orion_gateway_{self._serving.port}"

    def middleware(self, routes: Routes, failing: Failing) -> Middleware:
        """Lets nobody through without proof and role; `failing` makes the answers."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (endpoint := self._own_endpoint(request)) is not None:
                request[WHO] = Who(f"endpoint:{endpoint}", "viewer")
                return await handler(request)
            if not self._hosts.are_of(request):
                self._count("host")
                return failing(request, _MISDIRECTED, "this host name is not the gateway's")
            needed = routes.role_of(request)
            given = request.query.getall(IN_LINK, []) if request.method in (hdrs.METH_GET, hdrs.METH_HEAD) else []
            if needed == "anyone" and not given:
                return await handler(request)
            try:
                who = await (self.whose(given[0]) if given else self.who(request))
            except StoreUnusable:
                self._world.log.exception("tokens_unreadable")
                return failing(request, 503, "the tokens can't be read; the log says why")
            if not isinstance(who, Who):
                return self._unproved(request, who, failing, in_link=bool(given))
            if given:
                return self.signed_in(request, given[0], _without_token(request))
            request[WHO] = who
            why = self._why_not(request, who, needed)
            return failing(request, 403, why) if why else await handler(request)

        return middleware

    async def who(self, request: web.Request) -> Who | Unproved:
        """Who sends a request, by its Bearer token if it has one, else by its cookie. Raises StoreUnusable."""
        bearers = _bearers(request)
        if bearers:
            return await self.whose(bearers[0]) if len(bearers) == 1 else "wrong"
        value = request.cookies.get(self.cookie)
        if value is None:
            return "missing"
        if same_secret(value, self._session):
            return Who(ADMIN, "admin")
        return await self._known.who(value) if value.startswith("ogs_") else "wrong"

    async def whose(self, token: str) -> Who | Unproved:
        """Whose token this is. Raises StoreUnusable."""
        if same_secret(token, self._token):
            return Who(ADMIN, "admin")
        return await self._known.who(token) if token.startswith("ogt_") else "wrong"

    async def still_may(self, request: web.Request) -> bool:
        """Whether whoever sent a request that goes on for long is still who they were: their token isn't revoked
        meanwhile. Raises StoreUnusable."""
        return await self.who(request) == request[WHO]

    def signed_in(self, request: web.Request, token: str, to: str) -> web.Response:
        """Leads on to a path of ours, with a cookie in place of a token that was proved."""
        response = web.Response(status=303, headers={hdrs.LOCATION: to})
        value = self._session if same_secret(token, self._token) else session_of(token)
        response.set_cookie(
            self.cookie, value, path="/", httponly=True, samesite="Strict", secure=by_tls(request) or None
        )
        return response

    def signed_out(self, request: web.Request) -> web.Response:
        """Leads to the page for signing in, and takes the cookie back."""
        response = web.Response(status=303, headers={hdrs.LOCATION: SIGN_IN})
        response.del_cookie(self.cookie, path="/", httponly=True, samesite="Strict", secure=by_tls(request) or None)
        return response

    def refused(self, request: web.Request, why: Refusal) -> None:
        """Count a refusal, and log it once in a while: with the number since, and nothing of what was sent."""
        self._count(why)
        if why == "missing":
            return
        self._untold += 1
        now_s = self._world.clock.monotonic()
        if self._told_s is None or now_s - self._told_s >= TOLD_EVERY_S:
            self._world.log.warning("access_refused", why=why, peer=request.remote, times=self._untold)
            self._told_s, self._untold = now_s, 0

    def _why_not(self, request: web.Request, who: Who, needed: Role) -> str:
        """Why somebody who is known may not, in words that say what it takes; nothing where they may."""
        if needed != "anyone" and not who.may(needed):
            self._count("role")
            return f"this needs a token with the role {needed}: that of {who.name} has the role {who.role}"
        if request.method not in SAFE and not _bearers(request) and not is_from_here(request):
            self._count("origin")
            return "what changes anything must be sent by a page of this gateway, or with the token as a Bearer"
        return ""

    def _unproved(self, request: web.Request, why: Unproved, failing: Failing, *, in_link: bool) -> web.Response:
        self.refused(request, why)
        # A link from elsewhere comes without the strict cookie: it is tried again from here before anybody is asked.
        if _is_visit(request) and not (why == "missing" and request.headers.get("Sec-Fetch-Site") == "cross-site"):
            to = URL(SIGN_IN).with_query(_asked_for(request, why, in_link=in_link))
            return web.Response(status=303, headers={hdrs.LOCATION: str(to)})
        response = failing(request, 401, WORDS[why])
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="orion-gateway"'
        return response

    def _count(self, why: Refusal) -> None:
        self._world.meters.refusals.add(why)

    def _own_endpoint(self, request: web.Request) -> str | None:
        """The endpoint that asks for what it has missed itself, with its own token."""
        if request.method != hdrs.METH_GET or request.path != MISSED or IN_LINK in request.query:
            return None
        named, bearers = request.query.getall("endpoint", []), _bearers(request)
        token = self._endpoints.get(named[0], "") if len(named) == 1 else ""
        return named[0] if token and len(bearers) == 1 and same_secret(bearers[0], token) else None


GUARD: Final = web.AppKey("guard", Guard)
"""The admin app's guard: for answers that go on for long, which ask it whether they may."""


def is_for_programs(request: web.Request) -> bool:
    """Whether a program asks: what fails is told in JSON."""
    return request.path.startswith(FOR_PROGRAMS) or request.path.endswith(TWIN)


def _bearers(request: web.Request) -> list[str]:
    """What was given as `Authorization: Bearer`: once, if it is right. A proxy's own `Basic` is no concern of ours."""
    given = (header.partition(" ") for header in request.headers.getall(hdrs.AUTHORIZATION, []))
    return [text.strip() for scheme, _, text in given if scheme.lower() == "bearer"]


def _is_visit(request: web.Request) -> bool:
    """Whether a person goes to a page, and nothing asks for a part of one or for data."""
    return (
        request.method in (hdrs.METH_GET, hdrs.METH_HEAD)
        and not is_for_programs(request)
        and not _bearers(request)
        and "HX-Request" not in request.headers
        and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    )


def _asked_for(request: web.Request, why: Unproved, *, in_link: bool) -> dict[str, str]:
    """Where to go on once signed in, and why that is needed; neither where nothing has to be said."""
    asked = {}
    path = own_path(_without_token(request))
    if path != "/" and request.path != SIGN_IN and request.method in SAFE:
        asked["next"] = path
    if why != "missing":
        asked["why"] = "link" if in_link else "ended"
    return asked


def _without_token(request: web.Request) -> str:
    """The address that was asked for, on this host, without the token."""
    rest = request.rel_url.without_query_params(IN_LINK)
    # One slash in front, whatever came: two would name another host.
    path = "/" + rest.raw_path.lstrip("/\\")
    return f"{path}?{rest.raw_query_string}" if rest.raw_query_string else path
