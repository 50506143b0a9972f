"""Which addresses belong to the public internet, by a table of our own.

The standard library's `is_global` lets tunnels and clouds' inner services through.

IPv4 is public unless listed; IPv6 is public only inside 2000::/3, less what is listed. Neither is an address with a
scope: it means something on one link only.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's own services, inside every virtual machine
        "169.254.0.0/16",  # link-local, clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside, any
        "3fff::/20",  # documentation
    )
)

PRIVATE_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, also virtual private networks
        "127.0.0.0/8",  # loopback
        "172.16.0.0/12",  # private
        "192.168.0.0/16",  # private
        "::1/128",  # loopback
        "fc00::/7",  # private
    )
)
"""Where machines of one's own are. The other addresses that are not public belong to nobody who serves HTTP."""

_INNER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "100.100.100.200/32",  # Alibaba: metadata
        "168.63.129.16/32",  # Azure: agent, DNS, load balancer
        "169.254.0.0/16",  # link-local: metadata and credentials of nearly every cloud
        "192.0.0.192/32",  # Oracle: metadata
        "fd00:ec2::/32",  # Amazon: metadata, credentials, DNS, time
        "fd20:ce::254/128",  # Google: metadata
        "fe80::/10",  # link-local: OpenStack's metadata
    )
)
"""Services that a cloud has inside each machine's network: they hand out that machine's credentials."""


def canonical(address: str | Address) -> Address:
    """The address itself: an IPv4 address that is written as IPv6 is IPv4. Raises ValueError for what is none."""
    parsed = ip_address(address) if isinstance(address, str) else address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def is_public(address: str | Address) -> bool:
    """Whether the address is one of the public internet; what is no address is not."""
    try:
        parsed = canonical(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _REFUSED_V4)
    if parsed.scope_id is not None:
        return False
    return parsed in _GLOBAL_V6 and not any(parsed in network for network in _REFUSED_V6)


def inner_network(address: Address) -> Network | None:
    """The network of a cloud's inner services that the address is in."""
    return next((network for network in _INNER if address in network), None)


def numeric_host(host: str) -> bool:
    """Whether a host that is no plain address still reads as one somewhere: `2130706433`, `0x7f.1`, `127.1`."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    if last.isdigit():
        return True
    return last.startswith("0x") and all(letter in "0123456789abcdef" for letter in last[2:])
