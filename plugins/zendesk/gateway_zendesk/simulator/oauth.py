"""How a simulated account proves who asks: OAuth with its three grants, and API tokens.

As Zendesk does it: a token is given with 201; a refresh gives a new pair, and the old pair is worthless from then on,
whether or not the answer arrived; a code lives 120 seconds; `expires_in` is told where it was asked for, or always.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.plugin import SECOND_MS, BadPayload, NowFunction, read_json
from gateway_zendesk.simulator.answers import Refusal, reply

CODE_LIFE_S: Final = 120
TOKEN_LIFE_S: Final = 1_800
REFRESH_LIFE_S: Final = 2_592_000
EXPIRES_IN: Final = range(300, 172_800 + 1)
REFRESH_EXPIRES_IN: Final = range(604_800, 7_776_000 + 1)
ADMIN_EMAIL: Final = "root@support.example"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows, and until when."""

    scope: str
    until: int
    partner: str | None = None
    """The other token of the pair."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was given for a consent."""

    redirect: str
    scope: str
    until: int
    challenge: str | None
    method: str


@dataclass(slots=True)
class Doorman:
    """Gives tokens, and knows whose they are."""

    now: NowFunction
    client_id: str
    client_secret: str
    api_token: str
    random: Random
    faults: set[str]
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    given: int = 0

    def scope_of(self, request: web.Request) -> str | None:
        """What whoever asks may do; None for a stranger."""
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            grant = self.access.get(value)
            return grant.scope if grant is not None and self.now() < grant.until else None
        if kind == "Basic":
            wanted = f"{ADMIN_EMAIL}/token:{self.api_token}".encode()
            return "read write" if hmac.compare_digest(_decoded(value), wanted) else None
        return None

    def authorize(self, request: web.Request) -> web.StreamResponse:
        """The page on which somebody consents; here it consents at once."""
        query = request.query
        redirect, client = query.get("redirect_uri", ""), query.get("client_id")
        if client != self.client_id or not redirect.startswith(("http://", "https://")):
            return web.Response(status=400, text="<html>Invalid Authorization Request</html>", content_type="text/html")
        state = {"state": query["state"]} if "state" in query else {}
        method = query.get("code_challenge_method", "plain")
        if query.get("response_type") != "code" or method not in ("plain", "S256"):
            return _redirected(redirect, {"error": "invalid_request", **state})
        code = self._new()
        until = self.now() + CODE_LIFE_S * SECOND_MS
        self.codes[code] = Code(redirect, query.get("scope", "read"), until, query.get("code_challenge"), method)
        return _redirected(redirect, {"code": code, **state})

    async def token(self, request: web.Request) -> web.StreamResponse:
        """A token for a grant. A client may write JSON or a form."""
        form = await _form(request)
        secret = str(form.get("client_secret", "")).encode()
        grant = form.get("grant_type")
        public = grant != "client_credentials" and not secret and "code_verifier" in form
        if form.get("client_id") != self.client_id or not (
            public or hmac.compare_digest(secret, self.client_secret.encode())
        ):
            raise _refused("invalid_client", 401)
        scope, renewable = self._granted(str(grant), form)
        answer = self._pair(form, scope, renewable=renewable)
        if "lost_token" in self.faults:
            # What was given counts as given: the old pair is gone.
            if request.transport is not None:
                request.transport.close()
            raise ConnectionResetError("the answer is lost")
        return reply(answer, 201)

    def _granted(self, grant: str, form: Mapping[str, Any]) -> tuple[str, bool]:
        """Scope, and whether it can be renewed. Raises Refusal."""
        match grant:
            case "client_credentials":
                return str(form.get("scope") or "read write"), False
            case "authorization_code":
                return self._of_code(form), True
            case "refresh_token":
                old = self.refresh.pop(str(form.get("refresh_token")), None)
                if old is None or old.until <= self.now():
                    raise _refused("invalid_grant")
                self.access.pop(old.partner or "", None)
                return old.scope, True
        raise _refused("unsupported_grant_type")

    def _of_code(self, form: Mapping[str, Any]) -> str:
        code = self.codes.pop(str(form.get("code")), None)
        if code is None or code.until <= self.now() or form.get("redirect_uri") != code.redirect:
            raise _refused("invalid_grant")
        if code.challenge is not None:
            verifier = str(form.get("code_verifier", ""))
            if code.method == "S256":
                digest = hashlib.sha256(verifier.encode()).digest()
                verifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if not hmac.compare_digest(verifier.encode(), code.challenge.encode()):
                raise _refused("invalid_grant")
        return code.scope

    def _pair(self, form: Mapping[str, Any], scope: str, *, renewable: bool) -> dict[str, Any]:
        now = self.now()
        life_s = _seconds(form, "expires_in", EXPIRES_IN, TOKEN_LIFE_S)
        refresh_life_s = _seconds(form, "refresh_token_expires_in", REFRESH_EXPIRES_IN, REFRESH_LIFE_S)
        access = self._new()
        self.given += 1
        self.access[access] = Grant(scope, now + life_s * SECOND_MS)
        answer: dict[str, Any] = {"access_token": access, "token_type": "bearer", "scope": scope}
        if "no_expires_in" not in self.faults:
            answer["expires_in"] = life_s
        if renewable:
            refresh = self._new()
            self.refresh[refresh] = Grant(scope, now + refresh_life_s * SECOND_MS, access)
            answer |= {"refresh_token": refresh, "refresh_token_expires_in": refresh_life_s}
        return answer

    def _new(self) -> str:
        return f"{self.random.getrandbits(256):064x}"


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


async def _form(request: web.Request) -> Mapping[str, Any]:
    if request.content_type != "application/json":
        return dict(await request.post())
    try:
        form = read_json(await request.read())
    except BadPayload:
        form = None
    if not isinstance(form, dict):
        raise _refused("invalid_request")
    return form


def _seconds(form: Mapping[str, Any], name: str, allowed: range, default: int) -> int:
    try:
        value = int(form.get(name, default))
    except (TypeError, ValueError):
        raise _refused("invalid_request") from None
    if value not in allowed:
        raise _refused("invalid_request")
    return value


def _refused(error: str, status: int = 400) -> Refusal:
    return Refusal(status, {"error": error, "error_description": f"The request is refused: {error}."})


def _redirected(to: str, query: dict[str, str]) -> web.Response:
    joint = "&" if "?" in to else "?"
    return web.Response(status=302, headers={"Location": f"{to}{joint}{urlencode(query)}"})
