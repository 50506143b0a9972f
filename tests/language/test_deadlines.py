"""Deadlines and elapsed time: met or breached to the millisecond, paused, and what the answer says of each state."""

import pytest

from tests.language.words import OFFICE, clocks, only, sla

REPLY = sla("metric: first_reply, within: 1h")
WORK = sla("metric: agent_work, within: 1h")


def operated(metric: str, operator: str) -> str:
    """A policy of one promise of an hour with this operator."""
    return sla(f"metric: {metric}, within: 1h, operator: {operator}")


@pytest.mark.parametrize(
    ("operator", "at", "expected"),
    [
        pytest.param("le", "09:59:59.999", "met 09:00 due 10:00 met 09:59:59.999", id="le-before"),
        pytest.param("le", "10:00", "met 09:00 due 10:00 met 10:00", id="le-at-it"),
        pytest.param(
            "le", "10:00:00.001", "breached 09:00 due 10:00 met 10:00:00.001 breached 10:00", id="le-just-after"
        ),
        pytest.param("lt", "09:59:59.999", "met 09:00 due 10:00 met 09:59:59.999", id="lt-before"),
        pytest.param("lt", "10:00", "breached 09:00 due 10:00 met 10:00 breached 10:00", id="lt-at-it"),
        pytest.param("lt", "10:30", "breached 09:00 due 10:00 met 10:30 breached 10:00", id="lt-after"),
    ],
)
def test_met_or_breached(operator: str, at: str, expected: str) -> None:
    """`le` is met at or before the deadline, `lt` only before it; a breach happens at the deadline itself, and stays
    when the reply comes after all."""
    assert clocks(operated("first_reply", operator), f"09:00 opened; {at} agent", "12:00") == [f"r/1 {expected}"]
    assert clocks(operated("resolution", operator), f"09:00 opened; {at} solved", "12:00") == [f"r/1 {expected}"]


def test_le_is_the_operator_that_goes_without_saying() -> None:
    """A rule without an operator is met at its deadline."""
    assert clocks(REPLY, "09:00 opened; 10:00 agent", "12:00") == ["r/1 met 09:00 due 10:00 met 10:00"]


@pytest.mark.parametrize("operator", ["le", "lt"])
def test_a_breach_needs_no_event(operator: str) -> None:
    """Asked a millisecond before its deadline a clock runs; asked at the deadline, with nothing that meets it, it is
    breached."""
    policy = operated("first_reply", operator)

    assert clocks(policy, "09:00 opened", "09:59:59.999") == ["r/1 running 09:00 due 10:00"]
    assert clocks(policy, "09:00 opened", "10:00") == ["r/1 breached 09:00 due 10:00 breached 10:00"]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        pytest.param("le", "cancelled 09:00 cancelled 10:00", id="le-looks-at-the-events-first"),
        pytest.param("lt", "breached 09:00 due 10:00 breached 10:00 cancelled 10:00", id="lt-is-breached-first"),
    ],
)
@pytest.mark.parametrize("end", ["solved", "closed", "merged", "deleted"])
def test_the_end_at_the_very_deadline(end: str, operator: str, expected: str) -> None:
    """At the deadline itself `le` lets the end cancel, `lt` is breached before it."""
    assert clocks(operated("first_reply", operator), f"09:00 opened; 10:00 {end}", "12:00") == [f"r/1 {expected}"]


@pytest.mark.parametrize("operator", ["le", "lt"])
@pytest.mark.parametrize("asked", ["10:00", "11:00"])
def test_paused_just_as_the_target_is_reached(operator: str, asked: str) -> None:
    """A clock whose elapsed time reaches the target just as the status pauses it is breached at that instant."""
    assert clocks(operated("agent_work", operator), "09:00 opened; 10:00 pending", asked) == [
        "r/1 breached 09:00 due 10:00 breached 10:00"
    ]


def test_paused_a_millisecond_before_the_target() -> None:
    """Paused a millisecond earlier, it isn't breached, and that millisecond is what is left."""
    told = "09:00 opened; 09:59:59.999 pending"

    assert clocks(WORK, told, "11:00") == ["r/1 paused 09:00"]
    assert clocks(WORK, f"{told}; 12:00 open", "12:00") == ["r/1 running 09:00 due 12:00:00.001"]


