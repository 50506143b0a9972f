"""Trace a contact: judge its history from nothing, and keep what each step of the judging changed.

Law. It looks on while `advance` judges, and concludes nothing itself: its last state is that of a replay.
"""

from collections.abc import Iterable
from typing import Final, TypeVar

from gateway.model.event import Event
from gateway.model.judgement import Clock
from gateway.model.words import Metric
from gateway.rules.advance import Sourced, advance, in_order
from gateway.rules.draft import Draft
from gateway.rules.timeline import InForce, Timeline
from gateway.rules.trace.callpath import Called, raised_by
from gateway.rules.trace.causes import DECIDED, ROUTED, TIME, Seen, cause_of, reasons, seen_of, without
from gateway.rules.trace.clockpath import Followed, Step
from gateway.rules.trace.enquiries import as_may_be_shown, enquiries
from gateway.rules.trace.path import Cause, Enquiry, Trace, Turn

EARLIER: Final = 50
"""Clocks, and escalations, that the state no longer carries and that are told all the same: the latest."""

TURNS_MAX: Final = 200
"""Changes of status, severity, route, rules and policies that are told: the first and the last ones."""

ENQUIRIES_MAX: Final = 100
"""Questions to enrichers, and answers, that are told: the first and the last ones."""

_Told = TypeVar("_Told")
_Thing = TypeVar("_Thing", Followed, Called)
_Key = tuple[Metric, str, int, int]


def trace(events: Iterable[Sourced], policies: Timeline, until: int, *, earlier: int | None = EARLIER) -> Trace:
    """The path of a contact through the events up to `until`, in any order, and the time up to it.

    `earlier`: how many clocks, and escalations, that the state no longer carries are told; None: all of them.
    """
    happened = in_order(sourced for sourced in events if sourced.event.at <= until)
    tracing = _Tracing()
    judged = advance(None, happened, policies, until, tracing)
    if judged.state is None:
        return Trace(until, policies.at(until), None)
    clocks_out, gone = _latest(tracing.gone, earlier)
    calls_out, calls_gone = _latest(tracing.calls_gone, earlier)
    followed = sorted([*gone, *tracing.clocks.values()], key=lambda one: one.clock.started_at)
    called = sorted([*calls_gone, *tracing.calls.values()], key=lambda one: one.call.raised_at)
    turns_out, turns = _ends(tracing.turns, TURNS_MAX)
    enquiries_out, asked = _ends(tracing.enquiries, ENQUIRIES_MAX)
    return Trace(
        until=until,
        judge=policies.at(judged.state.policy_since),
        state=judged.state,
        clocks=tuple(one.path(until) for one in followed),
        escalations=tuple(one.path() for one in called),
        turns=turns,
        enquiries=asked,
        implied=judged.implied,
        clocks_left_out=clocks_out,
        escalations_left_out=calls_out,
        turns_left_out=turns_out,
        enquiries_left_out=enquiries_out,
    )


