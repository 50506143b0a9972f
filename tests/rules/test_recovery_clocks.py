"""Recovery after a bad answer of the customer, and the reply that is owed after a hand-over to a higher tier."""

import pytest

from gateway.model.event import Event
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import Chain, EscalationRule, Queue, RoutingRule, Step
from tests.rules.worlds import (
    D,
    H,
    M,
    agent,
    event,
    judged,
    lines,
    opening,
    policy,
    said,
    sla,
    status,
    tagged,
    tags,
)

RECOVERY = policy(sla("csat_recovery", H, below=0.6))
HANDOVER = policy(
    sla("handover_reply", H),
    queues=(Queue("first", "t1", 1), Queue("beside", "t1b", 1), Queue("second", "t2", 2), Queue("third", "t3", 3)),
    routing=(
        RoutingRule("c", "third"),
        RoutingRule("b", "second"),
        RoutingRule("x", "beside"),
        RoutingRule("a", "first"),
    ),
    when={"b": tagged("b"), "c": tagged("c"), "x": tagged("x")},
)


def csat(after: int, score: float) -> Event:
    """The customer answers on a scale of one to five."""
    return event("csat.received", after, score=score, min=1, max=5)


def test_a_bad_answer_is_said_once_while_its_recovery_runs() -> None:
    """Who wins customers back hears of it at once; a second bad answer before the reply adds nothing."""
    events = opening(), csat(10 * M, 1), csat(20 * M, 1), agent(30 * M), csat(50 * M, 5), csat(60 * M, 2)
    result = judged(RECOVERY, 2 * H, *events)
    assert [at for _, at in said(result, "csat.recovery_required")] == [10 * M, 60 * M]
    told = [item for item in result.implied if item.type == "csat.recovery_required"]
    assert [item.rule for item in told] == ["csat_recovery"] * 2
    assert [item.reason for item in told] == [
        "the answer reached 0% of its scale, below 60%",
        "the answer reached 25% of its scale, below 60%",
    ]
    assert told[0].id != told[1].id


# ── csat_recovery ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("score", "starts"), [(1, True), (3, True), (3.4, False), (5, False)])
def test_an_answer_below_the_rules_share_of_its_scale_starts_a_recovery(score: float, starts: bool) -> None:
    """Below, not at: 3.4 of 1 to 5 is the share of 60 % itself."""
    told = lines(RECOVERY, 30 * M, opening(), csat(10 * M, score))
    assert told == (["csat_recovery#1 running from 10 due 70 used 20/60"] if starts else [])


@pytest.mark.parametrize("given", [agent(40 * M), event("contact.acknowledged", 40 * M, by="ada")])
def test_a_reply_or_an_acknowledgement_recovers_and_it_repeats(given: Event) -> None:
    """Each bad answer is an instance; a second one while the first waits moves nothing."""
    events = opening(), csat(10 * M, 1), csat(20 * M, 1), given, csat(50 * M, 2)
    assert lines(RECOVERY, H, *events) == [
        "csat_recovery#1 met from 10 due 70 met 40 used 30/60",
        "csat_recovery#2 running from 50 due 110 used 10/60",
    ]


def test_it_starts_and_runs_while_the_contact_is_ended() -> None:
    """Customers answer when all is over."""
    events = opening(), status(5 * M, "solved"), csat(10 * M, 1)
    assert lines(RECOVERY, 30 * M, *events) == ["csat_recovery#1 running from 10 due 70 used 20/60"]
    assert said(judged(RECOVERY, D, *events), "sla.breached") == [("sla.breached", 70 * M)]
    assert lines(RECOVERY, D, *events, agent(H)) == ["csat_recovery#1 met from 10 due 70 met 60 used 50/60"]


@pytest.mark.parametrize("word", ["solved", "closed"])
def test_solving_neither_meets_nor_cancels_it(word: str) -> None:
    """An end is no answer to a customer who is unhappy; a reopen starts nothing anew."""
    events = opening(), csat(10 * M, 1), status(20 * M, word), status(25 * M, "open")
    assert lines(RECOVERY, 22 * M, *events) == ["csat_recovery#1 running from 10 due 70 used 12/60"]
    assert lines(RECOVERY, 30 * M, *events) == ["csat_recovery#1 running from 10 due 70 used 20/60"]


