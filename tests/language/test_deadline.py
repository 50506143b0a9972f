"""The metric `deadline`: a clock that is due at the instant which the vendor itself has set, whatever the status."""

from itertools import permutations

import pytest

from tests.language.test_warnings import warned
from tests.language.words import announced, clocks, judged, life, only, only_tagged, sla

DEADLINE = sla("metric: deadline")
STRICT = sla("metric: deadline, operator: lt")
GIVEN = "09:00 opened deadline=12:00"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:00 opened", [], id="no-deadline-no-clock"),
        pytest.param("09:00 opened deadline=null", [], id="cleared-before-it-was-known"),
        pytest.param(GIVEN, ["r/1 running 09:00 due 12:00"], id="starts-at-the-opening"),
        pytest.param(
            "09:00 opened; 09:30 observed deadline=12:00", ["r/1 running 09:30 due 12:00"], id="starts-when-it-is-known"
        ),
        pytest.param(f"{GIVEN}; 09:30 observed deadline=12:00", ["r/1 running 09:00 due 12:00"], id="said-again"),
        pytest.param(f"{GIVEN}; 09:30 observed tags=a", ["r/1 running 09:00 due 12:00"], id="not-said-again"),
        pytest.param(f"{GIVEN}; 09:10 agent; 09:20 ack", ["r/1 running 09:00 due 12:00"], id="no-reply-meets-it"),
        pytest.param(
            f"{GIVEN}; 09:10 pending; 09:20 on_hold", ["r/1 running 09:00 due 12:00"], id="runs-in-every-status"
        ),
        pytest.param(f"{GIVEN}; 09:30 observed deadline=14:00", ["r/1 running 09:00 due 14:00"], id="moved-away"),
        pytest.param(f"{GIVEN}; 09:30 observed deadline=10:30", ["r/1 running 09:00 due 10:30"], id="moved-nearer"),
        pytest.param(f"{GIVEN}; 09:30 opened deadline=14:00", ["r/1 running 09:00 due 14:00"], id="a-second-opening"),
        pytest.param(
            f"{GIVEN}; 09:30 observed deadline=09:10",
            ["r/1 breached 09:00 due 09:30 breached 09:30"],
            id="moved-before-now-is-due-now",
        ),
        pytest.param(
            f"{GIVEN}; 09:30 observed deadline=null", ["r/1 met 09:00 due 12:00 met 09:30"], id="met-by-clearing"
        ),
        pytest.param(f"{GIVEN}; 09:30 solved", ["r/1 met 09:00 due 12:00 met 09:30"], id="met-by-solving"),
        pytest.param(
            f"{GIVEN}; 09:30 observed status=closed deadline=null",
            ["r/1 met 09:00 due 12:00 met 09:30"],
            id="closed-and-cleared-at-once",
        ),
        pytest.param(f"{GIVEN}; 09:30 merged", ["r/1 cancelled 09:00 cancelled 09:30"], id="cancelled-by-merging"),
        pytest.param(f"{GIVEN}; 09:30 deleted", ["r/1 cancelled 09:00 cancelled 09:30"], id="cancelled-by-deleting"),
        pytest.param(
            f"{GIVEN}; 09:30 observed deadline=null; 09:40 observed deadline=13:00",
            ["r/1 met 09:00 due 12:00 met 09:30", "r/2 running 09:40 due 13:00"],
            id="given-anew-is-the-next-instance",
        ),
        pytest.param(
            "09:00 opened deadline=08:00", ["r/1 breached 09:00 due 09:00 breached 09:00"], id="already-past-is-due-now"
        ),
    ],
)
def test_what_starts_moves_and_ends_it(told: str, expected: list[str]) -> None:
    """It starts where the deadline becomes known, is due at exactly that instant, moves with it and stays the same
    clock; taking the deadline back meets it, as an end does, and so does no reply."""
    assert clocks(DEADLINE, told, "10:00") == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("08:00 opened status=solved deadline=12:00", [], id="not-while-ended"),
        pytest.param(
            "08:00 opened status=solved; 08:30 observed deadline=12:00; 09:30 open",
            ["r/1 running 09:30 due 12:00"],
            id="starts-at-the-reopen",
        ),
        pytest.param(
            f"{GIVEN}; 09:10 solved; 09:30 open",
            ["r/1 met 09:00 due 12:00 met 09:10", "r/2 running 09:30 due 12:00"],
            id="still-standing-at-the-reopen",
        ),
        pytest.param(
            f"{GIVEN}; 09:10 solved; 09:20 observed deadline=null; 09:30 open",
            ["r/1 met 09:00 due 12:00 met 09:10"],
            id="taken-back-meanwhile",
        ),
        pytest.param(
            "08:00 opened deadline=09:00; 08:30 solved; 09:30 open",
            ["r/1 met 08:00 due 09:00 met 08:30"],
            id="passed-meanwhile",
        ),
        pytest.param(
            "08:00 opened deadline=09:00; 08:30 solved; 09:30 observed status=open deadline=09:00",
            ["r/1 met 08:00 due 09:00 met 08:30"],
            id="passed-meanwhile-and-said-again",
        ),
        pytest.param(
            "08:00 opened deadline=09:00; 08:30 solved; 09:30 observed status=open deadline=09:10",
            ["r/1 met 08:00 due 09:00 met 08:30", "r/2 breached 09:30 due 09:30 breached 09:30"],
            id="another-that-has-passed",
        ),
        pytest.param(
            "08:00 opened deadline=09:00; 09:10 solved; 09:30 open",
            ["r/1 breached 08:00 due 09:00 met 09:10 breached 09:00"],
            id="a-breach-stays",
        ),
        pytest.param(
            f"{GIVEN}; 09:10 merged; 09:30 open",
            ["r/1 cancelled 09:00 cancelled 09:10", "r/2 running 09:30 due 12:00"],
            id="merged-and-back",
        ),
    ],
)
def test_the_end_and_the_reopen(told: str, expected: list[str]) -> None:
    """None starts while the contact is ended; at the reopen one does if its deadline still stands and lies ahead: one
    that has passed meanwhile can be kept by nobody."""
    assert clocks(DEADLINE, told, "10:00") == expected


