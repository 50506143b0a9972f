"""A call's wait: where it starts, what answers it, and what ends it."""

import pytest

from gateway.model.event import Event
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import Chain, EscalationRule, Mark, Step
from tests.rules.worlds import M, S, agent, event, judged, lines, opening, policy, said, sla, state_of, status, tags

RULES = policy(sla("speed_of_answer", M))


def call(after: int = 0) -> Event:
    """A call comes in."""
    return opening(after, kind="call", channel="phone")


def on_call(word: str, after: int) -> Event:
    """Something happens on the line."""
    return event(f"call.{word}", after)


def test_only_calls_wait_for_an_answer() -> None:
    """A ticket has no speed of answer, even where the rule matches it."""
    assert lines(RULES, M, opening()) == []


def test_it_counts_from_the_queue_else_from_the_ringing_else_from_the_opening() -> None:
    """The queue wins, whether it came before the ringing or after."""
    opened = lines(RULES, 20 * S, call())
    rung = lines(RULES, 20 * S, call(), on_call("ringing", 12 * S))
    queued = lines(RULES, 20 * S, call(), on_call("ringing", 6 * S), on_call("queued", 12 * S))
    both = lines(RULES, 20 * S, call(), on_call("queued", 12 * S), on_call("ringing", 18 * S))
    assert opened == ["speed_of_answer#1 running from 0 due 1 used 0.333333/1"]
    assert rung == queued == both == ["speed_of_answer#1 running from 0.2 due 1.2 used 0.133333/1"]


def test_only_the_first_queue_counts() -> None:
    """A call that is passed on to another queue has waited since the first one."""
    events = call(), on_call("queued", 6 * S), on_call("queued", 30 * S), on_call("answered", 48 * S)
    assert lines(RULES, 2 * M, *events) == ["speed_of_answer#1 met from 0.1 due 1.1 met 0.8 used 0.7/1"]


def test_what_is_said_to_a_caller_is_no_answer() -> None:
    """An agent's message meets the first reply, not the wait; a call that is answered meets both."""
    rules = policy(sla("speed_of_answer", M), sla("first_reply", M))
    assert lines(rules, 30 * S, call(), agent(6 * S))[0].split()[1] == "running"
    assert [line.split()[1] for line in lines(rules, 30 * S, call(), on_call("answered", 6 * S))] == ["met", "met"]


@pytest.mark.parametrize("word", ["abandoned", "ended"])
def test_a_caller_who_goes_away_cancels_the_wait(word: str) -> None:
    """Neither met nor breached."""
    assert lines(RULES, 2 * M, call(), on_call(word, 30 * S)) == [
        "speed_of_answer#1 cancelled from 0 cancelled 0.5 used 0.5/1"
    ]


def test_a_breach_before_the_caller_went_away_stays() -> None:
    """What happened has happened, also when the queue is entered later."""
    abandoned = lines(RULES, 9 * M, call(), on_call("abandoned", 2 * M))
    assert abandoned == ["speed_of_answer#1 breached from 0 due 1 breached 1 cancelled 2 used 2/1"]
    queued = lines(RULES, 3 * M, call(), on_call("queued", 2 * M), on_call("answered", 3 * M))
    assert queued == ["speed_of_answer#1 breached from 0 due 1 met 3 breached 1 used 3/1"]


@pytest.mark.parametrize("word", ["held", "resumed", "transferred"])
def test_what_happens_during_a_call_changes_no_wait(word: str) -> None:
    """Hold, resume and transfer neither answer nor end it."""
    assert lines(RULES, 30 * S, call(), on_call(word, 6 * S)) == lines(RULES, 30 * S, call())


def test_an_end_of_the_contact_cancels_the_wait_and_a_reopen_starts_none() -> None:
    """A call is answered once or never."""
    events = call(), status(30 * S, "closed"), status(M, "open")
    assert lines(RULES, 9 * M, *events) == ["speed_of_answer#1 cancelled from 0 cancelled 0.5 used 0.5/1"]


def test_what_a_wait_has_raised_stays_its_own_when_the_queue_is_entered() -> None:
    """The queue only moves the start: it is the same instance, so the escalation is raised once, and the answer ends
    it."""
    rules = policy(
        sla("speed_of_answer", M, marks=(Mark("50%", 30 * S),)),
        chains=(Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
        escalation=(EscalationRule("e", "sla.warned", "c"),),
    )
    events = call(), on_call("queued", 40 * S), on_call("answered", 80 * S)
    result = judged(rules, 9 * M, *events)
    assert said(result, "escalation.raised", "escalation.resolved") == [
        ("escalation.raised", 30 * S),
        ("escalation.resolved", 80 * S),
    ]
    assert [call.state for call in state_of(result).escalations] == ["resolved"]


def test_what_else_was_raised_is_not_the_waits() -> None:
    """An escalation of the contact itself outlasts the answer."""
    rules = policy(
        sla("speed_of_answer", M),
        chains=(Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
        escalation=(EscalationRule("e", "matched", "c"),),
    )
    result = judged(rules, 9 * M, call(), on_call("queued", 40 * S), on_call("answered", 50 * S))
    assert [call.state for call in state_of(result).escalations] == ["active"]


def test_entering_the_queue_forgets_what_was_counted_before() -> None:
    """Also where another rule has counted the first seconds."""
    rules = policy(
        sla("speed_of_answer", M, id="fast"),
        sla("speed_of_answer", 2 * M, id="slow"),
        when={"fast": lambda facts: "vip" in facts.contact.tags},
    )
    events = call(), tags(6 * S, "vip"), on_call("queued", 12 * S)
    assert lines(rules, 18 * S, *events) == ["fast#1 running from 0.2 due 1.2 used 0.1/1"]


@pytest.mark.parametrize("word", ["answered", "abandoned", "ended"])
def test_a_call_that_was_recorded_as_over_waits_for_nobody_when_it_is_reopened(word: str) -> None:
    """What answered or ended the wait during the end has ended it."""
    ended = opening(kind="call", channel="phone", status="closed")
    assert lines(RULES, 2 * M, ended, on_call(word, 6 * S), status(M, "open")) == []
    assert len(lines(RULES, 2 * M, ended, status(M, "open"))) == 1
