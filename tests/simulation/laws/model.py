"""What must have become of a contact: the slow judge of `tests/differential`, led from one instant that matters to
the next, under policies that follow each other.

Laws. It shares no code with the rules: wall times are looked up quarter by quarter, deadlines are reached by letting
time pass. Nothing falls between two steps: a step ends where anything may become due, where a calendar opens or
closes, where an event happens or a policy comes.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from gateway.kernel.store import ContactRow
from gateway.model.judgement import Clock, State
from tests.differential.answers import answer
from tests.differential.judge import Judge
from tests.differential.walls import CELL, DAY, Opening

Content = dict[str, Any]
Names = Mapping[str, tuple[str, int, int]]
"""What each id of an escalation means: its rule, the instant of its raising, its number among those."""

FAR_DAYS = 9
"""So many days round the story are known: no promise of the policies reaches further."""


def instant(text: str) -> int:
    """Milliseconds since the epoch of a time in RFC 3339."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


@dataclass(frozen=True)
class Expected:
    """What a contact must be at an instant. `view` is None while its opening is not known."""

    view: Content | None
    said: list[tuple[int, str, str]]
    """What must have been announced and stand, as (instant, type, rule), sorted."""

    next_due: int | None
    """The next instant at which anything changes of itself; None: nothing in the days that are known."""


class Model:
    """Judges contacts whose story lies between two instants. `policies` are (instant, policy), the earliest first; the
    first of them has always been in force."""

    def __init__(self, policies: Sequence[tuple[int, Content]], start: int, end: int) -> None:
        self.policies = sorted(policies, key=lambda entry: entry[0])
        calendars = {name: shape for _, policy in self.policies for name, shape in policy["calendars"].items()}
        first = start - start % DAY - FAR_DAYS * DAY
        self.opening = Opening(calendars, first, end - end % DAY + FAR_DAYS * DAY)
        self.edges = self._edges(list(calendars))

    def _edges(self, names: Sequence[str]) -> list[int]:
        columns = list(zip(*(self.opening.quarters(name) for name in names), strict=True))
        changes = (number for number, (one, other) in enumerate(pairwise(columns), 1) if one != other)
        return [self.opening.start + number * CELL for number in changes]

    def expect(
        self,
        events: Sequence[Mapping[str, Any]],
        until: int,
        *,
        names: Names | None = None,
        policies_until: int | None = None,
        ahead: bool = True,
    ) -> Expected:
        """What these events of one contact must have made of it by an instant, inclusive.

        With `policies_until`, policies that came later judge nothing: an ended contact keeps what judged it. Without
        `ahead`, the next instant is not looked for.
        """
        told = [{**event, "at": instant(event["at"])} for event in events]
        happened = sorted((event for event in told if event["at"] <= until), key=_place)
        waiting = min((event["at"] for event in told if event["at"] > until), default=None)
        last = until if policies_until is None else policies_until
        walk = _Walk(self, [entry for entry in self.policies if entry[0] <= min(last, until)], happened)
        walk.calls.names = dict(names or {})
        walk.lead(until)
        if walk.contact.facts is None:
            return Expected(None, [], waiting)
        view = {**answer(walk), "queue": walk.contact.facts.queue}
        said = sorted((one.at, one.type, one.rule) for one in walk.contact.said)
        following = min((at for at in (walk.ahead() if ahead else None, waiting) if at is not None), default=None)
        return Expected(view, said, following)


