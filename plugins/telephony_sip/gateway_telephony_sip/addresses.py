"""Where to listen, and who may send, as gateway.yaml has it: HOST:PORT, and networks."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

NETWORKS_MAX: Final = 256


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(value: Any) -> Address:
    """Read HOST:PORT, with an IPv6 host in brackets. Raises ValueError."""
    if isinstance(value, Address):
        return value
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or (":" in bare) != (bare != host) or not port.isascii() or not port.isdigit():
        raise ValueError("give an address as HOST:PORT, such as 0.0.0.0:9060 or [::]:9060")
    if int(port) > 65_535:
        raise ValueError("a port is at most 65535")
    return Address(bare, int(port))


Listening = Annotated[
    Address,
    BeforeValidator(parse_address),
    WithJsonSchema({"type": "string", "pattern": r"^.+:[0-9]{1,5}$", "examples": ["0.0.0.0:9060"]}),
]


def parse_network(value: Any) -> IPv4Network | IPv6Network:
    """Read a network, or an address that stands for itself alone. Raises ValueError."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise ValueError("give a network such as 10.20.0.0/16, or an address such as 10.20.0.5")
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        wider = ip_network(value, strict=False)
    except ValueError:
        words = "give a network such as 10.20.0.0/16, or an address such as 10.20.0.5: names aren't looked up"
        raise ValueError(words) from None
    raise ValueError(f"an address within a network: write {wider} for all of it, or the address without its /")


def _some(networks: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """At least one. Not said by `min_length`, which would count only the good ones, and complain twice."""
    if not networks:
        raise ValueError("name one network at least: nobody else is heard")
    return networks


_NETWORK: Final[dict[str, Any]] = {
    "anyOf": [{"format": "ipv4network", "type": "string"}, {"format": "ipv6network", "type": "string"}]
}

Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(parse_network), WithJsonSchema(_NETWORK)]

Networks = Annotated[
    tuple[Network, ...],
    Field(max_length=NETWORKS_MAX),
    AfterValidator(_some),
    WithJsonSchema({"type": "array", "items": _NETWORK, "minItems": 1, "maxItems": NETWORKS_MAX}),
]
