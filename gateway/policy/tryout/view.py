"""The answer of a try-out as plain values for JSON: the path that matches first, then everything that was tried."""

from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from gateway.model.instant import format_instant, format_known, seconds_of
from gateway.model.judgement import Implied
from gateway.policy.tryout.asked import Asked
from gateway.policy.tryout.outcome import Outcome
from gateway.rules.explanation import clock_words
from gateway.rules.path_view import tried_view
from gateway.rules.policy import Policy
from gateway.rules.view import View, clocks_in_order, clocks_view, route_view


def outcome_view(outcome: Outcome) -> View:
    """The whole answer: times in RFC 3339, lengths in seconds."""
    asked, policy, state = outcome.asked, outcome.policy, outcome.state
    clocks = clocks_view(state, policy, asked.at)
    in_order = clocks_in_order(state, policy)
    return {
        "at": format_instant(asked.at),
        "asked": asked_view(asked),
        "policy": {"name": policy.name, "hash": policy.hash},
        "path": path_view(outcome),
        "severity": state.severity,
        "severity_rule": state.severity_rule or None,
        "route": route_view(state.route),
        "clocks": [{**view, "words": clock_words(clock, policy)} for view, clock in zip(clocks, in_order, strict=True)],
        "following": [following_view(one, asked.at, policy) for one in outcome.following],
        "following_left_out": outcome.more,
        "failures": dict(state.failures),
        "cut": dict(state.cut),
        **tried_view(outcome.tried),
    }


def asked_view(asked: Asked) -> View:
    """The question as it was understood."""
    plain = to_builtins(replace(asked, at=0, deadline=None))
    return {**plain, "at": format_instant(asked.at), "deadline": format_known(asked.deadline)}


def path_view(outcome: Outcome) -> list[View]:
    """The rules that take hold, in the order in which they are judged, each with what it leads to: a severity, a queue,
    the metric that it counts, the chain that it starts and when."""
    state = outcome.state
    found: list[View] = []
    if state.severity_rule:
        found.append({"section": "severity", "rule": state.severity_rule, "leads_to": str(state.severity)})
    if state.route is not None:
        found.append({"section": "routing", "rule": state.route.rule, "leads_to": state.route.queue})
    counting = {clock.rule for clock in state.clocks if clock.instance}
    for rule in outcome.policy.sla:
        if state.in_force.get(rule.metric) == rule.id and rule.id in counting:
            found.append({"section": "sla", "rule": rule.id, "leads_to": rule.metric})
    for one in outcome.following:
        if one.type == "escalation.raised":
            found.append(
                {
                    "section": "escalation",
                    "rule": one.rule,
                    "leads_to": one.detail.get("chain", ""),
                    "at": format_instant(one.at),
                }
            )
    return found


def following_view(one: Implied, since: int, policy: Policy) -> View:
    """Something that would come. `endpoints` are those that the roles of a step have."""
    endpoints = dict.fromkeys(name for role in one.roles for name in policy.roles.get(role, ()))
    kept: dict[str, Any] = {
        name: one.detail[name] for name in ("metric", "chain", "step", "mark", "sla") if one.detail.get(name)
    }
    return {
        "at": format_instant(one.at),
        "in_s": seconds_of(one.at - since),
        "type": one.type,
        "rule": one.rule,
        "reason": one.reason,
        "roles": list(one.roles),
        "endpoints": list(endpoints),
        **kept,
    }
