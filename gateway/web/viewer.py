"""How somebody wants to see the pages: zone, colours and shortcuts, kept in cookies of the browser. Pure.

None of it is secret or opens anything; a cookie that says something else than it may is left aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from gateway.model.instant import MINUTE_MS, SECOND_MS, datetime_of

Theme = Literal["auto", "light", "dark"]

THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
UTC_NAME: Final = "UTC"

THEME_COOKIE: Final = "orion_theme"
ZONE_COOKIE: Final = "orion_zone"
KEYS_COOKIE: Final = "orion_keys"

_OLD = ("Etc/", "SystemV/", "US/", "posix/", "right/")
"""Beginnings of zone names that are second names of others."""

_MINUTE = timedelta(minutes=1)
_ZONES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Viewer:
    """What a viewer chose. `zone` is a name of the time zone database; `keys`: whether single keys are shortcuts."""

    zone: str = UTC_NAME
    theme: Theme = "auto"
    keys: bool = True
    zone_chosen: bool = False


def viewer_of(cookies: Mapping[str, str]) -> Viewer:
    """The viewer that a browser's cookies describe."""
    zone, theme = cookies.get(ZONE_COOKIE, ""), cookies.get(THEME_COOKIE, "auto")
    known = zone in zones()
    return Viewer(
        zone=zone if known else UTC_NAME,
        theme=next((word for word in THEMES if word == theme), "auto"),
        keys=cookies.get(KEYS_COOKIE) != "off",
        zone_chosen=known,
    )


@cache
def zones() -> tuple[str, ...]:
    """Every zone that can be chosen, UTC first."""
    named = sorted(name for name in available_timezones() if "/" in name and not name.startswith(_OLD))
    return (UTC_NAME, *named)


def wall_words(at: int, zone: str) -> str:
    """Date and time on a wall of the zone, to the second: `2026-03-02 10:00:00`."""
    return _local(at - at % SECOND_MS, zone)[:19]


def wall_time(at: int, zone: str) -> str:
    """The same without date and seconds: `10:00`."""
    return _local(at - at % MINUTE_MS, zone)[11:16]


def wall_day(at: int, zone: str) -> str:
    """The date alone: `2026-03-02`."""
    return _local(at - at % SECOND_MS, zone)[:10]


def offset_words(at: int, zone: str) -> str:
    """How far a zone's wall is from UTC at an instant: `UTC+1`, `UTC-3:30`, `UTC`."""
    offset = datetime_of(at).astimezone(_zone(zone)).utcoffset() or timedelta()
    minutes = offset // _MINUTE
    if not minutes:
        return UTC_NAME
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02d}' if rest else ''}"


def _local(at: int, zone: str) -> str:
    return datetime_of(at).astimezone(_zone(zone)).isoformat(" ")


@lru_cache(_ZONES_KEPT)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
