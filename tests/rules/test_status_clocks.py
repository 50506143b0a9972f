"""The metrics that the status runs and solving meets: pausing, going on after a reopen, and the ends that are final."""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from gateway.model.event import Event
from gateway.rules.calendar import weekly
from tests.rules.worlds import H, M, agent, customer, event, judged, lines, opening, policy, said, sla, status

NINE_TO_FIVE = weekly("office", ZoneInfo("UTC"), [[(540, 1020)]] * 7, {date(2026, 3, 8): ()})
FOUR = ("requester_wait", "agent_work", "resolution", "first_resolution")
ALL = policy(*(sla(metric, 10 * H) for metric in FOUR))  # type: ignore[arg-type]
WORK = policy(sla("agent_work", 10 * H))
RESOLUTION = policy(sla("resolution", 10 * H))


def merged(after: int) -> Event:
    """The ticket is merged into another one."""
    return event("contact.merged", after, into={"kind": "ticket", "id": "2"})


def deleted(after: int) -> Event:
    """The ticket is deleted."""
    return event("contact.deleted", after)


@pytest.mark.parametrize(
    ("word", "running"),
    [
        ("new", {"requester_wait", "agent_work", "resolution", "first_resolution"}),
        ("open", {"requester_wait", "agent_work", "resolution", "first_resolution"}),
        ("pending", {"resolution", "first_resolution"}),
        ("on_hold", {"requester_wait", "resolution", "first_resolution"}),
    ],
)
def test_each_runs_in_the_statuses_of_the_table(word: str, running: set[str]) -> None:
    """Requester wait stops for the customer, agent work for third parties too, resolution for nobody."""
    told = lines(ALL, 2 * H, opening(), status(H, word))
    assert {line.split("#")[0] for line in told if " running " in line} == running
    assert {line.split("#")[0] for line in told if " paused " in line} == set(FOUR) - running
    assert all("used 120/600" in line if " running " in line else "used 60/600" in line for line in told)


def test_a_paused_clock_keeps_what_has_elapsed_and_has_no_deadline() -> None:
    """It goes on where it stood."""
    events = opening(), status(H, "pending"), status(5 * H, "open")
    assert lines(WORK, 4 * H, *events) == ["agent_work#1 paused from 0 used 60/600"]
    assert lines(WORK, 6 * H, *events) == ["agent_work#1 running from 0 due 840 used 120/600"]


def test_pausing_in_closed_hours_only_changes_nothing() -> None:
    """Nine to five, on hold from 17:00 to 09:00 of the next day: the deadline does not move."""
    office = policy(sla("agent_work", 10 * H, calendar=NINE_TO_FIVE))
    plain = lines(office, 25 * H, opening())
    held = lines(office, 25 * H, opening(), status(8 * H, "on_hold"), status(24 * H, "open"))
    assert plain == held == ["agent_work#1 running from 0 due 1560 used 540/600"]


@pytest.mark.parametrize("word", ["solved", "closed"])
def test_solving_and_closing_meet_them(word: str) -> None:
    """A paused one too, which then has no deadline that stood."""
    assert lines(ALL, 9 * H, opening(), status(H, "on_hold"), status(2 * H, word)) == [
        "requester_wait#1 met from 0 due 600 met 120 used 120/600",
        "agent_work#1 met from 0 met 120 used 60/600",
        "resolution#1 met from 0 due 600 met 120 used 120/600",
        "first_resolution#1 met from 0 due 600 met 120 used 120/600",
    ]


def test_closing_what_was_solved_changes_nothing() -> None:
    """The first end is the one that counts."""
    once = lines(ALL, 9 * H, opening(), status(H, "solved"))
    assert lines(ALL, 9 * H, opening(), status(H, "solved"), status(2 * H, "closed")) == once


def test_after_a_reopen_they_go_on_with_what_had_elapsed() -> None:
    """The same instance; the time in which the contact was ended does not count; the first resolution is for good."""
    events = opening(), status(H, "solved"), status(5 * H, "open")
    assert lines(ALL, 6 * H, *events) == [
        "requester_wait#1 running from 0 due 840 used 120/600",
        "agent_work#1 running from 0 due 840 used 120/600",
        "resolution#1 running from 0 due 840 used 120/600",
        "first_resolution#1 met from 0 due 600 met 60 used 60/600",
    ]


def test_a_reopen_to_pending_leaves_agent_work_paused() -> None:
    """What goes on runs only in its statuses."""
    events = opening(), status(H, "solved"), status(5 * H, "pending")
    assert lines(WORK, 6 * H, *events) == ["agent_work#1 paused from 0 used 60/600"]
    assert lines(WORK, 9 * H, *events, status(8 * H, "open")) == ["agent_work#1 running from 0 due 1020 used 120/600"]


def test_it_may_be_met_more_than_once() -> None:
    """Each time it is said; the last time stands."""
    events = opening(), status(H, "solved"), status(2 * H, "open"), status(3 * H, "solved")
    assert lines(RESOLUTION, 9 * H, *events) == ["resolution#1 met from 0 due 660 met 180 used 120/600"]
    told = judged(RESOLUTION, 9 * H, *events)
    assert said(told, "sla.met") == [("sla.met", H), ("sla.met", 3 * H)]
    assert len({item.id for item in told.implied}) == len(told.implied)


