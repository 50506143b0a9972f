"""Words for time and shares in a policy: durations, shares of a hundred, and the marks of a warning.

Durations are `20s`, `90s`, `30m`, `4h`, `3d` (a day is 24 h of clock time), joined from large to small as `1h30m`. All
become whole milliseconds. Readers raise ValueError with a message for the file's author.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from gateway.rules.policy import Mark

DURATION_MAX_MS: Final = 3_650 * DAY_MS
"""Ten years: longer than any promise, short of any overflow."""

_DURATION = re.compile(r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_UNITS = (DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")
_BEFORE = re.compile(r"(\S+) +before")
_WHOLE = rf"(?=[0-9]){_DURATION.pattern}"
_TO_A_HUNDRED = r"(?:100(?:\.0{1,6})?|0?[0-9]{1,2}(?:\.[0-9]{1,6})?) ?%"

DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^\s*{_WHOLE}\s*$",
    "examples": ["20s", "30m", "4h", "3d", "1h30m"],
}
"""What an editor may know of a duration; its upper limit is for the reader alone."""

POSITIVE_SCHEMA: Final = {**DURATION_SCHEMA, "pattern": rf"^(?=.*[1-9])\s*{_WHOLE}\s*$"}
"""The same for one that is longer than nothing."""

SHARE_SCHEMA: Final = {"type": "string", "pattern": rf"^\s*{_TO_A_HUNDRED}\s*$", "examples": ["90%", "99.5%"]}
"""What an editor may know of a share."""

MARK_SCHEMA: Final = {
    "type": "string",
    "maxLength": 100,
    "pattern": rf"^\s*(?:{_TO_A_HUNDRED}|{_WHOLE}(?: +before)?)\s*$",
    "examples": ["50%", "5s before", "24h"],
}
"""What an editor may know of a mark; whether it lies within its target is for the reader."""


class BehindTarget(ValueError):
    """A mark that would come after the breach."""


def read_duration(text: object) -> int:
    """Milliseconds of a duration such as `1h30m`."""
    if not isinstance(text, str):
        raise ValueError("expected a duration with its unit, such as 20s, 30m, 4h, 3d or 1h30m")
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(f"{text[:40]!r} is not a duration; write 20s, 30m, 4h, 3d or 1h30m, the largest unit first")
    duration = sum(int(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
    if duration > DURATION_MAX_MS:
        raise ValueError(f"{text[:40]!r} is longer than 3650d")
    return duration


def read_share(text: object) -> float:
    """A share such as `90%`, as 0 to 1."""
    return float(_share(text))


def read_mark(text: str, target_ms: int | None) -> Mark:
    """When a warning is due: `50%` of the target, `5s before` its end, or `24h` of elapsed time.

    A mark lies within its target: BehindTarget is raised for one that doesn't. Without a target (None) each clock has
    its own, which may be shorter than the mark is long.
    """
    written = text.strip()
    share, elapsed = _parts_of_mark(written)
    mark = Mark(written, elapsed, share)
    if target_ms is None:
        return mark
    reached = mark.reach(target_ms)
    if reached < 0:
        raise ValueError(f"{written!r} lies before the start: it is longer than the target")
    if reached > target_ms:
        raise BehindTarget(f"{written!r} lies behind the target; a warning comes before it")
    return Mark(written, reached)


def _parts_of_mark(written: str) -> tuple[Fraction, int]:
    """The share of the target at which a mark is due, and how long after that."""
    if "%" in written:
        return _share(written), 0
    if before := _BEFORE.fullmatch(written):
        return Fraction(1), -read_duration(before[1])
    if written and _DURATION.fullmatch(written):
        return Fraction(0), read_duration(written)
    raise ValueError(f"{written[:40]!r} is no mark; write 50% (of the target), 5s before (its end) or 24h (elapsed)")


def _share(text: object) -> Fraction:
    match = _PERCENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a share such as 90%")
    share = Fraction(Decimal(match[1])) / 100
    if share > 1:
        raise ValueError("a share is at most 100%")
    return share
