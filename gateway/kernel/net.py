"""The Net of the running gateway: aiohttp's client behind a guard.

Laws: a name is resolved once, every address of it is checked, and the connection goes to what was checked; no redirect,
no cookie, no proxy from the environment; one deadline covers everything, the body included. No error holds a URL.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.kernel.addresses import canonical, is_public, numeric_host
from gateway.kernel.ports import NetError, NetRequest, NetResponse

CONNECTIONS_MAX = 256
_CHUNK_BYTES = 4_096
_BLOCKED = "the address is private, local or reserved: set allow_private if requests are meant to reach it"


class _BlockedAddress(OSError):
    """A name leads to an address that is not public."""


class GuardedResolver(AbstractResolver):
    """Resolves through `inner`, and refuses a name of which any address is not public."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Every address of the name. Raises OSError if one of them is not public."""
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(result["host"]) for result in found):
            raise _BlockedAddress(_BLOCKED)
        return found

    async def close(self) -> None:
        """Let go of the resolver inside."""
        await self._inner.close()


class AiohttpNet:
    """Requests to the outside. Public addresses and `allow_private` have connections of their own, never shared."""

    def __init__(self, *, resolver: Callable[[], AbstractResolver] = aiohttp.ThreadedResolver) -> None:
        self._resolver = resolver
        self._guarded: aiohttp.ClientSession | None = None
        self._open: aiohttp.ClientSession | None = None

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Send and read the answer, all within `deadline_s` seconds. Raises NetError."""
        url = _checked(request)
        try:
            async with asyncio.timeout(deadline_s):
                return await self._exchange(request, url, body_max)
        except TimeoutError:
            raise NetError(f"no complete answer within {deadline_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _named(error) from None

    async def close(self) -> None:
        """Close every connection."""
        for session in (self._guarded, self._open):
            if session is not None:
                await session.close()
        self._guarded = self._open = None

    async def _exchange(self, request: NetRequest, url: URL, body_max: int) -> NetResponse:
        async with self._session(request.allow_private).request(
            request.method,
            url,
            headers={"Accept-Encoding": "identity", **request.headers},
            data=request.body,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            while len(body) < body_max:
                chunk = await response.content.read(min(_CHUNK_BYTES, body_max - len(body)))
                if not chunk:
                    break
                body += chunk
            else:
                response.close()
            headers = {name.lower(): value for name, value in response.headers.items()}
            return NetResponse(response.status, headers, bytes(body))

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        if allow_private:
            if self._open is None:
                self._open = _new_session(self._resolver())
            return self._open
        if self._guarded is None:
            self._guarded = _new_session(GuardedResolver(self._resolver()))
        return self._guarded


def _new_session(resolver: AbstractResolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        auto_decompress=False,
        trust_env=False,
        raise_for_status=False,
    )


def _checked(request: NetRequest) -> URL:
    """The URL, once its scheme and its host are known to be allowed: the very value that is then connected to."""
    text = request.url
    if "\\" in text or not text.isprintable() or " " in text:
        raise NetError("the URL holds a character that URLs don't have", blocked=True)
    try:
        url = URL(text)
        host = url.host or ""
    except ValueError:
        raise NetError("the URL can't be read") from None
    if url.scheme not in ("http", "https") or not host:
        raise NetError("the URL must start with https:// or http:// and name a host", blocked=True)
    try:
        literal = canonical(host)
    except ValueError:
        if numeric_host(host):
            raise NetError("the host is a number: write the address in its usual form", blocked=True) from None
        return url
    if not request.allow_private and not is_public(literal):
        raise NetError(_BLOCKED, blocked=True)
    return url


def _named(error: Exception) -> NetError:
    """What went wrong in plain words, without the URL, which may hold a secret."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, _BlockedAddress):
        return NetError(_BLOCKED, blocked=True)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NetError("the host's name can't be resolved")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError | aiohttp.ClientSSLError):
        return NetError("the TLS connection failed: the certificate or the protocol is not acceptable")
    if isinstance(cause, ConnectionRefusedError):
        return NetError("the connection was refused")
    if isinstance(error, aiohttp.InvalidURL):
        return NetError("the URL can't be read")
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientPayloadError):
        return NetError("the connection was lost before the answer was complete")
    if isinstance(error, aiohttp.ClientConnectorError | OSError):
        return NetError("no connection could be made")
    if isinstance(error, aiohttp.ClientResponseError):
        return NetError("the answer is not HTTP")
    return NetError(f"the request can't be sent ({type(error).__name__})")
