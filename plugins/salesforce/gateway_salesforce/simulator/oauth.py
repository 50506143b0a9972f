"""How the simulated org proves who asks: the token endpoint with the JWT bearer flow and client credentials.

As Salesforce does it: an assertion is signed with RS256 by the key whose public half the org knows, names the app, a
user who has approved it and whom it is meant for, and is over within minutes; a token doesn't say how long it lives; a
session is over after two hours in which nothing was asked.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Final

from aiohttp import web

from gateway.plugin import HOUR_MS, SECOND_MS, BadPayload, NowFunction, read_json
from gateway_salesforce.simulator.answers import oauth_refusal, reply, stranger
from gateway_salesforce.simulator.people import USERNAME

OAUTH_PATH: Final = "/services/oauth2/token"
LOGINS: Final = ("https://login.salesforce.com", "https://test.salesforce.com")
IDLE_MS: Final = 2 * HOUR_MS
ASSERTION_LIFE_S: Final = 600
"""How far ahead an assertion's end may be."""

ASSERTION_MAX: Final = 16_384
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_KEY_BITS: Final = 2_048
_DIGITS_MAX: Final = 15


@lru_cache(maxsize=1)
def keys() -> tuple[str, Any]:
    """The private key as PEM, and the public half: one pair a process, for a new one takes a while."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text.decode(), private.public_key()


@dataclass(slots=True)
class Doorman:
    """Gives tokens, and knows whose sessions go on."""

    now: NowFunction
    client_id: str
    client_secret: str
    random: Random
    faults: set[str]
    organization: str
    user: str
    sessions: dict[str, int] = field(default_factory=dict)
    """Tokens, and when each was used last."""

    given: int = 0

    def session_of(self, request: web.Request) -> str:
        """The token of whoever asks. Raises Refusal."""
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        used = self.sessions.get(value) if kind in ("Bearer", "OAuth") else None
        if used is None or self.now() >= used + IDLE_MS or "unrecoverable" in self.faults:
            raise stranger()
        self.sessions[value] = self.now()
        return value

    async def token(self, request: web.Request, base: str) -> web.Response:
        """A token for a grant, which comes as a form."""
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        match form.get("grant_type"):
            case "client_credentials":
                self._needs_secret(request, form)
            case grant if grant == _JWT_BEARER:
                self._needs_assertion(form.get("assertion", ""), base)
            case _:
                raise oauth_refusal("unsupported_grant_type", "grant type not supported")
        return reply(self._session(base))

    async def revoke(self, request: web.Request) -> web.Response:
        """A token is given back."""
        token = (await request.post()).get("token", request.query.get("token", ""))
        if self.sessions.pop(str(token), None) is None:
            raise oauth_refusal("unsupported_token_type", "this token is not known")
        return web.Response()

    def _session(self, base: str) -> dict[str, Any]:
        token = f"{self.organization[:15]}!AQ{self.random.getrandbits(256):064x}"
        self.given += 1
        self.sessions[token] = self.now()
        id, issued = f"{base}/id/{self.organization}/{self.user}", str(self.now())
        proof = hmac.digest(self.client_secret.encode(), (id + issued).encode(), "sha256")
        return {
            "access_token": token,
            "signature": base64.b64encode(proof).decode(),
            "scope": "api",
            "instance_url": base,
            "id": id,
            "token_type": "Bearer",
            "issued_at": issued,
        }

    def _needs_secret(self, request: web.Request, form: Mapping[str, str]) -> None:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            client, _, secret = _decoded(value).decode("utf-8", "replace").partition(":")
        if client != self.client_id:
            raise oauth_refusal("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret.encode(), self.client_secret.encode()):
            raise oauth_refusal("invalid_client", "invalid client credentials")

    def _needs_assertion(self, assertion: str, base: str) -> None:
        """An assertion that our app has signed, for now, in the name of the one who has approved it."""
        claims = _claims(assertion)
        if claims.get("iss") != self.client_id:
            raise oauth_refusal("invalid_client_id", "client identifier invalid")
        if not _signed(assertion):
            raise oauth_refusal("invalid_grant", "invalid assertion")
        audience = claims.get("aud")
        if audience not in (*LOGINS, base, f"{base}{OAUTH_PATH}"):
            raise oauth_refusal("invalid_grant", "audience is invalid")
        if claims.get("sub") != USERNAME:
            raise oauth_refusal("invalid_grant", "user hasn't approved this consumer")
        until, now_s = claims.get("exp"), self.now() // SECOND_MS
        if isinstance(until, str) and until.isascii() and until.isdigit() and len(until) <= _DIGITS_MAX:
            until = int(until)  # as clients write it that Salesforce takes
        if not isinstance(until, int | float) or not now_s < until <= now_s + ASSERTION_LIFE_S:
            raise oauth_refusal("invalid_grant", "assertion is not valid at this time")


def _claims(assertion: str) -> dict[str, Any]:
    parts = assertion.split(".")
    if len(assertion) > ASSERTION_MAX or len(parts) != 3:
        raise oauth_refusal("invalid_grant", "invalid assertion")
    try:
        header, claims = (read_json(_decoded(part, url=True)) for part in parts[:2])
    except BadPayload:
        raise oauth_refusal("invalid_grant", "invalid assertion") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "RS256":
        raise oauth_refusal("invalid_grant", "invalid assertion: the algorithm must be RS256")
    return claims


def _signed(assertion: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    content, _, proof = assertion.rpartition(".")
    try:
        keys()[1].verify(_decoded(proof, url=True), content.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _decoded(text: str, *, url: bool = False) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        return b""
