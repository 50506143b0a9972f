"""What a policy file is made of: the base of its parts, and its single values as pydantic types.

Each type reads what people write, and tells editors what that is. Readers raise ValueError for the file's author.
Law: whatever a reader takes, its JSON Schema takes.
"""

import re
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from gateway.model.instant import parse_instant
from gateway.policy.durations import (
    DURATION_SCHEMA,
    MARK_SCHEMA,
    POSITIVE_SCHEMA,
    SHARE_SCHEMA,
    read_duration,
    read_share,
)
from gateway.rules.calendar import YEAR_MAX, YEAR_MIN, Interval

WHEN_MAX: Final = 10_000
"""Characters of a condition."""

INTERVALS_MAX: Final = 48
"""Of one day."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROUND_THE_CLOCK: Final = "24x7"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_INTERVAL = re.compile(r"([0-9]{2}):([0-9]{2}) ?- ?([0-9]{2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Shape(BaseModel):
    """What every part of the file is: strict, without unknown keys, never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read_days(text: str) -> list[int]:
    """The weekdays that a key of `hours` names, Monday 0: `mon`, `mon-fri`, `sat,sun`, `fri-mon`."""
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip().lower() for word in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError("expected weekdays such as mon, mon-fri or sat,sun")
        start = DAYS.index(first)
        count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        days += [(start + n) % 7 for n in range(count)]
    return days


def read_interval(text: object) -> Interval:
    """Minutes of the day of an interval such as `08:00-12:00`; `24:00` may end one."""
    match = _INTERVAL.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected hours such as 08:00-12:00")
    hour, minute, end_hour, end_minute = (int(part) for part in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= 1440 or end > 1440:
        raise ValueError("no such time of day; hours go from 00:00 to 24:00, and only an end may be 24:00")
    return start, end


def _name(value: object) -> object:
    if isinstance(value, str) and not _NAME.fullmatch(value):
        raise ValueError("a name has letters, digits, '_', '.' and '-', starts with a letter or digit, at most 100")
    return value


def _when(value: object) -> object:
    if value is None:
        raise ValueError("the condition is empty; leave `when` out where the rule always matches")
    return str(value).lower() if isinstance(value, bool) else value


def _positive(value: object) -> int:
    duration = read_duration(value)
    if duration == 0:
        raise ValueError("must be longer than 0s")
    return duration


def _date(value: object) -> object:
    if isinstance(value, str):
        try:
            # Python reads more spellings; a plain date of YAML has this one.
            value = date.fromisoformat(value if _DATE.fullmatch(value) else "")
        except ValueError:
            raise ValueError("expected a date such as 2026-12-24") from None
    if isinstance(value, date) and not YEAR_MIN < value.year < YEAR_MAX:
        raise ValueError(f"the year must lie between {YEAR_MIN + 1} and {YEAR_MAX - 1}")
    return value


def _instant(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("expected a time with its zone, such as 2026-03-02T09:00:00Z")
    return int(parse_instant(value))


def _intervals(value: object) -> object:
    if value == ROUND_THE_CLOCK:
        return ["00:00-24:00"]
    return [value] if isinstance(value, str) else value


def _week(value: object) -> object:
    return {"mon-sun": ROUND_THE_CLOCK} if value == ROUND_THE_CLOCK else value


def _day_key(value: object) -> object:
    if isinstance(value, str):
        read_days(value)
    return value


def _version(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("expected 1")
    return value


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


_ONE_DAY = rf"\s*(?:{'|'.join(map(_any_case, DAYS))})\s*"
_SOME_DAYS = rf"{_ONE_DAY}(?:-{_ONE_DAY})?"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"

NAME_SCHEMA: Final = {"type": "string", "pattern": f"^{_NAME.pattern}$"}
INTERVAL_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^\s*{_TIME} ?- ?(?:{_TIME}|24:00)\s*$",
    "examples": ["08:00-12:00", "18:00-02:00", "00:00-24:00"],
}
DAY_KEY_SCHEMA: Final = {
    "pattern": rf"^{_SOME_DAYS}(?:,{_SOME_DAYS})*$",
    "examples": ["mon-fri", "sat,sun", "fri-mon"],
}
HOURS_SCHEMA: Final = {
    "anyOf": [
        {"const": ROUND_THE_CLOCK},
        INTERVAL_SCHEMA,
        {"type": "array", "items": INTERVAL_SCHEMA, "maxItems": INTERVALS_MAX},
    ]
}
WEEK_SCHEMA: Final = {
    "anyOf": [
        {"const": ROUND_THE_CLOCK},
        {"type": "object", "propertyNames": DAY_KEY_SCHEMA, "additionalProperties": HOURS_SCHEMA},
    ]
}
DATE_SCHEMA: Final = {
    "type": "string",
    "format": "date",
    "pattern": rf"^(?:{'|'.join(str(year // 100) for year in range(YEAR_MIN + 1, YEAR_MAX, 100))})[0-9]{{2}}"
    r"-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
    "examples": ["2026-12-24"],
}
AT_SCHEMA: Final = {
    "type": "string",
    "pattern": r"^[0-9]{4}[0-9Ww-]{3,6}[Tt ][0-9:.,]{2,}(?:[Zz]|[+-][0-9:.,]{2,})$",
    "examples": ["2026-03-02T09:00:00Z", "2026-03-02T10:00:00+01:00"],
}
WHEN_SCHEMA: Final = {
    "anyOf": [{"type": "string", "maxLength": WHEN_MAX}, {"type": "boolean"}],
    "examples": ['contact.channel == "email"', "contact.severity == 1"],
}

Version = Annotated[Literal[1], BeforeValidator(_version)]
Name = Annotated[str, BeforeValidator(_name), WithJsonSchema(NAME_SCHEMA)]
When = Annotated[str | None, BeforeValidator(_when), Field(max_length=WHEN_MAX), WithJsonSchema(WHEN_SCHEMA)]
Duration = Annotated[int, BeforeValidator(read_duration), WithJsonSchema(DURATION_SCHEMA)]
PositiveDuration = Annotated[int, BeforeValidator(_positive), WithJsonSchema(POSITIVE_SCHEMA)]
Share = Annotated[float, BeforeValidator(read_share), WithJsonSchema(SHARE_SCHEMA)]
Date = Annotated[date, BeforeValidator(_date), WithJsonSchema(DATE_SCHEMA)]
At = Annotated[int, BeforeValidator(_instant), WithJsonSchema(AT_SCHEMA)]
Hours = Annotated[
    list[Annotated[Any, BeforeValidator(read_interval)]],
    BeforeValidator(_intervals),
    Field(max_length=INTERVALS_MAX),
    WithJsonSchema(HOURS_SCHEMA),
]
Week = Annotated[
    dict[Annotated[str, BeforeValidator(_day_key)], Hours], BeforeValidator(_week), WithJsonSchema(WEEK_SCHEMA)
]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Mark = Annotated[Label, WithJsonSchema(MARK_SCHEMA)]