def test_a_breach_comes_at_the_deadline_and_stays() -> None:
    """It is known without any event; moved or taken back afterwards, it stays broken, and is met late."""
    assert clocks(DEADLINE, GIVEN, "11:59:59.999") == ["r/1 running 09:00 due 12:00"]
    assert clocks(DEADLINE, GIVEN, "12:00") == ["r/1 breached 09:00 due 12:00 breached 12:00"]
    moved = f"{GIVEN}; 13:00 observed deadline=15:00; 14:00 observed deadline=null"
    assert clocks(DEADLINE, moved, "16:00") == ["r/1 breached 09:00 due 12:00 met 14:00 breached 12:00"]


@pytest.mark.parametrize("what", ["12:00 solved", "12:00 observed deadline=null", "12:00 observed deadline=13:00"])
def test_at_the_deadline_itself(what: str) -> None:
    """`le` looks at the events of the deadline first; `lt` is broken before them."""
    assert only(DEADLINE, f"{GIVEN}; {what}", "12:00")["breached_at"] is None
    assert only(STRICT, f"{GIVEN}; {what}", "12:00")["state"] == "breached"


def test_its_figures() -> None:
    """The target is what lies between start and deadline, however often it moves; every hour counts, in any status."""
    told = f"{GIVEN}; 09:30 pending; 10:00 observed deadline=Tue-09:00"

    clock = only(DEADLINE, told, "20:00")

    assert (clock["target_s"], clock["elapsed_s"], clock["calendar"]) == (24 * 3600, 11 * 3600, "always")
    assert judged(DEADLINE, told, "20:00")["next_due"] == "2026-03-03T09:00:00Z"
    assert judged(DEADLINE, told, "20:00")["contact"]["deadline"] == "2026-03-03T09:00:00Z"
    assert only(DEADLINE, "09:00 opened deadline=08:00", "10:00")["target_s"] == 0


