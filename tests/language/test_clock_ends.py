"""What the end of a contact does to its clocks, and its reopening after it."""

import pytest

from tests.language.test_clocks import BEGINS, CALL, RUNS, promise
from tests.language.words import clocks, only

CANCELLED = (
    "first_reply",
    "next_reply",
    "periodic_update",
    "pausable_update",
    "acknowledgement",
    "speed_of_answer",
)
GOES_ON = ("requester_wait", "agent_work", "resolution")


@pytest.mark.parametrize("end", ["solved", "closed", "merged", "deleted"])
@pytest.mark.parametrize("metric", CANCELLED)
def test_the_end_cancels(metric: str, end: str) -> None:
    """A reply, an answer or an acknowledgement that is still waited for when the contact ends is neither met nor
    breached: it is cancelled, and has no deadline any more."""
    told = f"{BEGINS.get(metric, '09:00 opened')}; 09:30 {end}"

    assert clocks(promise(metric), told, "11:00") == ["r/1 cancelled 09:00 cancelled 09:30"]


@pytest.mark.parametrize("end", ["solved", "closed"])
def test_the_end_cancels_a_handover(end: str) -> None:
    """A reply after a handover is a reply as any other: the end of the contact cancels it."""
    told = f"{BEGINS['handover_reply']}; 09:30 {end}"

    assert clocks(promise("handover_reply"), told, "11:00") == ["r/1 cancelled 09:00 cancelled 09:30"]


@pytest.mark.parametrize("end", ["abandoned", "ended"])
def test_the_end_of_a_call(end: str) -> None:
    """A call that is abandoned or has ended is waited for no longer, though its contact goes on."""
    assert clocks(promise("speed_of_answer"), f"{CALL}; 09:05 {end}", "11:00") == [
        "r/1 cancelled 09:00 cancelled 09:05"
    ]
    assert clocks(promise("first_reply"), f"{CALL}; 09:05 {end}", "09:30") == ["r/1 running 09:00 due 10:00"]
    assert clocks(promise("speed_of_answer"), f"{CALL}; 09:02 answered; 09:05 {end}", "11:00") == [
        "r/1 met 09:00 due 10:00 met 09:02"
    ]


@pytest.mark.parametrize("end", ["solved", "closed", "merged", "deleted"])
@pytest.mark.parametrize("metric", CANCELLED)
def test_a_breach_before_the_end_stays(metric: str, end: str) -> None:
    """What was breached when the contact ended stays breached, beside its end, and counts no further."""
    told = f"{BEGINS.get(metric, '09:00 opened')}; 10:30 {end}"

    assert clocks(promise(metric), told, "12:00") == ["r/1 breached 09:00 due 10:00 breached 10:00 cancelled 10:30"]
    assert only(promise(metric), told, "12:00")["elapsed_s"] == 90 * 60


@pytest.mark.parametrize("end", ["merged", "deleted"])
@pytest.mark.parametrize("metric", RUNS)
def test_merged_and_deleted_cancel_everything(metric: str, end: str) -> None:
    """A merge or a deletion cancels every clock that isn't met yet, whatever its metric."""
    told = f"{BEGINS.get(metric, '09:00 opened')}; 09:30 {end}"

    assert clocks(promise(metric), told, "11:00") == ["r/1 cancelled 09:00 cancelled 09:30"]


@pytest.mark.parametrize("end", ["merged", "deleted"])
@pytest.mark.parametrize("metric", [*GOES_ON, "first_resolution"])
def test_merged_when_it_was_solved_already(metric: str, end: str) -> None:
    """What was met before a merge or a deletion stays met."""
    told = f"09:00 opened; 09:20 solved; 09:30 {end}"

    assert clocks(promise(metric), told, "11:00") == ["r/1 met 09:00 due 10:00 met 09:20"]


@pytest.mark.parametrize("end", ["merged", "deleted"])
@pytest.mark.parametrize("metric", GOES_ON)
def test_merged_and_deleted_are_final(metric: str, end: str) -> None:
    """A wait, work or a resolution that ended by a merge or a deletion doesn't go on after a reopening."""
    told = f"09:00 opened; 09:30 {end}; 09:40 open"
    solved = f"09:00 opened; 09:20 solved; 09:30 {end}; 09:40 open"

    assert clocks(promise(metric), told, "11:00") == ["r/1 cancelled 09:00 cancelled 09:30"]
    assert clocks(promise(metric), solved, "11:00") == ["r/1 met 09:00 due 10:00 met 09:20"]


def test_every_merge_cancels() -> None:
    """A recovery that a verdict on a merged contact started is cancelled by the next merge or deletion."""
    for second in ("merged", "deleted"):
        told = f"09:00 opened; 09:05 merged; 09:10 csat 1; 09:20 {second}"

        assert clocks(promise("csat_recovery"), told, "11:00") == ["r/1 cancelled 09:10 cancelled 09:20"]


