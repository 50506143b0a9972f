"""A vendor's account, as far as a reader can tell: what it answers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. `rows`: how many tickets it has; None for whatever is no page of tickets."""

    body: bytes
    rows: int | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Site(Protocol):
    """An account whose tickets are bytes that lie ready."""

    ticket_bytes: int
    """How long all tickets are as JSON."""

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """What a request is answered with."""
        ...
