"""At most so many sends a second, spread evenly: no second of any beginning has more.

A few may go at once where the rate is high, so that nobody has to be woken for each; what that adds at the edge of a
second is taken off the rate.
"""

import msgspec
from msgspec.structs import replace

AT_ONCE_PART = 50
"""One part in so many of a second's sends may go at once."""


class Pace(msgspec.Struct, frozen=True):
    """How far an endpoint's sends have used up its rate: the next one is due at `next_at`, in ms."""

    per_s: float
    next_at: float = 0.0

    @property
    def at_once(self) -> int:
        """How many may go in one instant."""
        return max(1, int(self.per_s) // AT_ONCE_PART)

    @property
    def interval_ms(self) -> float:
        """Between two sends in the long run."""
        return 1000 / (self.per_s - self.at_once + 1)


def allowed(pace: Pace, now: int) -> int:
    """How many may go now."""
    ahead_ms = (pace.at_once - 1) * pace.interval_ms - max(0.0, pace.next_at - now)
    return 0 if ahead_ms < 0 else min(pace.at_once, int(ahead_ms / pace.interval_ms + 1e-9) + 1)


def spent(pace: Pace, count: int, now: int) -> Pace:
    """The pace after so many have gone now."""
    return replace(pace, next_at=max(pace.next_at, now) + count * pace.interval_ms)


def wait_ms(pace: Pace, now: int) -> float:
    """How long until the next may go."""
    return max(0.0, pace.next_at - (pace.at_once - 1) * pace.interval_ms - now)
