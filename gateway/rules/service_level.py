"""What share of contacts met each objective, and the figures of calls: counted from what was judged, one contact after
the other.

Laws. Adding is all there is: the order of contacts changes nothing, and what is kept doesn't grow with them. Every
share and mean can say of how many it was made. Lengths are whole milliseconds until somebody shows them.

The figures of calls, as contact centres define them. *Offered* are the calls of customers. Left out of the denominators
are the short abandoned ones (the connector's tag), since nobody could have answered them, and those that still wait.
Service level: answered within the promise, of what is left; who gives up before the promise is over counts, and not as
met. Abandonment rate: abandoned, of what is left. Speed of answer: the mean wait of the answered. Handle time: the mean
of talk and hold, of the answered calls whose end is known.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from gateway.model.contact import Contact
from gateway.model.judgement import Clock, State
from gateway.model.words import FINAL, Metric
from gateway.rules.policy import Operator, Policy

ANSWERED: Final = "answered"
ABANDONED: Final = "abandoned"
SHORT_ABANDONED: Final = "short_abandoned"
"""Words of a call's field `outcome`, and the tags of calls that were given up."""

BY_EVENTS: Final = "events"
"""What a figure was measured by where the connector doesn't say: the instants of the call's own events."""

_WAYS_MAX: Final = 16
"""Different words for how something was measured that are told apart; further ones are counted as OTHER_WAYS."""

OTHER_WAYS: Final = "other"
_QUEUED: Final = 2
"""A call whose wait counts from its queue; the speed of answer of all others counts from the opening."""

_WORDS_MAX: Final = 100
_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Promise:
    """A rule of the policy as it was when it judged; the same rule with another target is another promise.
    `target_ms` None: each clock had its own."""

    rule: str
    metric: Metric
    target_ms: int | None
    operator: Operator
    calendar: str
    objective: float | None


@dataclass(slots=True)
class Kept:
    """How many contacts met a promise, and how many didn't. `excluded`: it was cancelled before it could be broken.
    `running`: not decided yet."""

    met: int = 0
    missed: int = 0
    excluded: int = 0
    running: int = 0

    @property
    def counted(self) -> int:
        """Contacts of which the share is made."""
        return self.met + self.missed

    @property
    def share(self) -> float | None:
        """The share that met it; None without any."""
        return share(self.met, self.counted)


@dataclass(slots=True)
class Level:
    """Calls under one promise of an answer, or under all together; `within` were answered in time."""

    offered: int = 0
    short_abandoned: int = 0
    waiting: int = 0
    within: int = 0

    @property
    def counted(self) -> int:
        """Calls of which the service level is made."""
        return self.offered - self.short_abandoned - self.waiting

    @property
    def share(self) -> float | None:
        """The service level; None without any call."""
        return share(self.within, self.counted)


@dataclass(slots=True)
class Mean:
    """A mean of lengths, of how many it is made, and by what each was measured; `unknown` were left out."""

    total_ms: int = 0
    count: int = 0
    unknown: int = 0
    measured_by: Counter[str] = field(default_factory=Counter)

    @property
    def mean_ms(self) -> float | None:
        """The mean; None of none."""
        return self.total_ms / self.count if self.count else None

    def add(self, length_ms: int | None, measured_by: str) -> None:
        """One more; None is unknown."""
        if length_ms is None:
            self.unknown += 1
            return
        self.total_ms += length_ms
        self.count += 1
        _count_way(self.measured_by, measured_by)


@dataclass(slots=True)
class Calls:
    """The figures of customers' calls. `other` were neither answered nor given up: busy, declined, failed. Of
    `outbound` calls nothing else is said."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    other: int = 0
    waiting: int = 0
    outbound: int = 0
    speed: Mean = field(default_factory=Mean)
    handle: Mean = field(default_factory=Mean)
    levels: dict[Promise, Level] = field(default_factory=dict)
    measured_by: Counter[str] = field(default_factory=Counter)

    @property
    def counted(self) -> int:
        """Calls of which the rates are made."""
        return self.offered - self.short_abandoned - self.waiting

    @property
    def abandonment(self) -> float | None:
        """The share that gave up; None without any call."""
        return share(self.abandoned, self.counted)

    @property
    def level(self) -> Level:
        """The service level of all calls, each by its own promise."""
        each = self.levels.values()
        return Level(
            sum(one.offered for one in each),
            sum(one.short_abandoned for one in each),
            sum(one.waiting for one in each),
            sum(one.within for one in each),
        )


@dataclass(slots=True)
class ServiceLevel:
    """All figures of the contacts that were added."""

    contacts: int = 0
    promises: dict[Promise, Kept] = field(default_factory=dict)
    """The promises with an objective."""

    calls: Calls = field(default_factory=Calls)

    def add(self, state: State, policy: Policy) -> None:
        """Count one contact; `policy` is the one that judged it last. What was merged into another contact, or was
        deleted, counts nowhere."""
        if state.contact.status in FINAL:
            return
        self.contacts += 1
        by_rule: dict[Promise, list[Clock]] = {}
        for clock in state.clocks:
            promise = promise_of(clock, policy)
            if promise is not None:
                by_rule.setdefault(promise, []).append(clock)
        for promise, clocks in by_rule.items():
            if promise.objective is not None:
                _add_kept(self.promises.setdefault(promise, Kept()), clocks)
        if state.contact.kind == "call":
            _add_call(self.calls, state, by_rule)


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None where there is no whole."""
    return part / whole if whole else None