@pytest.mark.parametrize(
    ("marks", "told", "expected"),
    [
        pytest.param(
            "2h before, 1h before, 50%", GIVEN, ["10:00 2h before", "10:30 50%", "11:00 1h before"], id="by-its-target"
        ),
        pytest.param("72h before, 24h before", GIVEN, ["09:00 72h before", "09:00 24h before"], id="longer-than-left"),
        pytest.param("1h, 4h", GIVEN, ["10:00 1h"], id="elapsed-behind-the-deadline"),
        pytest.param(
            "1h before", f"{GIVEN}; 10:00 observed deadline=14:00", ["13:00 1h before"], id="moved-before-the-mark"
        ),
        pytest.param(
            "1h before",
            f"{GIVEN}; 11:30 observed deadline=14:00",
            ["11:00 1h before", "13:00 1h before"],
            id="another-deadline-warns-anew",
        ),
        pytest.param(
            "1h before",
            f"{GIVEN}; 11:30 observed deadline=14:00; 13:30 observed deadline=12:00; 13:40 observed deadline=14:00",
            ["11:00 1h before", "13:00 1h before", "13:30 1h before", "13:40 1h before"],
            id="to-and-fro",
        ),
        pytest.param("1h before", "09:00 opened; 11:30 observed deadline=12:00", ["11:30 1h before"], id="known-late"),
        pytest.param("1h before", f"{GIVEN}; 10:00 solved", [], id="met-before"),
    ],
)
def test_its_warnings(marks: str, told: str, expected: list[str]) -> None:
    """A mark is reckoned from the clock's own target; one longer than what is left fires at once, one that lies behind
    the deadline never, and a deadline that moves is warned of anew."""
    assert warned(sla(f"metric: deadline, warn: [{marks}]"), told, "16:00") == expected


def test_a_rule_that_matches_later() -> None:
    """The clock counts from where the deadline became known, by whichever rule; where none matches it is cancelled, and
    a deadline that moves meanwhile holds when one matches again."""
    rule = sla(f"metric: deadline, warn: [1h before], {only_tagged('a')}")

    assert clocks(rule, f"{GIVEN}; 10:00 tags a", "10:30") == ["r/1 running 09:00 due 12:00"]
    away = "09:00 opened tags=a deadline=12:00; 10:00 tags b; 10:30 observed deadline=13:00"
    assert clocks(rule, away, "11:00") == ["r/1 cancelled 09:00 cancelled 10:00"]
    assert clocks(rule, f"{away}; 11:00 tags a", "11:30") == ["r/1 running 09:00 due 13:00"]
    assert warned(rule, f"{away}; 11:00 tags a", "14:00") == ["12:00 1h before"]


def test_what_is_said_of_it() -> None:
    """In words that fit a deadline, once each."""
    told = judged(DEADLINE, GIVEN, "13:00")["effects"][-1]
    assert told["data"]["reason"] == "the deadline came, 2026-03-02T12:00:00Z, and nobody had met it"
    assert announced(DEADLINE, f"{GIVEN}; 10:00 solved", "13:00", "sla.") == ["10:00 sla.met r"]


def test_any_order_of_its_events_is_the_same() -> None:
    """Given, moved, taken back, given again: whatever order they come in."""
    told = f"{GIVEN}; 10:00 observed deadline=11:00; 10:30 observed deadline=null; 10:40 observed deadline=13:00"
    events = life(told)
    answers = [judged(DEADLINE, order, "14:00") for order in permutations(events)]

    assert all(answer == answers[0] for answer in answers)
    assert [clock["state"] for clock in answers[0]["clocks"]] == ["met", "breached"]


@pytest.mark.parametrize(
    ("when", "told", "holds"),
    [
        ("has(contact.deadline)", GIVEN, True),
        ("has(contact.deadline)", "09:00 opened", False),
        ("has(contact.deadline)", f"{GIVEN}; 09:30 observed deadline=null", False),
        ('contact.deadline < timestamp("2026-03-02T12:00:00.001Z")', GIVEN, True),
        ("contact.deadline - contact.opened_at < duration('3h')", GIVEN, False),
        ("contact.deadline - contact.opened_at < duration('3h')", f"{GIVEN}; 09:30 observed deadline=11:00", True),
    ],
)
def test_conditions_read_it(when: str, told: str, holds: bool) -> None:
    """`contact.deadline` is a time, and `has()` says whether there is one; a change of it is judged anew."""
    policy = f"severity:\n  - id: s\n    when: {when}\n    severity: 1\n"
    assert (judged(policy, told, "10:00")["contact"]["severity"] == 1) is holds
