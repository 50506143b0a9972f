"""When what failed is tried again: deliveries by the schedule of Standard Webhooks, all else after growing waits.

Ten tries over 75 hours and 35 minutes. An answer that is no 2xx is a failure, a redirect too. `Retry-After` can only
make the wait longer.
"""

from dataclasses import dataclass
from typing import Final

SCHEDULE_S: Final = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before the first try and between one try and the next (specification of Standard Webhooks, section on
deliveries)."""

RETRY_AFTER_MAX_S: Final = 86_400
JITTER: Final = 0.2
"""The share by which a wait may be longer, so that what failed together isn't tried together."""

GONE: Final = 410

DOUBLINGS_MAX: Final = 64
"""Longer than anybody waits; more would be no number any more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery after a try: done, dead, or again after `wait_ms`."""

    delivered: bool
    wait_ms: int | None = None

    @property
    def dead(self) -> bool:
        """Neither delivered nor tried again."""
        return not self.delivered and self.wait_ms is None


def growing_wait(first: float, longest: float, failures: int) -> float:
    """How long to wait after so many failures in a row, from 1: twice as long each time, up to `longest`."""
    return min(longest, first * 2.0 ** min(failures - 1, DOUBLINGS_MAX))


def after_try(attempt: int, status: int | None, retry_after_s: float | None, chance: float) -> Verdict:
    """What follows from a delivery's try number `attempt`, from 1. `status` None: no answer. `chance`: 0 to 1."""
    if status is not None and 200 <= status < 300:
        return Verdict(delivered=True)
    if attempt >= len(SCHEDULE_S) or status == GONE:
        return Verdict(delivered=False)
    wait_s = SCHEDULE_S[attempt] * (1 + JITTER * chance)
    if retry_after_s is not None:
        wait_s = max(wait_s, min(retry_after_s, RETRY_AFTER_MAX_S))
    return Verdict(delivered=False, wait_ms=round(wait_s * 1000))


def retry_after(header: str | None) -> float | None:
    """The seconds of a `Retry-After` header; None where there is none that can be read as seconds."""
    if header is None or not header.strip().isascii() or not header.strip().isdigit() or len(header) > 12:
        return None
    return float(header.strip())
