"""What a connector is lent that listens on sockets of its own, where nobody asks and nobody is answered by HTTP.

Whoever sends there has no acknowledgement and doesn't repeat what was lost: the connector folds what it hears in memory
and offers records that say what it has learnt.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from gateway.kernel.ports import ByteStream, Heard, Socket, Source
from gateway.model.event import ContactOpened
from gateway.model.judgement import Route
from gateway.model.record import Record

__all__ = ["ByteStream", "Ear", "Heard", "Listens", "RouteFunction", "Socket", "Source", "nowhere"]


class Ear(Protocol):
    """The world of a listening connector. Its sockets are closed when `listen` ends, however it does."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        ...

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """Listen for datagrams; `heard(data, source)` is called for each, and must not wait. Port 0: any that is free.

        Raises OSError where the address can't be had.
        """
        ...

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        """Listen for connections; `serve` has each until it returns. EOFError and OSError end a connection quietly.

        Raises OSError where the address can't be had.
        """
        ...

    async def emit(self, records: Sequence[Record]) -> bool:
        """Have records stored, to be normalized soon. False: nothing was kept; offer them again a little later."""
        ...

    async def rest(self, seconds: float) -> bool:
        """Wait. True, at once, when it is time to end: offer what there is, and return. The first rest says that every
        socket is open."""
        ...

    def count(self, what: str, number: int = 1) -> None:
        """Count something for the metrics, by a short word in lower case with underscores."""
        ...


@runtime_checkable
class Listens(Protocol):
    """The vendor's systems send to sockets of the connector's own."""

    async def listen(self, ear: Ear) -> None:
        """Open the sockets and stay until `ear.rest` says that it is time to end. What it raises is logged, and it is
        called again after a growing wait."""
        ...


class RouteFunction(Protocol):
    """Where a contact would be routed that opens so, by the policy in force: for who must answer at once."""

    def __call__(self, opened: ContactOpened) -> Route | None:
        """Pure and in memory: nothing is stored. None where no policy is in force, or none of its rules matches.

        Raises what the rules raise on a contact that they can't judge.
        """
        ...


def nowhere(opened: ContactOpened) -> Route | None:
    """Routes nothing: for a connector outside of a gateway."""
    return None
