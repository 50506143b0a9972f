"""Where to listen, as gateway.yaml has it: HOST:PORT."""

from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema


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