@pytest.mark.parametrize("reopened", ["new", "open", "pending", "on_hold"])
@pytest.mark.parametrize("end", ["solved", "closed", "merged", "deleted"])
@pytest.mark.parametrize("metric", ["first_reply", "acknowledgement"])
def test_waited_for_again_after_a_reopening(metric: str, end: str, reopened: str) -> None:
    """A first reply or an acknowledgement that nobody gave is due again from the reopening, as another instance."""
    told = f"09:00 opened; 09:30 {end}; 10:30 {reopened}"

    assert clocks(promise(metric), told, "10:40") == [
        "r/1 cancelled 09:00 cancelled 09:30",
        "r/2 running 10:30 due 11:30",
    ]


@pytest.mark.parametrize("metric", ["first_reply", "acknowledgement"])
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            "09:20 agent; 09:30 solved; 10:30 open", ["r/1 met 09:00 due 10:00 met 09:20"], id="given-before-the-end"
        ),
        pytest.param(
            "10:20 agent; 10:25 solved; 10:30 open",
            ["r/1 breached 09:00 due 10:00 met 10:20 breached 10:00"],
            id="given-too-late",
        ),
        pytest.param(
            "10:20 solved; 10:30 open",
            ["r/1 breached 09:00 due 10:00 breached 10:00 cancelled 10:20", "r/2 running 10:30 due 11:30"],
            id="breached-and-never-given",
        ),
        pytest.param(
            "09:30 solved; 09:40 open; 09:50 solved; 10:30 open",
            [
                "r/1 cancelled 09:00 cancelled 09:30",
                "r/2 cancelled 09:40 cancelled 09:50",
                "r/3 running 10:30 due 11:30",
            ],
            id="each-reopening",
        ),
        pytest.param(
            "09:30 solved; 09:40 agent; 10:30 open", ["r/1 cancelled 09:00 cancelled 09:30"], id="given-in-the-end"
        ),
        pytest.param(
            "09:30 solved; 10:30 closed", ["r/1 cancelled 09:00 cancelled 09:30"], id="closed-is-no-reopening"
        ),
    ],
)
def test_what_a_reopening_finds_given(metric: str, told: str, expected: list[str]) -> None:
    """Only what nobody gave is due again; a reply during the end counts as given."""
    assert clocks(promise(metric), f"09:00 opened; {told}", "10:40") == expected


@pytest.mark.parametrize("end", ["solved", "closed"])
@pytest.mark.parametrize("metric", GOES_ON)
def test_goes_on_after_a_reopening(metric: str, end: str) -> None:
    """The waits, the work and the resolution go on after a reopening with what had elapsed, as the same instance; while
    the contact is ended they are met, and that time doesn't count."""
    told = f"09:00 opened; 09:30 {end}"
    policy = promise(metric)

    assert clocks(policy, told, "10:15") == ["r/1 met 09:00 due 10:00 met 09:30"]
    assert clocks(policy, f"{told}; 10:30 open", "10:40") == ["r/1 running 09:00 due 11:00"]
    assert only(policy, f"{told}; 10:30 open", "10:40")["elapsed_s"] == 40 * 60
    assert clocks(policy, f"{told}; 10:30 open; 10:50 solved", "12:00") == ["r/1 met 09:00 due 11:00 met 10:50"]
    assert only(policy, f"{told}; 10:30 open; 10:50 solved", "12:00")["elapsed_s"] == 50 * 60


@pytest.mark.parametrize("metric", GOES_ON)
def test_a_breach_stays_after_a_reopening(metric: str) -> None:
    """A breach stays through the end, which meets the clock, and through the reopening, after which it counts on."""
    told = "09:00 opened; 10:30 solved"

    assert clocks(promise(metric), told, "11:00") == ["r/1 breached 09:00 due 10:00 met 10:30 breached 10:00"]
    assert clocks(promise(metric), f"{told}; 11:30 open", "12:00") == ["r/1 breached 09:00 due 10:00 breached 10:00"]
    assert only(promise(metric), f"{told}; 11:30 open", "12:00")["elapsed_s"] == 120 * 60


def test_a_reopening_into_a_pause() -> None:
    """Reopened into a status in which it doesn't run, a clock is paused."""
    told = "09:00 opened; 09:30 solved; 10:30 pending"

    assert clocks(promise("agent_work"), told, "10:40") == ["r/1 paused 09:00"]
    assert clocks(promise("agent_work"), f"{told}; 11:00 open", "11:10") == ["r/1 running 09:00 due 11:30"]


