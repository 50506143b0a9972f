"""A stored contact as the commands show it to people: lines and tables. Pure."""

from gateway.cli.fact_lines import known_lines
from gateway.cli.table import clean, duration, relative, table
from gateway.engine.case import Case
from gateway.kernel.store import UNOPENED, ContactRow
from gateway.kernel.values import contact_values, judge_of
from gateway.model.contact import Contact
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock, State
from gateway.rules.card import called
from gateway.rules.clocks import deadline
from gateway.rules.explanation import calls_in_order, clock_words
from gateway.rules.policy import Policy
from gateway.rules.timeline import InForce, Timeline
from gateway.rules.view import View, clocks_in_order, clocks_view, escalation_view
from gateway.web.words import field_label, field_words, title_words, way_words


def next_deadline(row: ContactRow, policy: Policy) -> tuple[int, Clock] | None:
    """The earliest deadline that nobody has met yet, be it past or to come, with its clock."""
    if row.state is None:
        return None
    waiting = [clock for clock in row.state.clocks if clock.instance and not clock.over and not clock.dropped]
    found = []
    for clock in waiting:
        at = clock.breached_due if clock.breached_at is not None else deadline(clock, policy.sla_by_id.get(clock.rule))
        if at is not None:
            found.append((at, clock.metric, clock.instance, clock))
    if not found:
        return None
    first = min(found, key=lambda entry: entry[:3])
    return first[0], first[3]


def by_deadline(rows: list[ContactRow], policies: Timeline) -> list[ContactRow]:
    """The contacts by what breaches next; those that nothing threatens last, latest change first."""

    def key(row: ContactRow) -> tuple[bool, int, int, str]:
        found = next_deadline(row, judge_of(row, policies))
        return (found is None, found[0] if found else 0, -row.updated_at, row.id)

    return sorted(rows, key=key)


def listed(rows: list[ContactRow], policies: Timeline, now: int) -> list[str]:
    """The lines of a table of contacts."""
    heads = ("DEADLINE", "CLOCK", "SEV", "STATUS", "CHANNEL", "QUEUE", "CONTACT", "SUBJECT")
    return table(heads, [_cells(row, judge_of(row, policies), now) for row in rows])


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
        state.contact.subject or _titled(state.contact),
    )


def _titled(contact: Contact) -> str:
    """What stands for the subject that a call doesn't have."""
    return title_words("", contact.kind, contact.direction, called(contact.customer)) if contact.kind == "call" else ""


def shown_values(case: Case) -> View:
    """One contact for JSON: as in a list, with what ended earlier, and how much of it is left out."""
    state = case.row.state
    if state is None:
        return contact_values(case.row, Timeline(()), case.now)
    judge = Timeline([InForce(state.policy_since, case.policy)])
    return {**contact_values(case.row, judge, case.now), **ended_too(case, state)}


def ended_too(case: Case, state: State) -> View:
    """The clocks and escalations with those that the state no longer carries, and the numbers of those left out."""
    return {
        "clocks": clocks_view(state, case.policy, case.now, case.earlier.clocks),
        "clocks_left_out": case.earlier.clocks_left_out,
        "escalations": [escalation_view(call) for call in calls_in_order(state, case.earlier)],
        "escalations_left_out": case.earlier.escalations_left_out,
    }


def shown(case: Case, *, all: bool = False) -> list[str]:
    """The lines that show one contact; with `all`, everything that is known of its customer."""
    row, now = case.row, case.now
    state = row.state
    if state is None:
        return [f"{row.id}: not opened yet: its opening hasn't come", *(f"  {clean(strand)}" for strand in row.strands)]
    contact = state.contact
    facts = [
        ("contact", row.id),
        ("refs", ", ".join(f"{strand.connector}:{strand.ref.kind}:{strand.ref.id}" for strand in contact.strands)),
        ("kind", f"{way_words(contact.kind, contact.channel)}, {contact.direction}"),
        ("status", contact.status + (f", reopened {contact.reopened} times" if contact.reopened else "")),
        ("severity", state.severity),
        ("queue", state.route.queue if state.route else None),
        ("vendor's deadline", None if contact.deadline is None else moment(contact.deadline, now)),
        ("subject", contact.subject),
        ("customer", called(contact.customer)),
        ("assignee", " / ".join(part for part in (contact.group, contact.assignee) if part)),
        ("tags", ", ".join(contact.tags)),
        *((field_label(name), field_words(name, value)) for name, value in contact.fields.items()),
        ("opened", moment(contact.opened_at, now)),
        ("updated", moment(contact.updated_at, now)),
    ]
    told = [(clean(name)[:32], value) for name, value in facts if value not in (None, "")]
    width = max(10, *(len(name) + 2 for name, _ in told))
    lines = [f"{name:<{width}}{clean(value)}" for name, value in told]
    known = known_lines(state, now, all=all)
    if known:
        lines += ["", "What others know of the customer:", *known]
    return [*lines, "", *clock_lines(case, state), "", *escalation_lines(case, state)]


def clock_lines(case: Case, state: State) -> list[str]:
    """The clocks as a table."""
    rows = [
        (
            clock.metric,
            clock.instance,
            clock.last_rule,
            clock_in_words(clock, case.policy, case.now),
            duration(clock.target_ms),
        )
        for clock in clocks_in_order(state, case.policy, case.earlier.clocks)
    ]
    lines = table(("CLOCK", "#", "RULE", "STATE", "TARGET"), rows) if rows else ["no rule counts a clock"]
    return [*lines, *left_out(case.earlier.clocks_left_out, "clocks")]


def left_out(count: int, what: str) -> list[str]:
    """The line that says how many earlier ones are not told, where any."""
    return [f"… and {count} {what} that ended earlier; --all tells them"] if count else []


def clock_in_words(clock: Clock, policy: Policy, now: int) -> str:
    """What has become of a clock, in words."""
    return clock_words(clock, policy, lambda at: relative(at, now))


def escalation_lines(case: Case, state: State) -> list[str]:
    """The escalations as a table."""
    now = case.now
    rows = [
        (
            call.rule,
            call.chain,
            call.state,
            relative(call.raised_at, now),
            call.steps_fired,
            relative(call.next_at, now),
        )
        for call in calls_in_order(state, case.earlier)
    ]
    heads = ("ESCALATION", "CHAIN", "STATE", "RAISED", "STEPS", "NEXT STEP")
    lines = table(heads, rows) if rows else ["no escalation"]
    return [*lines, *left_out(case.earlier.escalations_left_out, "escalations")]


def moment(instant: int, now: int) -> str:
    """An instant in UTC, and as people say it."""
    return f"{format_instant(instant)} ({relative(instant, now)})"