def _place(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return (event["at"], event["type"] != "contact.opened", event.get("sequence", 0), event["id"])


class _Walk(Judge):
    """The slow judge under policies that follow each other."""

    def __init__(self, model: Model, policies: Sequence[tuple[int, Content]], events: Sequence[Content]) -> None:
        super().__init__(policies[0][1], model.opening, events)
        self.edges = model.edges
        self.coming = list(policies[1:])
        self.calendars = {name: model.opening.quarters(name) for name in ("always", *model.opening.calendars)}

    def lead(self, until: int) -> None:
        """Walk to an instant, inclusive."""
        while (tick := self._following()) is not None and tick <= until:
            self._tick(tick)
        if self.now < until:
            self._tick(until)

    def ahead(self) -> int | None:
        """The next instant at which something changes, with no further event and no other policy."""
        self.events.clear()
        before = self._changing()
        while (tick := self._following()) is not None:
            self._tick(tick)
            if self._changing() != before:
                return tick
        return None

    def _tick(self, tick: int) -> None:
        while self.coming and self.coming[0][0] <= tick:
            _, policy = self.coming.pop(0)
            if self.contact.facts is not None:
                self._pass_time(tick)
            self.now = self.contact.now = tick
            self._follow(policy)
        super()._tick(tick)

    def _follow(self, policy: Content) -> None:
        """Let a policy take over: every rule changes now; an escalation whose rule is gone is resolved."""
        contact, calls = self.contact, self.calls
        contact.policy = calls.policy = policy
        gone = dict.fromkeys(contact.place, len(policy["sla"]))
        contact.place = gone | {rule["id"]: number for number, rule in enumerate(policy["sla"])}
        contact.started.clear()
        rules = {rule["id"]: rule for rule in policy["escalation"]}
        for call in calls.calls:
            rule = rules.get(call.rule["id"])
            if call.resolved is None and rule is None:
                call.resolved = self.now
                contact.say("escalation.resolved", call.rule["id"])
            elif call.resolved is None and rule is not None:
                call.rule, call.chain = rule, policy["chains"][rule["chain"]]
        if contact.facts is not None:
            contact._judge_rules()

    def _following(self) -> int | None:
        """The next instant that matters: what happens, what comes into force, what becomes due, and, as long as
        anything waits, the next opening or closing."""
        found = [event["at"] for event in self.events[:1]] + [since for since, _ in self.coming[:1]]
        if self.contact.facts is not None and (self._runs() or self._called()):
            number = bisect_right(self.edges, self.now)
            found += self.edges[number : number + 1]
            found += [self.now + left for left in self._left()]
        return min(found, default=None)

    def _runs(self) -> bool:
        contact = self.contact
        return any(promise.runs(contact.status_before) for promise in contact.promises)

    def _called(self) -> bool:
        return any(call.resolved is None for call in self.calls.calls)

    def _left(self) -> list[int]:
        """How long until each thing that may come before the next opening or closing."""
        found = []
        for promise in self.contact.promises:
            if promise.rule is not None and promise.runs(self.contact.status_before) and self._open(promise.calendar):
                found += [limit - promise.elapsed for limit in promise.limits]
        for call in self.calls.calls:
            if call.resolved is None and self._open(call.chain.get("calendar", "always")):
                found += self.calls._left(call)
        return [left for left in found if left > 0]

    def _open(self, calendar: str) -> bool:
        return self.calendars[calendar][self.opening.quarter(self.now)]


# ── What is stored, in the model's words ─────────────────────────────────────────────────────────────────────────────


def differences(expected: Expected, row: ContactRow) -> list[str]:
    """Every place where a stored contact isn't what it must be."""
    if expected.view is None or row.state is None:
        if (expected.view is None) != (row.state is None):
            return [f"its opening is {'not ' if row.state is None else ''}known to the store, unlike to the model"]
        return _differ("next_due", expected.next_due, row.next_due)
    state, view = row.state, expected.view
    found = _differ("next_due", expected.next_due, row.next_due)
    stored = {
        "status": state.contact.status,
        "severity": state.severity,
        "priority": state.contact.priority,
        "tags": sorted(state.contact.tags),
        "reopened": state.contact.reopened,
    }
    for name, value in view["contact"].items():
        found += _differ(name, value, stored[name])
    found += _differ("queue", view["queue"], state.route.queue if state.route else None)
    return found + _clocks(view["clocks"], state) + _escalations(view["escalations"], state)


def _differ(what: str, expected: object, stored: object) -> list[str]:
    return [] if expected == stored else [f"{what}: stored {told(stored)}, expected {told(expected)}"]


def told(value: object) -> str:
    """A value; an instant as text."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**11:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    return str(value)


def _clocks(expected: Sequence[Content], state: State) -> list[str]:
    """Clocks that are over may have left the state; none that isn't."""
    stored = {(clock.metric, clock.instance): clock for clock in state.clocks if clock.instance}
    found = []
    for clock in expected:
        key = (clock["metric"], clock["instance"])
        kept = stored.pop(key, None)
        if kept is not None:
            place = f"clock {key[0]} {key[1]}"
            shape = _clock(kept)
            wanted = {name: clock[name] for name in shape}
            found += [line for name in shape for line in _differ(f"{place} {name}", wanted[name], shape[name])]
        elif clock["met_at"] is None and clock["cancelled_at"] is None:
            found.append(f"clock {key[0]} {key[1]} is missing")
    return found + [f"clock {metric} {instance} must not be" for metric, instance in stored]


def _clock(clock: Clock) -> Content:
    shape: Content = {
        "rule": clock.last_rule,
        "state": clock.state,
        "started_at": clock.started_at,
        "met_at": clock.met_at,
        "breached_at": clock.breached_at,
        "cancelled_at": clock.cancelled_at,
        "target": clock.target_ms,
        "calendar": clock.calendar,
    }
    if clock.state == "met":
        shape["due_at"] = clock.met_due
    if clock.over or clock.state == "paused":
        shape["elapsed"] = clock.elapsed_ms
    return shape


def _escalations(expected: Sequence[Content], state: State) -> list[str]:
    """Escalations that are resolved may have left the state; none that isn't."""
    stored = [
        {
            "rule": call.rule,
            "state": call.state,
            "raised_at": call.raised_at,
            "steps_fired": call.steps_fired,
            "acknowledged_at": call.acknowledged_at,
            "resolved_at": call.resolved_at,
        }
        for call in state.escalations
    ]
    missing = [call for call in expected if call not in stored and call["state"] != "resolved"]
    return [f"escalation is missing: {_call(call)}" for call in missing] + [
        f"escalation must not be: {_call(call)}" for call in stored if call not in expected
    ]


def _call(call: Content) -> str:
    return ", ".join(f"{name} {told(value)}" for name, value in call.items())
