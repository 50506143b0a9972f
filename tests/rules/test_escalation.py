"""Calls for more people: when they are raised, how their steps come due, and what stops or ends them."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.model.event import Event
from gateway.rules.advance import next_due
from gateway.rules.calendar import ALWAYS, weekly
from gateway.rules.escalation import REMINDERS_MAX, step_due
from gateway.rules.policy import Chain, EscalationRule, Mark, Policy, Step
from tests.rules.worlds import (
    T0,
    D,
    H,
    M,
    agent,
    customer,
    event,
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

STEPS = (Step(0, ("hotline",)), Step(30 * M, ("lead",)), Step(2 * H, ("operations", "compliance")))
CHAIN = Chain("c", ALWAYS, STEPS)
VIP = {"vip": tagged("vip")}
MATCHED = policy(chains=(CHAIN,), escalation=(EscalationRule("vip", "matched", "c"),), when=VIP)
BREACHED = policy(
    sla("first_reply", 15 * M, marks=(Mark("5m before", 10 * M),)),
    sla("next_reply", 15 * M),
    chains=(CHAIN,),
    escalation=(EscalationRule("late", "sla.breached", "c"),),
)


ONLY_VIP = policy(
    sla("first_reply", 15 * M),
    chains=(CHAIN,),
    escalation=(EscalationRule("late", "sla.breached", "c"),),
    when={"first_reply": tagged("vip")},
)


def escalations(rules: Policy, until: int, *events: Event) -> list[tuple[str, int]]:
    """What was said of escalations, in minutes from T0, without its family name."""
    told = said(judged(rules, until, *events))
    return [(type.split(".")[1], at // M) for type, at in told if type.startswith("escalation.")]


def acknowledged(rules: Policy, after: int, *events: Event) -> Event:
    """Somebody takes the first escalation of the contact."""
    first = state_of(judged(rules, after, *events)).escalations[0]
    return event("escalation.acknowledged", after, escalation=first.id, by="ada")


def ended(rules: Policy, after: int, *events: Event, **more: Any) -> Event:
    """Somebody says that the first escalation of the contact is over."""
    first = state_of(judged(rules, after, *events)).escalations[0]
    return event("escalation.resolved", after, escalation=first.id, by="ada", **more)


# ── Raising ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_raised_when_its_rule_matches_and_its_steps_come_due() -> None:
    """The first step goes with the raising; the others when the chain's calendar has been open for `after`."""
    events = opening(), tags(10 * M, "vip")
    assert escalations(MATCHED, D, *events) == [("raised", 10), ("stepped", 40), ("stepped", 130)]
    told = [item for item in judged(MATCHED, D, *events).implied if item.type.startswith("escalation.")]
    assert [item.roles for item in told] == [("hotline",), ("lead",), ("operations", "compliance")]
    assert [item.detail["step"] for item in told] == [1, 2, 3]


def test_it_has_the_id_of_the_effect_that_raised_it() -> None:
    """The id that a receiver answers with."""
    result = judged(MATCHED, D, opening(tags=["vip"]))
    raised = next(item for item in result.implied if item.type == "escalation.raised")
    assert raised.id == raised.detail["escalation"] == state_of(result).escalations[0].id


def test_a_breach_raises_it_at_the_deadline() -> None:
    """Without any event; `next_due` names the instant of each step."""
    assert escalations(BREACHED, 46 * M, opening()) == [("raised", 15), ("stepped", 45)]
    assert next_due(state_of(judged(BREACHED, 16 * M, opening()))) == T0 + 45 * M
    assert next_due(state_of(judged(BREACHED, 46 * M, opening()))) == T0 + 135 * M
    assert next_due(state_of(judged(BREACHED, 136 * M, opening()))) is None


def test_it_is_raised_with_its_reason() -> None:
    """The rule that matched, or the clock and what became of it."""
    warned = policy(*BREACHED.sla, chains=(CHAIN,), escalation=(EscalationRule("e", "sla.warned", "c"),))

    def reason(rules: Policy) -> str:
        told = judged(rules, 20 * M, opening(tags=["vip"])).implied
        return next(item.reason for item in told if item.type == "escalation.raised")

    assert reason(MATCHED) == "rule vip matched"
    assert reason(BREACHED) == "first reply breached under rule first_reply"
    assert reason(warned) == "first reply close to its deadline under rule first_reply"


