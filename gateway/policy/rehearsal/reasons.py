"""Why a contact has another severity, route or clock than somebody expected: which rules matched, and which did not."""

from collections.abc import Sequence

from gateway.model.instant import format_instant
from gateway.model.judgement import State
from gateway.rules.policy import Policy
from gateway.rules.timeline import FROM_THE_BEGINNING

NAMED_MAX = 12
"""So many rules are named; of more the count."""


def why_severity(state: State, policy: Policy) -> tuple[str, ...]:
    """Which rule chose the severity."""
    if early := _too_early(state, policy):
        return early
    ids = [rule.id for rule in policy.severity]
    if state.severity_rule not in ids:
        priority = state.contact.priority
        of = f"the priority {priority}" if priority else "a contact without a priority"
        return (f"it is that of {of}{_passed(ids)}",)
    return (f"severity rule {state.severity_rule} matched{_passed(ids[: ids.index(state.severity_rule)])}",)


def why_route(state: State, policy: Policy) -> tuple[str, ...]:
    """Which rule chose the route."""
    if early := _too_early(state, policy):
        return early
    if state.route is None:
        return (f"no routing rule matched{_passed([rule.id for rule in policy.routing])}",)
    return (f"routing rule {state.route.rule} matched{_passed(state.route.passed_over)}",)


def why_no_clock(rule: str, instance: int | None, state: State | None, policy: Policy) -> tuple[str, ...]:
    """Why a rule counts no clock."""
    if state is None:
        return ("no contact has been opened",)
    if early := _too_early(state, policy):
        return early
    known = policy.sla_by_id.get(rule)
    if known is None:
        return (f"the policy has no rule {rule} in sla",)
    metric = known.metric
    words = metric.replace("_", " ")
    counts = state.in_force.get(metric)
    if counts is None:
        return (f"no rule of {metric} matches{_passed([other.id for other in policy.sla if other.metric == metric])}",)
    if counts == rule:
        which = f"no {words} number {instance}" if instance else f"no {words}"
        return (f"rule {rule} matches, but {which} has started under it",)
    rivals = [other.id for other in policy.sla if other.metric == metric]
    where = "before it" if rivals.index(counts) < rivals.index(rule) else "behind it"
    matched = "" if where == "before it" else f"; {rule} did not match"
    return (f"rule {counts}, {where} in the file, matches and counts the {words}{matched}",)


def _too_early(state: State, policy: Policy) -> tuple[str, ...]:
    """That the policy isn't in force yet, where it has a `from` and that lies ahead."""
    if policy.starts is None or state.policy_since >= FROM_THE_BEGINNING:
        return ()
    return (f"the policy judges nothing before its `from`, {format_instant(policy.starts)}",)


def _passed(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = f" and {len(ids) - NAMED_MAX} more" if len(ids) > NAMED_MAX else ""
    return f"; {', '.join(ids[:NAMED_MAX])}{more} did not match"
