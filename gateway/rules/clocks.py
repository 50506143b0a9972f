"""One clock's arithmetic: counting, pausing, changing its rule, and when time alone will do something to it.

Laws. `elapsed_ms` is what had been counted at `since`; from there one rule and one calendar count. What was counted
stays when the rule changes. A target is the rule's, or the clock's own: up to the instant that a vendor has set, which
may move like a rule's target. A deadline is the earliest instant at which the sum reaches the target, and never before
`since`: a target that the sum has reached already is due at the change itself. Every function returns a new clock.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from gateway.model.judgement import Clock, Span
from gateway.rules.policy import Mark, SlaRule


@dataclass(frozen=True, slots=True)
class Ring:
    """What time will do to a clock next: fire these marks, or break it."""

    at: int
    marks: tuple[Mark, ...]
    breaks: bool


def counted(clock: Clock, rule: SlaRule | None, at: int) -> int:
    """Open milliseconds that count by `at`, at or after `since`."""
    if rule is None or not clock.runs or clock.over or clock.dropped:
        return clock.elapsed_ms
    return clock.elapsed_ms + rule.calendar.elapsed(clock.since, at)


def target_of(clock: Clock, rule: SlaRule) -> int:
    """What the clock may use up: up to its own deadline from its start on, or as its rule says."""
    if clock.until is not None:
        return max(0, clock.until - clock.started_at)
    return clock.target_ms if rule.target_ms is None else rule.target_ms


def reaches(clock: Clock, rule: SlaRule, target_ms: int) -> int | None:
    """The instant at which the sum reaches `target_ms`, if nothing else happens; None while paused or out of range."""
    missing = target_ms - clock.elapsed_ms
    if missing <= 0:
        return clock.since
    return rule.calendar.due(clock.since, missing) if clock.runs else None


def deadline(clock: Clock, rule: SlaRule | None) -> int | None:
    """When the clock breaks if the present state goes on; None while paused and without a rule."""
    return None if rule is None else reaches(clock, rule, target_of(clock, rule))


def due_to_show(clock: Clock, rule: SlaRule | None) -> int | None:
    """The deadline that people are told: the one that was broken or kept, else the present one; none while paused."""
    if clock.breached_at is not None:
        return clock.breached_due
    if clock.cancelled_at is not None:
        return None
    if clock.met_at is not None:
        return clock.met_due
    return deadline(clock, rule) if clock.runs else None


def next_ring(clock: Clock, rule: SlaRule | None) -> Ring | None:
    """The next thing that time alone does to the clock: a warning, a breach, or nothing."""
    if rule is None or clock.over:
        return None
    due_marks = marks_to_come(clock, rule)
    breaks_at = deadline(clock, rule) if clock.breached_at is None else None
    instants = [at for _, at in due_marks] + ([breaks_at] if breaks_at is not None else [])
    if not instants:
        return None
    first = min(instants)
    return Ring(first, tuple(mark for mark, at in due_marks if at == first), breaks_at == first)


def marks_to_come(clock: Clock, rule: SlaRule) -> list[tuple[Mark, int]]:
    """The marks that haven't fired, each with its instant if the present state goes on.

    One that lies behind the target waits: the clock's own may move away.
    """
    target_ms, found = target_of(clock, rule), list[tuple[Mark, int]]()
    for mark in rule.marks:
        if mark_key(rule, mark) in clock.warned or (used := mark.reach(target_ms)) > target_ms:
            continue
        if (at := reaches(clock, rule, used)) is not None:
            found.append((mark, at))
    return found


def mark_key(rule: SlaRule, mark: Mark) -> str:
    """The name under which a clock remembers that a mark of a rule has fired."""
    return f"{rule.id}/{mark.text}"


def set_running(clock: Clock, rule: SlaRule | None, runs: bool, at: int) -> Clock:
    """Pause or resume at `at`; what ran until then is counted, or kept for a rule to count later."""
    if clock.runs == runs:
        return clock
    return replace(count_until(clock, rule, at), runs=runs)


def change_rule(clock: Clock, old: SlaRule | None, new: SlaRule | None, at: int) -> Clock:
    """Let another rule count from `at` on; None drops the clock until a rule takes it up again."""
    if new is None:
        if old is None:
            return clock
        return replace(count_until(clock, old, at), rule="", cancelled_at=at, dropped=True)
    if old is None:
        # As if this rule had matched in between: it counts every stretch that no rule has counted.
        caught_up = sum(new.calendar.elapsed(span.start, span.end) for span in clock.uncounted)
        if clock.runs:
            caught_up += new.calendar.elapsed(clock.since, at)
        clock = replace(clock, elapsed_ms=clock.elapsed_ms + caught_up, uncounted=(), since=at)
    else:
        clock = count_until(clock, old, at)
    return replace(
        clock,
        rule=new.id,
        last_rule=new.id,
        target_ms=target_of(clock, new),
        calendar=new.calendar.name,
        cancelled_at=None,
        dropped=False,
    )


def is_counted_by(clock: Clock, rule: SlaRule | None) -> bool:
    """Whether it is this rule that counts the clock, with the figures that it has now; None: whether no rule does."""
    if rule is None:
        return not clock.rule
    return (clock.rule, clock.target_ms, clock.calendar) == (rule.id, target_of(clock, rule), rule.calendar.name)


def move(clock: Clock, rule: SlaRule | None, until: int, at: int, by: str) -> Clock:
    """The vendor moves the deadline at `at`, `by` an event: the sum stays, and what warns of it warns anew."""
    moved = replace(count_until(clock, rule, at), until=until, moved_by=by, warned=())
    return moved if rule is None else replace(moved, target_ms=target_of(moved, rule))


def meet(clock: Clock, rule: SlaRule | None, at: int) -> Clock:
    """The obligation is met at `at`; of one that no rule counts only the end is kept."""
    if clock.dropped:
        return replace(clock, dropped=False)
    return replace(count_until(clock, rule, at), met_at=at, met_due=deadline(clock, rule))


def cancel(clock: Clock, rule: SlaRule | None, at: int) -> Clock:
    """The obligation is over at `at` without having been met."""
    if clock.dropped:
        return replace(clock, dropped=False)
    return replace(count_until(clock, rule, at), cancelled_at=at)


def breach(clock: Clock, rule: SlaRule, at: int) -> Clock:
    """The deadline has come: a breach happens at it and stays."""
    return replace(clock, breached_at=at, breached_due=at, breached_rule=rule.id)


def go_on(clock: Clock, at: int) -> Clock:
    """A met clock of a contact that is reopened at `at`: the time in which it was ended doesn't count.

    Whether the new status lets it run is for `set_running`.
    """
    return replace(clock, met_at=None, met_due=None, since=at)


def count_until(clock: Clock, rule: SlaRule | None, at: int) -> Clock:
    """Add what has run until `at` to the sum; without a rule keep it for one to count later."""
    if rule is not None and not clock.dropped:
        return replace(clock, elapsed_ms=counted(clock, rule, at), since=at)
    if clock.runs and at > clock.since:
        return replace(clock, uncounted=(*clock.uncounted, Span(clock.since, at)), since=at)
    return replace(clock, since=at)