def test_a_clock_that_is_met_is_told_with_its_rule() -> None:
    """Metric and instance, in words too; a breached one that is met late is not in time, and not said to be."""
    rules = policy(sla("next_reply", H, id="again"))
    events = opening(), agent(M), customer(2 * M), agent(3 * M), customer(4 * M), agent(5 * M), customer(6 * M)
    told = [item for item in judged(rules, 9 * H, *events, agent(8 * H)).implied if item.type == "sla.met"]
    assert [(item.rule, item.reason, item.detail) for item in told] == [
        ("again", "next reply in time", {"metric": "next_reply", "instance": instance}) for instance in (1, 2)
    ]
    assert told[0].id != told[1].id


def test_what_is_reopened_may_still_break() -> None:
    """The sum reaches the target after the reopen."""
    events = opening(), status(9 * H, "solved"), status(20 * H, "open")
    assert lines(RESOLUTION, 22 * H, *events) == ["resolution#1 breached from 0 due 1260 breached 1260 used 660/600"]


def test_a_breach_stays_when_it_is_resolved_later() -> None:
    """It stays breached, with the time it was met at; a reopen lets it count on, and nothing breaks twice."""
    events = opening(), status(11 * H, "solved"), status(12 * H, "open")
    assert lines(RESOLUTION, 11 * H + M, *events) == [
        "resolution#1 breached from 0 due 600 met 660 breached 600 used 660/600"
    ]
    assert lines(RESOLUTION, 13 * H, *events) == ["resolution#1 breached from 0 due 600 breached 600 used 720/600"]
    assert said(judged(RESOLUTION, 40 * H, *events), "sla.breached") == [("sla.breached", 10 * H)]


@pytest.mark.parametrize("end", [merged, deleted])
def test_merging_and_deleting_cancel_what_is_not_met(end: Callable[[int], Event]) -> None:
    """Every clock; what was met stays met."""
    assert lines(ALL, 9 * H, opening(), end(2 * H)) == [
        f"{metric}#1 cancelled from 0 cancelled 120 used 120/600" for metric in FOUR
    ]
    told = lines(ALL, 9 * H, opening(), status(H, "solved"), end(2 * H))
    assert [line.split()[1] for line in told] == ["met"] * 4


@pytest.mark.parametrize("end", [merged, deleted])
@pytest.mark.parametrize("solved_first", [False, True])
def test_merging_and_deleting_are_final_for_them(end: Callable[[int], Event], solved_first: bool) -> None:
    """Nothing of theirs goes on at a reopen, though the first reply starts anew."""
    rules = policy(*ALL.sla, sla("first_reply", 3 * H))
    solved = [status(H, "solved")] if solved_first else []
    told = lines(rules, 9 * H, opening(), *solved, end(2 * H), status(3 * H, "open"))
    ended = "met" if solved_first else "cancelled"
    assert [line.split()[1] for line in told] == [ended] * 4 + ["cancelled", "breached"]
    assert told[-1].startswith("first_reply#2 breached from 180 due 360")


def test_what_never_started_before_a_merge_never_does() -> None:
    """Opened as solved, merged, reopened: there is no resolution to wait for."""
    rules = policy(*ALL.sla, sla("first_reply", H))
    told = lines(rules, 4 * H, opening(status="solved"), merged(H), status(3 * H, "open"))
    assert told == ["first_reply#1 breached from 180 due 240 breached 240 used 60/60"]


def test_a_breached_clock_that_is_cancelled_counts_no_further() -> None:
    """It stays breached, with the time at which it was cancelled."""
    assert lines(RESOLUTION, 20 * H, opening(), merged(11 * H)) == [
        "resolution#1 breached from 0 due 600 breached 600 cancelled 660 used 660/600"
    ]


def test_a_snapshots_status_is_a_change_of_status() -> None:
    """What a vendor's snapshot shows counts at its instant, once."""
    told = [opening(), event("contact.observed", H, status="solved"), event("contact.observed", 2 * H, status="solved")]
    assert lines(RESOLUTION, 9 * H, *told) == ["resolution#1 met from 0 due 600 met 60 used 60/600"]
    assert said(judged(RESOLUTION, 9 * H, *told), "contact.solved") == [("contact.solved", H)]


def test_the_life_of_a_contact_is_told() -> None:
    """Opened, solved, closed and reopened are said when they happen, and only then."""
    events = (
        opening(),
        status(H, "solved"),
        status(2 * H, "closed"),
        status(3 * H, "pending"),
        status(4 * H, "open"),
        status(5 * H, "closed"),
        status(6 * H, "open"),
        status(7 * H, "closed"),
    )
    result = judged(policy(), 9 * H, *events)
    told = said(result)
    assert [(type, at // H) for type, at in told if type != "contact.routed"] == [
        ("contact.opened", 0),
        ("contact.solved", 1),
        ("contact.closed", 2),
        ("contact.reopened", 3),
        ("contact.closed", 5),
        ("contact.reopened", 6),
        ("contact.closed", 7),
    ]
    assert [item.reason for item in result.implied if item.type != "contact.routed"] == [
        "ticket by email",
        "was new",
        "was solved",
        "pending after closed",
        "was open",
        "open after closed",
        "was open",
    ]
    assert len({item.id for item in result.implied}) == len(result.implied)
