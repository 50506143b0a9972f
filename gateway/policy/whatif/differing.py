"""In what two outcomes of one contact differ. The names of rules, chains and calendars are no difference by
themselves: what they promise, where they lead and what goes out is."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from gateway.model.judgement import Clock, Escalation, Implied
from gateway.policy.whatif.outcome import Outcome
from gateway.rules.announce import suppressed

KINDS: Final = ("breaches", "escalations", "warnings", "clocks", "notices", "requests", "severity", "route")
"""In what they may differ, what weighs most first."""

_FAMILIES: Final = {"sla.breached": "breaches", "sla.warned": "warnings"}

_encode = msgspec.json.Encoder(order="deterministic").encode


def differing(before: Outcome, after: Outcome, live_from: int) -> tuple[str, ...]:
    """The `KINDS` in which they differ, in that order; none where they are the same."""
    was, now = _facts(before, live_from), _facts(after, live_from)
    return tuple([kind for kind in KINDS if was[kind] != now[kind]])


def _facts(outcome: Outcome, live_from: int) -> dict[str, Any]:
    facts: dict[str, Any] = {kind: [] for kind in KINDS}
    for following in outcome.implied:
        facts[_family(following)].append(_said(following, live_from))
    for kind in ("breaches", "warnings", "notices", "requests"):
        facts[kind].sort()
    facts["clocks"] = sorted(_clock(outcome, clock) for clock in outcome.clocks)
    facts["escalations"] = sorted(
        [*facts["escalations"], *(_escalation(call) for call in outcome.escalations)], key=repr
    )
    facts["severity"] = outcome.severity
    route = outcome.route
    facts["route"] = None if route is None else (route.queue, route.team, route.tier, route.skills, route.priority)
    return facts


def _family(following: Implied) -> str:
    if following.type.endswith(".requested"):
        return "requests"
    if following.type.startswith("escalation."):
        return "escalations"
    return _FAMILIES.get(following.type, "notices")


def _said(following: Implied, live_from: int) -> tuple[Any, ...]:
    what: Any = following.roles
    if following.type.endswith(".requested"):
        what = (_encode(following.detail),)
    return following.at, following.type, what, following.detail.get("metric", ""), suppressed(following, live_from)


def _clock(outcome: Outcome, clock: Clock) -> tuple[Any, ...]:
    instants = (outcome.due_at(clock), clock.met_at, clock.breached_at, clock.cancelled_at)
    started = (clock.metric, clock.started_at, clock.started_by)
    return (*started, clock.state, clock.target_ms, *(-1 if at is None else at for at in instants))


def _escalation(call: Escalation) -> tuple[Any, ...]:
    calls = [(one.at, one.reminders) for one in call.calls]
    return call.raised_at, call.clock, call.state, call.next_at, call.acknowledged_at, call.resolved_at, calls


def weight(kinds: Iterable[str]) -> int:
    """How soon a contact that differs in these is shown: the least first."""
    return min(KINDS.index(kind) for kind in kinds)
