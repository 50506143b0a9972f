"""What a sender tells in one request, made once and sent until it is acknowledged."""

from functools import cached_property
from typing import Any

from tests.acceptance.process import contact_of, now_ms, opening, reply


class Batch:
    """The events of one request: a grave ticket, one that nobody answers, and one that is answered."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def due(self) -> set[str]:
        """The contacts that have to be escalated."""
        return {contact_of(f"{kind}{self.number}") for kind in ("grave", "late")}

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """They happen when they are first sent, and stay the same however often they are sent."""
        at = now_ms()
        return [
            opening(f"grave{self.number}", at, priority="urgent"),
            opening(f"late{self.number}", at),
            opening(f"answered{self.number}", at),
            reply(f"answered{self.number}", at + 1),
        ]
