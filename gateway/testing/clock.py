"""The kit's clock: it stands until it is moved, and whoever sleeps moves it. So a day of waiting takes no time."""

from dataclasses import dataclass
from typing import Final

from gateway.kernel.clock import SystemClock
from gateway.model.instant import parse_instant

START: Final = parse_instant("2026-03-02T09:00:00Z")
"""When every story of the kit begins: a Monday, on which no clock changes."""


@dataclass(slots=True)
class StoryClock:
    """Milliseconds since the epoch, as told."""

    at: float = float(START)

    def now(self) -> int:
        """Where it was put."""
        return int(self.at)

    def monotonic(self) -> float:
        """The same, in seconds."""
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once, and others go on."""
        self.pass_(seconds)
        await SystemClock().sleep(0)

    def pass_(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.at += max(seconds, 0.0) * 1000