def test_several_pauses() -> None:
    """A paused clock has no deadline and keeps what has elapsed; each pause moves the deadline by its length."""
    told = "09:00 opened; 09:10 pending; 09:30 open; 09:40 on_hold; 11:00 new"

    assert clocks(WORK, told, "09:20") == ["r/1 paused 09:00"]
    assert clocks(WORK, told, "09:35") == ["r/1 running 09:00 due 10:20"]
    assert clocks(WORK, told, "10:55") == ["r/1 paused 09:00"]
    assert only(WORK, told, "10:55")["elapsed_s"] == 20 * 60
    assert clocks(WORK, told, "11:10") == ["r/1 running 09:00 due 11:40"]


def test_closed_hours_are_no_pause() -> None:
    """A clock is paused by the status alone: in closed hours it runs, and nothing elapses."""
    policy = OFFICE + sla("metric: agent_work, within: 1h, calendar: office")

    assert clocks(policy, "16:30 opened", "20:00") == ["r/1 running 16:30 due Tue 09:30"]
    assert only(policy, "16:30 opened", "20:00")["elapsed_s"] == 30 * 60


def test_a_pause_in_closed_hours() -> None:
    """A pause that lies in closed hours changes nothing; while it lasts there is no deadline."""
    policy = OFFICE + sla("metric: agent_work, within: 1h, calendar: office")
    told = "16:30 opened; 18:00 pending; Tue 08:00 open"

    assert clocks(policy, told, "20:00") == ["r/1 paused 16:30"]
    assert clocks(policy, told, "Tue 09:00") == ["r/1 running 16:30 due Tue 09:30"]


@pytest.mark.parametrize(
    ("policy", "told", "expected", "elapsed"),
    [
        pytest.param(REPLY, "09:00 opened", "running 09:00 due 10:00", 45, id="running"),
        pytest.param(REPLY, "09:00 opened; 09:20 agent", "met 09:00 due 10:00 met 09:20", 20, id="met"),
        pytest.param(REPLY, "09:00 opened; 09:30 solved", "cancelled 09:00 cancelled 09:30", 30, id="cancelled"),
        pytest.param(WORK, "09:00 opened; 09:10 pending", "paused 09:00", 10, id="paused"),
        pytest.param(WORK, "09:00 opened; 09:10 pending; 09:20 solved", "met 09:00 met 09:20", 10, id="met-in-a-pause"),
        pytest.param(
            WORK, "09:00 opened; 09:10 pending; 09:20 merged", "cancelled 09:00 cancelled 09:20", 10, id="ditto"
        ),
        pytest.param(REPLY, "08:00 opened", "breached 08:00 due 09:00 breached 09:00", 105, id="breached-counts-on"),
        pytest.param(
            REPLY, "08:00 opened; 09:30 agent", "breached 08:00 due 09:00 met 09:30 breached 09:00", 90, id="until-met"
        ),
        pytest.param(
            REPLY,
            "08:00 opened; 09:30 solved",
            "breached 08:00 due 09:00 breached 09:00 cancelled 09:30",
            90,
            id="until-cancelled",
        ),
        pytest.param(
            WORK, "08:00 opened; 09:30 pending", "breached 08:00 due 09:00 breached 09:00", 90, id="breached-and-paused"
        ),
    ],
)
def test_what_each_state_tells(policy: str, told: str, expected: str, elapsed: int) -> None:
    """The deadline is that of the present state; a met or breached clock keeps the one that stood then; paused and
    cancelled ones have none. Elapsed time counts to the instant asked for, or to when it was met or cancelled."""
    assert clocks(policy, told, "09:45") == [f"r/1 {expected}"]
    assert only(policy, told, "09:45")["elapsed_s"] == elapsed * 60


def test_whole_milliseconds() -> None:
    """Time is counted in whole milliseconds; what an event has beyond them is cut."""
    answer = only(REPLY, "2026-03-02T09:00:00.1239Z opened", "09:00:01.5")

    assert (answer["started_at"], answer["due_at"]) == ("2026-03-02T09:00:00.123Z", "2026-03-02T10:00:00.123Z")
    assert answer["elapsed_s"] == 1.377
