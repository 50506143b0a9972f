"""Warnings: the three kinds of marks, each once, at the instant when the elapsed time reaches them."""

from zoneinfo import ZoneInfo

import pytest

from gateway.model.event import Event
from gateway.rules.advance import next_due
from gateway.rules.calendar import resolved, weekly
from gateway.rules.policy import Mark, Policy
from tests.rules.worlds import (
    T0,
    D,
    H,
    M,
    S,
    agent,
    customer,
    judged,
    opening,
    policy,
    said,
    sla,
    state_of,
    status,
    tagged,
    tags,
)

HALF, LATE, LAST = Mark("50%", 30 * M), Mark("45m", 45 * M), Mark("5s before", H - 5 * S)
OFFICE = weekly("office", ZoneInfo("UTC"), [[(540, 1020)]] * 7)


def warned(rules: Policy, until: int, *events: Event) -> list[tuple[str, int]]:
    """The marks that fired and when, in milliseconds from T0."""
    told = judged(rules, until, *events).implied
    return [(item.detail["mark"], item.at - T0) for item in told if item.type == "sla.warned"]


def test_each_mark_fires_once_at_its_instant() -> None:
    """A share of the target, an elapsed time, a time before the target; then the breach."""
    rules = policy(sla("first_reply", H, marks=(LAST, HALF, LATE)))
    assert warned(rules, 9 * H, opening()) == [("50%", 30 * M), ("45m", 45 * M), ("5s before", H - 5 * S)]
    assert said(judged(rules, 9 * H, opening()), "sla.breached") == [("sla.breached", H)]


@pytest.mark.parametrize("until", [30 * M - 1, 30 * M])
def test_a_mark_fires_at_the_very_instant(until: int) -> None:
    """Not a millisecond before, and not later; `next_due` named it."""
    rules = policy(sla("first_reply", H, marks=(HALF,)))
    assert len(warned(rules, until, opening())) == (until == 30 * M)
    due = next_due(state_of(judged(rules, until, opening())))
    assert due == T0 + (30 * M if until < 30 * M else H)


def test_marks_of_one_instant_fire_together_in_their_order() -> None:
    """In the order of the file."""
    rules = policy(sla("first_reply", H, marks=(Mark("30m", 30 * M), HALF, Mark("0s before", H))))
    assert warned(rules, 9 * H, opening()) == [("30m", 30 * M), ("50%", 30 * M), ("0s before", H)]


def test_a_mark_counts_calendar_time() -> None:
    """One hour before a deadline of tomorrow morning is one hour of office time before it."""
    rules = policy(sla("first_reply", 9 * H, calendar=OFFICE, marks=(Mark("1h before", 8 * H),)))
    assert warned(rules, 48 * H, opening()) == [("1h before", 8 * H)]
    later = policy(sla("first_reply", 10 * H, calendar=OFFICE, marks=(Mark("1h before", 9 * H),)))
    assert warned(later, 48 * H, opening()) == [("1h before", 25 * H)]


def test_a_reply_at_a_mark_comes_before_it() -> None:
    """Events first: what is met at the instant of its mark warns of nothing."""
    rules = policy(sla("first_reply", H, marks=(HALF,)))
    assert warned(rules, 9 * H, opening(), agent(30 * M)) == []


def test_a_paused_clock_warns_when_it_has_gone_on_far_enough() -> None:
    """And one that pauses just as the mark is reached warns at that instant."""
    rules = policy(sla("agent_work", H, marks=(HALF,)))
    assert warned(rules, 9 * H, opening(), status(20 * M, "pending"), status(2 * H, "open")) == [("50%", 130 * M)]
    assert warned(rules, 9 * H, opening(), status(30 * M, "pending")) == [("50%", 30 * M)]


def test_every_instance_warns_for_itself() -> None:
    """Two questions, two warnings."""
    rules = policy(sla("next_reply", H, marks=(HALF,)))
    events = opening(), agent(M), customer(2 * M), agent(40 * M), customer(50 * M)
    assert warned(rules, 9 * H, *events) == [("50%", 32 * M), ("50%", 80 * M)]
    late = opening(), agent(M), customer(2 * M), agent(2 * H), customer(3 * H), agent(5 * H)
    told = judged(rules, 9 * H, *late)
    assert said(told, "sla.breached") == [("sla.breached", 62 * M), ("sla.breached", 4 * H)]
    assert len({item.id for item in told.implied}) == len(told.implied)


def test_a_mark_that_is_past_when_its_rule_begins_fires_at_once() -> None:
    """The marks of the rule that was in force before have fired for themselves."""
    rules = policy(
        sla("first_reply", 2 * H, id="fast", marks=(HALF, Mark("75m", 75 * M))),
        sla("first_reply", 4 * H, id="slow", marks=(Mark("20m", 20 * M),)),
        when={"fast": tagged("vip")},
    )
    assert warned(rules, 9 * H, opening(), tags(H, "vip")) == [("20m", 20 * M), ("50%", H), ("75m", 75 * M)]


def test_a_rule_that_comes_back_does_not_warn_again() -> None:
    """A mark fires once for a clock, however often its rule comes and goes."""
    rules = policy(sla("first_reply", 2 * H, marks=(HALF,)), when={"first_reply": tagged("vip")})
    events = opening(tags=["vip"]), tags(40 * M), tags(50 * M, "vip")
    assert warned(rules, 9 * H, *events) == [("50%", 30 * M)]


def test_a_reopen_does_not_warn_again() -> None:
    """A resolution that goes on has warned of its first half."""
    rules = policy(sla("resolution", H, marks=(HALF,)))
    events = opening(), status(40 * M, "solved"), status(2 * H, "open")
    assert warned(rules, 9 * H, *events) == [("50%", 30 * M)]


def test_a_warning_names_its_clock_and_the_deadline() -> None:
    """Metric, instance and mark, and when it is due."""
    rules = policy(sla("first_reply", H, marks=(HALF,)))
    told = next(item for item in judged(rules, H, opening()).implied if item.type == "sla.warned")
    assert told.detail == {"metric": "first_reply", "instance": 1, "mark": "50%"}
    assert told.reason == "50% of first_reply reached, due 2026-03-02T10:00:00Z"


def test_a_warning_without_a_deadline_says_none() -> None:
    """The calendar doesn't open often enough for one."""
    rules = policy(sla("first_reply", 2 * H, calendar=resolved("once", [(T0, T0 + H)]), marks=(HALF,)))
    told = [item.reason for item in judged(rules, D, opening()).implied if item.type == "sla.warned"]
    assert told == ["50% of first_reply reached"]
