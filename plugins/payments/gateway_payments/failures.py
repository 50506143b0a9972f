"""Failed payments of one customer: one is a nuisance, some within minutes are trouble, many are somebody trying cards.

Laws. What was reached within a spell of failures stays until the spell is over, by so long a silence as the rules say:
it is told ahead, and newer failures take it back. A payment that fails after that opens the contact again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.plugin import DAY_MS, MINUTE_MS, Priority
from gateway_payments.matter import Failure

DAYS_CHAINED: Final = 60
"""Failures of one customer on adjacent days are one matter, but never across a boundary of so many days."""


@dataclass(frozen=True, slots=True)
class FailureRules:
    """From how many failures within `window_ms` on there is a contact, is it high, and urgent; solved after `quiet_ms`
    without any (less than a day)."""

    window_ms: int = 10 * MINUTE_MS
    open_from: int = 1
    high_from: int = 2
    urgent_from: int = 5
    quiet_ms: int = 60 * MINUTE_MS


class Grew(NamedTuple):
    """A spell begins (`first`), or has reached another level: `failed` payments so far."""

    at: int
    first: bool
    priority: Priority
    testing: bool
    failed: int
    failure: Failure


class Ended(NamedTuple):
    """A spell is over, or will be; `failed` payments were in it, and `first` is the id of the first."""

    at: int
    failed: int
    first: str


def days_of(at: int) -> tuple[int, ...]:
    """The days, counted from 1970, under which a failure is known: its own, and the next one where they may chain."""
    day = at // DAY_MS
    return (day,) if (day + 1) % DAYS_CHAINED == 0 else (day, day + 1)


def spells(failures: Iterable[Failure], last_at: int, rules: FailureRules) -> Iterator[Grew | Ended]:
    """What became of these failures, in the order of time. `last_at`: of more failures than are known singly."""
    told: list[Failure] = []
    level = 0
    for failure in sorted(failures):
        if told and failure.at - told[-1].at > rules.quiet_ms:
            if level:
                yield Ended(told[-1].at + rules.quiet_ms, len(told), told[0].id)
            told, level = [], 0
        told.append(failure)
        within = sum(failure.at - one.at <= rules.window_ms for one in told[-rules.urgent_from :])
        reached = sum(within >= least for least in (rules.open_from, rules.high_from, rules.urgent_from))
        if reached > level:
            priority: Priority = "urgent" if reached == 3 else "high" if reached == 2 else "normal"
            yield Grew(failure.at, level == 0, priority, reached == 3, len(told), failure)
            level = reached
    if level:
        yield Ended(max(told[-1].at, last_at) + rules.quiet_ms, len(told), told[0].id)
