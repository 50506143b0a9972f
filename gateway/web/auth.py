"""Who may look: whoever has the token, and only under a host name that is ours.

The token comes as `Authorization: Bearer`, or once as `?token=` in a link, which sets a cookie and goes on without it.
The cookie is derived from the token and doesn't tell it. A host name that isn't ours is refused first: a page elsewhere
that has its name point at this machine gets nothing.

An endpoint may have a token of its own, as `Authorization: Bearer` and by no other way. It opens one address, for that
endpoint alone, under any host name: no browser sends it by itself.
"""

from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from gateway.plugin import hmac_sha256, same_secret
from gateway.web.replies import Failing, Handler
from gateway.web.servers import Serving

IN_LINK = "token"
"""The name under which a link carries the token."""

MISSED = "/api/v1/notices"
"""Where an endpoint asks for what it has missed."""

LOCAL = ("localhost", "127.0.0.1", "[::1]")
_HTTP_PORT = 80
_MISDIRECTED = 421


class Guard:
    """The token and what follows from it. `hosts` are further names that people use, as browsers send them.

    Raises ValueError for an empty token.
    """

    def __init__(
        self, token: str, serving: Serving, hosts: Sequence[str] = (), tokens: Mapping[str, str] | None = None
    ) -> None:
        if not token:
            raise ValueError("the admin token is empty: nobody could be told from anybody else")
        self._token = token
        self._tokens = tokens or {}
        self._serving = serving
        self._hosts = frozenset(host.lower() for host in hosts)
        # Cookies don't know ports: each gateway of a machine has a name of its own.
        self.cookie = f"orion_gateway_{hmac_sha256(token, b'name of the cookie')[:4].hex()}"
        self._session = hmac_sha256(token, b"value of the cookie").hex()

    def __repr__(self) -> str:
        return "Guard(***)"

    def middleware(self, failing: Failing) -> Middleware:
        """Lets nobody through without proof; `failing` makes the answers."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self._is_its_own_endpoint(request):
                return await handler(request)
            if not self._is_ours(request):
                return failing(request, _MISDIRECTED, "this host name is not the gateway's")
            given = request.query.get(IN_LINK)
            if given is not None and request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
                if same_secret(given, self._token):
                    return self._signed_in(request)
            elif self._proved(request):
                return await handler(request)
            response = failing(request, 401, "the token is missing or wrong")
            response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="orion-gateway"'
            return response

        return middleware

    def _proved(self, request: web.Request) -> bool:
        given = _bearer(request)
        if given is not None:
            return same_secret(given, self._token)
        return same_secret(request.cookies.get(self.cookie), self._session)

    def _is_its_own_endpoint(self, request: web.Request) -> bool:
        """Whether an endpoint asks for what it has missed itself, with its own token."""
        if request.method != hdrs.METH_GET or request.path != MISSED or IN_LINK in request.query:
            return False
        named = request.query.getall("endpoint", [])
        token = self._tokens.get(named[0], "") if len(named) == 1 else ""
        return bool(token) and same_secret(_bearer(request), token)

    def _signed_in(self, request: web.Request) -> web.Response:
        rest = request.rel_url.without_query_params(IN_LINK)
        # One slash in front, whatever came: two would name another host.
        path = "/" + rest.raw_path.lstrip("/\\")
        query = rest.raw_query_string
        response = web.Response(status=303, headers={hdrs.LOCATION: f"{path}?{query}" if query else path})
        response.set_cookie(self.cookie, self._session, path="/", httponly=True, samesite="Strict")
        return response

    def _is_ours(self, request: web.Request) -> bool:
        named = request.headers.getall(hdrs.HOST, [])
        if len(named) != 1:
            return False
        names = {*LOCAL, _bracketed(self._serving.host)}
        if request.transport is not None and (own := request.transport.get_extra_info("sockname")):
            names.add(_bracketed(own[0]))  # behind 0.0.0.0: the address that was really called, and no name
        port = self._serving.port
        allowed = {f"{name}:{port}" for name in names} | (names if port == _HTTP_PORT else set())
        host = named[0].lower()
        return host in allowed or host in self._hosts


def _bearer(request: web.Request) -> str | None:
    """What was given as `Authorization: Bearer`; None where another scheme or nothing was."""
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def _bracketed(host: str) -> str:
    return f"[{host.lower()}]" if ":" in host else host.lower()
