"""What is counted of outcomes, so that the counts of batches can be added in any order.

A count's key is a tuple that begins with a word: `breach`, `warning`, `raised`, `step`, `reminder`, `role`, `notice`,
`suppressed`, `request`, `hit`, `failed`, `load`, `arrival`, `contact`. Loads are kept as the changes from hour to hour.
"""

from collections import Counter
from typing import Final

from gateway.model.instant import HOUR_MS
from gateway.policy.whatif.outcome import Outcome, Stay, Window
from gateway.rules.announce import suppressed

Sums = Counter[tuple[str | int, ...]]
"""How often what was seen."""

REQUESTS: Final = ("enrichment.requested", "action.requested")


def add(sums: Sums, outcome: Outcome, window: Window, live_from: int) -> None:
    """Count one contact's outcome."""
    breached = False
    for following in outcome.implied:
        type, rule = following.type, following.rule
        if type in REQUESTS:
            sums["request", type] += 1
        else:
            sums["suppressed" if suppressed(following, live_from) else "notice", type] += 1
        if type == "sla.breached":
            breached = True
            sums["breach", rule] += 1
        elif type == "sla.warned":
            sums["warning", rule] += 1
        elif type in ("escalation.raised", "escalation.stepped"):
            chain, step = following.detail["chain"], following.detail["step"]
            if type == "escalation.raised":
                sums["raised", rule, chain] += 1
            if step:
                sums["reminder" if following.detail.get("reminder") else "step", chain, step] += 1
            for role in following.roles:
                sums["role", chain, role] += 1
    sums["contact", "breached"] += breached
    for section, name, step in outcome.hits:
        if name:
            sums["hit", section, name, step] += 1
    for rule in outcome.state.failures:
        sums["failed", rule] += 1
    for stay in outcome.stays:
        _add_stay(sums, stay, window)


def first_hour(window: Window) -> int:
    """The first full hour of the window, counted from the epoch."""
    return -(-window.since // HOUR_MS)


def hours(window: Window) -> int:
    """How many full hours lie in the window."""
    return max(0, -(-window.until // HOUR_MS) - first_hour(window))


def slots(window: Window) -> range:
    """The hours in which something may arrive: also the one that the window begins in the middle of."""
    return range(window.since // HOUR_MS, -(-window.until // HOUR_MS))


def _add_stay(sums: Sums, stay: Stay, window: Window) -> None:
    """It waits at each full hour in `[start, end)`."""
    first, last = -(-stay.start // HOUR_MS), -(-stay.end // HOUR_MS)
    if last > first:
        sums["load", stay.queue, first] += 1
        sums["load", stay.queue, last] -= 1
    if stay.entered:
        sums["arrival", stay.queue, stay.start // HOUR_MS] += 1


def series(sums: Sums, word: str, queue: str, window: Window) -> list[int]:
    """Loads at each full hour of the window, or arrivals in each of its hours."""
    if word == "arrival":
        return [sums.get((word, queue, hour), 0) for hour in slots(window)]
    waiting, found = 0, []
    for hour in range(first_hour(window), first_hour(window) + hours(window)):
        waiting += sums.get((word, queue, hour), 0)
        found.append(waiting)
    return found
