"""Why a contact is where it is, and what happens next: as values for JSON, and as lines for people. Pure.

It is told from the stored judgement, by the policy that made it. That an earlier one did is said, and what follows.
"""

from typing import Any

from gateway.cli.case import Case
from gateway.cli.contact_views import calls_in_order, clock_in_words, ended_too, left_out, moment
from gateway.cli.policy_views import named, since_words
from gateway.cli.table import clean, duration
from gateway.kernel.store import UNOPENED
from gateway.kernel.values import policy_values
from gateway.model.instant import format_instant, seconds_of
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.escalation import step_due
from gateway.rules.policy import Chain, Policy
from gateway.rules.view import View, clocks_in_order, clocks_view, contact_view, route_view


def explained(case: Case) -> View:
    """The whole explanation for JSON; of a contact that isn't opened yet, only that."""
    row, state, policy, now = case.row, case.row.state, case.policy, case.now
    if state is None:
        refs = [{"connector": strand.connector, "kind": strand.kind, "id": strand.id} for strand in row.strands]
        return {"id": row.id, "status": UNOPENED, "refs": refs, "next": []}
    ended = ended_too(case, state)
    told = zip(ended["clocks"], clocks_in_order(state, policy, case.clocks), strict=True)
    calls = zip(ended["escalations"], calls_in_order(case, state), strict=True)
    return {
        "id": row.id,
        **contact_view(state),
        "severity_rule": state.severity_rule or None,
        "route": route_view(state.route),
        "routing": _routing(state, policy),
        **ended,
        "clocks": [{**view, "words": clock_in_words(clock, policy, now)} for view, clock in told],
        "escalations": [
            {**view, "raised_by": _raised_by(call), "steps": _steps(call, policy.chains.get(call.chain))}
            for view, call in calls
        ],
        "failures": dict(state.failures),
        "next": [
            {"at": format_instant(at), "in_s": seconds_of(at - now), "what": what}
            for at, what in upcoming(state, policy)
        ],
        "policy": {
            **(policy_values(case.judge) if case.judge else {"name": "", "hash": state.policy, "since": None}),
            "in_force": policy_values(case.present) if case.present else None,
            "judged_again": case.awaits,
        },
    }


def upcoming(state: State, policy: Policy) -> list[tuple[int, str]]:
    """What time alone will bring, if nothing else happens, the soonest first."""
    found: list[tuple[int, str]] = []
    for clock in state.clocks:
        rule = policy.sla_by_id.get(clock.rule)
        ring = clocks.next_ring(clock, rule) if clock.instance and not clock.dropped else None
        if ring is not None and rule is not None:
            found.extend((ring.at, f"{_named(clock)}: warning at {mark.text} of {rule.id}") for mark in ring.marks)
            due = clocks.deadline(clock, rule) if clock.breached_at is None else None
            if due is not None:
                found.append((due, f"{_named(clock)}: breached, by {rule.id}"))
    for call in state.escalations:
        if call.next_at is not None:
            found.append((call.next_at, _step_in_words(call, policy.chains.get(call.chain))))
    found.extend((at, "an event that is known already happens") for at in state.future)
    return sorted(found)


def explanation_lines(case: Case) -> list[str]:
    """The explanation for people: times in UTC, and as people say them."""
    row, state, policy, now = case.row, case.row.state, case.policy, case.now
    if state is None:
        named = [f"  {clean(strand)}" for strand in row.strands]
        return [f"{row.id} is not opened yet: its events wait for the opening, and nobody judges them.", *named]
    contact = state.contact
    lines = [f"{row.id}: {contact.kind} by {contact.channel}, {contact.direction}, {contact.status}"]
    if contact.subject:
        lines.append(f"  {clean(contact.subject)}")
    lines.append(f"  opened {moment(contact.opened_at, now)}, last changed {moment(contact.updated_at, now)}")
    lines += _judge_lines(case)
    lines += _cut_lines(state)
    lines += ["", f"Severity {state.severity}: {_severity_reason(state)}"]
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
        lines = [f"  judged by the policy {named(judge)}, {since_words(judge, case.now)}"]
    if case.awaits and present is not None:
        lines.append(
            f"    an earlier one: a running gateway is about to judge it again by {named(present)}, "
            f"{since_words(present, case.now)}"
        )
    return lines


