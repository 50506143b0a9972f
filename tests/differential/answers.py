"""What the slow judge says at an instant, in the shape of `policy eval`, as far as the two are compared."""

from collections.abc import Sequence
from typing import Any

from tests.differential.contact import Said
from tests.differential.judge import Judge
from tests.differential.promises import FAR, Promise

ORDERED = ("sla.warned", "sla.breached", "escalation.raised", "escalation.stepped")
"""What comes of itself, in the order in which it comes at one instant."""


def answer(judge: Judge) -> dict[str, Any]:
    """Clocks, escalations, effects and what of the contact is judged."""
    facts = judge.contact.facts
    if facts is None:
        return {"contact": None, "clocks": [], "escalations": [], "effects": [], "route": None}
    route = judge.contact.route
    return {
        "contact": {
            "status": facts.status,
            "severity": facts.severity,
            "priority": facts.priority,
            "tags": sorted(facts.tags),
            "reopened": facts.reopened,
        },
        "clocks": _clocks(judge),
        "route": route and {name: route[name] for name in ("rule", "queue", "tier", "priority")},
        "escalations": sorted((_call(judge, call) for call in judge.calls.calls), key=str),
        "effects": effects(judge.contact.said),
        "order": [[one.at, one.type, one.rule] for one in judge.contact.said if one.type in ORDERED],
    }


def effects(said: Sequence[Said]) -> list[list[Any]]:
    """What was said, by time."""
    return sorted([one.at, one.type, one.rule] for one in said)


def _clocks(judge: Judge) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    instances: dict[int, int] = {}
    for promise in judge.contact.promises:
        if promise.last_rule:
            counts[promise.metric] = instances[id(promise)] = counts.get(promise.metric, 0) + 1
    shown = [_clock(judge, promise, instances[id(promise)]) for promise in judge.contact.promises if promise.last_rule]
    place = {rule["id"]: number for number, rule in enumerate(judge.contact.policy["sla"])}
    return sorted(shown, key=lambda clock: (place.get(clock["rule"], len(place)), clock["instance"]))


def _clock(judge: Judge, promise: Promise, instance: int) -> dict[str, Any]:
    assert promise.last_rule is not None
    state = state_of(judge, promise)
    return {
        "rule": promise.last_rule["id"],
        "metric": promise.metric,
        "instance": instance,
        "state": state,
        "started_at": promise.start,
        "due_at": _due(judge, promise, state),
        "met_at": promise.met,
        "breached_at": promise.breached,
        "cancelled_at": promise.cancelled,
        "target": promise.target,
        "elapsed": promise.elapsed,
        "calendar": promise.calendar,
    }


def state_of(judge: Judge, promise: Promise) -> str:
    """The state of a clock in one word."""
    if promise.breached is not None:
        return "breached"
    if promise.met is not None:
        return "met"
    if promise.cancelled is not None:
        return "cancelled"
    assert judge.contact.facts is not None
    return "running" if promise.runs("ended" if judge.contact.ended() else judge.contact.facts.status) else "paused"


def _due(judge: Judge, promise: Promise, state: str) -> int | str | None:
    if state != "running":
        return promise.due
    due = judge.opening.due(promise.calendar, judge.now, promise.target - promise.elapsed)
    return FAR if due is None else due


def _call(judge: Judge, call: Any) -> dict[str, Any]:
    return {
        "rule": call.rule["id"],
        "state": call.state,
        "raised_at": call.raised,
        "steps_fired": call.fired,
        "acknowledged_at": call.acknowledged,
        "resolved_at": call.resolved,
    }
