"""The months by which payouts of one account are one matter."""

from collections.abc import Iterator
from typing import Final

from gateway.plugin import Instant, format_instant

MONTHS: Final = 3
"""A payout that arrives ends failures of its own month and those before it, so many together."""


def month_of(at: int) -> str:
    """The month of an instant in ms, such as 2026-03."""
    return format_instant(Instant(at))[:7]


def months_ended(at: int) -> Iterator[str]:
    """The months whose failed payouts one that was made at `at` may end."""
    year, month = map(int, month_of(at).split("-"))
    for back in range(MONTHS):
        years, rest = divmod(year * 12 + month - 1 - back, 12)
        yield f"{years:04}-{rest + 1:02}"
