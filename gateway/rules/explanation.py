"""Why a contact is where it is, and what happens next, as plain values for JSON. Pure.

It is told from one state, by the policy that judged it, with what that state no longer carries beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.instant import format_instant, seconds_of
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.escalation import step_due
from gateway.rules.path_view import TriedRules, call_path_view, clock_path_view, enquiries_view, tried_view, turns_view
from gateway.rules.policy import Chain, Policy
from gateway.rules.trace.path import Trace
from gateway.rules.view import View, clocks_in_order, clocks_view, contact_view, escalation_view, route_view


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a state no longer carries: finished clocks and resolved escalations, with how many more there were."""

    clocks: tuple[Clock, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    clocks_left_out: int = 0
    escalations_left_out: int = 0


NONE_EARLIER: Final = Earlier()


def explanation_view(
    state: State, policy: Policy, at: int, earlier: Earlier, trace: Trace | None, rules: TriedRules
) -> View:
    """Severity, route, clocks and escalations as of `at`, each with its path as far as there is one.

    `policy` is the one that judged the state.
    """
    in_order = clocks_in_order(state, policy, earlier.clocks)
    views = clocks_view(state, policy, at, earlier.clocks)
    paths = {} if trace is None else {name_of(path.clock): path for path in trace.clocks}
    calls = {} if trace is None else {path.escalation.id: path for path in trace.escalations}
    return {
        **contact_view(state),
        "severity_rule": state.severity_rule or None,
        "route": route_view(state.route),
        "routing": routing_view(state, policy),
        "clocks": [
            {**view, "words": clock_words(clock, policy), **clock_path_view(paths.get(name_of(clock)))}
            for view, clock in zip(views, in_order, strict=True)
        ],
        "clocks_left_out": earlier.clocks_left_out,
        "escalations": [
            {
                **escalation_view(call),
                "raised_by": raised_by(call),
                "steps": steps_view(call, policy),
                **call_path_view(calls.get(call.id)),
            }
            for call in calls_in_order(state, earlier)
        ],
        "escalations_left_out": earlier.escalations_left_out,
        "failures": dict(state.failures),
        **tried_view(rules),
        **turns_view(trace),
        **enquiries_view(trace),
    }


def name_of(clock: Clock) -> tuple[str, int, str, int]:
    """What tells a contact's clocks apart."""
    return (clock.metric, clock.instance, clock.started_by, clock.started_at)


def routing_view(state: State, policy: Policy) -> list[View]:
    """Every routing rule in its order, with what became of it."""
    route = state.route
    verdicts = []
    for rule in policy.routing:
        if route is not None and rule.id == route.rule:
            became = "matched"
        elif route is None or rule.id in route.passed_over:
            became = "not matched"
        else:
            became = "not needed"
        verdicts.append({"rule": rule.id, "queue": rule.queue, "verdict": became})
    return verdicts


def calls_in_order(state: State, earlier: Earlier) -> list[Escalation]:
    """Every escalation that is told, the first raised first."""
    return sorted([*earlier.escalations, *state.escalations], key=lambda call: call.raised_at)


def raised_by(call: Escalation) -> str:
    """What raised an escalation, in words."""
    return f"the clock {call.clock[0].replace('_', ' ')}" if call.clock else "its own condition"


def steps_view(call: Escalation, policy: Policy) -> list[dict[str, Any]]:
    """Every step of the chain: fired and when it last called, to come with its time, or not any more."""
    chain = policy.chains.get(call.chain)
    return [_step_view(call, chain, number) for number in range(1, len(chain.steps) + 1)] if chain else []


def _step_view(call: Escalation, chain: Chain, number: int) -> dict[str, Any]:
    step, fired = chain.steps[number - 1], number <= call.steps_fired
    due = step_due(chain, call, number) if not fired and call.state == "active" else None
    last = call.calls[number - 1] if fired else None
    return {
        "step": number,
        "notify": list(step.notify),
        "after_s": seconds_of(step.after_ms),
        "state": "fired" if fired else "to come" if call.state == "active" else f"not any more: {call.state}",
        "due_at": None if due is None else format_instant(due),
        "fired_at": None if last is None else format_instant(last.at),
        "reminders": 0 if last is None else last.reminders,
    }


def clock_words(clock: Clock, policy: Policy, told: Callable[[int], str] = format_instant) -> str:
    """What has become of a clock, with its instants as `told` writes them."""
    if clock.breached_at is not None:
        met = f", met {told(clock.met_at)}" if clock.met_at is not None else ""
        over = f", ended {told(clock.cancelled_at)}" if clock.cancelled_at is not None else ""
        return f"breached {told(clock.breached_at)}{met}{over}"
    if clock.cancelled_at is not None:
        return f"cancelled {told(clock.cancelled_at)}"
    if clock.met_at is not None:
        return f"met {told(clock.met_at)}"
    if not clock.runs:
        return "paused by the status"
    due = clocks.deadline(clock, policy.sla_by_id.get(clock.rule))
    if due is None:
        return "running, without a deadline in reach of its calendar"
    return f"running, due {told(due)}"