def holds(reached: float | None, objective: float | None) -> bool | None:
    """Whether a share reaches an objective; None where one of them isn't there. `80%` of 5 is 4, whatever binary
    fractions make of it."""
    if reached is None or objective is None:
        return None
    return round(reached, _DIGITS) >= round(objective, _DIGITS)


def promise_of(clock: Clock, policy: Policy) -> Promise | None:
    """The promise that a clock counted last, or broke; None where no rule counted it, or the policy has lost it."""
    rule = policy.sla_by_id.get(clock.breached_rule or clock.last_rule)
    if rule is None or not clock.instance:
        return None
    return Promise(rule.id, rule.metric, rule.target_ms, rule.operator, rule.calendar.name, rule.objective)


def _add_kept(kept: Kept, clocks: list[Clock]) -> None:
    """One contact: missed where any clock broke, met where one was met and none goes on."""
    states = {clock.state for clock in clocks}
    if "breached" in states:
        kept.missed += 1
    elif "running" in states or "paused" in states:
        kept.running += 1
    elif "met" in states:
        kept.met += 1
    else:
        kept.excluded += 1


def _add_call(calls: Calls, state: State, by_rule: dict[Promise, list[Clock]]) -> None:
    contact = state.contact
    if contact.direction == "outbound":
        calls.outbound += 1
        return
    promise, clock = next(
        ((promise, clocks[-1]) for promise, clocks in by_rule.items() if promise.metric == "speed_of_answer"),
        (None, None),
    )
    became = _became(state, clock)
    calls.offered += 1
    calls.answered += became == "answered"
    calls.abandoned += became == "abandoned"
    calls.short_abandoned += became == "short"
    calls.other += became == "other"
    calls.waiting += became == "waiting"
    measured_by = _measured_by(contact)
    _count_way(calls.measured_by, measured_by)
    if became == "answered":
        wait = _milliseconds(contact, "wait_s")
        if wait is None and clock is not None and clock.met_at is not None:
            since = clock.started_at if state.wait_weight == _QUEUED else contact.opened_at
            calls.speed.add(int(clock.met_at - since), BY_EVENTS)
        else:
            calls.speed.add(wait, measured_by)
        calls.handle.add(_handled(contact), measured_by)
    if promise is not None and clock is not None:
        level = calls.levels.setdefault(promise, Level())
        level.offered += 1
        level.short_abandoned += became == "short"
        level.waiting += became == "waiting"
        level.within += clock.state == "met"


def _became(state: State, clock: Clock | None) -> str:
    """What became of a call: answered, abandoned, short (abandoned), other, or waiting. Who doesn't tell its outcome,
    and ended unanswered, was given up."""
    contact = state.contact
    outcome, tags = contact.fields.get("outcome"), contact.tags
    if clock.met_at is not None if clock is not None else (state.replied or outcome == ANSWERED):
        return "answered"
    if SHORT_ABANDONED in tags:
        return "short"
    if ABANDONED in tags or outcome == ABANDONED:
        return "abandoned"
    if outcome is not None:
        return "other"
    over = contact.ended or (clock is not None and clock.cancelled_at is not None)
    return "abandoned" if over else "waiting"


def _handled(contact: Contact) -> int | None:
    """Handle time as the connector tells it, else talk and hold; None where its end isn't known."""
    whole = _milliseconds(contact, "handle_s")
    if whole is not None:
        return whole
    talk = _milliseconds(contact, "talk_s")
    return None if talk is None else talk + (_milliseconds(contact, "hold_s") or 0)


def _milliseconds(contact: Contact, name: str) -> int | None:
    """A field in seconds as whole milliseconds; None where it isn't a length."""
    value = contact.fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        return None
    return round(value * 1_000)


def _measured_by(contact: Contact) -> str:
    value = contact.fields.get("measured_by")
    return value[:_WORDS_MAX] if isinstance(value, str) and value else BY_EVENTS


def _count_way(ways: Counter[str], way: str) -> None:
    """Count how something was measured: strangers choose the words, so only the first few are told apart."""
    ways[way if way in ways or len(ways) < _WAYS_MAX else OTHER_WAYS] += 1