def test_every_instance_of_a_clock_raises_its_own() -> None:
    """Once for each."""
    events = opening(), agent(20 * M), customer(30 * M), agent(50 * M), customer(60 * M), agent(61 * M)
    assert escalations(BREACHED, D, *events) == [("raised", 15), ("resolved", 20), ("raised", 45), ("resolved", 50)]


@pytest.mark.parametrize(("metric", "raised"), [("first_reply", 1), ("next_reply", 0), (None, 1)])
def test_a_metric_narrows_the_trigger(metric: Any, raised: int) -> None:
    """Only that metric's clocks."""
    rules = policy(*BREACHED.sla, chains=(CHAIN,), escalation=(EscalationRule("e", "sla.breached", "c", metric),))
    assert [word for word, _ in escalations(rules, 20 * M, opening())] == ["raised"] * raised


def test_a_warning_raises_it_before_the_breach() -> None:
    """On the first mark; the breach does not raise it again."""
    rules = policy(*BREACHED.sla, chains=(CHAIN,), escalation=(EscalationRule("e", "sla.warned", "c"),))
    assert escalations(rules, 20 * M, opening()) == [("raised", 10)]


def test_a_condition_that_comes_true_after_the_breach_raises_it_then() -> None:
    """At the instant when its trigger becomes true: breached, and matching."""
    rules = policy(*BREACHED.sla, chains=(CHAIN,), escalation=(EscalationRule("vip", "sla.breached", "c"),), when=VIP)
    assert escalations(rules, 29 * M, opening(), tags(20 * M, "vip")) == [("raised", 20)]


def test_a_clock_that_is_over_raises_nothing() -> None:
    """A breach that was met before the rule matched calls nobody."""
    rules = policy(*BREACHED.sla, chains=(CHAIN,), escalation=(EscalationRule("vip", "sla.breached", "c"),), when=VIP)
    assert escalations(rules, D, opening(), agent(20 * M), tags(30 * M, "vip")) == []


def test_nothing_is_raised_while_the_contact_is_ended() -> None:
    """What matches then is raised at the reopen."""
    events = opening(status="solved"), tags(M, "vip"), status(H, "open")
    assert escalations(MATCHED, 59 * M, *events) == []
    assert escalations(MATCHED, H, *events) == [("raised", 60)]


def test_a_matching_rule_raises_once_in_a_life() -> None:
    """A condition that comes and goes raises once; after a reopen it may again."""
    events = opening(tags=["vip"]), tags(5 * M), tags(10 * M, "vip")
    assert escalations(MATCHED, 20 * M, *events) == [("raised", 0), ("resolved", 5)]
    again = *events, status(20 * M, "solved"), status(H, "open")
    told = judged(MATCHED, H, *again)
    assert escalations(MATCHED, H, *again) == [("raised", 0), ("resolved", 5), ("raised", 60)]
    assert len({call.id for call in state_of(told).escalations}) == 2


def test_the_order_at_one_instant_is_that_of_the_policy() -> None:
    """Breaches, then raisings by rule, then steps."""
    rules = policy(
        *BREACHED.sla,
        chains=(CHAIN, Chain("d", ALWAYS, (Step(0, ("lead",)), Step(15 * M, ("lead",))))),
        escalation=(
            EscalationRule("b", "sla.breached", "c"),
            EscalationRule("m", "matched", "d"),
            EscalationRule("a", "sla.breached", "c"),
        ),
    )
    told = [(item.type, item.rule) for item in judged(rules, 15 * M, opening()).implied if item.at == T0 + 15 * M]
    assert told == [
        ("sla.breached", "first_reply"),
        ("escalation.raised", "b"),
        ("escalation.raised", "a"),
        ("escalation.stepped", "m"),
    ]


def test_clocks_that_break_together_raise_in_the_policys_order() -> None:
    """Not in that in which they started."""
    rules = policy(
        sla("resolution", 15 * M),
        sla("first_reply", 15 * M),
        chains=(CHAIN,),
        escalation=(EscalationRule("late", "sla.breached", "c"),),
    )
    result = judged(rules, 15 * M, opening())
    assert [item.rule for item in result.implied if item.type == "sla.breached"] == ["resolution", "first_reply"]
    told = [item.reason for item in result.implied if item.type == "escalation.raised"]
    assert told == ["resolution breached under rule resolution", "first reply breached under rule first_reply"]


# ── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_steps_follow_the_chains_calendar() -> None:
    """Raised at night, a step after half an hour comes half an hour after the opening; one of 0 at once."""
    office = weekly("office", ZoneInfo("UTC"), [[(540, 1020)]] * 7)
    rules = policy(chains=(Chain("c", office, STEPS),), escalation=(EscalationRule("vip", "matched", "c"),), when=VIP)
    events = opening(), tags(10 * H, "vip")
    assert escalations(rules, 2 * D, *events) == [("raised", 600), ("stepped", 24 * 60 + 30), ("stepped", 26 * 60)]


def test_a_first_step_that_waits_goes_out_as_a_step() -> None:
    """The raising itself then calls nobody."""
    chain = Chain("c", ALWAYS, (Step(10 * M, ("lead",)),))
    rules = policy(chains=(chain,), escalation=(EscalationRule("vip", "matched", "c"),), when=VIP)
    told = [item for item in judged(rules, H, opening(tags=["vip"])).implied if item.type.startswith("escalation.")]
    assert [(item.type, item.roles, (item.at - T0) // M) for item in told] == [
        ("escalation.raised", (), 0),
        ("escalation.stepped", ("lead",), 10),
    ]


def test_steps_of_one_instant_all_fire_in_order() -> None:
    """Two steps after no time go at the raising."""
    chain = Chain("c", ALWAYS, (Step(0, ("a",)), Step(0, ("b",)), Step(0, ("c",))))
    rules = policy(chains=(chain,), escalation=(EscalationRule("vip", "matched", "c"),), when=VIP)
    told = [item.roles for item in judged(rules, M, opening(tags=["vip"])).implied if item.roles]
    assert told == [("a",), ("b",), ("c",)]


def test_a_step_fires_at_its_instant_and_not_before() -> None:
    """A millisecond decides."""
    assert escalations(BREACHED, 45 * M - 1, opening()) == [("raised", 15)]
    assert escalations(BREACHED, 45 * M, opening()) == [("raised", 15), ("stepped", 45)]


def test_a_reminder_repeats_its_step_until_it_is_acknowledged() -> None:
    """Each step counts its own, from its last call, and goes on beside the later ones; each call is numbered."""
    chain = Chain("c", ALWAYS, (Step(0, ("a",), reminder_ms=10 * M), Step(25 * M, ("b",), reminder_ms=15 * M)))
    rules = policy(chains=(chain,), escalation=(EscalationRule("vip", "matched", "c"),), when=VIP)
    before = opening(tags=["vip"])
    told = [item for item in judged(rules, H, before, acknowledged(rules, 45 * M, before)).implied if item.roles]
    assert [((item.at - T0) // M, item.roles, item.detail.get("reminder", 0)) for item in told] == [
        (0, ("a",), 0),
        (10, ("a",), 1),
        (20, ("a",), 2),
        (25, ("b",), 0),
        (30, ("a",), 3),
        (40, ("a",), 4),
        (40, ("b",), 1),
    ]
    assert len({item.id for item in told}) == len(told)
    assert [item.reason for item in told[:4]] == [
        "rule vip matched",
        "step 1 of chain c, reminder 1",
        "step 1 of chain c, reminder 2",
        "step 2 of chain c",
    ]
    (call,) = state_of(judged(rules, M, before)).escalations
    assert told[3].detail == {"escalation": call.id, "chain": "c", "step": 2, "reminder": 0}


# ── Stopping and resolving ───────────────────────────────────────────────────────────────────────────────────────────


def test_acknowledging_stops_the_steps_that_are_not_yet_due() -> None:
    """And reminders; it resolves nothing."""
    before = opening(tags=["vip"])
    taken = acknowledged(MATCHED, 35 * M, before)
    result = judged(MATCHED, D, before, taken)
    assert escalations(MATCHED, D, before, taken) == [("raised", 0), ("stepped", 30), ("acknowledged", 35)]
    (call,) = state_of(result).escalations
    assert (call.state, call.acknowledged_by, call.next_at) == ("acknowledged", "ada", None)
    assert next_due(state_of(result)) is None


def test_an_acknowledgement_is_said_with_who_gave_it() -> None:
    """For each that is taken, and each time."""
    before = opening(tags=["vip"])
    first = acknowledged(LEASED, 10 * M, before)
    second = event("escalation.acknowledged", 80 * M, escalation=first.escalation, by="bob")  # type: ignore[union-attr]
    told = [item for item in judged(LEASED, D, before, first, second).implied if item.type == "escalation.acknowledged"]
    assert [(item.rule, item.reason, item.detail) for item in told] == [
        ("vip", f"acknowledged by {name}", {"escalation": first.escalation})  # type: ignore[union-attr]
        for name in ("ada", "bob")
    ]
    twice = policy(
        chains=(CHAIN,), escalation=(EscalationRule("a", "matched", "c"), EscalationRule("b", "matched", "c"))
    )
    calls = state_of(judged(twice, M, opening())).escalations
    taken = [event("escalation.acknowledged", M, id=f"t{n}", escalation=c.id, by="ada") for n, c in enumerate(calls)]
    result = judged(twice, D, opening(), *taken)
    assert [call.state for call in state_of(result).escalations] == ["acknowledged"] * 2
    assert len({item.id for item in (*told, *result.implied)}) == len(told) + len(result.implied)


def test_an_acknowledgement_at_the_instant_of_a_step_comes_before_it() -> None:
    """Events first."""
    before = opening(tags=["vip"])
    assert escalations(MATCHED, D, before, acknowledged(MATCHED, 30 * M, before))[-1] == ("acknowledged", 30)


def test_a_person_resolves_an_escalation_for_good() -> None:
    """No step comes any more, whether it was taken before or not, and nothing that holds still raises it again."""
    before = opening(tags=["vip"])
    for taken in ([], [acknowledged(MATCHED, 5 * M, before)]):
        told = [("raised", 0), *[("acknowledged", 5)] * len(taken), ("resolved", 10)]
        over = ended(MATCHED, 10 * M, before, *taken)
        assert escalations(MATCHED, D, before, *taken, over) == told
        assert escalations(MATCHED, D, before, *taken, over, tags(H), tags(2 * H, "vip")) == told
        result = state_of(judged(MATCHED, D, before, *taken, over))
        (call,) = result.escalations
        assert (call.state, call.resolved_by, call.resolved_at, call.next_at) == ("resolved", "ada", T0 + 10 * M, None)
        assert next_due(result) is None


def test_a_clock_goes_on_when_its_escalation_was_resolved() -> None:
    """What it was raised for is no better for it; the clock's own end says nothing more of the escalation."""
    over = ended(BREACHED, 20 * M, opening())
    assert escalations(BREACHED, D, opening(), over, agent(H)) == [("raised", 15), ("resolved", 20)]
    running, *_ = state_of(judged(BREACHED, 30 * M, opening(), over)).clocks
    met, *_ = state_of(judged(BREACHED, D, opening(), over, agent(H))).clocks
    assert (running.state, running.met_at, running.over) == ("breached", None, False)
    assert (met.breached_at, met.met_at) == (T0 + 15 * M, T0 + H)


def test_a_life_that_begins_anew_has_its_escalation_anew() -> None:
    """It was resolved for its cause; a reopen is another one."""
    before = opening(tags=["vip"])
    events = before, ended(MATCHED, 10 * M, before), status(20 * M, "solved"), status(H, "open")
    assert escalations(MATCHED, 70 * M, *events) == [("raised", 0), ("resolved", 10), ("raised", 60)]


def test_who_resolved_it_is_said_with_the_reason_if_there_is_one() -> None:
    """Once, whoever else says so later, and whatever else would have resolved it."""
    before = opening(tags=["vip"])
    for reason, words in ((None, "resolved by ada"), ("a false alarm", "resolved by ada: a false alarm")):
        over = ended(MATCHED, 10 * M, before, **({} if reason is None else {"reason": reason}))
        again = event("escalation.resolved", 11 * M, escalation=over.escalation, by="bob")  # type: ignore[union-attr]
        later = [again, acknowledged(MATCHED, 5 * M, before), status(H, "solved")]
        result = judged(MATCHED, D, before, over, *later)
        told = [item for item in result.implied if item.type == "escalation.resolved"]
        assert [(item.rule, item.at - T0, item.reason) for item in told] == [("vip", 10 * M, words)]
        assert state_of(result).escalations[0].resolved_by == "ada"


def test_resolving_something_else_resolves_nothing() -> None:
    """An unknown id is no error and changes nothing; nor does one that isn't raised yet."""
    before = opening(tags=["vip"])
    unknown = event("escalation.resolved", M, escalation="msg_other", by="ada")
    at_once = ended(MATCHED, 0, before)
    assert escalations(MATCHED, 40 * M, before, unknown, at_once) == [("raised", 0), ("stepped", 30)]


def test_an_acknowledgement_of_something_else_stops_nothing() -> None:
    """An unknown id is no error and changes nothing; a second acknowledgement neither."""
    before = opening(tags=["vip"])
    unknown = event("escalation.acknowledged", M, escalation="msg_other", by="ada")
    assert escalations(MATCHED, 40 * M, before, unknown) == [("raised", 0), ("stepped", 30)]
    contact = event("contact.acknowledged", M, by="ada")
    assert escalations(MATCHED, 40 * M, before, contact) == [("raised", 0), ("stepped", 30)]
    first = acknowledged(MATCHED, 5 * M, before)
    second = event("escalation.acknowledged", 6 * M, escalation=first.escalation, by="bob")  # type: ignore[union-attr]
    (call,) = state_of(judged(MATCHED, D, before, first, second)).escalations
    assert (call.acknowledged_by, call.acknowledged_at) == ("ada", T0 + 5 * M)


LEASED = policy(
    chains=(Chain("c", ALWAYS, STEPS, unack_after_ms=H),),
    escalation=(EscalationRule("vip", "matched", "c"),),
    when=VIP,
)


def test_an_acknowledgement_runs_out_when_nothing_happens_since() -> None:
    """It goes on with the next step; a step that would have come in between comes then."""
    before = opening(tags=["vip"])
    taken = acknowledged(LEASED, 10 * M, before)
    assert escalations(LEASED, 69 * M, before, taken) == [("raised", 0), ("acknowledged", 10)]
    assert next_due(state_of(judged(LEASED, 69 * M, before, taken))) == T0 + 70 * M
    assert escalations(LEASED, D, before, taken)[2:] == [("stepped", 70), ("stepped", 120)]
    (call,) = state_of(judged(LEASED, 80 * M, before, taken)).escalations
    assert (call.state, call.acknowledged_by) == ("active", "")


def test_a_step_is_due_by_the_chain_and_never_before_what_held_it_has_run_out() -> None:
    """So the rules and whoever shows a chain to people say the same; a step that the chain lacks is never due."""
    before = opening(tags=["vip"])
    (call,) = state_of(judged(LEASED, 5 * M, before)).escalations
    (resumed,) = state_of(judged(LEASED, 80 * M, before, acknowledged(LEASED, 10 * M, before))).escalations
    chain = LEASED.chains["c"]
    assert [step_due(chain, call, number) for number in (1, 2, 3, 4)] == [T0, T0 + 30 * M, T0 + 2 * H, None]
    assert [step_due(chain, resumed, number) for number in (2, 3)] == [T0 + 70 * M, T0 + 2 * H]


@pytest.mark.parametrize("after", [11 * M, 70 * M])
def test_whatever_happens_since_keeps_an_acknowledgement(after: int) -> None:
    """Any event of the contact up to the instant at which it would run out."""
    before = opening(tags=["vip"])
    taken = acknowledged(LEASED, 10 * M, before)
    sign_of_life = agent(after, visibility="internal")
    assert escalations(LEASED, D, before, taken, sign_of_life) == [("raised", 0), ("acknowledged", 10)]
    assert next_due(state_of(judged(LEASED, 71 * M, before, taken, sign_of_life))) is None


def test_what_happens_at_the_instant_of_an_acknowledgement_is_not_since() -> None:
    """In whichever order the two are told."""
    before = opening(tags=["vip"])
    taken = acknowledged(LEASED, 10 * M, before)
    for id in ("a", "z"):
        note = agent(10 * M, id=id, visibility="internal")
        assert escalations(LEASED, 71 * M, before, taken, note)[-1] == ("stepped", 70)


def test_what_has_run_out_can_be_taken_again() -> None:
    """The second acknowledgement stops the rest."""
    before = opening(tags=["vip"])
    first = acknowledged(LEASED, 10 * M, before)
    second = event("escalation.acknowledged", 80 * M, escalation=first.escalation, by="bob")  # type: ignore[union-attr]
    note = agent(81 * M, visibility="internal")
    assert [word for word, _ in escalations(LEASED, D, before, first, second, note)] == [
        "raised",
        "acknowledged",
        "stepped",
        "acknowledged",
    ]


def test_an_end_outlasts_an_acknowledgement_that_would_run_out() -> None:
    """Nothing goes on after it has been resolved."""
    before = opening(tags=["vip"])
    events = before, acknowledged(LEASED, 10 * M, before), status(20 * M, "solved")
    assert escalations(LEASED, D, *events) == [("raised", 0), ("acknowledged", 10), ("resolved", 20)]


@pytest.mark.parametrize(
    ("rules", "events", "at"),
    [
        (BREACHED, (opening(), agent(20 * M)), 20),
        (BREACHED, (opening(), status(20 * M, "solved")), 20),
        (BREACHED, (opening(), event("contact.deleted", 20 * M)), 20),
        (MATCHED, (opening(tags=["vip"]), tags(20 * M)), 20),
        (MATCHED, (opening(tags=["vip"]), status(20 * M, "closed")), 20),
    ],
    ids=["met", "solved", "deleted", "no longer", "closed"],
)
def test_it_resolves(rules: Policy, events: tuple[Event, ...], at: int) -> None:
    """When the contact ends, its clock is met or cancelled, or its condition no longer holds; no step comes later."""
    assert escalations(rules, D, *events)[-1] == ("resolved", at)
    assert [call.state for call in state_of(judged(rules, D, *events)).escalations] == ["resolved"]


@pytest.mark.parametrize(
    ("rules", "events", "reason"),
    [
        (BREACHED, (opening(), agent(20 * M)), "the clock has been met"),
        (ONLY_VIP, (opening(tags=["vip"]), tags(20 * M)), "the clock has been cancelled"),
        (MATCHED, (opening(tags=["vip"]), tags(20 * M)), "the condition no longer holds"),
        (MATCHED, (opening(tags=["vip"]), status(20 * M, "solved")), "the contact has ended"),
    ],
)
def test_it_is_resolved_with_its_reason(rules: Policy, events: tuple[Event, ...], reason: str) -> None:
    """And with its rule and its id."""
    told = judged(rules, D, *events).implied
    raised = next(item for item in told if item.type == "escalation.raised")
    (resolved,) = [item for item in told if item.type == "escalation.resolved"]
    assert (resolved.rule, resolved.reason, resolved.detail) == (raised.rule, reason, {"escalation": raised.id})
    assert raised.detail == {"escalation": raised.id, "chain": "c", "step": 1}


def test_a_clock_that_its_rule_leaves_resolves_what_it_raised() -> None:
    """Cancelled because no rule matches; taken up again it raises nothing a second time."""
    events = opening(tags=["vip"]), tags(20 * M), tags(30 * M, "vip")
    assert escalations(ONLY_VIP, D, *events) == [("raised", 15), ("resolved", 20)]


def test_what_was_raised_by_a_clock_does_not_care_about_its_condition() -> None:
    """Raised by a breach, it stays while the clock is late, though the rule matches no more."""
    rules = policy(*BREACHED.sla, chains=(CHAIN,), escalation=(EscalationRule("vip", "sla.breached", "c"),), when=VIP)
    assert escalations(rules, H, opening(tags=["vip"]), tags(20 * M)) == [("raised", 15), ("stepped", 45)]


def test_a_status_that_is_no_end_resolves_nothing() -> None:
    """Nor does closing what was solved: a bad answer of afterwards is still late."""
    assert escalations(MATCHED, D, opening(tags=["vip"]), status(M, "pending"))[-1] == ("stepped", 120)
    rules = policy(
        sla("csat_recovery", 15 * M, below=0.6),
        chains=(CHAIN,),
        escalation=(EscalationRule("late", "sla.breached", "c"),),
    )
    bad = event("csat.received", 2 * M, score=1, min=1, max=5)
    told = escalations(rules, H, opening(), status(M, "solved"), bad, status(20 * M, "closed"))
    assert told == [("raised", 17), ("stepped", 47)]


def test_a_resolution_at_the_instant_of_a_step_comes_before_it() -> None:
    """The reply at minute 45 spares the lead."""
    assert escalations(BREACHED, D, opening(), agent(45 * M)) == [("raised", 15), ("resolved", 45)]


def test_acknowledged_it_still_resolves() -> None:
    """Resolved outlasts acknowledged."""
    before = opening(tags=["vip"])
    events = before, acknowledged(MATCHED, 5 * M, before), status(H, "solved")
    assert escalations(MATCHED, D, *events) == [("raised", 0), ("acknowledged", 5), ("resolved", 60)]


def test_a_reminder_falls_silent_in_the_end() -> None:
    """A short one on a contact of years ago is judged to its end: it reminds so often, and no more."""
    chain = Chain("c", ALWAYS, (Step(0, ("lead",), reminder_ms=1_000),))
    rules = policy(chains=(chain,), escalation=(EscalationRule("e", "matched", "c"),))
    told = said(judged(rules, 3 * 365 * D, opening()), "escalation.stepped")
    assert len(told) == REMINDERS_MAX
    assert told[-1] == ("escalation.stepped", REMINDERS_MAX * 1_000)
