"""A time as somebody wrote it: the instant, and the offset of the zone in which to tell times back."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, datetime_of, format_instant, parse_instant

_UNITS: Final = (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1))


class Moment(int):
    """Milliseconds since the epoch; `offset` is that of the text, from UTC."""

    offset: timedelta

    def __new__(cls, instant: int, offset: timedelta = timedelta()) -> "Moment":
        """An instant, with the offset in which it is told."""
        made = super().__new__(cls, instant)
        made.offset = offset
        return made


def read_moment(value: object) -> Moment:
    """Read a time with its zone. Raises ValueError for the file's author."""
    if isinstance(value, Moment):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a time with its zone, such as 2026-03-02T09:00:00Z")
    instant = int(parse_instant(value))
    return Moment(instant, datetime.fromisoformat(value.upper()).utcoffset() or timedelta())


def format_moment(instant: int, offset: timedelta) -> str:
    """RFC 3339 in that offset, `Z` for none; milliseconds only where they are not zero."""
    if not offset:
        return format_instant(instant)
    try:
        moment = datetime_of(instant).astimezone(timezone(offset))
    except OverflowError:
        moment = datetime_of(instant).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds" if instant % SECOND_MS else "seconds")


def format_length(length_ms: int) -> str:
    """A length of time as a policy writes it: `29m59s`."""
    words, left = [], abs(length_ms)
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count}{unit}")
    return ("-" if length_ms < 0 else "") + ("".join(words) or "0s")
