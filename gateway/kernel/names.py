"""Names to addresses, for requests to the outside: one question for all who ask at once, each on a thread of its own.

Laws. A name whose servers don't answer holds up nobody who asks for another, nor the end of the process. Where one of
a name's addresses is not allowed, none is: who answers so has no good reason for it.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

from gateway.kernel.reach import PRIVATE, Reach

QUESTIONS_MAX = 64
"""Names that are asked for at a time; more are refused, as if they couldn't be resolved."""

ADDRESSES_MAX = 64
"""Addresses of a name that are looked at; one that has more is refused."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Every address of a name, for connections to a port. Raises OSError."""


class Blocked(OSError):
    """A name leads to an address that may not be reached."""


class Names:
    """The system's resolver."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Every address of a name. Raises OSError."""
        key = (host, port)
        answer = self._asked.get(key)
        if answer is None:
            if len(self._asked) >= QUESTIONS_MAX:
                raise OSError("too many names are being resolved")
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(lambda _: self._asked.pop(key, None))
            threading.Thread(target=_ask, args=(host, port, answer), name="resolve", daemon=True).start()
        return await asyncio.shield(answer)


async def allowed_addresses(resolve: Resolve, host: str, port: int, reach: Reach) -> Sequence[str]:
    """Every address of a name, all of them allowed. Raises Blocked, or OSError if there is none."""
    addresses = list(dict.fromkeys(await resolve(host, port)))
    if not 1 <= len(addresses) <= ADDRESSES_MAX:
        raise OSError("the name has no address, or far too many")
    if not all(reach.allows(address) for address in addresses):
        raise Blocked(PRIVATE)
    return addresses


def _ask(host: str, port: int, answer: "asyncio.Future[list[str]]") -> None:
    found: list[str] = []
    failure: OSError | None = None
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        failure = OSError("the name can't be resolved")
    try:
        answer.get_loop().call_soon_threadsafe(_settle, answer, found, failure)
    except RuntimeError:  # the loop has closed: nobody waits for this answer any more
        return


def _settle(answer: "asyncio.Future[list[str]]", found: list[str], failure: OSError | None) -> None:
    if answer.done():
        return
    if failure is None:
        answer.set_result(found)
    else:
        answer.set_exception(failure)
        answer.exception()  # whoever asked may have gone: no warning then
