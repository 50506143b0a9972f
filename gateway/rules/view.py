"""A judgement as people and receivers read it: plain values for JSON, times as RFC 3339, durations in seconds."""

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from gateway.model.contact import Contact
from gateway.model.instant import format_instant, format_known, seconds_of
from gateway.model.judgement import Clock, Effect, Escalation, Implied, Route, State
from gateway.rules import clocks
from gateway.rules.asked import facts_view
from gateway.rules.in_short import in_short
from gateway.rules.notice import enveloped
from gateway.rules.policy import Policy

View = dict[str, Any]


def contact_view(state: State) -> View:
    """What the contact says of itself, with its severity; `cut` where the rules could not see all of it."""
    contact = state.contact
    view = {
        "kind": contact.kind,
        "channel": contact.channel,
        "direction": contact.direction,
        "status": contact.status,
        "severity": state.severity,
        "subject": contact.subject,
        "priority": contact.priority,
        "tags": list(contact.tags),
        "group": contact.group,
        "assignee": contact.assignee,
        "language": contact.language,
        "deadline": format_known(contact.deadline),
        "fields": dict(contact.fields),
        "customer": customer_view(contact),
        "facts": facts_view(state),
        "refs": [
            {"connector": strand.connector, "kind": strand.ref.kind, "id": strand.ref.id} for strand in contact.strands
        ],
        "opened_at": format_instant(contact.opened_at),
        "updated_at": format_instant(contact.updated_at),
        "reopened": contact.reopened,
    }
    return {**view, "cut": dict(state.cut)} if state.cut else view


def customer_view(contact: Contact) -> View:
    """The customer's identities, those that are known."""
    view: View = to_builtins(contact.customer)
    return view


def clocks_in_order(state: State, policy: Policy, retired: Iterable[Clock] = ()) -> list[Clock]:
    """Every clock that a rule has counted, in the policy's order of rules, then by instance."""
    places = policy.sla_places
    counted = (clock for clock in (*retired, *state.clocks) if clock.instance)
    return sorted(counted, key=lambda clock: (places.get(clock.last_rule, len(places)), clock.metric, clock.instance))


def clocks_view(state: State, policy: Policy, at: int, retired: Iterable[Clock] = ()) -> list[View]:
    """The clocks of `clocks_in_order`, in that order. `policy` is the one that judged last."""
    return [_clock_view(clock, policy, at) for clock in clocks_in_order(state, policy, retired)]


def _clock_view(clock: Clock, policy: Policy, at: int) -> View:
    counting = policy.sla_by_id.get(clock.rule)
    due_at = clocks.due_to_show(clock, counting)
    view = {
        "rule": clock.last_rule,
        "metric": clock.metric,
        "instance": clock.instance,
        "state": clock.state,
        "started_at": format_instant(clock.started_at),
        "due_at": format_known(due_at),
        "met_at": format_known(clock.met_at),
        "breached_at": format_known(clock.breached_at),
        "cancelled_at": format_known(clock.cancelled_at),
        "target_s": seconds_of(clock.target_ms),
        "elapsed_s": seconds_of(clocks.counted(clock, counting, at)),
        "calendar": clock.calendar,
    }
    if counting is not None and clock.state == "running" and due_at is None:
        view["reason"] = f"the calendar {counting.calendar.name} doesn't open often enough for a deadline"
    return view


def route_view(route: Route | None) -> View | None:
    """The route with the rule that chose it."""
    if route is None:
        return None
    return {
        "rule": route.rule,
        "queue": route.queue,
        "team": route.team,
        "tier": route.tier,
        "skills": list(route.skills),
        "priority": route.priority,
    }


def escalation_view(escalation: Escalation) -> View:
    """One escalation and when its next step comes."""
    return {
        "id": escalation.id,
        "rule": escalation.rule,
        "chain": escalation.chain,
        "state": escalation.state,
        "raised_at": format_instant(escalation.raised_at),
        "steps_fired": escalation.steps_fired,
        "next_step_at": format_known(escalation.next_at),
        "acknowledged_at": format_known(escalation.acknowledged_at),
        "acknowledged_by": escalation.acknowledged_by or None,
        "resolved_at": format_known(escalation.resolved_at),
        "resolved_by": escalation.resolved_by or None,
    }


def judgement_view(state: State, policy: Policy, at: int) -> View:
    """The contact with its clocks, route and escalations: what every notice and every listing holds."""
    return {
        **contact_view(state),
        "queue": state.route.queue if state.route else None,
        "route": route_view(state.route),
        "clocks": clocks_view(state, policy, at),
        "escalations": [escalation_view(escalation) for escalation in state.escalations],
    }


def implied_view(following: Implied) -> View:
    """Something that follows, as `policy eval` prints it."""
    return {
        "id": following.id,
        "type": following.type,
        "at": format_instant(following.at),
        "rule": following.rule,
        "data": {
            "reason": following.reason,
            "roles": list(following.roles),
            "policy": following.policy,
            **following.detail,
        },
    }


def notice_body(
    effect: Effect, contact: str, state: State, policy: Policy, *, name: str, source: str, link: str
) -> View:
    """A notice about a contact.

    `policy` judged the contact last; `name` is that of the policy from which the effect follows.
    """
    data = {
        "contact": {"id": contact, **judgement_view(state, policy, effect.at + effect.late_by_ms)},
        "rule": effect.rule or None,
        "reason": effect.reason,
        "late_by_s": seconds_of(effect.late_by_ms),
        "policy": {"name": name, "hash": effect.policy},
        "links": {"contact": link},
        **effect.detail,
    }
    if effect.type.startswith("escalation."):
        data["explanation"] = in_short(effect, state, policy)
    return enveloped(effect.id, source, effect.type, effect.at, contact, data)
