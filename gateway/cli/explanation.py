"""Why a contact is where it is, and what happens next: as values for JSON, and as lines for people. Pure.

It is told from the stored judgement, by the policy that is configured now; a judgement by another one is named as such.
"""

from typing import Any

from gateway.cli.contact_views import clock_in_words, moment
from gateway.cli.table import clean, duration
from gateway.kernel.store import UNOPENED, ContactRow
from gateway.model.instant import format_instant, seconds_of
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.escalation import step_due
from gateway.rules.policy import Chain, Policy
from gateway.rules.view import View, clocks_in_order, clocks_view, contact_view, escalation_view, route_view


def explained(row: ContactRow, policy: Policy, now: int) -> View:
    """The whole explanation for JSON; of a contact that isn't opened yet, only that."""
    state = row.state
    if state is None:
        refs = [{"connector": strand.connector, "kind": strand.kind, "id": strand.id} for strand in row.strands]
        return {"id": row.id, "status": UNOPENED, "refs": refs, "next": []}
    return {
        "id": row.id,
        **contact_view(state),
        "severity_rule": state.severity_rule or None,
        "route": route_view(state.route),
        "routing": _routing(state, policy),
        "clocks": [
            {**view, "words": clock_in_words(clock, policy, now)}
            for view, clock in zip(clocks_view(state, policy, now), clocks_in_order(state, policy), strict=True)
        ],
        "escalations": [
            {
                **escalation_view(call),
                "raised_by": _raised_by(call),
                "steps": _steps(call, policy.chains.get(call.chain)),
            }
            for call in state.escalations
        ],
        "failures": dict(state.failures),
        "next": [
            {"at": format_instant(at), "in_s": seconds_of(at - now), "what": what}
            for at, what in upcoming(state, policy)
        ],
        "policy": {"name": policy.name, "hash": policy.hash, "judged_by": state.policy},
    }


def upcoming(state: State, policy: Policy) -> list[tuple[int, str]]:
    """What time alone will bring, if nothing else happens, the soonest first."""
    rules = {rule.id: rule for rule in policy.sla}
    found: list[tuple[int, str]] = []
    for clock in state.clocks:
        rule = rules.get(clock.rule)
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


def explanation_lines(row: ContactRow, policy: Policy, now: int) -> list[str]:
    """The explanation for people: times in UTC, and as people say them."""
    state = row.state
    if state is None:
        named = [f"  {clean(strand)}" for strand in row.strands]
        return [f"{row.id} is not opened yet: its events wait for the opening, and nobody judges them.", *named]
    contact = state.contact
    lines = [f"{row.id}: {contact.kind} by {contact.channel}, {contact.direction}, {contact.status}"]
    if contact.subject:
        lines.append(f"  {clean(contact.subject)}")
    lines.append(f"  opened {moment(contact.opened_at, now)}, last changed {moment(contact.updated_at, now)}")
    if state.policy != policy.hash:
        lines.append(f"  judged by another policy ({state.policy}); a running gateway judges it again by {policy.hash}")
    lines += ["", f"Severity {state.severity}: {_severity_reason(state)}"]
    lines += ["", *_route_lines(state, policy)]
    lines += ["", *_clock_lines(state, policy, now)]
    lines += ["", *_escalation_lines(state, policy, now)]
    if state.failures:
        lines += ["", "Rules whose condition could not be evaluated; they count as not matched:"]
        lines += [f"  {clean(rule)}: {clean(reason)}" for rule, reason in sorted(state.failures.items())]
    return [*lines, "", *_next_lines(row, state, policy, now)]


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


def _clock_lines(state: State, policy: Policy, now: int) -> list[str]:
    views = clocks_view(state, policy, now)
    if not views:
        return ["Clocks: none; no SLA rule matches"]
    lines = ["Clocks:"]
    for view, clock in zip(views, clocks_in_order(state, policy), strict=True):
        lines.append(f"  {_named(clock)}: {clock_in_words(clock, policy, now)}")
        target = "-" if view["target_s"] is None else duration(round(view["target_s"] * 1_000))
        counted = f"{duration(round(view['elapsed_s'] * 1_000))} of {target} counted by calendar {view['calendar']}"
        lines.append(f"    rule {view['rule']}, since {moment(clock.started_at, now)}: {counted}")
        if view["due_at"]:
            lines.append(f"    deadline {view['due_at']}")
    return lines


def _escalation_lines(state: State, policy: Policy, now: int) -> list[str]:
    if not state.escalations:
        return ["Escalations: none"]
    lines = ["Escalations:"]
    for call in state.escalations:
        lines.append(f"  {call.rule}: {call.state}, raised {moment(call.raised_at, now)} by {_raised_by(call)}")
        if call.acknowledged_at is not None:
            lines.append(f"    acknowledged {moment(call.acknowledged_at, now)} by {clean(call.acknowledged_by)}")
        for step in _steps(call, policy.chains.get(call.chain)):
            roles = ", ".join(step["notify"])
            due = f", due {step['due_at']}" if step["due_at"] else ""
            lines.append(f"    step {step['step']} to {roles}: {step['state']}{due}")
    return lines


def _next_lines(row: ContactRow, state: State, policy: Policy, now: int) -> list[str]:
    coming = upcoming(state, policy)
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
