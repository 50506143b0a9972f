"""The Net of the running gateway: aiohttp's client behind a guard.

Laws: a URL is called only if aiohttp reads it as we do; a name is resolved once, every address of it is checked, and
the connection goes to what was checked; no redirect, no cookie, no proxy from the environment; one deadline covers
everything, the body included. No error holds a URL, and one of what was blocked tells nothing of what is there.
"""

import asyncio
import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.kernel.names import Blocked, Names, Resolve, allowed_addresses
from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.reach import PRIVATE, Reach
from gateway.kernel.urls import read_url

HEADER_MAX = 8_190
"""Bytes of one header of an answer, its name and its value each."""

HEADERS_MAX = 128
_CHUNK_BYTES = 4_096


class GuardedResolver(AbstractResolver):
    """Gives aiohttp the addresses of a name, if all of them may be reached."""

    def __init__(self, resolve: Resolve, reach: Reach) -> None:
        self._resolve = resolve
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of the name. Raises Blocked if one of them may not be reached, OSError if there is none."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await allowed_addresses(self._resolve, host, port, self._reach)
        ]

    async def close(self) -> None:
        """Nothing to let go of."""


class AiohttpNet:
    """Requests to the outside. Connections are shared by requests of the same reach, and by no others."""

    def __init__(self, *, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or Names()
        self._sessions: dict[Reach, aiohttp.ClientSession] = {}

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Send and read the answer, all within `deadline_s` seconds. Raises NetError."""
        url = _checked(request)
        try:
            async with asyncio.timeout(deadline_s):
                return await self._exchange(request, url, body_max)
        except TimeoutError:
            raise NetError(f"no complete answer within {deadline_s:g} s", timed_out=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _named(error) from None

    async def close(self) -> None:
        """Close every connection."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def _exchange(self, request: NetRequest, url: URL, body_max: int) -> NetResponse:
        async with self._session(request.reach).request(
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

    def _session(self, reach: Reach) -> aiohttp.ClientSession:
        session = self._sessions.get(reach)
        if session is None:
            session = self._sessions[reach] = _new_session(GuardedResolver(self._resolve, reach))
        return session


def _new_session(resolver: AbstractResolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # No limit of its own: it would be one for all receivers together, and slow ones would use it up.
        connector=aiohttp.TCPConnector(limit=0, resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        max_line_size=HEADER_MAX,
        max_field_size=HEADER_MAX,
        max_headers=HEADERS_MAX,
        auto_decompress=False,
        trust_env=False,
        raise_for_status=False,
    )


def _checked(request: NetRequest) -> URL:
    """The URL, once its scheme, host and port are known to be allowed: the very value that is then connected to."""
    try:
        target = read_url(request.url)
    except ValueError as error:
        raise NetError(str(error), blocked=True) from None
    if why := request.reach.refusal(target.host, target.port):
        raise NetError(why, blocked=True)
    try:
        url = URL(request.url)
        agreed = target.matches(url.scheme, url.raw_host, url.explicit_port)
    except ValueError:
        agreed = False
    if not agreed:
        raise NetError("the URL can be read in more than one way", blocked=True)
    return url


def _named(error: Exception) -> NetError:
    """What went wrong in plain words, without the URL, which may hold a secret."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, Blocked):
        return NetError(PRIVATE, blocked=True)
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
