"""Met or breached: what the deadline itself decides, and that a breach needs no later event and stays."""

from zoneinfo import ZoneInfo

import pytest

from gateway.model.event import Event
from gateway.rules.advance import next_due
from gateway.rules.calendar import weekly
from gateway.rules.policy import Mark, Operator, Policy
from tests.rules.worlds import T0, D, H, M, agent, customer, event, judged, lines, opening, policy, said, sla, state_of
from tests.rules.worlds import status as status_of


def first_reply(operator: Operator) -> Policy:
    """A first reply within 15 minutes."""
    return policy(sla("first_reply", 15 * M, operator=operator))


@pytest.mark.parametrize(
    ("operator", "reply", "state"),
    [
        ("le", 15 * M - 1, "met"),
        ("le", 15 * M, "met"),
        ("le", 15 * M + 1, "breached"),
        ("lt", 15 * M - 1, "met"),
        ("lt", 15 * M, "breached"),
        ("lt", 15 * M + 1, "breached"),
    ],
)
def test_the_operator_decides_about_the_deadline_itself(operator: Operator, reply: int, state: str) -> None:
    """`le` is met at or before the deadline, `lt` before it; a millisecond decides."""
    told = lines(first_reply(operator), H, opening(), agent(reply))
    assert told[0].split()[1] == state
    assert "met " + f"{reply / M:g}" in told[0]


@pytest.mark.parametrize("operator", ["le", "lt"])
def test_a_breach_happens_at_the_deadline_without_any_event(operator: Operator) -> None:
    """Asked a millisecond before it is running, at the deadline it is breached."""
    rules = first_reply(operator)
    assert lines(rules, 15 * M - 1, opening())[0].startswith("first_reply#1 running from 0 due 15 used")
    assert lines(rules, 15 * M, opening()) == ["first_reply#1 breached from 0 due 15 breached 15 used 15/15"]


def test_a_breach_stays_when_the_clock_is_met_later() -> None:
    """It keeps the deadline that stood, and `met_at` is set as well; that it was met is no success to be told."""
    told = judged(first_reply("le"), H, opening(), agent(20 * M))
    assert lines(first_reply("le"), H, opening(), agent(20 * M)) == [
        "first_reply#1 breached from 0 due 15 met 20 breached 15 used 20/15"
    ]
    assert said(told, "sla.breached", "sla.met") == [("sla.breached", 15 * M)]


@pytest.mark.parametrize(("operator", "state"), [("le", "cancelled"), ("lt", "breached")])
def test_an_end_at_the_deadline(operator: Operator, state: str) -> None:
    """`le` looks at the events of its deadline first: the end cancels. `lt` is breached first, and stays so."""
    told = lines(first_reply(operator), H, opening(), status_of(15 * M, "solved"))
    assert told[0].split()[1] == state
    assert "cancelled 15" in told[0]


def test_solving_at_the_deadline() -> None:
    """`le` is met by it, `lt` breached and met."""
    for operator, state in (("le", "met"), ("lt", "breached")):
        rules = policy(sla("resolution", H, operator=operator))
        told = lines(rules, 2 * H, opening(), status_of(H, "solved"))
        assert told[0].split()[1] == state
        assert "met 60" in told[0]


@pytest.mark.parametrize("operator", ["le", "lt"])
def test_reaching_the_target_just_as_the_status_pauses_is_a_breach(operator: Operator) -> None:
    """The elapsed time has reached the target: pausing comes too late."""
    rules = policy(sla("agent_work", H, operator=operator))
    events = opening(), status_of(H, "pending")
    assert lines(rules, 5 * H, *events) == ["agent_work#1 breached from 0 due 60 breached 60 used 60/60"]
    assert said(judged(rules, 5 * H, *events), "sla.breached") == [("sla.breached", H)]


def test_pausing_a_millisecond_before_the_target_is_none() -> None:
    """It breaks a millisecond after it goes on."""
    rules = policy(sla("agent_work", H))
    events = opening(), status_of(H - 1, "pending"), status_of(3 * H, "open")
    assert said(judged(rules, 2 * H, *events), "sla.breached") == []
    assert said(judged(rules, 9 * H, *events), "sla.breached") == [("sla.breached", 3 * H + 1)]


