"""Instants: whole milliseconds since 1970-01-01T00:00:00Z, and their one text form (RFC 3339, UTC, `Z`).

Inside the rules an instant is a plain `int`; `Instant` marks the fields that are text on the wire.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

SECONDS_KEPT = 1_024
"""So many texts of whole seconds are remembered: what happens at one time is written many times."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Instant(int):
    """Milliseconds since the epoch, written as RFC 3339 text wherever a value leaves the process."""

    __slots__ = ()


EARLIEST = Instant(946_684_800_000)
"""2000-01-01T00:00:00Z: an event that claims to be older is refused as a vendor's mistake."""


LATEST = Instant(253_402_300_799_999)
"""9999-12-31T23:59:59.999Z: the last instant that has a text form."""


def parse_instant(text: str) -> Instant:
    """Read RFC 3339 with a zone; what is finer than a millisecond is cut off.

    Raises ValueError for text that is no time, has no zone, or doesn't fit a calendar.
    """
    if "T" not in text and "t" not in text and " " not in text:
        raise ValueError(f"{text!r} is not a time in RFC 3339, such as 2026-03-02T09:00:00Z")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"{text!r} is not a time in RFC 3339, such as 2026-03-02T09:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: write Z or an offset such as +01:00")
    try:
        return instant_of(moment.astimezone(UTC))
    except OverflowError:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999 in UTC") from None


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime."""
    return Instant((moment - _EPOCH) // _MILLISECOND)


def datetime_of(instant: int) -> datetime:
    """The aware datetime, in UTC, of an instant."""
    return _EPOCH + instant * _MILLISECOND


def format_instant(instant: int) -> str:
    """RFC 3339 in UTC with `Z`; milliseconds only where they are not zero."""
    second, millisecond = divmod(instant, SECOND_MS)
    whole = _format_second(second)
    return f"{whole}.{millisecond:03d}Z" if millisecond else f"{whole}Z"


def format_known(instant: int | None) -> str | None:
    """The text form of an instant; None where there is none."""
    return None if instant is None else format_instant(instant)


@lru_cache(SECONDS_KEPT)
def _format_second(second: int) -> str:
    return datetime_of(second * SECOND_MS).isoformat()[:19]


def seconds_of(duration_ms: int) -> int | float:
    """A duration in seconds, with a fraction only where it has one."""
    return duration_ms // SECOND_MS if duration_ms % SECOND_MS == 0 else duration_ms / SECOND_MS


def length_words(length_ms: int) -> str:
    """A length of time for people, exact: every unit that it has, and none that is zero."""
    seconds, rest = divmod(max(0, length_ms), SECOND_MS)
    parts = []
    for unit_s, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        number, seconds = divmod(seconds, unit_s)
        if number:
            parts.append(f"{number} {name}")
    if seconds or rest or not parts:
        parts.append(f"{seconds}.{rest:03d} s" if rest else f"{seconds} s")
    return " ".join(parts)
