"""What time alone will bring a contact: warnings, breaches, steps, reminders, and events that are known already. Pure.

It is told from the state, so it is what was expected when the state was made: whatever happens meanwhile changes it.
"""

from dataclasses import dataclass
from typing import Any, Literal

from gateway.model.instant import format_instant, seconds_of
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.escalation import step_at
from gateway.rules.policy import Chain, Policy

ComingKind = Literal["warning", "breach", "step", "reminder", "resumption", "event", "policy"]
"""`resumption`: an acknowledgement runs out, and the chain goes on. `policy`: another one comes into force."""


@dataclass(frozen=True, slots=True, order=True)
class Coming:
    """Something that happens at `at` if nothing else does; `what` says it in words, `rule` is whose it is."""

    at: int
    what: str
    kind: ComingKind
    rule: str = ""


def upcoming(state: State, policy: Policy) -> list[Coming]:
    """What time alone will bring by the policy that judged last, the soonest first."""
    found: list[Coming] = []
    for clock in state.clocks:
        rule = policy.sla_by_id.get(clock.rule)
        ring = clocks.next_ring(clock, rule) if clock.instance and not clock.dropped else None
        if ring is not None and rule is not None:
            name = named(clock)
            found.extend(
                Coming(ring.at, f"{name}: warning at {mark.text} of {rule.id}", "warning", rule.id)
                for mark in ring.marks
            )
            due = clocks.deadline(clock, rule) if clock.breached_at is None else None
            if due is not None:
                found.append(Coming(due, f"{name}: breached, by {rule.id}", "breach", rule.id))
    found.extend(
        _next_of(call, policy.chains.get(call.chain)) for call in state.escalations if call.next_at is not None
    )
    found.extend(Coming(at, "an event that is known already happens", "event") for at in state.future)
    return sorted(found)


def named(clock: Clock) -> str:
    """A clock as people call it; of repeats with its number."""
    number = f" no. {clock.instance}" if clock.instance > 1 else ""
    return f"{clock.metric.replace('_', ' ')}{number}"


def coming_view(coming: Coming, now: int) -> dict[str, Any]:
    """What comes, for JSON."""
    return {
        "at": format_instant(coming.at),
        "in_s": seconds_of(coming.at - now),
        "kind": coming.kind,
        "rule": coming.rule or None,
        "what": coming.what,
    }


def _next_of(call: Escalation, chain: Chain | None) -> Coming:
    """What an escalation does when time takes it further."""
    at = call.next_at or 0
    if call.state == "acknowledged":
        words = f"escalation {call.rule}: the acknowledgement runs out, and the chain goes on"
        return Coming(at, words, "resumption", call.rule)
    number = call.steps_fired + 1 if chain is None else step_at(chain, call, at)
    if chain is None or number > len(chain.steps):
        return Coming(at, f"escalation {call.rule}: its chain goes on", "step", call.rule)
    if number <= call.steps_fired:
        return Coming(at, f"escalation {call.rule}: a reminder of step {number}", "reminder", call.rule)
    roles = ", ".join(chain.steps[number - 1].notify)
    return Coming(at, f"escalation {call.rule}: step {number} calls {roles}", "step", call.rule)
