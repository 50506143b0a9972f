"""The few queries that readers of cases ask, read into places of the rows in the order of SystemModstamp and Id. Pure.

Laws. Only conditions on that order are known, and whether a case is deleted; anything else is refused, never guessed.
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.sync.salesforce.cases import COLUMNS, RELATED, id18, number_of

_QUERY = re.compile(
    r"SELECT\s+(?P<columns>[\w., ]+?)\s+FROM\s+Case"
    r"(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER BY\s+SystemModstamp(?:\s+ASC)?(?:,\s*Id(?:\s+ASC)?)?)?"
    r"(?:\s+LIMIT\s+(?P<limit>\d+))?\s*"
)
_BEHIND = re.compile(r"\(\(SystemModstamp = (\S+) AND Id > '([0-9A-Za-z]{18})'\) OR SystemModstamp > \1\)")
_STAMP = re.compile(r"SystemModstamp\s*(>=|>|<=|<)\s*(\S+)")
_DELETED = re.compile(r"IsDeleted\s*=\s*(true|false)")


class Unknown(Exception):
    """A query that is not of this kind."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which columns of which rows: from the place `first` to before `behind`."""

    columns: tuple[str, ...]
    first: int
    behind: int


def read(text: str, stamps: Sequence[int]) -> Query:
    """What a query means, where the rows have these stamps, in seconds. Raises Unknown."""
    found = _QUERY.fullmatch(text)
    if found is None:
        raise Unknown(text)
    columns = tuple(one.strip() for one in found["columns"].split(","))
    for one in columns:
        if one not in COLUMNS["Case"] and one not in RELATED:
            raise Unknown(f"the column {one}")
    first, behind = 0, len(stamps)
    for condition in _conditions(found["where"] or ""):
        low, high = _range(condition, stamps)
        first, behind = max(first, low), min(behind, high)
    if found["limit"] is not None:
        behind = min(behind, first + int(found["limit"]))
    return Query(columns, first, max(first, behind))


def _conditions(where: str) -> list[str]:
    """What all has to be true; the only one with an `OR` in it stands at the beginning."""
    begins = _BEHIND.match(where)
    rest = where if begins is None else where[begins.end() :]
    return ([] if begins is None else [begins[0]]) + [one.strip() for one in rest.split(" AND ") if one.strip()]


def _range(condition: str, stamps: Sequence[int]) -> tuple[int, int]:
    """The places for which a condition is true."""
    if found := _BEHIND.fullmatch(condition):
        at, number = _seconds(found[1]), number_of(found[2])
        if found[2] != id18("500", number):
            raise Unknown(f"the id {found[2]}")
        same = bisect.bisect_left(stamps, at), bisect.bisect_right(stamps, at)
        return min(max(number, same[0]), same[1]), len(stamps)
    if found := _STAMP.fullmatch(condition):
        at = _seconds(found[2])
        side = bisect.bisect_left if found[1] in (">=", "<") else bisect.bisect_right
        place = side(stamps, at)
        return (place, len(stamps)) if found[1].startswith(">") else (0, place)
    if found := _DELETED.fullmatch(condition):
        return (0, 0) if found[1] == "true" else (0, len(stamps))
    raise Unknown(f"the condition {condition}")


def _seconds(literal: str) -> float:
    try:
        return datetime.fromisoformat(literal).timestamp()
    except ValueError:
        raise Unknown(f"the instant {literal}") from None
