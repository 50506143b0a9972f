"""The lane of one endpoint: what it holds, what is under way, and how much more it may take.

Laws. Nothing that one lane does takes room from another. What a lane holds is leased; what it must not send any more is
given back untried.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from gateway.engine.attempt import Endpoint, Landed
from gateway.kernel.store import Delivery, EndpointState
from gateway.model.judgement import OperatorType
from gateway.rules import breaker, pace
from gateway.rules.breaker import Health
from gateway.rules.pace import Pace

AHEAD = 8
"""A quick receiver's lane holds so many times what may be under way, so that few transactions serve many."""

QUICK_MS = 250
"""A receiver that answers within this time is quick."""

UNCONFIGURED_ROOM = 100
"""Deliveries to an endpoint that isn't configured any more are given up so many at a time."""


@dataclass(slots=True)
class Lane:
    """One endpoint at work; `endpoint` is None for one that the configuration doesn't have. `share`: how many may be
    under way at most."""

    state: EndpointState
    endpoint: Endpoint | None
    share: int
    waiting: deque[Delivery] = field(default_factory=deque)
    flying: dict[int, Delivery] = field(default_factory=dict)
    landed: list[Landed] = field(default_factory=list)
    settling: list[Landed] = field(default_factory=list)
    """What has landed and is being written; `health` and `changes` follow from it."""

    changes: list["Change"] = field(default_factory=list)
    workers: int = 0
    held_up: bool = False
    """What has landed may forbid to go on: nothing more is sent before it is written."""

    failures: int = 0
    """Failures in a row, those that are not written yet included."""

    quick: bool = False
    hastening: bool = False
    """Its breaker has closed, and not all that failed there is due yet."""

    pace: Pace | None = None
    _ahead: Health | None = None

    def __post_init__(self) -> None:
        self.failures = self.state.health.failures
        if self.endpoint is not None and self.endpoint.rate is not None:
            self.pace = Pace(self.endpoint.rate)

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self.state.name

    @property
    def health(self) -> Health:
        """How the endpoint stands, what is being written included."""
        return self.state.health if self._ahead is None else self._ahead

    def allowed(self, now: int) -> int:
        """How many may be under way now."""
        return self.share if self.endpoint is None else breaker.room(self.health, self.share, now)

    def probing(self, now: int) -> bool:
        """Whether what goes out now is a probe."""
        return self.endpoint is not None and breaker.probing(self.health, now)

    def room(self, now: int) -> int:
        """How many more it may take now."""
        allowed = self.allowed(now)
        ahead = self.quick and self.pace is None and self.health.ramp is None and not self.probing(now)
        room = allowed * (AHEAD if ahead else 1) - len(self.waiting) - len(self.flying) - len(self.landed)
        return max(0, room if self.pace is None else min(room, pace.allowed(self.pace, now)))

    def take(self, claimed: Iterable[Delivery], now: int) -> None:
        """Hold what was claimed for it. Where a clock has jumped, or the disk was full, that may be what it holds
        already: then the new claim takes the place of the old one, and nothing goes twice."""
        before = len(self.waiting)
        waiting = {held.id: place for place, held in enumerate(self.waiting)}
        landed = {one.outcome.delivery: place for place, one in enumerate(self.landed)}
        for delivery in claimed:
            if delivery.id in self.flying:
                self.flying[delivery.id] = delivery
            elif delivery.id in landed:
                place = landed[delivery.id]
                self.landed[place] = self.landed[place].under(delivery.attempt)
            elif delivery.id in waiting:
                self.waiting[waiting[delivery.id]] = delivery
            else:
                self.waiting.append(delivery)
        if self.pace is not None:
            self.pace = pace.spent(self.pace, len(self.waiting) - before, now)

    def land(self, landed: Landed, attempt: int) -> None:
        """Take what came of a try; `attempt` is the claim under which it is held now."""
        self.landed.append(landed.under(attempt))
        self.failures = self.failures + 1 if landed.answer == "failed" else 0
        tripped = self.failures >= breaker.FAILURES_MAX and self.health.open_until is None
        self.held_up |= tripped or landed.answer == "gone" or landed.pause_ms is not None
        self.quick = landed.answer == "delivered" and landed.outcome.duration_ms < QUICK_MS

    def begin_settling(self) -> bool:
        """Take up what has landed to be written; whether there is anything."""
        if not self.landed:
            return False
        self.settling, self.landed = self.landed, []
        self._ahead, self.changes = judged(self.state, self.settling)
        return True

    def closes(self) -> bool:
        """Whether what is being written closes the breaker."""
        return self.state.health.open_until is not None and self.health.open_until is None

    def settled(self) -> None:
        """What was to be written is written."""
        self.hastening |= self.closes()
        if self.health != self.state.health:
            self.state = replace(self.state, health=self.health, version=self.state.version + 1)
        self.failures = self.state.health.failures
        self.held_up = False
        self.settling, self._ahead, self.changes = [], None, []

    def keep(self) -> None:
        """What was to be written could not be: it has only landed."""
        self.landed = [*self.settling, *self.landed]
        self.settling, self._ahead, self.changes = [], None, []

    def held(self) -> list[tuple[int, int]]:
        """What is leased for it and has not landed, as (id, attempt)."""
        return [(one.id, one.attempt) for one in (*self.flying.values(), *self.waiting)]

    def give_back(self) -> list[tuple[int, int]]:
        """Let go of what waits here untried."""
        returned = [(one.id, one.attempt) for one in self.waiting]
        self.waiting.clear()
        return returned


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an endpoint's state that operators are told of."""

    type: OperatorType
    endpoint: str
    health: Health
    at: int


def judged(state: EndpointState, landed: Iterable[Landed]) -> tuple[Health, list[Change]]:
    """How an endpoint stands after what has landed, in order, and what operators are told of it."""
    health, changes = state.health, []
    for one in landed:
        if one.answer is not None:
            step = breaker.after_answer(health, one.answer, one.outcome.at, one.pause_ms)
            health = step.health
            if step.told is not None:
                changes.append(Change(step.told, state.name, health, one.outcome.at))
    return health, changes
