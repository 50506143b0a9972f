"""Why a contact is where it is, and what happens next, as lines for people. Pure.

It is told from the stored judgement, by the policy that made it. That an earlier one did is said, and what follows.
"""

from gateway.cli.contact_views import clock_in_words, left_out, moment
from gateway.cli.fact_lines import enquiry_lines, known_lines
from gateway.cli.path_lines import call_lines, path_lines, turn_lines
from gateway.cli.policy_views import named as policy_named
from gateway.cli.policy_views import since_words
from gateway.cli.rule_lines import tried_lines
from gateway.cli.table import clean, duration
from gateway.engine.case import Case
from gateway.engine.explaining import coming_of
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock, State
from gateway.rules.card import called
from gateway.rules.coming import named
from gateway.rules.explanation import calls_in_order, name_of, raised_by, steps_view
from gateway.rules.in_short import severity_words
from gateway.rules.policy import Section
from gateway.rules.view import clocks_in_order, clocks_view
from gateway.web.words import title_words, way_words

CLOCKS_ENDED = 2
"""Of the clocks that are over, and of the breached ones among them, so many are told line by line, the latest, unless
all are."""


def explanation_lines(case: Case, *, all: bool = False) -> list[str]:
    """The explanation for people: times in UTC, and as people say them. With `all`, nothing is left out."""
    row, state, now = case.row, case.row.state, case.now
    if state is None:
        refs = [f"  {clean(strand)}" for strand in row.strands]
        return [f"{row.id} is not opened yet: its events wait for the opening, and nobody judges them.", *refs]
    contact = state.contact
    lines = [f"{row.id}: {way_words(contact.kind, contact.channel)}, {contact.direction}, {contact.status}"]
    if contact.subject or contact.kind == "call":
        title = title_words(contact.subject, contact.kind, contact.direction, called(contact.customer))
        lines.append(f"  {clean(title)}")
    lines.append(f"  opened {moment(contact.opened_at, now)}, last changed {moment(contact.updated_at, now)}")
    lines += _judge_lines(case)
    lines += _cut_lines(state)
    lines += _doubt_lines(case)
    lines += ["", f"Severity {state.severity}: {severity_words(state)}", *_tried(case, "severity", all=all)]
    lines += ["", _route_line(state), *_tried(case, "routing", all=all)]
    changed = turn_lines(case.trace, all=all)
    lines += ["", "What changed it:" if all else "What changed these last:", *changed] if changed else []
    lines += ["", *_clock_lines(case, state, all=all)]
    lines += ["", *_escalation_lines(case, state, all=all)]
    known = known_lines(state, now, all=all)
    if known:
        lines += ["", "What others know of the customer:", *known, *enquiry_lines(case.trace, all=all)]
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


def _doubt_lines(case: Case) -> list[str]:
    """What stands between this explanation and the whole truth."""
    lines = []
    if case.past:
        lines.append(f"  as it stood at {format_instant(case.at)}, by what had happened and was in force then")
    if case.at < case.now:
        lines.append(f"  nobody has judged it since: told as of {format_instant(case.at)}")
    if case.received_later:
        events = "1 event" if case.received_later == 1 else f"{case.received_later} events"
        lines.append(f"  {events} that had happened by then came in only later; the judging of that day did not know")
    if case.untold:
        lines.append(f"  how it came to be so can't be told: {clean(case.untold)}")
    return lines


def _tried(case: Case, section: Section, *, all: bool) -> list[str]:
    return tried_lines(case.tried.get(section, ()), all=all)


def _route_line(state: State) -> str:
    route = state.route
    if route is None:
        return "Route: none; no routing rule matched"
    skills = f", skills {', '.join(route.skills)}" if route.skills else ""
    team = f" of {route.team}" if route.team else ""
    return f"Queue {route.queue}{team}, tier {route.tier}, priority {route.priority}{skills}: rule {route.rule} matched"


