"""What a simulated account allows: requests a minute, in all and of its exports, told in Zendesk's kinds of headers."""

from collections import deque
from dataclasses import dataclass, field

from gateway.plugin import MINUTE_MS, SECOND_MS, NowFunction
from gateway_zendesk.simulator.answers import Refusal


@dataclass(slots=True)
class Window:
    """So many requests in any minute; None for any number."""

    per_minute: int | None
    _taken: deque[int] = field(default_factory=deque)

    def take(self, now: int) -> bool:
        """Count a request, if there is room for it."""
        while self._taken and self._taken[0] <= now - MINUTE_MS:
            self._taken.popleft()
        if self.per_minute is not None and len(self._taken) >= self.per_minute:
            return False
        self._taken.append(now)
        return True

    def wait_s(self, now: int) -> int:
        """Seconds until there is room."""
        return max(1, -(-(self._taken[0] + MINUTE_MS - now) // SECOND_MS)) if self._taken else 1

    @property
    def left(self) -> int:
        """How many more there may be."""
        return max(0, (self.per_minute or 0) - len(self._taken))


@dataclass(slots=True)
class Limits:
    """The windows of one account, by the told clock."""

    now: NowFunction
    plan: Window
    export: Window

    def take(self, *, export: bool) -> dict[str, str]:
        """Count a request; the headers that tell what is left. Raises Refusal with 429."""
        now = self.now()
        if not self.plan.take(now):
            raise self._refusal(self.plan, now, "Number of allowed API requests per minute exceeded")
        if export and not self.export.take(now):
            raise self._refusal(self.export, now, "Number of allowed incremental export requests per minute exceeded")
        return self._told(now, export=export)

    def _refusal(self, window: Window, now: int, why: str) -> Refusal:
        headers = {"Retry-After": str(window.wait_s(now)), **self._told(now, export=window is self.export)}
        return Refusal(429, {"error": "APIRateLimitExceeded", "description": why}, headers)

    def _told(self, now: int, *, export: bool) -> dict[str, str]:
        told: dict[str, str] = {}
        if self.plan.per_minute is not None:
            limit, left, reset = str(self.plan.per_minute), str(self.plan.left), str(self.plan.wait_s(now))
            told |= {"X-Rate-Limit": limit, "X-Rate-Limit-Remaining": left}
            told |= {"ratelimit-limit": limit, "ratelimit-remaining": left, "ratelimit-reset": reset}
        if export and self.export.per_minute is not None:
            value = f"total={self.export.per_minute}; remaining={self.export.left}; resets={self.export.wait_s(now)}"
            told |= {"Zendesk-RateLimit-incremental-exports-cursor": value}
        return told
