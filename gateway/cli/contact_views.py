"""A stored contact as the commands show it to people: lines and tables. Pure."""

from gateway.cli.table import clean, duration, relative, table
from gateway.kernel.store import UNOPENED, ContactRow
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock, State
from gateway.rules.clocks import deadline
from gateway.rules.policy import Policy
from gateway.rules.view import clocks_in_order


def next_deadline(row: ContactRow, policy: Policy) -> tuple[int, Clock] | None:
    """The earliest deadline that nobody has met yet, be it past or to come, with its clock."""
    if row.state is None:
        return None
    rules = {rule.id: rule for rule in policy.sla}
    waiting = [clock for clock in row.state.clocks if clock.instance and not clock.over and not clock.dropped]
    found = []
    for clock in waiting:
        at = clock.breached_due if clock.breached_at is not None else deadline(clock, rules.get(clock.rule))
        if at is not None:
            found.append((at, clock.metric, clock.instance, clock))
    if not found:
        return None
    first = min(found, key=lambda entry: entry[:3])
    return first[0], first[3]


def by_deadline(rows: list[ContactRow], policy: Policy) -> list[ContactRow]:
    """The contacts by what breaches next; those that nothing threatens last, latest change first."""

    def key(row: ContactRow) -> tuple[bool, int, int, str]:
        found = next_deadline(row, policy)
        return (found is None, found[0] if found else 0, -row.updated_at, row.id)

    return sorted(rows, key=key)


def listed(rows: list[ContactRow], policy: Policy, now: int) -> list[str]:
    """The lines of a table of contacts."""
    heads = ("DEADLINE", "CLOCK", "SEV", "STATUS", "CHANNEL", "QUEUE", "CONTACT", "SUBJECT")
    return table(heads, [_cells(row, policy, now) for row in rows])


def _cells(row: ContactRow, policy: Policy, now: int) -> tuple[object, ...]:
    state = row.state
    if state is None:
        return ("-", "-", "-", UNOPENED, "-", "-", row.id, ", ".join(str(strand) for strand in row.strands))
    found = next_deadline(row, policy)
    clock = "-"
    if found:
        clock = found[1].metric + (" (breached)" if found[1].breached_at is not None else "")
    return (
        relative(found[0], now) if found else "-",
        clock,
        state.severity,
        state.contact.status,
        state.contact.channel,
        state.route.queue if state.route else "-",
        row.id,
        state.contact.subject or "",
    )


def shown(row: ContactRow, policy: Policy, now: int) -> list[str]:
    """The lines that show one contact."""
    state = row.state
    if state is None:
        return [f"{row.id}: not opened yet: its opening hasn't come", *(f"  {clean(strand)}" for strand in row.strands)]
    contact = state.contact
    facts = [
        ("contact", row.id),
        ("refs", ", ".join(f"{strand.connector}:{strand.ref.kind}:{strand.ref.id}" for strand in contact.strands)),
        ("kind", f"{contact.kind} by {contact.channel}, {contact.direction}"),
        ("status", contact.status + (f", reopened {contact.reopened} times" if contact.reopened else "")),
        ("severity", state.severity),
        ("queue", state.route.queue if state.route else None),
        ("subject", contact.subject),
        ("customer", contact.customer.name or contact.customer.email or contact.customer.phone or contact.customer.id),
        ("assignee", " / ".join(part for part in (contact.group, contact.assignee) if part)),
        ("tags", ", ".join(contact.tags)),
        ("opened", moment(contact.opened_at, now)),
        ("updated", moment(contact.updated_at, now)),
    ]
    lines = [f"{name:<10}{clean(value)}" for name, value in facts if value not in (None, "")]
    return [*lines, "", *clock_lines(state, policy, now), "", *escalation_lines(state, now)]


def clock_lines(state: State, policy: Policy, now: int) -> list[str]:
    """The clocks as a table."""
    rules = {rule.id: rule for rule in policy.sla}
    rows = []
    for clock in clocks_in_order(state, policy):
        rule = rules.get(clock.last_rule)
        target = duration(rule.target_ms) if rule else "-"
        rows.append((clock.metric, clock.instance, clock.last_rule, clock_in_words(clock, policy, now), target))
    return table(("CLOCK", "#", "RULE", "STATE", "TARGET"), rows) if rows else ["no rule counts a clock"]


def clock_in_words(clock: Clock, policy: Policy, now: int) -> str:
    """What has become of a clock, in words."""
    if clock.breached_at is not None:
        met = f", met {relative(clock.met_at, now)}" if clock.met_at is not None else ""
        over = f", ended {relative(clock.cancelled_at, now)}" if clock.cancelled_at is not None else ""
        return f"breached {relative(clock.breached_at, now)}{met}{over}"
    if clock.cancelled_at is not None:
        return f"cancelled {relative(clock.cancelled_at, now)}"
    if clock.met_at is not None:
        return f"met {relative(clock.met_at, now)}"
    if not clock.runs:
        return "paused by the status"
    due = deadline(clock, {rule.id: rule for rule in policy.sla}.get(clock.rule))
    if due is None:
        return "running, without a deadline in reach of its calendar"
    return f"running, due {relative(due, now)}"


def escalation_lines(state: State, now: int) -> list[str]:
    """The escalations as a table."""
    rows = [
        (
            call.rule,
            call.chain,
            call.state,
            relative(call.raised_at, now),
            call.steps_fired,
            relative(call.next_at, now),
        )
        for call in state.escalations
    ]
    heads = ("ESCALATION", "CHAIN", "STATE", "RAISED", "STEPS", "NEXT STEP")
    return table(heads, rows) if rows else ["no escalation"]


def moment(instant: int, now: int) -> str:
    """An instant in UTC, and as people say it."""
    return f"{format_instant(instant)} ({relative(instant, now)})"