def test_first_resolution_is_met_for_good() -> None:
    """The first resolution stays met, whatever comes after it."""
    told = "09:00 opened; 09:30 solved; 10:30 open; 12:00 closed"

    assert clocks(promise("first_resolution"), told, "10:40") == ["r/1 met 09:00 due 10:00 met 09:30"]
    assert clocks(promise("first_resolution"), told, "13:00") == ["r/1 met 09:00 due 10:00 met 09:30"]


@pytest.mark.parametrize("metric", ["speed_of_answer", "next_reply", "periodic_update", "pausable_update"])
def test_not_waited_for_again(metric: str) -> None:
    """What else the end cancelled stays cancelled: a message before the end starts nothing after a reopening."""
    told = f"{BEGINS[metric]}; 09:30 solved; 10:30 open"

    assert clocks(promise(metric), told, "10:40") == ["r/1 cancelled 09:00 cancelled 09:30"]


def test_a_message_before_the_first_reply_and_the_end() -> None:
    """The end settles a message that waited before anybody had replied, too."""
    told = "09:00 opened; 09:10 customer; 09:30 solved; 10:30 open; 10:35 agent"

    assert clocks(promise("next_reply"), told, "10:40") == []


@pytest.mark.parametrize("metric", ["first_reply", "acknowledgement", *GOES_ON, "first_resolution"])
def test_no_clock_starts_in_the_end(metric: str) -> None:
    """A contact that is opened as an ended one starts its clocks when it is reopened."""
    told = "09:00 opened status=solved"

    assert clocks(promise(metric), told, "09:30") == []
    assert clocks(promise(metric), f"{told}; 10:30 open", "10:40") == ["r/1 running 10:30 due 11:30"]


@pytest.mark.parametrize(
    ("metric", "told", "expected"),
    [
        pytest.param("next_reply", "09:40 customer", ["r/1 running 10:30 due 11:30"], id="a-customer-wrote"),
        pytest.param("next_reply", "09:40 customer; 10:00 agent", [], id="and-was-answered"),
        pytest.param("handover_reply", "09:40 tags high", ["r/1 running 10:30 due 11:30"], id="handed-over"),
        pytest.param("handover_reply", "09:40 tags high; 10:00 agent", [], id="and-answered"),
    ],
)
def test_what_would_have_started_in_the_end(metric: str, told: str, expected: list[str]) -> None:
    """What would have started while the contact was ended starts at its reopening, unless it is over by then."""
    before = "09:00 opened; 09:10 agent; 09:30 solved"

    assert clocks(promise(metric), f"{before}; {told}", "10:20") == []
    assert clocks(promise(metric), f"{before}; {told}; 10:30 open", "10:40") == expected


@pytest.mark.parametrize("metric", ["periodic_update", "pausable_update"])
def test_a_reply_in_the_end_promises_an_update(metric: str) -> None:
    """An agent's reply on an ended contact promises the next one from the reopening."""
    told = "09:00 opened; 09:30 solved; 09:40 agent"

    assert clocks(promise(metric), told, "10:20") == []
    assert clocks(promise(metric), f"{told}; 10:30 open", "10:40") == ["r/1 running 10:30 due 11:30"]


@pytest.mark.parametrize(
    ("metric", "told", "expected"),
    [
        pytest.param(
            "next_reply",
            "09:10 agent; 09:20 customer; 09:30 solved; 10:00 open; 10:10 customer",
            ["r/1 cancelled 09:20 cancelled 09:30", "r/2 running 10:10 due 11:10"],
            id="next-reply",
        ),
        pytest.param(
            "next_reply",
            "09:10 solved; 09:20 agent; 09:30 open; 09:40 customer",
            ["r/1 running 09:40 due 10:40"],
            id="next-reply-after-a-first-one-in-the-end",
        ),
        pytest.param(
            "periodic_update",
            "09:10 agent; 09:30 solved; 10:00 open; 10:10 agent",
            ["r/1 cancelled 09:10 cancelled 09:30", "r/2 running 10:10 due 11:10"],
            id="update",
        ),
        pytest.param(
            "handover_reply",
            "09:10 tags high; 09:20 solved; 09:30 open",
            ["r/1 cancelled 09:10 cancelled 09:20"],
            id="handover",
        ),
        pytest.param(
            "resolution", "10:00 solved; 10:15 open", ["r/1 breached 09:00 due 10:15 breached 10:15"], id="none-left"
        ),
    ],
)
def test_the_life_after_a_reopening(metric: str, told: str, expected: list[str]) -> None:
    """After a reopening, what happens then starts clocks as ever. A resolution that was met at its very deadline has no
    time left: it is breached at the reopening."""
    assert clocks(promise(metric), f"09:00 opened; {told}", "10:20") == expected