@pytest.mark.parametrize("solved", [[], [status(15 * M, "solved")]])
@pytest.mark.parametrize("gone", [("contact.deleted", {}), ("contact.merged", {"into": {"kind": "ticket", "id": "2"}})])
def test_merging_and_deleting_cancel_it(solved: list[Event], gone: tuple[str, dict[str, object]]) -> None:
    """Also when the contact was ended before."""
    told = lines(RECOVERY, D, opening(), csat(10 * M, 1), *solved, event(gone[0], 20 * M, **gone[1]))
    assert told == ["csat_recovery#1 cancelled from 10 cancelled 20 used 10/60"]


def test_a_recovery_that_no_rule_matched_stays_so_in_the_end() -> None:
    """While the contact is ended its clocks keep their rule, and none is none; the reopen asks again."""
    rules = policy(
        sla("csat_recovery", H, below=0.5), when={"csat_recovery": lambda facts: "x" not in facts.contact.tags}
    )
    events = opening(), csat(10 * M, 1), tags(20 * M, "x"), status(30 * M, "solved"), tags(40 * M)
    assert lines(rules, 50 * M, *events) == ["csat_recovery#1 cancelled from 10 cancelled 20 used 10/60"]
    assert lines(rules, H, *events, status(50 * M, "open")) == ["csat_recovery#1 running from 10 due 70 used 50/60"]


def test_merging_once_more_cancels_what_started_in_between() -> None:
    """Every merge cancels what is not met yet, the second one too."""
    merged = [event("contact.merged", minute * M, into={"kind": "ticket", "id": "2"}) for minute in (5, 20)]
    told = lines(RECOVERY, D, opening(), merged[0], csat(10 * M, 1), merged[1])
    assert told == ["csat_recovery#1 cancelled from 10 cancelled 20 used 10/60"]


def test_deleting_what_was_merged_cancels_what_started_in_between() -> None:
    """Each of the two cancels whatever is not met; other events in between do not."""
    merged = event("contact.merged", 20 * M, into={"kind": "ticket", "id": "2"})
    events = opening(), merged, csat(30 * M, 1), event("contact.assigned", 35 * M, assignee="ada")
    assert lines(RECOVERY, 40 * M, *events) == ["csat_recovery#1 running from 30 due 90 used 10/60"]
    told = lines(RECOVERY, D, *events, event("contact.deleted", 45 * M))
    assert told == ["csat_recovery#1 cancelled from 30 cancelled 45 used 15/60"]


def test_a_recovery_that_is_late_calls_for_people_though_the_contact_is_ended() -> None:
    """The end resolves what was raised before it, and keeps nothing from being raised by a clock that runs after it."""
    rules = policy(
        sla("csat_recovery", H, below=0.6),
        chains=(Chain("c", ALWAYS, (Step(0, ("lead",)), Step(30 * M, ("lead",)))),),
        escalation=(EscalationRule("late", "sla.breached", "c"),),
    )
    events = opening(), status(5 * M, "solved"), csat(10 * M, 1), agent(2 * H)
    assert said(judged(rules, D, *events), "escalation.raised", "escalation.stepped", "escalation.resolved") == [
        ("escalation.raised", 70 * M),
        ("escalation.stepped", 100 * M),
        ("escalation.resolved", 2 * H),
    ]


@pytest.mark.parametrize(("counts", "state"), [(False, "running"), (True, "met")])
def test_a_bot_ends_a_recovery_where_the_rule_says_so(counts: bool, state: str) -> None:
    """`bots_count` is that of its own rule."""
    rules = policy(sla("csat_recovery", H, below=0.6, bots_count=counts), sla("first_reply", H, bots_count=not counts))
    bot = event("message.added", 20 * M, author={"kind": "bot"})
    assert lines(rules, 30 * M, opening(), csat(10 * M, 1), bot)[0].split()[1] == state