def test_a_deadline_on_closing_time_breaks_at_closing_time() -> None:
    """Not at the next opening; what pauses later that evening is too late."""
    office = weekly("office", ZoneInfo("UTC"), [[(540, 1020)]] * 7)
    rules = policy(sla("agent_work", 8 * H, calendar=office))
    events = opening(), status_of(9 * H, "pending")
    assert said(judged(rules, D, *events), "sla.breached") == [("sla.breached", 8 * H)]


def test_a_target_of_nothing_breaks_at_its_start() -> None:
    """Unless the very instant meets it."""
    rules = policy(sla("first_reply", 0))
    assert said(judged(rules, M, opening()), "sla.breached") == [("sla.breached", 0)]
    assert said(judged(rules, M, opening(), agent(0)), "sla.breached") == []


def test_a_calendar_that_never_opens_never_breaks() -> None:
    """The clock runs without a deadline, and nothing is due."""
    never = weekly("never", ZoneInfo("UTC"), [[]] * 7)
    rules = policy(sla("first_reply", H, calendar=never))
    result = judged(rules, 500 * D, opening())
    assert lines(rules, 500 * D, opening()) == ["first_reply#1 running from 0 used 0/60"]
    assert next_due(state_of(result)) is None


def test_next_due_names_the_instant_at_which_time_alone_changes_something() -> None:
    """The deadline, and after it nothing; a paused contact waits for nothing."""
    rules = policy(sla("agent_work", H))
    assert next_due(state_of(judged(rules, M, opening()))) == T0 + H
    assert next_due(state_of(judged(rules, H - 1, opening()))) == T0 + H
    assert next_due(state_of(judged(rules, H, opening()))) is None
    assert next_due(state_of(judged(rules, 2 * M, opening(), status_of(M, "pending")))) is None


def test_at_one_instant_events_come_first_then_warnings_then_breaches_in_the_policys_order() -> None:
    """Also where a breach by `lt` comes before the events of its deadline."""
    half = (Mark("50%", 30 * M),)
    rules = policy(
        sla("acknowledgement", 30 * M, operator="lt"),
        sla("first_reply", H, marks=half),
        sla("resolution", 30 * M, operator="lt", marks=(Mark("0s before", 30 * M),)),
        sla("agent_work", 30 * M, operator="le"),
    )
    told = said(judged(rules, 30 * M, opening(), event("contact.assigned", 30 * M, assignee="ada")))
    at_once = [type for type, at in told if at == 30 * M]
    assert at_once == ["sla.warned", "sla.breached", "sla.breached", "sla.warned", "sla.breached"]
    still = [item.rule for item in judged(rules, 30 * M, opening()).implied if item.at == T0 + 30 * M]
    assert still == ["first_reply", "resolution", "acknowledgement", "resolution", "agent_work"]


@pytest.mark.parametrize(
    ("late", "expected"),
    [(agent(10 * M), []), (customer(10 * M), [("sla.breached", 15 * M)])],
    ids=["reply", "question"],
)
def test_a_reply_that_arrives_late_is_judged_when_it_was_given(late: Event, expected: list[tuple[str, int]]) -> None:
    """The set of events decides, not when they came."""
    assert said(judged(first_reply("le"), H, late, customer(40 * M), opening()), "sla.breached") == expected


def test_a_breach_before_the_events_of_its_instant_is_behind_the_state() -> None:
    """What comes to light for that instant or an earlier one needs the history."""
    state = state_of(judged(first_reply("lt"), 15 * M, opening(), agent(15 * M)))
    assert (state.settled, state.as_of) == (T0 + 15 * M, T0 + 15 * M)
    quiet = state_of(judged(first_reply("le"), H, opening(), agent(20 * M)))
    assert (quiet.settled, quiet.as_of) == (T0 + 15 * M, T0 + 20 * M)