def _cut_lines(state: State) -> list[str]:
    if not state.cut:
        return []
    counts = " and ".join(f"{count} of its {what}" for what, count in sorted(state.cut.items()))
    return [f"  the conditions did not get to see {counts}: it has more than they may read"]


def _severity_reason(state: State) -> str:
    if state.severity_rule:
        return f"rule {state.severity_rule} matched"
    priority = state.contact.priority
    return f"no rule matched; the priority is {priority}" if priority else "no rule matched, and there is no priority"


def _routing(state: State, policy: Policy) -> list[View]:
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
        f"  {told['rule']} {words[told['verdict']]}" for told in _routing(state, policy) if told["verdict"] in words
    ]
    return lines


def _clock_lines(case: Case, state: State) -> list[str]:
    policy, now = case.policy, case.now
    views = clocks_view(state, policy, now, case.clocks)
    if not views:
        return ["Clocks: none; no SLA rule matches"]
    lines = ["Clocks:"]
    for view, clock in zip(views, clocks_in_order(state, policy, case.clocks), strict=True):
        lines.append(f"  {_named(clock)}: {clock_in_words(clock, policy, now)}")
        target, so_far = duration(clock.target_ms), duration(round(view["elapsed_s"] * 1_000))
        counted = f"{so_far} of {target} counted by calendar {view['calendar']}"
        lines.append(f"    rule {view['rule']}, since {moment(clock.started_at, now)}: {counted}")
        if view["due_at"]:
            lines.append(f"    deadline {view['due_at']}")
    return [*lines, *(f"  {line}" for line in left_out(case.clocks_left_out, "clocks"))]


def _escalation_lines(case: Case, state: State) -> list[str]:
    policy, now = case.policy, case.now
    if not state.escalations:
        return ["Escalations: none"]
    lines = ["Escalations:"]
    for call in calls_in_order(case, state):
        lines.append(f"  {call.rule}: {call.state}, raised {moment(call.raised_at, now)} by {_raised_by(call)}")
        if call.acknowledged_at is not None:
            lines.append(f"    acknowledged {moment(call.acknowledged_at, now)} by {clean(call.acknowledged_by)}")
        for step in _steps(call, policy.chains.get(call.chain)):
            roles = ", ".join(step["notify"])
            due = f", due {step['due_at']}" if step["due_at"] else ""
            lines.append(f"    step {step['step']} to {roles}: {step['state']}{due}")
    return [*lines, *(f"  {line}" for line in left_out(case.escalations_left_out, "escalations"))]


def _next_lines(case: Case, state: State) -> list[str]:
    row, now = case.row, case.now
    coming = upcoming(state, case.policy)
    if not coming:
        return ["Next: nothing, unless something happens"]
    lines = ["Next, if nothing else happens:"]
    lines += [f"  {moment(at, now)}: {what}" for at, what in coming]
    if row.next_due is not None and row.next_due < now:
        lines.append("  what is past already happens as soon as the gateway runs and has read what came in before")
    return lines


def _named(clock: Clock) -> str:
    number = f" no. {clock.instance}" if clock.instance > 1 else ""
    return f"{clock.metric.replace('_', ' ')}{number}"


def _raised_by(call: Escalation) -> str:
    return f"the clock {call.clock[0].replace('_', ' ')}" if call.clock else "its own condition"


def _steps(call: Escalation, chain: Chain | None) -> list[dict[str, Any]]:
    """Every step of the chain: fired, to come with its time, or not any more."""
    steps: list[dict[str, Any]] = []
    for number, step in enumerate(chain.steps if chain else (), 1):
        fired = number <= call.steps_fired
        due = None if fired or chain is None or call.state != "active" else step_due(chain, call, number)
        steps.append(
            {
                "step": number,
                "notify": list(step.notify),
                "after_s": seconds_of(step.after_ms),
                "state": "fired" if fired else "to come" if call.state == "active" else f"not any more: {call.state}",
                "due_at": None if due is None else format_instant(due),
            }
        )
    return steps


def _step_in_words(call: Escalation, chain: Chain | None) -> str:
    """What an escalation does when time takes it further."""
    if call.state == "acknowledged":
        return f"escalation {call.rule}: the acknowledgement runs out, and the chain goes on"
    number = call.steps_fired + 1
    if chain is None or step_due(chain, call, number) != call.next_at:
        return f"escalation {call.rule}: a reminder of step {call.steps_fired}"
    return f"escalation {call.rule}: step {number} calls {', '.join(chain.steps[number - 1].notify)}"