def test_a_recovery_keeps_its_rule_while_the_contact_is_ended() -> None:
    """As every clock does; the reopen applies the one then in force."""
    rules = policy(
        sla("csat_recovery", H, id="fast", below=0.6),
        sla("csat_recovery", 4 * H, id="slow", below=0.6),
        when={"fast": tagged("vip")},
    )
    events = opening(tags=["vip"]), status(M, "solved"), csat(10 * M, 1), tags(20 * M)
    assert lines(rules, 30 * M, *events) == ["fast#1 running from 10 due 70 used 20/60"]
    assert lines(rules, 50 * M, *events, status(40 * M, "open")) == ["slow#1 running from 10 due 250 used 40/240"]


# ── handover_reply ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_routing_to_a_higher_tier_owes_a_reply() -> None:
    """The first route is none, a move within the tier is none, and one down is none."""
    assert lines(HANDOVER, H, opening(tags=["b"])) == []
    assert lines(HANDOVER, H, opening(), tags(M, "x"), tags(2 * M)) == []
    assert lines(HANDOVER, H, opening(tags=["b"]), tags(M)) == []
    assert lines(HANDOVER, 30 * M, opening(), tags(10 * M, "b")) == [
        "handover_reply#1 running from 10 due 70 used 20/60"
    ]


def test_each_routing_upwards_is_owed_a_reply_and_the_next_one_meets_all() -> None:
    """A second hand-over while the first waits starts a clock of its own."""
    events = opening(), tags(10 * M, "b"), tags(20 * M, "c"), agent(30 * M), tags(40 * M), tags(50 * M, "b")
    assert lines(HANDOVER, H, *events) == [
        "handover_reply#1 met from 10 due 70 met 30 used 20/60",
        "handover_reply#2 met from 20 due 80 met 30 used 10/60",
        "handover_reply#3 running from 50 due 110 used 10/60",
    ]
    told = lines(HANDOVER, H, *events[:3], status(30 * M, "solved"))
    assert [line.split()[1] for line in told] == ["cancelled", "cancelled"]


def test_the_status_never_stops_it_and_an_end_cancels_it() -> None:
    """It runs in any status."""
    events = opening(), tags(10 * M, "b"), status(15 * M, "pending")
    assert lines(HANDOVER, 20 * M, *events) == ["handover_reply#1 running from 10 due 70 used 10/60"]
    told = lines(HANDOVER, D, *events, status(20 * M, "solved"), status(30 * M, "open"))
    assert told == ["handover_reply#1 cancelled from 10 cancelled 20 used 10/60"]


def test_a_reply_ends_what_a_rule_has_left_and_what_none_has_counted() -> None:
    """Two hand-overs, one counted and left by its rule, one never counted: after the reply no rule takes up either."""
    rules = policy(
        sla("handover_reply", H),
        queues=tuple(HANDOVER.queues.values()),
        routing=HANDOVER.routing,
        when={"handover_reply": tagged("vip"), "b": tagged("b"), "c": tagged("c"), "x": tagged("x")},
    )
    events = opening(), tags(10 * M, "b", "vip"), tags(20 * M, "b"), tags(30 * M, "b", "c"), agent(40 * M)
    assert lines(rules, H, *events, tags(50 * M, "vip")) == [
        "handover_reply#1 cancelled from 10 cancelled 20 used 10/60"
    ]


def test_a_handover_during_the_end_starts_at_the_reopen() -> None:
    """No clock but the recovery starts while the contact is ended."""
    events = opening(), status(5 * M, "solved"), tags(10 * M, "b"), status(30 * M, "open")
    assert lines(HANDOVER, 20 * M, *events) == []
    assert lines(HANDOVER, 40 * M, *events) == ["handover_reply#1 running from 30 due 90 used 10/60"]
    assert lines(HANDOVER, 40 * M, *events, agent(20 * M)) == []
