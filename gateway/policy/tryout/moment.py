"""An instant as people give it: RFC 3339, or a wall time with the name of a time zone beside it."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from gateway.kernel.problems import did_you_mean
from gateway.model.instant import Instant, instant_of, parse_instant

LATEST_ASKED: Final = instant_of(datetime(2099, 12, 31, tzinfo=UTC))
"""Behind it calendars know nothing."""

LENGTH_MAX: Final = 100


def read_moment(text: str, zone: str = "") -> Instant:
    """The instant that a text names; without a zone of its own it is meant in `zone`, an IANA name, UTC if empty.

    A wall time that doesn't exist moves forward by the gap; of one that occurs twice it is the first. Raises
    ValueError, with words for people.
    """
    if len(text) > LENGTH_MAX:
        raise ValueError("must be a time, such as 2026-03-02T09:00:00Z")
    try:
        wall = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        raise ValueError("must be a time, such as 2026-03-02T09:00 or 2026-03-02T09:00:00+01:00") from None
    if wall.tzinfo is not None:
        return parse_instant(wall.isoformat())
    try:
        # Of a gap both folds are read by what its sides count: by the earlier side's offset the time moves forward.
        return instant_of(wall.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC))
    except OverflowError:
        raise ValueError("lies outside of the years that there are") from None


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name; UTC if empty. Raises ValueError."""
    if not name or name == "UTC":
        return UTC
    try:
        if len(name) > LENGTH_MAX:
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = (zone for zone in available_timezones() if "/" in zone)
        hint = did_you_mean(name, known) or "; write one such as Europe/Berlin"
        raise ValueError(f"there is no such time zone{hint}") from None


def format_in(instant: int, zone: str) -> str:
    """An instant on the clocks of a zone: `Mon 2026-03-02 10:00:00 +01:00`. Raises ValueError for no zone."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=instant)
    local = moment.astimezone(zone_of(zone))
    return f"{local:%a %Y-%m-%d %H:%M:%S} {local.isoformat()[-6:]}"
