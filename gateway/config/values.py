"""The small values of gateway.yaml, from their text: addresses, sizes, where the database and the policy are.

Each `parse_…` takes what stands in the file and raises ValueError that says what to write instead.
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.model.instant import parse_instant
from gateway.policy.presets import PRESETS

BODY_LIMIT_MIN = 1_024
BODY_LIMIT_MAX = 64 * 1024 * 1024
"""Bytes: a body is held in memory while it is proved."""

RATE_MIN = 1 / 60
RATE_MAX = 10_000
"""Sends a second to one endpoint."""

TIMEOUT_MIN_MS = 100
TIMEOUT_MAX_MS = 60_000
"""Of one look-up of an enricher."""

_RATE = re.compile(r"([0-9]{1,6})/([sm])")
_TIMEOUT = re.compile(r"([0-9]{1,6})(ms|s)")
_SIZE = re.compile(r"([0-9]{1,12})\s*(B|KiB|MiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024 * 1024}
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[A-Za-z0-9._-]{1,253})):(?P<port>[0-9]{1,5})")
_PRESET = re.compile(r"[a-z][a-z0-9-]{0,62}")
_SQLITE = "sqlite:///"
_PORT = r"(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

ADDRESS_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^(?:\[[0-9A-Fa-f:.]{{2,45}}\]|[A-Za-z0-9._-]{{1,253}}):{_PORT}$",
    "examples": ["127.0.0.1:8080", "[::1]:8080"],
}
"""What an editor may know of an address."""

SIZE_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": BODY_LIMIT_MIN, "maximum": BODY_LIMIT_MAX},
        {"type": "string", "pattern": f"^{_SIZE.pattern}$"},
    ],
    "examples": ["512KiB", "1MiB", 1_048_576],
}
"""What an editor may know of a size."""

RATE_SCHEMA: Final = {"type": "string", "pattern": f"^{_RATE.pattern}$", "examples": ["10/s", "30/m"]}
"""What an editor may know of a rate."""

TIMEOUT_SCHEMA: Final = {"type": "string", "pattern": f"^{_TIMEOUT.pattern}$", "examples": ["5s", "800ms"]}
"""What an editor may know of how long a look-up may take."""

DATABASE_SCHEMA: Final = {
    "type": "string",
    "pattern": r"^sqlite:///(?!:)[^?\u0000]*[^?/\u0000]$",
    "examples": ["sqlite:///gateway.db"],
}
"""What an editor may know of where the database is."""

POLICY_SCHEMA: Final = {
    "anyOf": [
        {"enum": [f"preset:{name}" for name in PRESETS]},
        {"type": "string", "pattern": r"^(?!preset:)[^\u0000]+$"},
    ],
    "examples": ["policy.yaml", f"preset:{PRESETS[0]}"],
}
"""What an editor may know of where the policy is."""

KEY_FILE_SCHEMA: Final = {"type": "string", "pattern": r"^[^\u0000]+$", "examples": ["gateway.key"]}
"""What an editor may know of where the key is."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. Port 0: any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Preset:
    """A policy that comes with the gateway, by its name."""

    name: str


def parse_address(value: object) -> Address:
    """Read HOST:PORT, a host in IPv6 in brackets."""
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65_535:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return Address(match["six"] or match["host"], int(match["port"]))


def parse_size(value: object) -> int:
    """Read a number of bytes, plain or with B, KiB or MiB."""
    match = _SIZE.fullmatch(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    if match is None:
        raise ValueError("expected a size in bytes, such as 1048576, 512KiB or 1MiB")
    size = int(match[1]) * _UNITS[match[2]]
    if not BODY_LIMIT_MIN <= size <= BODY_LIMIT_MAX:
        raise ValueError("must be from 1KiB to 64MiB")
    return size


def parse_database(value: object) -> str:
    """Read where the database is: the file behind `sqlite:///`."""
    if not isinstance(value, str) or not value.startswith(_SQLITE):
        raise ValueError("only SQLite is supported: write sqlite:///FILE, such as sqlite:///gateway.db")
    name = value.removeprefix(_SQLITE)
    if not name or name.startswith(":") or "?" in name or "\0" in name or name.endswith("/"):
        raise ValueError("names no file: write sqlite:///FILE, such as sqlite:///gateway.db")
    return name


def parse_rate(value: object) -> float:
    """Read how many sends a second: `10/s`, or `30/m` for fewer."""
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    per_s = int(match[1]) / (60 if match[2] == "m" else 1) if match else 0.0
    if not RATE_MIN <= per_s <= RATE_MAX:
        raise ValueError("expected a number of sends a second or a minute, such as 10/s or 30/m, from 1/m to 10000/s")
    return per_s


def parse_timeout(value: object) -> int:
    """Read how long a look-up may take, `5s` or `800ms`, in milliseconds."""
    match = _TIMEOUT.fullmatch(value) if isinstance(value, str) else None
    milliseconds = int(match[1]) * (1 if match[2] == "ms" else 1_000) if match else 0
    if not TIMEOUT_MIN_MS <= milliseconds <= TIMEOUT_MAX_MS:
        raise ValueError("expected a time with its unit, such as 5s or 800ms, from 100ms to 60s")
    return milliseconds


def parse_policy(value: object) -> Preset | str:
    """Read where the policy is: `preset:NAME`, or a path."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("expected a path, such as policy.yaml, or preset:NAME, such as preset:orion")
    if not value.startswith("preset:"):
        return value
    name = value.removeprefix("preset:")
    if _PRESET.fullmatch(name) is None:
        raise ValueError("a preset's name is lower-case letters, digits and -, such as preset:orion")
    return Preset(name)


def parse_key_file(value: object) -> str:
    """Read where the key is that seals tokens: a path."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("expected a path, such as gateway.key")
    return value


def parse_live_from(value: object) -> int:
    """Read the instant from which a connector's effects go out, in milliseconds since the epoch."""
    if not isinstance(value, str):
        raise ValueError("expected a time in RFC 3339 with a zone, such as 2026-03-02T09:00:00Z")
    return parse_instant(value)
