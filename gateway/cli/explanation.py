"""Why a contact is where it is, and what happens next, as lines for people. Pure.

It is told from the stored judgement, by the policy that made it. That an earlier one did is said, and what follows.
"""

from gateway.cli.contact_views import clock_in_words, left_out, moment
from gateway.cli.policy_views import named as policy_named
from gateway.cli.policy_views import since_words
from gateway.cli.table import clean, duration
from gateway.engine.case import Case, also_coming
from gateway.model.judgement import State
from gateway.rules.coming import named, upcoming
from gateway.rules.explanation import calls_in_order, raised_by, routing_view, steps_view
from gateway.rules.in_short import severity_words
from gateway.rules.policy import Policy
from gateway.rules.view import clocks_in_order, clocks_view


def explanation_lines(case: Case) -> list[str]:
    """The explanation for people: times in UTC, and as people say them."""
    row, state, policy, now = case.row, case.row.state, case.policy, case.now
    if state is None:
        refs = [f"  {clean(strand)}" for strand in row.strands]
        return [f"{row.id} is not opened yet: its events wait for the opening, and nobody judges them.", *refs]
    contact = state.contact
    lines = [f"{row.id}: {contact.kind} by {contact.channel}, {contact.direction}, {contact.status}"]
    if contact.subject:
        lines.append(f"  {clean(contact.subject)}")
    lines.append(f"  opened {moment(contact.opened_at, now)}, last changed {moment(contact.updated_at, now)}")
    lines += _judge_lines(case)
    lines += _cut_lines(state)
    lines += ["", f"Severity {state.severity}: {severity_words(state)}"]
    lines += ["", *_route_lines(state, policy)]
    lines += ["", *_clock_lines(case, state)]
    lines += ["", *_escalation_lines(case, state)]
    if state.failures:
        lines += ["", "Rules whose condition could not be evaluated; they count as not matched:"]
        lines += [f"  {clean(rule)}: {clean(reason)}" for rule, reason in sorted(state.failures.items())]
    return [*lines, "", *_next_lines(case, state)]


def _judge_lines(case: Case) -> list[str]:
    judge, present = case.judge, case.present
    if judge is None:
        lines = ["  judged by no policy: none was in force at its last change"]
    else:
        lines = [f"  judged by the policy {policy_named(judge)}, {since_words(judge, case.now)}"]
    if case.awaits and present is not None:
        lines.append(
            f"    an earlier one: a running gateway is about to judge it again by {policy_named(present)}, "
            f"{since_words(present, case.now)}"
        )
    return lines


def _cut_lines(state: State) -> list[str]:
    if not state.cut:
        return []
    counts = " and ".join(f"{count} of its {what}" for what, count in sorted(state.cut.items()))
    return [f"  the conditions did not get to see {counts}: it has more than they may read"]


def _route_lines(state: State, policy: Policy) -> list[str]:
    route = state.route
    if route is None:
        return ["Route: none; no routing rule matched"]
    skills = f", skills {', '.join(route.skills)}" if route.skills else ""
    team = f" of {route.team}" if route.team else ""
    lines = [
        f"Queue {route.queue}{team}, tier {route.tier}, priority {route.priority}{skills}: rule {route.rule} matched"
    ]
    words = {"not matched": "did not match", "not needed": "was not asked: the first match wins"}
    lines += [
        f"  {told['rule']} {words[told['verdict']]}" for told in routing_view(state, policy) if told["verdict"] in words
    ]
    return lines


def _clock_lines(case: Case, state: State) -> list[str]:
    policy, now = case.policy, case.now
    views = clocks_view(state, policy, now, case.earlier.clocks)
    if not views:
        return ["Clocks: none; no SLA rule matches"]
    lines = ["Clocks:"]
    for view, clock in zip(views, clocks_in_order(state, policy, case.earlier.clocks), strict=True):
        lines.append(f"  {named(clock)}: {clock_in_words(clock, policy, now)}")
        target, so_far = duration(clock.target_ms), duration(round(view["elapsed_s"] * 1_000))
        counted = f"{so_far} of {target} counted by calendar {view['calendar']}"
        lines.append(f"    rule {view['rule']}, since {moment(clock.started_at, now)}: {counted}")
        if view["due_at"]:
            lines.append(f"    deadline {view['due_at']}")
    return [*lines, *(f"  {line}" for line in left_out(case.earlier.clocks_left_out, "clocks"))]


def _escalation_lines(case: Case, state: State) -> list[str]:
    policy, now = case.policy, case.now
    if not state.escalations:
        return ["Escalations: none"]
    lines = ["Escalations:"]
    for call in calls_in_order(state, case.earlier):
        lines.append(f"  {call.rule}: {call.state}, raised {moment(call.raised_at, now)} by {raised_by(call)}")
        if call.acknowledged_at is not None:
            lines.append(f"    acknowledged {moment(call.acknowledged_at, now)} by {clean(call.acknowledged_by)}")
        for step in steps_view(call, policy):
            roles = ", ".join(step["notify"])
            due = f", due {step['due_at']}" if step["due_at"] else ""
            lines.append(f"    step {step['step']} to {roles}: {step['state']}{due}")
    return [*lines, *(f"  {line}" for line in left_out(case.earlier.escalations_left_out, "escalations"))]


def _next_lines(case: Case, state: State) -> list[str]:
    row, now = case.row, case.now
    coming = sorted([*upcoming(state, case.policy), *also_coming(case)])
    if not coming:
        return ["Next: nothing, unless something happens"]
    lines = ["Next, if nothing else happens:"]
    lines += [f"  {moment(one.at, now)}: {clean(one.what)}" for one in coming]
    if row.next_due is not None and row.next_due < now:
        lines.append("  what is past already happens as soon as the gateway runs and has read what came in before")
    return lines
