"""The budget of one vendor account: no more requests than its limits allow, those that are live before a backfill's.

Laws. A limit holds in every window of its length, wherever the window begins. A backfill leaves a share of each limit
to what is live, and never goes while that waits. A vendor that says 429, in whatever words, is left alone by everybody
until the time that it named. Who would have to wait too long is told so at once.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import ceil, inf

from gateway.kernel.lane import Lane
from gateway.kernel.ports import Clock
from gateway.kernel.vendor_errors import OverBudget
from gateway.kernel.vendor_limits import Limit

LIVE_SHARE = 0.3
"""Of each limit so much is kept for what is live; at least one request, where there is more than one."""

PATIENCE_S: Mapping[Lane, float] = {"live": 30.0, "backfill": 1.0}
"""Who would wait longer isn't kept waiting here; a backfill waits where a stop finds it."""

BEHIND_LIVE_S = 0.05
"""A backfill looks again after this long whether what is live has gone."""


@dataclass(slots=True)
class _Window:
    """What was sent under one limit, by the times at which it was; `limit` None: no limit but the vendor's own 429."""

    limit: Limit | None
    sent: deque[float] = field(default_factory=deque)
    closed_until: float = -inf
    past_closed_until: float = -inf

    def concerns(self, path: str) -> bool:
        return self.limit is not None and any(fnmatchcase(path, pattern) for pattern in self.limit.paths)

    def rate(self) -> float:
        return self.limit.requests / self.limit.per_s if self.limit else inf

    def wait_s(self, now: float, lane: Lane) -> float:
        """Seconds until a request may be sent by this lane."""
        past = lane == "backfill"
        closed_s = max(0.0, self.closed_until - now, self.past_closed_until - now if past else 0.0)
        if self.limit is None:
            return closed_s
        while self.sent and self.sent[0] <= now - self.limit.per_s:
            self.sent.popleft()
        room = self.limit.requests
        if past and room > 1:
            room = max(1, room - ceil(room * LIVE_SHARE))
        if len(self.sent) < room:
            return closed_s
        return max(closed_s, self.sent[len(self.sent) - room] + self.limit.per_s - now)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How one limit stands: of `requests` in any `per_s` seconds `left` may still be sent now. The next one may go in
    `next_s`, and in `full_s` all of them, if nothing is sent meanwhile. `closed`: the vendor itself said to wait."""

    name: str
    requests: int
    per_s: float
    left: int
    next_s: float
    full_s: float
    closed: bool


class Budget:
    """What may still be sent to one account, within its `limits`."""

    def __init__(self, limits: Sequence[Limit], clock: Clock) -> None:
        self._windows = [_Window(limit) for limit in limits]
        self._rest = _Window(None)
        self._clock = clock
        self._live_waiting = 0

    async def spend(self, path: str, lane: Lane) -> None:
        """Come back when a request to `path` may be sent; it is counted as sent now.

        Raises OverBudget if that is further away than the lane's PATIENCE_S.
        """
        deadline = self._clock.monotonic() + PATIENCE_S[lane]
        live = lane == "live"
        self._live_waiting += live
        try:
            while (wait_s := self._wait_s(path, lane)) > 0:
                if self._clock.monotonic() + wait_s > deadline:
                    raise OverBudget(f"{path}: the account's budget is spent", retry_after_s=wait_s)
                await self._clock.sleep(wait_s)
        finally:
            self._live_waiting -= live
        self.count(path)

    def count(self, path: str) -> None:
        """Note a request that is sent now."""
        now = self._clock.monotonic()
        for window in self._of(path):
            if window.limit is not None:
                window.sent.append(now)

    def close(self, path: str, seconds: float, *, past_only: bool = False) -> None:
        """The vendor said that its budget for `path` is spent: nobody asks there for so long, or no backfill does.

        It holds for the narrowest limit of the path: a spent export says nothing about the rest of the account.
        """
        narrowest = min(self._of(path), key=_Window.rate)
        until = self._clock.monotonic() + seconds
        if past_only:
            narrowest.past_closed_until = max(narrowest.past_closed_until, until)
        else:
            narrowest.closed_until = max(narrowest.closed_until, until)

    def per_s(self, path: str) -> float | None:
        """The seconds over which the narrowest limit of a path counts: after so long it has room again. None without a
        limit."""
        limit = min(self._of(path), key=_Window.rate).limit
        return None if limit is None else limit.per_s

    def left(self) -> dict[str, int]:
        """How many requests each limit still allows now."""
        now = self._clock.monotonic()
        return {
            window.limit.name: window.limit.requests - sum(at > now - window.limit.per_s for at in window.sent)
            for window in self._windows
            if window.limit is not None
        }

    def allowances(self) -> tuple[Allowance, ...]:
        """How each limit stands now, for what is live."""
        now = self._clock.monotonic()
        found = []
        for window in self._windows:
            if window.limit is None:
                continue
            next_s, closed_s = window.wait_s(now, "live"), max(0.0, window.closed_until - now)
            last_s = window.sent[-1] + window.limit.per_s - now if window.sent else 0.0
            left = window.limit.requests - len(window.sent)
            found.append(
                Allowance(
                    name=window.limit.name,
                    requests=window.limit.requests,
                    per_s=window.limit.per_s,
                    left=0 if closed_s else max(0, left),
                    next_s=next_s,
                    full_s=max(last_s, closed_s, 0.0),
                    closed=closed_s > 0,
                )
            )
        return tuple(found)

    def _of(self, path: str) -> list[_Window]:
        return [window for window in self._windows if window.concerns(path)] or [self._rest]

    def _wait_s(self, path: str, lane: Lane) -> float:
        now = self._clock.monotonic()
        wait_s = max(window.wait_s(now, lane) for window in self._of(path))
        return max(wait_s, BEHIND_LIVE_S) if lane == "backfill" and self._live_waiting else wait_s
