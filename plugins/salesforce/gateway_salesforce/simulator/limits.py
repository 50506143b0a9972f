"""What the simulated org allows: so many requests in any twenty-four hours, told in every answer."""

from collections import deque
from dataclasses import dataclass, field

from gateway.plugin import DAY_MS, NowFunction
from gateway_salesforce.simulator.answers import refusal


@dataclass(slots=True)
class Daily:
    """The requests of the last twenty-four hours, by the told clock."""

    now: NowFunction
    most: int
    faults: set[str]
    _taken: deque[int] = field(default_factory=deque)

    @property
    def used(self) -> int:
        """How many there were."""
        while self._taken and self._taken[0] <= self.now() - DAY_MS:
            self._taken.popleft()
        return self.most if "daily_limit" in self.faults else len(self._taken)

    def take(self) -> None:
        """Count a request. Raises Refusal where there is no room for it."""
        if self.used >= self.most:
            raise refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if "concurrent_limit" in self.faults:
            message = "ConcurrentPerOrgLongTxn Limit exceeded."
            raise refusal(403, "REQUEST_LIMIT_EXCEEDED", message)
        self._taken.append(self.now())

    def told(self) -> str:
        """What every answer says of it."""
        return f"api-usage={min(self.used, self.most)}/{self.most}"
