"""The instant of a time that a CDR writes: local without a zone, or seconds since the epoch. Pure.

cdr_csv writes `%Y-%m-%d %T`, in the system's zone or with `usegmtime` in UTC; cdr_custom may write a fraction, a zone
behind it, or seconds (cdr_custom.conf: `start(int64)`, `start(double)`, `start(%FT%T%z)`).

Twice a year a local time isn't one instant. Where the clocks go back, an hour comes twice: the uniqueid says which one,
since it begins with the second at which the channel was made; without that the first of the two is taken. Where they
go forward, an hour is skipped: such a time, which only a wrong zone gives, is read as if they hadn't.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from gateway.plugin import HOUR_MS, MINUTE_MS, SECOND_MS
from gateway_telephony_sip.asterisk.lines import UNIQUEID, BadLine, possible

EARLY_MS: Final = 5 * SECOND_MS
"""A CDR may begin so long before the second in its uniqueid, at most: both are the same clock's."""

FAR_MS: Final = 10 * MINUTE_MS
"""So far off, a row's times are in another zone than the settings say, and not just by another clock."""

QUARTER_MS: Final = HOUR_MS // 4
"""Zones differ by quarters of an hour."""

NEAR_MS: Final = 5 * SECOND_MS
"""A call's first row begins so soon after its channel was made."""

_SECONDS = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,9}))?")
_LOCAL = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r"\s?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_NEVER = re.compile(r"[0\-:. T]*")
"""No time: nothing, zero, or a date of zeros as databases write it."""


def instant_in(text: str, zone: tzinfo, place: str, made_at: int | None = None) -> int | None:
    """The instant that a text names, in ms; None for no time. `made_at`: what the uniqueid says. Raises BadLine."""
    if _NEVER.fullmatch(text):
        return None
    if bare := _SECONDS.fullmatch(text):
        return possible(int(bare[1]), bare[2] or "", place)
    found = _LOCAL.fullmatch(text)
    if found is None:
        raise BadLine(place, "not a time such as 2026-03-02 09:00:00")
    try:
        year, month, day, hour, minute, seconds = (int(part) for part in found.groups()[:6])
        moment = datetime(year, month, day, hour, minute, seconds, tzinfo=_zone(found[8]) or zone)
        first, second = (_second(moment.replace(fold=fold)) for fold in (0, 1))
    except (ValueError, OverflowError):
        raise BadLine(place, "no day or time of any calendar") from None
    early, late = sorted((first, second))
    # The second hour is meant where the first would lie before the channel was made.
    fits_late = made_at is not None and early * SECOND_MS < made_at - EARLY_MS <= late * SECOND_MS
    # Of a skipped hour, `first` is the one by the clocks before they went forward.
    return possible(late if fits_late and first == early else first, found[7] or "", place)


def made_at(uniqueid: str) -> int | None:
    """When a channel was made, in ms with whole seconds, as its uniqueid says."""
    found = UNIQUEID.fullmatch(uniqueid)
    return int(found[1]) * SECOND_MS if found else None


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in ("Z", "UTC", "GMT"):
        return UTC
    return datetime.strptime(text.replace(":", ""), "%z").tzinfo


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
