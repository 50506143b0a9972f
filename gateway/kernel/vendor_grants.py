"""Asks a vendor's token endpoint: for client credentials, an assertion, a person's grant, and its renewal.

Laws. What the vendor answers is bounded, and only what was checked goes further; success is any status of 2xx with a
bearer token. No message holds a token, a code, a secret, or words of the vendor's but the name of its error.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import httpx2
import msgspec

from gateway.kernel.vendor_auth import AuthorizationCode, ClientCredentials, JwtBearer
from gateway.kernel.vendor_errors import RateLimited, Transient, Unauthorized
from gateway.kernel.vendor_transport import BoundedTransport, agreed_url

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

ANSWER_MAX = 65_536
"""Bytes of what a token endpoint answers."""

TOKEN_MAX = 8_192
"""Characters of one token: more would not fit into a header."""

SCOPE_MAX = 2_000
LIFE_MAX_S = 10 * 366 * 86_400.0
RETRY_AFTER_DEFAULT_S = 60.0
RETRY_AFTER_MAX_S = 86_400.0

_CODE = re.compile(r"[a-z_]{1,60}")
_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_BUSY = frozenset({httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_EARLY})
_NO_TOKEN = "the vendor's token endpoint answered something that is no token"  # noqa: S105 - words


class Refused(Unauthorized):
    """The vendor gives no token for what it was shown. `code` is the standard's name of the reason, if it had one."""

    def __init__(self, what: str, code: str, status: int) -> None:
        super().__init__(f"the vendor refused {what}: {code or status}", status=status)
        self.code = code


class Granted(msgspec.Struct, frozen=True):
    """What the vendor gave. A life is in seconds, None where it is not told."""

    access: str
    refresh: str | None = None
    life_s: float | None = None
    refresh_life_s: float | None = None
    scope: str | None = None

    def __repr__(self) -> str:
        return f"Granted(life_s={self.life_s}, refresh_life_s={self.refresh_life_s}, scope={self.scope!r})"


class TokenEndpoint:
    """The token endpoint of one account. Every method raises Refused, Transient, RateLimited or AddressRefused."""

    def __init__(
        self,
        auth: ClientCredentials | AuthorizationCode | JwtBearer,
        transport: httpx2.AsyncBaseTransport,
        headers: Mapping[str, str],
    ) -> None:
        self._auth = auth
        self._transport = transport
        self._headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}

    async def for_credentials(self) -> Granted:
        """A token for the client's own credentials."""
        return await self._ask("the client credentials", grant_type="client_credentials", **self._scope())

    async def for_assertion(self, assertion: str) -> Granted:
        """A token for what was signed."""
        return await self._ask("the signed assertion", grant_type=JWT_BEARER, assertion=assertion, **self._scope())

    async def for_code(self, code: str, verifier: str, redirect_uri: str) -> Granted:
        """The first tokens, for the code that a person's browser brought back."""
        return await self._ask(
            "the code",
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
        )

    async def renewed(self, refresh: str) -> Granted:
        """New tokens for a refresh token, which the vendor may take back by that."""
        return await self._ask("the refresh token", grant_type="refresh_token", refresh_token=refresh)

    def _scope(self) -> Mapping[str, str]:
        return {"scope": self._auth.scope} if self._auth.scope else {}

    async def _ask(self, what: str, **body: str) -> Granted:
        # Imported here: it takes long, and commands that talk to no vendor shouldn't wait for it.
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        auth = self._auth
        secret, proof = _proof(auth)
        agreed_url(auth.token_url)
        client = AsyncOAuth2Client(
            client_id=auth.client_id,
            client_secret=secret,
            token_endpoint_auth_method=proof,
            transport=BoundedTransport(self._transport, ANSWER_MAX),
            trust_env=False,
            headers=self._headers,
        )
        read: list[Granted] = []

        def checked(response: httpx2.Response) -> httpx2.Response:
            read.append(_read(response, what))
            # The library goes on with what was checked, and never sees what the vendor said.
            return httpx2.Response(200, json={"access_token": "read", "token_type": "bearer"})

        client.register_compliance_hook("access_token_response", checked)
        more = {name: str(value) for name, value in auth.parameters.items()}
        try:
            await client.fetch_token(auth.token_url, **{**more, **body})
        except httpx2.HTTPError as error:
            raise Transient(f"the vendor's token endpoint can't be reached: {type(error).__name__}") from None
        return read[0]


def _proof(auth: ClientCredentials | AuthorizationCode | JwtBearer) -> tuple[str | None, Any]:
    """The client's secret, and how it proves itself, as Authlib calls it."""
    if isinstance(auth, JwtBearer):
        return None, _assertion_alone
    if not auth.client_secret:
        return None, "none"
    return auth.client_secret.get_secret_value(), "client_secret_post"


def _assertion_alone(client: Any, method: str, url: str, headers: Any, body: str) -> tuple[str, Any, str]:
    """The assertion is all the proof: nothing is added."""
    return url, headers, body


def _read(response: httpx2.Response, what: str) -> Granted:
    """What the answer grants. Raises for everything else."""
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        wait_s = _wait_s(response.headers.get("retry-after", ""))
        raise RateLimited("the vendor's token endpoint is asked too often", retry_after_s=wait_s)
    if status >= 500 or status in _BUSY or 300 <= status < 400:
        raise Transient(f"the vendor's token endpoint answered {status}", status=status)
    try:
        said = msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        said = None
    told = said if isinstance(said, dict) else {}
    if status >= 400 or "error" in told:
        error = told.get("error")
        code = error if isinstance(error, str) and _CODE.fullmatch(error) else ""
        if code in _LATER:
            raise Transient(f"the vendor's token endpoint answered {code}", status=status)
        raise Refused(what, code, status)
    try:
        return _granted(told)
    except ValueError:
        raise Transient(_NO_TOKEN, status=status) from None


def _granted(told: Mapping[str, Any]) -> Granted:
    kind, scope = told.get("token_type"), told.get("scope")
    if kind is not None and (not isinstance(kind, str) or kind.lower() != "bearer"):
        raise ValueError("a kind of token that we can't present")
    refresh = told.get("refresh_token")
    return Granted(
        access=_token(told.get("access_token")),
        refresh=None if refresh is None else _token(refresh),
        life_s=_life_s(told.get("expires_in")),
        refresh_life_s=_life_s(told.get("refresh_token_expires_in")),
        scope=_scope(scope) if isinstance(scope, str) else None,
    )


def _token(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= TOKEN_MAX:
        raise ValueError("no token")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("a token that no header can hold")
    return value


def _life_s(value: object) -> float | None:
    """Seconds; None where it is not told, or means nothing. Raises ValueError for what is no number."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a life that is no number")
    return min(float(value), LIFE_MAX_S) if value > 0 else None


def _scope(text: str) -> str:
    return "".join(sign for sign in text[:SCOPE_MAX] if sign.isascii() and sign.isprintable())


def _wait_s(text: str) -> float:
    digits = text.strip()
    if digits.isascii() and digits.isdigit():
        return min(float(digits[:9]), RETRY_AFTER_MAX_S)
    return RETRY_AFTER_DEFAULT_S
