"""Whether something listens at a URL: a connection is made and, for https, proved; no request is sent.

Law: it goes the way of every request: the name is resolved once, its addresses are checked, and one that was checked is
dialled. No error holds the URL.
"""

import asyncio
import functools
import ssl
from urllib.parse import urlsplit

import httpcore2

from gateway.kernel.ports import NetError
from gateway.kernel.vendor_errors import AddressRefused
from gateway.kernel.vendor_transport import GuardedBackend

_PORTS = {"http": 80, "https": 443}


async def knock(url: str, *, allow_private: bool, deadline_s: float) -> None:
    """Connect to the URL's host, prove it, and hang up, all within `deadline_s` seconds. Raises NetError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    try:
        async with asyncio.timeout(deadline_s):
            stream = await GuardedBackend(allow_private=allow_private).connect_tcp(host, port)
            try:
                if parts.scheme == "https":
                    stream = await stream.start_tls(_tls(), server_hostname=host)
            finally:
                await stream.aclose()
    except TimeoutError:
        raise NetError(f"nobody answered within {deadline_s:g} s") from None
    except AddressRefused:
        raise NetError("the name leads to a private, local or reserved address", blocked=True) from None
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout, OSError) as error:
        raise NetError(_why(error)) from None


@functools.cache
def _tls() -> ssl.SSLContext:
    """The system's certificates, as deliveries use them."""
    return ssl.create_default_context()


def _why(error: BaseException | None) -> str:
    """What went wrong in plain words, from the innermost cause that says it."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not acceptable: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return "no TLS connection could be made"
        if isinstance(error, ConnectionRefusedError):
            return "the connection was refused"
        if "resolve" in str(error):
            return "its name can't be resolved"
        error = error.__cause__ or error.__context__
    return "no connection could be made"
