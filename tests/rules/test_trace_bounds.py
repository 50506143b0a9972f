"""A contact's path stays short, however much has happened: the middle is left out and counted, the sums stay right."""

from gateway.rules import clocks
from gateway.rules.calendar import ALWAYS, resolved
from gateway.rules.escalation import REMINDERS_MAX
from gateway.rules.policy import Chain, EscalationRule, Step
from gateway.rules.trace.callpath import MOMENTS_MAX
from gateway.rules.trace.clockpath import CHANGES_MAX, SEGMENTS_MAX, STRETCHES_MAX
from gateway.rules.trace.path import ClockPath, Trace
from gateway.rules.trace.tracing import EARLIER, TURNS_MAX
from tests.rules.test_trace import EVEN, path, traced
from tests.rules.worlds import T0, D, H, M, S, agent, customer, event, judged, opening, policy, sla, state_of, status


def _elapsed(told: Trace, path: ClockPath) -> int:
    return clocks.counted(path.clock, told.judge.policy.sla_by_id.get(path.clock.rule), told.until)


def test_a_history_without_end_is_told_in_short() -> None:
    """Ten thousand events: the middle is left out and counted, and the sums are right all the same."""
    rules = policy(sla("agent_work", 900 * D, calendar=EVEN), sla("next_reply", H), sla("first_reply", H))
    events = [opening()]
    for n in range(2_500):
        minute = 4 * n * M
        events += [customer(minute), agent(minute + M), status(minute + 2 * M, "pending")]
        events.append(status(minute + 3 * M, "open"))
    told = traced(rules, 8 * D, *events)
    replies = [path for path in told.clocks if path.clock.metric == "next_reply"]
    assert (told.clocks_left_out, len(told.clocks) <= EARLIER + 32) == (2_500 - len(replies), True)
    assert replies[-1].clock.instance == 2_499
    for one in told.clocks:
        assert len(one.stretches) <= STRETCHES_MAX
        if one.clock.instance:
            assert one.counted_ms == _elapsed(told, one)
    work = path(told, "agent_work")
    assert sum(one.of for one in work.stretches) == 5_000 + 1
    assert [one.state for one in work.stretches].count("left out") == 1
    assert sum(len(one.segments) for one in work.stretches) <= 4 * SEGMENTS_MAX
    assert (len(told.turns), told.turns_left_out > 4_000) == (TURNS_MAX, True)


def test_thousands_of_changes_within_an_instant_are_told_in_short() -> None:
    """No time passes in them: they are one stretch, with its first and last changes."""
    rules = policy(sla("agent_work", H))
    flips = [status(M, "pending" if n % 2 == 0 else "open", id=f"{n:04}") for n in range(3_000)]
    told = path(traced(rules, 2 * M, opening(), *flips), "agent_work")
    assert [(one.state, len(one.changes), one.changes_left_out) for one in told.stretches] == [
        ("running", 1, 0),
        ("running", CHANGES_MAX, 3_000 - CHANGES_MAX),
    ]


def test_a_calendar_of_many_small_hours_is_told_in_short() -> None:
    """A hundred thousand open minutes: the middle is one segment that says how many it stands for."""
    minutes = resolved("dots", [(T0 + 2 * n * M, T0 + (2 * n + 1) * M) for n in range(100_000)])
    told = traced(policy(sla("resolution", 900 * D, calendar=minutes)), 180_001 * M, opening())
    work = path(told, "resolution")
    assert work.counted_ms == _elapsed(told, work) == 90_001 * M
    segments = work.stretches[0].segments
    assert len(segments) <= 2 * SEGMENTS_MAX + 1
    assert sum(one.of for one in segments if one.kind != "closed") == 90_001
    assert [one.kind for one in segments].count("left out") == 1


def test_a_reminder_every_second_is_told_in_short() -> None:
    """For years: it falls silent after a thousand, and the middle of those is left out."""
    chain = Chain("c", ALWAYS, (Step(0, ("lead",), S), Step(H, ("boss",), S)))
    rules = policy(chains=(chain,), escalation=(EscalationRule("all", "matched", "c"),))
    told = traced(rules, 1_500 * D, opening()).escalations[0]
    assert len(told.moments) <= 16
    assert sum(one.of for one in told.moments) == 2 + 2 * REMINDERS_MAX
    assert [one.kind for one in told.moments].count("left out") == 2


def test_many_acknowledgements_are_told_in_short() -> None:
    """Taken, and run out, hundreds of times."""
    chain = Chain("c", ALWAYS, (Step(0, ("lead",)),), unack_after_ms=M)
    rules = policy(chains=(chain,), escalation=(EscalationRule("all", "matched", "c"),))
    raised = state_of(judged(rules, M, opening())).escalations[0].id
    taken = [event("escalation.acknowledged", 2 * n * M, escalation=raised, by="ada") for n in range(1, 400)]
    told = traced(rules, D, opening(), *taken).escalations[0]
    assert len(told.moments) == MOMENTS_MAX
    assert sum(one.of for one in told.moments) == 1 + 2 * 399