def _clock_lines(case: Case, state: State, *, all: bool) -> list[str]:
    policy, now = case.policy, case.now
    views = clocks_view(state, policy, case.at, case.earlier.clocks)
    rules = _tried(case, "sla", all=True) if all or not views else []
    if not views:
        return ["Clocks: none; no SLA rule matches", *rules]
    lines = ["Clocks:", *rules]
    in_order = clocks_in_order(state, policy, case.earlier.clocks)
    ended = sorted((clock for clock in in_order if clock.over), key=_ended_at)
    breached = [clock for clock in ended if clock.breached_at is not None]
    told = {name_of(clock) for clock in (*ended[-CLOCKS_ENDED:], *breached[-CLOCKS_ENDED:])}
    brief = set() if all else {name_of(clock) for clock in ended} - told
    paths = {} if case.trace is None else {name_of(path.clock): path for path in case.trace.clocks}
    for view, clock in zip(views, in_order, strict=True):
        lines.append(f"  {named(clock)}: {clock_in_words(clock, policy, now)}")
        target, so_far = duration(clock.target_ms), duration(round(view["elapsed_s"] * 1_000))
        deadline = f", deadline {view['due_at']}" if view["due_at"] else ""
        lines.append(f"    rule {view['rule']}, since {moment(clock.started_at, now)}")
        if case.untold and clock.rule and clock.rule not in policy.sla_by_id:
            lines.append("    how much of it has been counted can't be told without its policy")
            continue
        lines.append(f"    {so_far} of {target} counted by calendar {view['calendar']}{deadline}")
        path = paths.get(name_of(clock))
        if path is not None and name_of(clock) not in brief:
            lines += path_lines(path, clock.target_ms, case.zones, all=all)
    return [*lines, *(f"  {line}" for line in left_out(case.earlier.clocks_left_out, "clocks"))]


def _ended_at(clock: Clock) -> int:
    return max(clock.met_at or 0, clock.cancelled_at or 0)


def _escalation_lines(case: Case, state: State, *, all: bool) -> list[str]:
    policy, now = case.policy, case.now
    rules = _tried(case, "escalation", all=True) if all else []
    if not state.escalations:
        return ["Escalations: none", *rules]
    lines = ["Escalations:", *rules]
    paths = {} if case.trace is None else {path.escalation.id: path for path in case.trace.escalations}
    for call in calls_in_order(state, case.earlier):
        lines.append(f"  {call.rule}: {call.state}, raised {moment(call.raised_at, now)} by {raised_by(call)}")
        if call.acknowledged_at is not None:
            lines.append(f"    acknowledged {moment(call.acknowledged_at, now)} by {clean(call.acknowledged_by)}")
        if call.resolved_at is not None and call.resolved_by:
            lines.append(f"    resolved {moment(call.resolved_at, now)} by {clean(call.resolved_by)}")
        for step in steps_view(call, policy):
            roles = ", ".join(step["notify"])
            due = f", due {step['due_at']}" if step["due_at"] else f" {step['fired_at']}" if step["fired_at"] else ""
            again = ""
            if step["reminders"]:
                times = "once" if step["reminders"] == 1 else f"{step['reminders']} times"
                due, again = "", f", reminded {times}, last {step['fired_at']}"
            lines.append(f"    step {step['step']} to {roles}: {step['state']}{due}{again}")
        if call.id in paths:
            lines += call_lines(paths[call.id], all=all)
    return [*lines, *(f"  {line}" for line in left_out(case.earlier.escalations_left_out, "escalations"))]


def _next_lines(case: Case, state: State) -> list[str]:
    row, now = case.row, case.now
    coming = coming_of(case, state)
    if not coming:
        return ["Next: nothing, unless something happens"]
    lines = ["Next, if nothing else happens:"]
    lines += [f"  {moment(one.at, now)}: {clean(one.what)}" for one in coming]
    if row.next_due is not None and row.next_due < now:
        lines.append("  what is past already happens as soon as the gateway runs and has read what came in before")
    return lines
