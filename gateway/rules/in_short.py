"""The explanation in a few sentences that goes out with every notice of an escalation: from the state alone. Pure.

It holds names of the policy, figures and instants, and why an enricher could say nothing: nothing of the customer's.
What is known of the customer stands beside it, in the contact's facts.
"""

from typing import Any, Final

from gateway.model.instant import format_instant, format_known, length_words, seconds_of
from gateway.model.judgement import Clock, Effect, Escalation, State
from gateway.rules import clocks
from gateway.rules.asked import facts_words
from gateway.rules.coming import Coming, coming_view, named, upcoming
from gateway.rules.policy import Policy

NEXT_TOLD: Final = 3
"""So many things that come next are told, the soonest."""

View = dict[str, Any]


def in_short(effect: Effect, state: State, policy: Policy) -> View:
    """Why this escalation, and what comes next: sentences in `words`, and the same as data.

    `policy` judged the state last. Counted is until the instant at which the effect is said.
    """
    at = effect.at + effect.late_by_ms
    call = next((call for call in state.escalations if call.id == effect.detail.get("escalation")), None)
    clock = _clock_of(call, state, policy)
    counted = None if clock is None else _clock_view(clock, policy, at)
    step = None if call is None else _step_view(effect, call, policy)
    coming = upcoming(state, policy, NEXT_TOLD)
    route = state.route
    return {
        "words": _words(effect, state, clock, counted, step, coming),
        "severity": {"severity": state.severity, "rule": state.severity_rule or None},
        "route": None if route is None else {"queue": route.queue, "rule": route.rule},
        "clock": counted,
        "step": step,
        "next": [coming_view(one, at) for one in coming],
    }


def severity_words(state: State) -> str:
    """Why a contact has its severity."""
    if state.severity_rule:
        return f"rule {state.severity_rule} matched"
    priority = state.contact.priority
    return f"no rule matched; the priority is {priority}" if priority else "no rule matched, and there is no priority"


def _clock_of(call: Escalation | None, state: State, policy: Policy) -> Clock | None:
    """The clock that raised the escalation; where its own condition did, or it is gone: the one due first."""
    if call is not None and call.clock is not None:
        # Long finished, it may have left the state: then none is told rather than another one.
        return next((clock for clock in state.clocks if (clock.metric, clock.started_by) == call.clock), None)
    waiting = []
    for clock in state.clocks:
        if clock.instance and not clock.over and not clock.dropped:
            due = clocks.due_to_show(clock, policy.sla_by_id.get(clock.rule))
            if due is not None:
                waiting.append((due, clock.metric, clock.instance, clock))
    return min(waiting)[3] if waiting else None


def _clock_view(clock: Clock, policy: Policy, at: int) -> View:
    rule = policy.sla_by_id.get(clock.rule)
    return {
        "metric": clock.metric,
        "instance": clock.instance,
        "rule": clock.last_rule,
        "state": clock.state,
        "counted_s": seconds_of(clocks.counted(clock, rule, at)),
        "target_s": seconds_of(clock.target_ms),
        "calendar": clock.calendar,
        "due_at": format_known(clocks.due_to_show(clock, rule)),
    }


def _step_view(effect: Effect, call: Escalation, policy: Policy) -> View:
    chain = policy.chains.get(call.chain)
    return {
        "chain": call.chain,
        "step": effect.detail.get("step", call.steps_fired),
        "of": max(call.steps_fired, len(chain.steps) if chain else 0),
    }


def _words(
    effect: Effect, state: State, clock: Clock | None, counted: View | None, step: View | None, coming: list[Coming]
) -> list[str]:
    route = state.route
    words = [
        f"Severity {state.severity}: {severity_words(state)}.",
        f"Queue {route.queue}: rule {route.rule} matched." if route else "No routing rule matched.",
    ]
    if clock is not None and counted is not None:
        due = f", deadline {counted['due_at']}" if counted["due_at"] else ""
        used = length_words(round(counted["counted_s"] * 1_000))
        name = named(clock)
        words.append(
            f"{name[:1].upper()}{name[1:]}: {clock.state}, {used} of {length_words(clock.target_ms)} counted by the "
            f"calendar {clock.calendar} under rule {clock.last_rule}{due}."
        )
    if step is not None:
        said = f"Step {step['step']} of {step['of']}" if step["step"] else f"No step yet of {step['of']}"
        calls = f" calls {', '.join(effect.roles)}" if effect.roles else ""
        words.append(f"{said} of the chain {step['chain']}{calls}.")
    words += facts_words(state)
    if coming:
        words.append(f"If nothing else happens, {format_instant(coming[0].at)}: {coming[0].what}.")
    else:
        words.append("Nothing comes next unless something happens.")
    return words
