"""What requests may reach: the public internet at the ports of HTTP, and what an operator allows beside that.

Laws. Allowing private networks never opens a cloud's inner services, which hand out credentials: they are allowed by a
network of their own only. A refusal tells the rule, and nothing of what a name led to.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from gateway.kernel.addresses import (
    PRIVATE_NETWORKS,
    Address,
    Network,
    canonical,
    inner_network,
    is_public,
    numeric_host,
)
from gateway.kernel.bad_ports import why_bad

PRIVATE = (
    "the host is a private, local or reserved address: write `allow_private: true`, or a list with its network, "
    "if that is meant"
)
_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached beside public addresses at the usual ports: these networks, and these ports.

    Two requests share a connection only if their reach is the same.
    """

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset()

    def allows(self, address: str | Address) -> bool:
        """Whether a connection to this address may be made; never to one with a scope, nor to what is no address."""
        try:
            parsed = canonical(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
            return False
        return is_public(parsed) or any(_opens(network, parsed) for network in self.networks)

    def refusal(self, host: str, port: int) -> str:
        """What speaks against a host as a URL names it, and its port; empty if nothing does, as far as it is known
        before the name is resolved."""
        if port not in self.ports and (why := why_bad(port)):
            return f"{why}: write `allow_ports: [{port}]` if that is meant"
        if host == "localhost" or host.endswith(".localhost"):
            return "" if any(self.allows(address) for address in _LOOPBACK) else PRIVATE
        try:
            literal = ip_address(host)
        except ValueError:
            return "the host is a number: write the address in its usual form" if numeric_host(host) else ""
        return "" if self.allows(literal) else PRIVATE


INTERNET = Reach()
"""Public addresses at the usual ports, nothing else."""

PRIVATE_TOO = Reach(PRIVATE_NETWORKS)
"""All that `allow_private: true` means."""


def _opens(network: Network, address: Address) -> bool:
    """Whether listing a network allows an address in it."""
    if address not in network:
        return False
    inner = inner_network(address)
    return inner is None or (network.network_address in inner and network.prefixlen >= inner.prefixlen)
