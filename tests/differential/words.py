"""The small words of a policy as the slow judge understands them: durations, marks, and a few conditions."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
PRIORITIES = {"urgent": 1, "high": 2, "normal": 3, "low": 4}
ENDED = ("solved", "closed")
GONE = ("merged", "deleted")


@dataclass
class Facts:
    """What the conditions read of a contact."""

    kind: str
    status: str = "new"
    priority: str | None = None
    tags: list[str] = field(default_factory=list)
    reopened: int = 0
    severity: int = 3
    queue: str | None = None
    tier: int | None = None
    channel: str = "email"
    deadline: int | None = None


ATOMS: dict[str, Callable[[Facts], bool]] = {
    '"a" in contact.tags': lambda facts: "a" in facts.tags,
    '"b" in contact.tags': lambda facts: "b" in facts.tags,
    'contact.priority == "urgent"': lambda facts: facts.priority == "urgent",
    'contact.priority in ["high", "low"]': lambda facts: facts.priority in ("high", "low"),
    'contact.status == "pending"': lambda facts: facts.status == "pending",
    'contact.status in ["new", "open"]': lambda facts: facts.status in ("new", "open"),
    'contact.status in ["solved", "closed"]': lambda facts: facts.status in ENDED,
    "contact.reopened > 0": lambda facts: facts.reopened > 0,
    "size(contact.tags) == 1": lambda facts: len(facts.tags) == 1,
}
"""Conditions that may stand in every section."""

LATER: dict[str, Callable[[Facts], bool]] = {
    "contact.severity == 1": lambda facts: facts.severity == 1,
    "contact.severity < 3": lambda facts: facts.severity < 3,
}
"""Conditions that read the severity: for routing and what comes after it."""

LAST: dict[str, Callable[[Facts], bool]] = {
    'contact.queue == "second"': lambda facts: facts.queue == "second",
}
"""Conditions that read the route: for `sla` and `escalation`."""


TOLD: dict[str, Callable[[Facts], bool]] = {
    'contact.channel == "chat"': lambda facts: facts.channel == "chat",
    '"fraud" in contact.tags': lambda facts: "fraud" in facts.tags,
    '"vip" in contact.tags': lambda facts: "vip" in facts.tags,
    "contact.severity == 2": lambda facts: facts.severity == 2,
}
"""Conditions of policies that are written by hand: the simulation's."""

KNOWN = {**ATOMS, **LATER, **LAST, **TOLD}


def holds(text: str | None, facts: Facts) -> bool:
    """Whether a condition holds: none, one of the known ones, or some of them joined by one operator."""
    if text is None:
        return True
    if " || " in text:
        return any(holds(part, facts) for part in text.split(" || "))
    if " && " in text:
        return all(holds(part, facts) for part in text.split(" && "))
    if text.startswith("!("):
        return not holds(text[2:-1], facts)
    return KNOWN[text](facts)


@lru_cache(maxsize=4096)
def duration(text: str) -> int:
    """Milliseconds of a duration such as `1h30m`."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", text))


def spelled(length: int) -> str:
    """A duration in whole seconds as the policy language writes it."""
    text = ""
    for unit, size in UNITS.items():
        count, length = divmod(length, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


@lru_cache(maxsize=4096)
def mark(text: str, target: int) -> int:
    """The elapsed time at which a warning is due: a share of the target, a time before it, or a time."""
    if text.endswith("%"):
        return int(target * Fraction(text[:-1]) / 100)
    if text.endswith(" before"):
        return target - duration(text)
    return duration(text)


def first_match(rules: list[dict[str, Any]], facts: Facts) -> dict[str, Any] | None:
    """The first rule whose condition holds."""
    return next((rule for rule in rules if holds(rule.get("when"), facts)), None)
