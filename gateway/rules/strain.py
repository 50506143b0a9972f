"""How a vendor bears our requests, and when it is left alone: a breaker, as a value.

Several failures in a row that are the vendor's (no answer, 5xx, 429) open it; then one request after a growing wait
shows whether the vendor is back. A `Retry-After` is kept at once, within bounds.
"""

from dataclasses import dataclass
from typing import Final

from gateway.rules.retry import growing_wait

FAILURES_MAX: Final = 5
"""So many failures in a row, and the vendor is left alone."""

ALONE_FIRST_MS: Final = 15_000
ALONE_MAX_MS: Final = 300_000
ASKED_MAX_S: Final = 86_400.0
"""The longest `Retry-After` that is kept, in seconds."""

JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Strain:
    """Failures in a row, and the instant until which the vendor is left alone: 0 while it is not."""

    failures: int = 0
    alone_until: int = 0


CALM: Final = Strain()
"""A vendor that works."""


def after_failure(strain: Strain, now: int, asked_s: float, chance: float) -> Strain:
    """After one more failure. `asked_s`: what the vendor asked for, as `asked_wait` gives it; `chance`: 0 to 1."""
    asked = now + round(asked_s * 1000) if asked_s else 0
    if now < strain.alone_until:
        # It was on its way when the others failed: it tells nothing new.
        return Strain(strain.failures, max(strain.alone_until, asked))
    failures = strain.failures + 1
    if failures < FAILURES_MAX:
        return Strain(failures, asked)
    wait_ms = growing_wait(ALONE_FIRST_MS, ALONE_MAX_MS, failures - FAILURES_MAX + 1) * (1 + JITTER * chance)
    return Strain(failures, max(now + round(wait_ms), asked))


def room(strain: Strain, now: int, most: int) -> int:
    """How many requests may be under way: none while the vendor is left alone, then one until it works again."""
    if now < strain.alone_until:
        return 0
    return 1 if strain.alone_until else most


def asked_wait(seconds: object) -> float:
    """The seconds that a vendor asked for, within bounds; 0 where it didn't, or where a plugin gives nonsense."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return 0.0
    return float(min(seconds, ASKED_MAX_S)) if seconds > 0 else 0.0
