"""Whether something listens at a URL: a connection is made and, for https, proved; no request is sent.

Law: it goes the way of every request: the name is resolved once, its addresses are checked, and one that was checked is
dialled. No error holds the URL.
"""

import asyncio
import functools
import ssl

import httpcore2

from gateway.kernel.names import Names
from gateway.kernel.ports import NetError
from gateway.kernel.reach import Reach
from gateway.kernel.urls import read_url
from gateway.kernel.vendor_errors import AddressRefused
from gateway.kernel.vendor_transport import GuardedBackend


async def knock(url: str, reach: Reach, *, deadline_s: float) -> None:
    """Connect to the URL's host, prove it, and hang up, all within `deadline_s` seconds. Raises NetError."""
    try:
        target = read_url(url)
    except ValueError as wrong:
        raise NetError(str(wrong), blocked=True) from None
    try:
        async with asyncio.timeout(deadline_s):
            stream = await GuardedBackend(reach, Names()).connect_tcp(target.host, target.port)
            try:
                if target.scheme == "https":
                    stream = await stream.start_tls(_tls(), server_hostname=target.host)
            finally:
                await stream.aclose()
    except TimeoutError:
        raise NetError(f"nobody answered within {deadline_s:g} s", timed_out=True) from None
    except AddressRefused as refused:
        raise NetError(str(refused), blocked=True) from None
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
