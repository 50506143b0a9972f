"""What a simulated account allows: credits a minute in all, and lists of tickets a minute, told in headers.

A request costs a credit, and two more for each thing that it wants included.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from gateway.plugin import MINUTE_MS, SECOND_MS, NowFunction
from gateway_freshdesk.simulator.answers import Refusal

INCLUDED_COSTS: Final = 2


@dataclass(slots=True)
class Window:
    """So many credits in any minute; None for any number."""

    per_minute: int | None
    _taken: deque[tuple[int, int]] = field(default_factory=deque)
    _sum: int = 0

    def room(self, now: int, cost: int) -> bool:
        """Whether so much can be taken."""
        while self._taken and self._taken[0][0] <= now - MINUTE_MS:
            self._sum -= self._taken.popleft()[1]
        return self.per_minute is None or self._sum + cost <= self.per_minute

    def take(self, now: int, cost: int) -> None:
        """Count it."""
        self._taken.append((now, cost))
        self._sum += cost

    def wait_s(self, now: int) -> int:
        """Seconds until something is given back."""
        return max(1, -(-(self._taken[0][0] + MINUTE_MS - now) // SECOND_MS)) if self._taken else 1

    @property
    def left(self) -> int:
        """How much more may be taken."""
        return max(0, (self.per_minute or 0) - self._sum)


@dataclass(slots=True)
class Limits:
    """The windows of one account, by the told clock."""

    now: NowFunction
    account: Window
    lists: Window

    def take(self, *, included: int, lists: bool) -> dict[str, str]:
        """Count a request; the headers that tell what is left. Raises Refusal with 429."""
        now, cost = self.now(), 1 + included * INCLUDED_COSTS
        for window, price in ((self.account, cost), *([(self.lists, 1)] if lists else [])):
            if not window.room(now, price):
                headers = {"Retry-After": str(window.wait_s(now)), **self._told(0)}
                raise Refusal(429, {"message": "You have exceeded the limit of requests per minute"}, headers)
        self.account.take(now, cost)
        if lists:
            self.lists.take(now, 1)
        return self._told(cost)

    def _told(self, cost: int) -> dict[str, str]:
        if self.account.per_minute is None:
            return {}
        return {
            "X-RateLimit-Total": str(self.account.per_minute),
            "X-RateLimit-Remaining": str(self.account.left),
            "X-RateLimit-Used-CurrentRequest": str(cost),
        }
