"""What is seen of a run from outside: what senders told, what endpoints heard, and what was done to the gateway.

All instants are true milliseconds since the epoch, never those of a process's clock, unless it says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """One event that a sender means to tell."""

    sender: str
    event: dict[str, Any]
    first_sent_at: int | None = None
    acked_at: int | None = None
    """When a sender saw a 2xx for a request that held it."""

    received_at: int | None = None
    """When the gateway took up the first acknowledged request, by the gateway's clock."""

    given_up: bool = False
    """The sender will not try again, and was never answered."""


@dataclass
class Heard:
    """One request as an endpoint got it."""

    at: int
    endpoint: str
    id: str
    headers: Mapping[str, str]
    body: bytes
    proved: bool
    """Whether its signature holds."""

    status: int | None
    """What it answered; None: no answer went out."""

    reply_lost: bool
    """Whether the answer never arrived, or too late."""


@dataclass
class Fault:
    """Something that was done to the gateway."""

    at: int
    kind: str
    detail: str = ""


@dataclass
class Witness:
    """All of it. `told` is by sender and event id."""

    told: dict[tuple[str, str], Told] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
