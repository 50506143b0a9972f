"""The shape of a vendor's account: what it has, how it answers, who reads it, and how the gateway does."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bench.sync.readers import Reader
from bench.sync.site import Site
from bench.sync.truth import Found, Row, found


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape. `name` is that of the vendor's plugin, too.

    `row`: what is true of the ticket with a number, from 1. `site`: an account with so many of them, at an address.
    `first` and `following`: the page with which a bare download begins, and the one that comes after a page, given as
    body and headers. `connector`: what stands in gateway.yaml under the connector's name, with %s for the address.
    """

    name: str
    tickets: int
    """How many there are unless told otherwise."""

    row: Callable[[int], Row]
    site: Callable[[int, str], Site]
    first: str
    following: Callable[[str, bytes, Mapping[str, str]], str | None]
    connector: str
    peers: tuple[Reader, ...]

    def truth(self, tickets: int) -> Found:
        """What a perfect reader brings of an account with so many tickets."""
        return found(self.row(number) for number in numbers(tickets))


def numbers(tickets: int) -> Iterator[int]:
    """The numbers of an account's tickets, in the order in which they were last changed."""
    return iter(range(1, tickets + 1))
