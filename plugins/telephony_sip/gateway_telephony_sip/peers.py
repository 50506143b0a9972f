"""Who may ask, how often, and how many bytes may go back to them.

Laws. A source is an address; its port says nothing, since whoever lies about one lies about both. Nothing is kept of
an address outside of the networks. To each source goes at most `AMPLIFY` times what came from it, and what it didn't
use of that is kept for it up to `CREDIT_MAX` bytes; so, over any span of time, what goes out is at most `AMPLIFY`
times what came in within it, and `CREDIT_MAX`. Whoever writes another's address on its packets gains nothing by us.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

AMPLIFY: Final = 3
"""As RFC 9000, section 8.1, allows a server of QUIC towards an address that isn't proved."""

CREDIT_MAX: Final = 65_536
"""Bytes that a source may have in reserve: answers to a proxy's calls of the last moments, sent again."""

PEERS_MAX: Final = 4_096
"""Sources that are known at once; of more, those unheard for the longest time are forgotten."""

Network = IPv4Network | IPv6Network


@dataclass(slots=True, eq=False)
class Peer:
    """What is known of one source: datagrams that it may still send, bytes that it may still get, what it holds."""

    datagrams: float
    at: int
    credit: int = 0
    kept: int = 0

    def spend(self, size: int) -> bool:
        """Whether so many bytes may go to it; they are taken from what it has."""
        if size > self.credit:
            return False
        self.credit -= size
        return True


class Peers:
    """All sources. `count` is told of what is refused: `refused_source` or `refused_rate`."""

    def __init__(self, allow: Sequence[Network], per_second: int, count: Callable[[str], None]) -> None:
        self._allow = tuple(allow)
        self._per_ms = per_second / 1_000
        self._burst = float(per_second)
        self._count = count
        self._peers: dict[str, Peer] = {}

    def heard(self, address: str, size: int, now_ms: int) -> Peer | None:
        """Who sent a datagram of so many bytes; None for whoever may not, or sends too fast."""
        peer = self._peers.pop(address, None)
        if peer is None:
            if not self._allowed(address):
                self._count("refused_source")
                return None
            peer = Peer(self._burst, now_ms)
            while len(self._peers) >= PEERS_MAX:
                del self._peers[next(iter(self._peers))]
        self._peers[address] = peer  # last, as the one heard last
        peer.datagrams = min(self._burst, peer.datagrams + max(0, now_ms - peer.at) * self._per_ms)
        peer.at = now_ms
        if peer.datagrams < 1.0:
            self._count("refused_rate")
            return None
        peer.datagrams -= 1.0
        peer.credit = min(CREDIT_MAX, peer.credit + AMPLIFY * size)
        return peer

    def _allowed(self, address: str) -> bool:
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._allow)
