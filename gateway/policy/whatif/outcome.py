"""What policies make of one contact within a window of time: what followed, which rules took effect, where it waited.

Laws. A contact is judged from its whole history to the end of the window; only what lies in the window is told. It is
in the window if it was not ended at some instant of it, or if something happened to it then: so whether it is there
follows from the events alone, whatever judges them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.model.event import Event
from gateway.model.judgement import Clock, Escalation, Implied, Route, State
from gateway.model.words import ENDED
from gateway.policy.rehearsal.coverage import Key, said_hits, standing_hits
from gateway.rules import clocks
from gateway.rules.advance import Judged, Sourced, advance
from gateway.rules.draft import Draft
from gateway.rules.policy import Policy
from gateway.rules.timeline import InForce, Timeline


@dataclass(frozen=True, slots=True)
class Window:
    """The time `[since, until)` that is looked at, in milliseconds."""

    since: int
    until: int

    def has(self, instant: int) -> bool:
        """Whether an instant lies in it."""
        return self.since <= instant < self.until


@dataclass(frozen=True, slots=True)
class Stay:
    """A stretch in which a contact that isn't ended waited in a queue. `entered`: it came into the queue then."""

    queue: str
    start: int
    end: int
    entered: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What policies make of a contact within the window; `clocks` and `escalations` are those that were not over before
    it, as they are at its end.

    `severity` and `route` are those with which it ended, or those at the end of the window. `policy` judged last,
    `state` is what it left, `failures` are rules whose condition could not be evaluated.
    """

    policy: Policy
    state: State
    severity: int
    route: Route | None
    clocks: tuple[Clock, ...]
    escalations: tuple[Escalation, ...]
    implied: tuple[Implied, ...]
    hits: frozenset[Key]
    stays: tuple[Stay, ...]

    def due_at(self, clock: Clock) -> int | None:
        """The deadline that people would be told of a clock."""
        return clocks.due_to_show(clock, self.policy.sla_by_id.get(clock.rule))


@dataclass(frozen=True, slots=True)
class Assessed:
    """A contact's outcome, None if it isn't in the window; `agrees` where it was compared with what was stored."""

    outcome: Outcome | None
    agrees: bool = True


@dataclass(frozen=True, slots=True)
class _Point:
    """A contact as it stands from `at` on, until the next point."""

    at: int
    severity: int
    severity_rule: str
    route: Route | None
    clocks: tuple[Clock, ...]
    ended: bool


class _Path:
    """Notes how a contact stands after every instant; of those before the window only the last."""

    def __init__(self, since: int) -> None:
        self._since = since
        self.points: list[_Point] = []

    def __call__(self, draft: Draft, at: int, cause: Event | InForce | None, connector: str = "") -> None:
        """Look on."""
        if cause is not None:
            return
        points = self.points
        if points and (points[-1].at == at or at < self._since):
            points.pop()
        ended = draft.contact.status in ENDED
        points.append(_Point(at, draft.severity, draft.severity_rule, draft.route, tuple(draft.clocks), ended))


def assess(events: Sequence[Sourced], policies: Timeline, window: Window, *, stored: State | None = None) -> Assessed:
    """Judge a contact, whose events are in order, as far as the end of the window; with `stored`, also whether that is
    what the same events and time imply."""
    path = _Path(window.since)
    until = window.until - 1
    if stored is None or stored.as_of > until:
        judged = _go_on(None, events, policies, until, path)
        agrees = stored is None or _is_stored(_go_on(judged, events, policies, stored.as_of, None), stored)
    else:
        first = _go_on(None, events, policies, stored.as_of, path)
        agrees = _is_stored(first, stored)
        judged = _go_on(first, events, policies, until, path)
    if judged.state is None or not _is_in(path.points, events, window):
        return Assessed(None, agrees)
    return Assessed(_outcome(judged, judged.state, path.points, policies, window), agrees)


def _go_on(
    before: Judged | None, events: Sequence[Sourced], policies: Timeline, until: int, path: _Path | None
) -> Judged:
    """Judge on to an instant."""
    state = None if before is None else before.state
    reached = -1 if state is None else state.as_of
    next_ = [
        sourced for sourced in events if sourced.event.at <= until and (state is None or sourced.event.at > reached)
    ]
    judged = advance(state, next_, policies, until, path)
    if before is None:
        return judged
    return Judged(judged.state, before.implied + judged.implied, (), before.retired + judged.retired)


def _is_stored(judged: Judged, stored: State) -> bool:
    """Whether it is what was stored; how far checkpoints and waiting events had come is nobody's judgement."""
    if judged.state is None:
        return False
    return replace(judged.state, kept_at_event=0, future=()) == replace(stored, kept_at_event=0, future=())


def _is_in(points: Sequence[_Point], events: Sequence[Sourced], window: Window) -> bool:
    lasting = (not point.ended for point, end in _lasting(points, window) if end > window.since)
    return any(lasting) or any(window.has(sourced.event.at) for sourced in events)


def _lasting(points: Sequence[_Point], window: Window) -> Iterator[tuple[_Point, int]]:
    """Each point with the instant up to which it lasts."""
    for place, point in enumerate(points):
        yield point, points[place + 1].at if place + 1 < len(points) else window.until


def _outcome(judged: Judged, state: State, points: Sequence[_Point], policies: Timeline, window: Window) -> Outcome:
    implied = tuple([following for following in judged.implied if window.has(following.at)])
    hits = said_hits(implied)
    shown = points[-1]
    for point, end in _lasting(points, window):
        if end > window.since:
            hits |= standing_hits(point.severity_rule, point.route, point.clocks)
            if not point.ended:
                shown = point
    things = (*judged.retired, *state.clocks, *state.escalations)
    return Outcome(
        policy=policies.at(state.policy_since).policy,
        state=state,
        severity=shown.severity,
        route=shown.route,
        clocks=tuple([one for one in things if isinstance(one, Clock) and one.instance and _lives(one, window.since)]),
        escalations=tuple(
            [one for one in things if isinstance(one, Escalation) and (one.resolved_at or window.since) >= window.since]
        ),
        implied=implied,
        hits=frozenset(hits),
        stays=tuple(_stays(points, window)),
    )


def _lives(clock: Clock, since: int) -> bool:
    """Whether a clock's end, or its breach, isn't of before."""
    ends = [at for at in (clock.cancelled_at, clock.met_at, clock.breached_at) if at is not None]
    over = clock.cancelled_at is not None or clock.met_at is not None
    return not over or max(ends) >= since


def _stays(points: Sequence[_Point], window: Window) -> Iterator[Stay]:
    """Where it waited in the window, stretch by stretch."""
    queue, start = "", 0
    for point in points:
        there = "" if point.ended or point.route is None else point.route.queue
        if there != queue:
            if queue and point.at > window.since:
                yield Stay(queue, max(start, window.since), point.at, start >= window.since)
            queue, start = there, point.at
    if queue:
        yield Stay(queue, max(start, window.since), window.until, start >= window.since)
