"""What is seen from outside: what was told and acknowledged, what endpoints heard, what was done to the gateway.

All instants are true ones, in virtual milliseconds since the epoch; only `received_at` is by the gateway's own clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """An event that a sender means to tell, and what became of it."""

    sender: str
    event: dict[str, Any]
    first_sent_at: int | None = None
    acked_at: int | None = None
    """When the sender saw a 2xx to a request that held it."""

    received_at: int | None = None
    """When, by its own clock, the gateway took up the first request that it acknowledged."""

    given_up: bool = False
    """The sender tries no more, and has seen no 2xx."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 4xx but 429 that a sender saw; no true event deserves it. `at`: when; `batch`: its request's id."""

    at: int
    sender: str
    batch: str
    status: int
    body: bytes


@dataclass
class Heard:
    """One request as an endpoint got it. `status`: what it answered, None for nothing at all."""

    at: int
    endpoint: str
    id: str
    headers: Mapping[str, str]
    body: bytes
    proved: bool
    status: int | None
    reply_lost: bool = False
    """The answer never arrived, or too late."""

    asked: str | None = None
    """The `Retry-After` of its answer."""


@dataclass
class Fault:
    """Something that was done to the gateway."""

    at: int
    kind: str
    detail: str = ""


@dataclass
class Witness:
    """Everything that was seen."""

    told: dict[tuple[str, str], Told] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """What the gateway has logged as an error."""

    refused: list[Refusal] = field(default_factory=list)
