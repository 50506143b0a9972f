"""The transport under the vendors' client: it resolves a host itself, and dials only addresses that are allowed.

The address that was checked is the address that is dialled, so that a name can't change between the two. The
environment's proxies are not used: they would connect for us, unchecked. An answer has a bound wherever it is read.
"""

import functools
import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore2
import httpx2

from gateway.kernel.names import Blocked, Names, Resolve, allowed_addresses
from gateway.kernel.reach import PRIVATE, Reach
from gateway.kernel.urls import read_url
from gateway.kernel.vendor_errors import AddressRefused, Permanent

CONNECTIONS_MAX = 8
"""Connections to one vendor account at a time."""

UNRESOLVED = "the host can't be resolved"


@functools.cache
def _tls() -> ssl.SSLContext:
    """One context for all: reading the certificates takes tens of milliseconds."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for the pool, only to what may be reached."""

    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach = reach
        self._resolve = resolve
        self._dialler = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers. Raises AddressRefused unless all that `host` has are allowed."""
        failure: Exception | None = None
        for address in await self._allowed(host, port):
            try:
                return await self._dialler.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the host has no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Never."""
        raise AddressRefused("a vendor is not called by a socket of this machine")

    async def _allowed(self, host: str, port: int) -> Iterable[str]:
        if why := self._reach.refusal(host.lower(), port):
            raise AddressRefused(why)
        if ":" in host or host.rpartition(".")[2].isdigit():
            return [host]  # an address, or it would have been refused
        try:
            return await allowed_addresses(self._resolve, host, port, self._reach)
        except Blocked:
            raise AddressRefused(PRIVATE) from None
        except OSError:
            raise httpcore2.ConnectError(UNRESOLVED) from None


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's own transport over connections that are checked."""

    def __init__(self, reach: Reach, resolve: Resolve | None = None) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        # httpx2 has no argument for the network backend; its pool is the one place where it goes in.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(reach, resolve or Names()),
        )


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Another transport, for a client that reads answers whole: it is given `body_max` bytes of one, then an error."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, body_max: int) -> None:
        self._inner = inner
        self._body_max = body_max

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, bounded; asked for without compression, since a small body can hold a huge one."""
        request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        response.headers.pop("Content-Encoding", None)
        response.stream = _Bounded(response.stream, self._body_max)
        return response


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: Any, body_max: int) -> None:
        self._inner = inner
        self._left = body_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                raise Permanent("the answer is larger than any token")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def agreed_url(text: str) -> httpx2.URL:
    """The URL, if httpx2 reads it as we do. Raises AddressRefused for any other, and for what may not be called."""
    try:
        target = read_url(text)
        url = httpx2.URL(text)
        agreed = target.matches(url.scheme, url.raw_host.decode("ascii"), url.port)
    except (ValueError, httpx2.InvalidURL):
        agreed = False
    if not agreed:
        raise AddressRefused("the URL can be read in more than one way, or names nothing that may be called")
    return url
