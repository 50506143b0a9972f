"""Signing in and out: a token is given once, and a cookie comes in its place.

The only forms that a stranger may send. What comes is read within bounds and never shown again.
"""

from collections.abc import Iterator
from typing import Final

from aiohttp import hdrs, web

from gateway.kernel.access import Who
from gateway.web.auth import SIGN_IN, WORDS, Guard, Refusal
from gateway.web.hosts import is_from_here, own_path
from gateway.web.pages.forms import BadForm, Forms
from gateway.web.pages.page import Frame
from gateway.web.replies import closing
from gateway.web.routes import Route

SIGN_OUT = "/sign-out"

WHY: Final = {
    "link": "The token in that link is not valid, or not any more: ask for a new one.",
    "ended": "You are signed out: your token has ended or was revoked, or the gateway has started with another one.",
}
"""What is said to somebody who was sent here, by the word in the address."""


class SigningIn:
    """The handlers."""

    def __init__(self, frame: Frame, guard: Guard) -> None:
        self._frame = frame
        self._guard = guard
        self._forms = Forms()

    def routes(self) -> Iterator[Route]:
        """The addresses."""
        yield Route("GET", SIGN_IN, self.form, "anyone")
        yield Route("POST", SIGN_IN, self.sign_in, "anyone")
        yield Route("POST", SIGN_OUT, self.sign_out, "anyone")

    async def form(self, request: web.Request) -> web.Response:
        """The page with the one field; it says who is signed in already."""
        who = await self._guard.who(request)
        why = WHY.get(request.query.get("why", ""), "")
        to = own_path(request.query.get("next"))
        return self._shown(request, 200, to, why, who if isinstance(who, Who) else None)

    async def sign_in(self, request: web.Request) -> web.Response:
        """The cookie, for a token that is right, and on to where somebody wanted to go."""
        if not is_from_here(request):
            return self._foreign(request)
        try:
            fields = await self._forms.read(request)
        except BadForm as bad:
            return closing(self._frame.failing(request, bad.status, f"{bad}."))
        to, token = own_path(fields.get("next")), fields.get("token", "").strip()
        who = await self._guard.whose(token) if token else "missing"
        if isinstance(who, Who):
            return self._guard.signed_in(request, token, to)
        self._guard.refused(request, who)
        response = self._shown(request, 401, to, f"{WORDS[who][:1].upper()}{WORDS[who][1:]}.", None)
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="orion-gateway"'
        return response

    async def sign_out(self, request: web.Request) -> web.Response:
        """Takes the cookie back. The token itself stays as it is: `gateway token revoke` ends it."""
        return self._guard.signed_out(request) if is_from_here(request) else self._foreign(request)

    def _foreign(self, request: web.Request) -> web.Response:
        why: Refusal = "origin"
        self._guard.refused(request, why)
        words = f"This form was not sent by a page of this gateway: open {SIGN_IN} here and try again."
        return closing(self._frame.failing(request, 403, words))

    def _shown(self, request: web.Request, status: int, to: str, why: str, who: Who | None) -> web.Response:
        return self._frame.alone(request, "sign_in.html", status, to=to, why=why, who=who)