class _Tracing:
    """The witness of a judging."""

    def __init__(self) -> None:
        self.clocks: dict[_Key, Followed] = {}
        self.gone: list[Followed] = []
        self.calls: dict[str, Called] = {}
        self.calls_gone: list[Called] = []
        self.turns: list[Turn] = []
        self.enquiries: list[Enquiry] = []
        self._events: dict[str, Event] = {}
        self._seen: Seen | None = None
        self._heard = 0
        self._last = (0, TIME)

    def __call__(self, draft: Draft, at: int, cause: Event | InForce | None, connector: str = "") -> None:
        """Look at what a step has left."""
        by = cause_of(cause, connector)
        if cause is not None:
            self._last = (at, by)
        before, now = self._seen, self._seen
        if cause is not None:
            now = self._seen = seen_of(draft)
            if not isinstance(cause, InForce):
                self._events.setdefault(cause.id, cause)
        why: dict[str, str] = {}
        status = ""
        if now is not None and now is not before:
            why = reasons(before, now, draft, cause)
            if before is None or before.contact.status != now.contact.status:
                status = now.contact.status
            self._turn(draft, before, now, at, cause, by, why)
        self._follow_clocks(draft, Step(draft, at, cause, by, without(why), status, self._events))
        was = before.contact if before else None
        self.enquiries = as_may_be_shown(self.enquiries, cause)
        self.enquiries += enquiries(draft.implied[self._heard :], cause, was, draft.contact, at, by)
        self._follow_calls(draft, at, cause, by)

    def _follow_clocks(self, draft: Draft, step: Step) -> None:
        present: dict[_Key, Clock] = {}
        for clock in draft.clocks:
            key = (clock.metric, clock.started_by, clock.started_at, 0)
            while key in present:
                key = (*key[:3], key[3] + 1)
            present[key] = clock
        missing = [key for key in self.clocks if key not in present]
        fresh = [key for key in present if key not in self.clocks]
        for key in missing:
            one = self.clocks.pop(key)
            anew = [other for other in fresh if key[0] == other[0] == "speed_of_answer"]
            if anew and not one.clock.over:
                self.clocks[anew[0]] = one
                one.start(present[anew[0]], step)
            elif one.clock.instance:
                self.gone.append(one)
        for key, clock in present.items():
            known = self.clocks.get(key)
            if known is None:
                self.clocks[key] = known = Followed(clock)
                known.start(clock, step)
            elif known.clock is not clock or step.status:
                # A clock that stays as it was may stand still for another reason.
                known.follow(clock, step)

    def _follow_calls(self, draft: Draft, at: int, cause: Event | InForce | None, by: Cause) -> None:
        present = {call.id: call for call in draft.escalations}
        for id in [id for id in self.calls if id not in present]:
            self.calls_gone.append(self.calls.pop(id))
        for id, call in present.items():
            known = self.calls.get(id)
            if known is None:
                self.calls[id] = Called(call, raised_by(call, draft.clocks))
            elif known.call is not call:
                known.follow(call, at, cause, by)
        for said in draft.implied[self._heard :]:
            if said.type.startswith("escalation.") and (called := self.calls.get(said.detail["escalation"])):
                # What is concluded at an instant's end follows from what happened in it.
                called.hear(said, self._last[1] if self._last[0] == at else by)
        self._heard = len(draft.implied)

    def _turn(
        self,
        draft: Draft,
        before: Seen | None,
        now: Seen,
        at: int,
        cause: Event | InForce | None,
        by: Cause,
        why: dict[str, str],
    ) -> None:
        turns = self.turns
        if before is None or isinstance(cause, InForce):
            turns.append(Turn(at, "policy", before.policy if before else "", draft.policy.name, by))
        status = before.contact.status if before else ""
        if status != now.contact.status:
            turns.append(Turn(at, "status", status, now.contact.status, by))
        was = (before.severity, before.severity_rule) if before else None
        if was != (now.severity, now.severity_rule):
            severity, because = str(was[0]) if was else "", without(why, *DECIDED)
            turns.append(Turn(at, "severity", severity, str(now.severity), by, now.severity_rule, because=because))
        route = before.route if before else ("", "")
        if route != now.route:
            because = without(why, *ROUTED)
            turns.append(Turn(at, "route", route[1], now.route[1], by, now.route[0], because=because))
        rules = before.in_force if before else {}
        for metric in dict.fromkeys((*rules, *now.in_force)):
            old, new = rules.get(metric, ""), now.in_force.get(metric, "")
            if old != new:
                turns.append(Turn(at, "rule", old, new, by, new, metric, without(why)))


def _ends(things: list[_Told], most: int) -> tuple[int, tuple[_Told, ...]]:
    """How many are left out in the middle, and the others."""
    if len(things) <= most:
        return 0, tuple(things)
    return len(things) - most, (*things[: most // 2], *things[-most // 2 :])


def _latest(things: list[_Thing], most: int | None) -> tuple[int, list[_Thing]]:
    """How many are left out, and the latest ones."""
    if most is None or len(things) <= most:
        return 0, things
    return len(things) - most, things[len(things) - most :]
