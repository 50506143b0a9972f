"""Which addresses the gateway may call: http or https, and nothing private unless the configuration says so.

A name is only known when it is resolved, so it is looked at again at each connection; here the hosts that are private
as they stand are refused, and the ports. Law: a message repeats nothing of a URL, which may hold a token.
"""

from collections.abc import Mapping
from ipaddress import IPv6Network, ip_network
from typing import Any, Final

from pydantic import ValidatorFunctionWrapHandler

from gateway.kernel.addresses import PRIVATE_NETWORKS, Network
from gateway.kernel.reach import Reach
from gateway.kernel.urls import read_url

NETWORKS_MAX = 100
PORTS_MAX = 20

ALLOW_PRIVATE_SCHEMA: Final = {
    "anyOf": [
        {"type": "boolean"},
        {
            "type": "array",
            "items": {
                "type": "string",
                "pattern": r"^[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?$",
                "examples": ["10.20.0.0/16", "fd12:3456::/48"],
            },
            "minItems": 1,
            "maxItems": NETWORKS_MAX,
        },
    ]
}
"""What an editor may know of the private networks that are allowed."""

_MAPPED = IPv6Network("::ffff:0:0/96")


def why_not(url: str, reach: Reach) -> str:
    """What is wrong with an address to be called; empty if nothing is."""
    try:
        target = read_url(url)
    except ValueError as error:
        return str(error)
    return reach.refusal(target.host, target.port)


def parse_network(value: object) -> Network:
    """Read a network, such as 10.20.0.0/16, or one address. Raises ValueError that says what to write instead."""
    if not isinstance(value, str) or not value.isascii() or "%" in value:
        raise ValueError("expected a network or an address, such as 10.20.0.0/16, 10.1.2.3 or fd12:3456::/48")
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise ValueError("expected a network or an address, such as 10.20.0.0/16, 10.1.2.3 or fd12:3456::/48") from None
    address, _, length = value.partition("/")
    if length and not length.isdigit():
        raise ValueError(f"write the length of the network's prefix, such as 10.20.0.0/16: here {network}")
    if length and str(network.network_address) != str(ip_network(address).network_address):
        raise ValueError(f"the address has bits behind the network's prefix: write {network}, or the address alone")
    if isinstance(network, IPv6Network) and network.overlaps(_MAPPED):
        raise ValueError("an IPv4 network in IPv6's clothes: write it as 10.20.0.0/16")
    return network


def flag_or_networks(value: object, networks: ValidatorFunctionWrapHandler) -> object:
    """The networks that are meant: all private ones by true, none by false, or those of a list, by its own reader."""
    if isinstance(value, bool):
        return PRIVATE_NETWORKS if value else ()
    if not isinstance(value, list):
        raise ValueError("expected true, false, or a list of networks such as [10.20.0.0/16]")
    if not 1 <= len(value) <= NETWORKS_MAX:
        raise ValueError(f"list from 1 to {NETWORKS_MAX} networks; false allows none")
    return networks(value)


def loose_reach(entry: Mapping[Any, Any]) -> Reach:
    """What an entry may reach that is not checked yet: what is wrong in it allows nothing, and is told elsewhere."""
    private, ports = entry.get("allow_private", False), entry.get("allow_ports", ())
    networks = list(PRIVATE_NETWORKS if private is True else ())
    for item in private if isinstance(private, list) else ():
        try:
            networks.append(parse_network(item))
        except ValueError:
            continue
    numbers = (item for item in (ports if isinstance(ports, list) else ()) if type(item) is int)
    return Reach(tuple(networks), frozenset(numbers))
