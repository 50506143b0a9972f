"""The transport under the vendors' client: it resolves a host itself, and dials only an address that is allowed.

The address that was checked is the address that is dialled, so that a name can't change between the two. The
environment's proxies are not used: they would connect for us, unchecked.
"""

import asyncio
import functools
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2

from gateway.kernel.addresses import is_public
from gateway.kernel.vendor_errors import AddressRefused

CONNECTIONS_MAX = 8
"""Connections to one vendor account at a time."""


@functools.cache
def _tls() -> ssl.SSLContext:
    """One context for all: reading the certificates takes tens of milliseconds."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for the pool, to public addresses only unless `allow_private`."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._dialler = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first allowed address that answers. Raises AddressRefused if `host` has none that is."""
        failure: Exception | None = None
        for address in await self._allowed(host, port):
            try:
                return await self._dialler.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the host has no address")

    async def _allowed(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("the host can't be resolved") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if self._allow_private:
            return addresses
        allowed = [address for address in addresses if is_public(address)]
        if addresses and not allowed:
            raise AddressRefused(
                f"{host} is on a private or loopback address: set `allow_private: true` if that is meant"
            )
        return allowed


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's own transport over connections that are checked."""

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        # httpx2 has no argument for the network backend; its pool is the one place where it goes in.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(allow_private=allow_private),
        )
