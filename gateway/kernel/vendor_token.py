"""The proof of one account: its headers, and the access token that is fetched, kept and renewed once for all."""

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import httpx2

from gateway.kernel.assertions import Signer
from gateway.kernel.ports import Clock
from gateway.kernel.vault import Vault
from gateway.kernel.vendor_auth import ApiKey, Auth, AuthorizationCode, ClientCredentials, JwtBearer
from gateway.kernel.vendor_errors import Unauthorized
from gateway.kernel.vendor_grants import Granted, Refused, TokenEndpoint
from gateway.kernel.vendor_renewal import Renewal

LEEWAY_S = 60.0
"""A token is renewed this many seconds before it runs out."""

UNKNOWN_LIFE_S = 1_500.0
"""How long a token is kept, in seconds, whose life the vendor doesn't tell."""


class _Source(Protocol):
    """Where access tokens come from."""

    async def access(self) -> str:
        """The token to send now. Raises VendorError if it can't be had."""
        ...

    async def refused(self, token: str) -> bool:
        """The vendor didn't accept this token: whether there may be another one now."""
        ...

    async def settled(self) -> None:
        """Come back when nothing is under way."""
        ...


class Credentials:
    """Gives the headers that prove the account. `vault` keeps what a person granted."""

    def __init__(
        self,
        auth: Auth,
        transport: httpx2.AsyncBaseTransport,
        clock: Clock,
        headers: dict[str, str],
        vault: Vault | None = None,
    ) -> None:
        self._auth = auth
        self._source: _Source | None = None
        if isinstance(auth, ClientCredentials):
            self._source = _OwnProof(TokenEndpoint(auth, transport, headers).for_credentials, clock)
        elif isinstance(auth, JwtBearer):
            endpoint = TokenEndpoint(auth, transport, headers)
            self._source = _OwnProof(partial(_for_signed, Signer(auth), endpoint, clock), clock)
        elif isinstance(auth, AuthorizationCode):
            self._source = Renewal(TokenEndpoint(auth, transport, headers), clock, vault)

    async def headers(self) -> dict[str, str]:
        """The headers to send now. Raises VendorError if a token can't be had."""
        if isinstance(self._auth, ApiKey):
            return _key_headers(self._auth)
        if self._source is not None:
            return {"Authorization": f"Bearer {await self._source.access()}"}
        return {}

    async def renew(self, refused: dict[str, str]) -> bool:
        """The vendor refused these headers: whether it is worth trying with others."""
        if self._source is None:
            return False
        return await self._source.refused(refused.get("Authorization", "").removeprefix("Bearer "))

    async def aclose(self) -> None:
        """Come back when no renewal is under way: what it brings must not be lost."""
        if self._source is not None:
            await self._source.settled()


async def _for_signed(signer: Signer, endpoint: TokenEndpoint, clock: Clock) -> Granted:
    """A token for an assertion that is signed now."""
    try:
        assertion = signer.assertion(clock.now())
    except ValueError as error:
        raise Unauthorized(f"no assertion can be signed: {error}") from None
    return await endpoint.for_assertion(assertion)


class _OwnProof:
    """Tokens for what the client has itself, its credentials or its key: another one costs nothing but the asking."""

    def __init__(self, ask: Callable[[], Awaitable[Granted]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    async def access(self) -> str:
        async with self._lock:  # whoever comes second finds the token of the first
            if not self._token or self._clock.monotonic() >= self._good_until:
                try:
                    granted = await self._ask()
                except Refused as error:
                    raise Unauthorized(str(error), status=error.status) from None
                life_s = UNKNOWN_LIFE_S if granted.life_s is None else granted.life_s
                self._token = granted.access
                self._good_until = self._clock.monotonic() + max(life_s - LEEWAY_S, life_s / 2)
            return self._token

    async def refused(self, token: str) -> bool:
        if hmac.compare_digest(token, self._token):
            self._token = ""
        return True

    async def settled(self) -> None:
        return


def _key_headers(auth: ApiKey) -> dict[str, str]:
    secret = auth.key.get_secret_value()
    if auth.username is None:
        return {auth.header: f"{auth.prefix}{secret}"}
    pair = base64.b64encode(f"{auth.username}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
