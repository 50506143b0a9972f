"""When what failed is tried again: deliveries by what the answer is about, all else after growing waits.

Laws. A 2xx delivers. 410, no answer, a redirect, 429 and 5xx are about the receiver: the delivery waits, longer each
time, until it is seven days old. Any other 4xx is about this one notice: it is refused three times over ten minutes,
then it is dead; tries that ended otherwise don't count. `Retry-After` can only make a wait longer, within bounds.
"""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

WAITS_MS: Final = (
    5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS,
    8 * HOUR_MS, 12 * HOUR_MS,
)  # fmt: skip
"""How long a delivery waits after its first try, its second and so on; the last one holds for all that follow."""

REFUSED_WAITS_MS: Final = (MINUTE_MS, 9 * MINUTE_MS)
"""How long one waits that the receiver refuses, after the first time and the second; the third time is the last."""

KEPT_MS: Final = 7 * DAY_MS
"""So old a delivery is given up, and so long it is kept after its end."""

JITTER: Final = 0.2
"""The share by which a wait may be longer, so that what failed together isn't tried together."""

GONE: Final = 410
TOO_MANY: Final = 429
UNAVAILABLE: Final = 503

REFUSED: Final = range(400, 500)
NO_REFUSAL: Final = (GONE, TOO_MANY)
"""Statuses by which a receiver refuses a notice, and those among them that are about the receiver itself."""

DOUBLINGS_MAX: Final = 64
"""Longer than anybody waits; more would be no number any more."""

DATE_MAX: Final = 64
"""Characters of a date in a header that are looked at."""

Answer = Literal["delivered", "gone", "failed", "refused"]
"""What an answer says: all is well; never again; something about the receiver; something about this notice."""


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


def answer_of(status: int | None) -> Answer:
    """What a status says; None: no answer came."""
    if status is None:
        return "failed"
    if 200 <= status < 300:
        return "delivered"
    if status == GONE:
        return "gone"
    return "refused" if status in REFUSED and status not in NO_REFUSAL else "failed"


def after_try(
    tries: int, age_ms: int, answer: Answer, asked_ms: int | None, chance: float, *, refusals: int = 0
) -> Verdict:
    """What follows from a delivery's try number `tries`, from 1, of which `refusals` were refused before this one.

    `asked_ms`: its `Retry-After`. `chance`: 0 to 1."""
    if answer == "delivered":
        return Verdict(delivered=True)
    if age_ms >= KEPT_MS or (answer == "refused" and refusals >= len(REFUSED_WAITS_MS)):
        return Verdict(delivered=False)
    first_ms = REFUSED_WAITS_MS[refusals] if answer == "refused" else WAITS_MS[min(tries, len(WAITS_MS)) - 1]
    wait_ms = first_ms * (1 + JITTER * chance)
    if asked_ms is not None and answer == "failed":
        wait_ms = max(wait_ms, min(asked_ms, max(2 * wait_ms, HOUR_MS)))
    return Verdict(delivered=False, wait_ms=round(wait_ms))


def pause_asked(status: int | None, asked_ms: int | None) -> int | None:
    """How long the whole endpoint is to be left alone, in ms, where the receiver asked for it."""
    return asked_ms if status in (TOO_MANY, UNAVAILABLE) else None


def retry_after(header: str | None, now: int) -> int | None:
    """The wait that a `Retry-After` header asks for, in ms; None where it is neither seconds nor a date to come."""
    text = "" if header is None else header.strip()
    if not text or len(text) > DATE_MAX or not text.isascii():
        return None
    if text.isdigit():
        return int(text[:12]) * SECOND_MS if len(text) <= 12 else None
    try:
        date = parsedate_to_datetime(text)
        wait = round((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000) - now
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return wait if wait >= 0 else None
