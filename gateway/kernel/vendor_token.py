"""The access token of one account: fetched when first needed, kept, and renewed once for all who wait for it."""

import asyncio
import base64

import httpx2

from gateway.kernel.ports import Clock
from gateway.kernel.vendor_auth import ApiKey, Auth, ClientCredentials
from gateway.kernel.vendor_errors import Transient, Unauthorized
from gateway.kernel.vendor_transport import BoundedTransport, agreed_url

LEEWAY_S = 60.0
"""A token is renewed this many seconds before it runs out."""

TOKEN_ANSWER_MAX = 65_536
"""Bytes of what a token endpoint answers."""

UNKNOWN_LIFE_S = 1_500.0
"""How long a token is kept, in seconds, whose life the vendor doesn't tell."""


class Credentials:
    """Gives the headers that prove the account."""

    def __init__(self, auth: Auth, transport: httpx2.AsyncBaseTransport, clock: Clock, headers: dict[str, str]) -> None:
        self._auth = auth
        self._transport = transport
        self._clock = clock
        self._headers = headers
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    async def headers(self) -> dict[str, str]:
        """The headers to send now. Raises Unauthorized or Transient if a token can't be had."""
        auth = self._auth
        if isinstance(auth, ApiKey):
            return _key_headers(auth)
        if isinstance(auth, ClientCredentials):
            return {"Authorization": f"Bearer {await self._current(auth)}"}
        return {}

    async def renew(self, refused: dict[str, str]) -> bool:
        """The vendor refused these headers: forget their token. False if there is nothing to renew."""
        if not isinstance(self._auth, ClientCredentials):
            return False
        if refused.get("Authorization") == f"Bearer {self._token}":
            self._token = ""
        return True

    async def _current(self, auth: ClientCredentials) -> str:
        async with self._lock:  # whoever comes second finds the token of the first
            if not self._token or self._clock.monotonic() >= self._good_until:
                token, life_s = await self._fetch(auth)
                self._token = token
                self._good_until = self._clock.monotonic() + max(life_s - LEEWAY_S, life_s / 2)
            return self._token

    async def _fetch(self, auth: ClientCredentials) -> tuple[str, float]:
        # Imported here: it takes long, and commands that talk to no vendor shouldn't wait for it.
        from authlib.integrations.base_client import OAuthError
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        agreed_url(auth.token_url)
        client = AsyncOAuth2Client(
            client_id=auth.client_id,
            client_secret=auth.client_secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            scope=auth.scope or None,
            transport=BoundedTransport(self._transport, TOKEN_ANSWER_MAX),
            trust_env=False,
            headers=self._headers,
        )
        try:
            answer = await client.fetch_token(auth.token_url, grant_type="client_credentials")
        except OAuthError as error:
            code = error.error if isinstance(error.error, str) and error.error.isidentifier() else "an error"
            raise Unauthorized(f"the vendor refused the client credentials: {code}") from None
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            raise Transient(f"the vendor's token endpoint answered {status}", status=status) from None
        except httpx2.HTTPError as error:
            raise Transient(f"the vendor's token endpoint can't be reached: {type(error).__name__}") from None
        except (ValueError, TypeError, AttributeError):
            raise Transient("the vendor's token endpoint answered something that is no token") from None
        return _read_token(answer)


def _key_headers(auth: ApiKey) -> dict[str, str]:
    secret = auth.key.get_secret_value()
    if auth.username is None:
        return {auth.header: f"{auth.prefix}{secret}"}
    pair = base64.b64encode(f"{auth.username}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _read_token(answer: object) -> tuple[str, float]:
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise Transient("the vendor's token endpoint answered something that is no token")
    life = answer.get("expires_in") if isinstance(answer, dict) else None
    known = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
    return token, float(life) if known and life is not None else UNKNOWN_LIFE_S
