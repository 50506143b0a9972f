"""A contact is judged at each instant by the policy that was in force then; one follows another as rules change."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from gateway.model.contact import Facts
from gateway.model.event import EscalationAcknowledged
from gateway.rules.advance import advance, continues
from gateway.rules.calendar import ALWAYS, midnight, resolved, spliced, weekly
from gateway.rules.policy import Chain, EscalationRule, Mark, Policy, Queue, RoutingRule, SeverityRule, Step
from gateway.rules.timeline import NOTHING, InForce, Timeline
from tests.rules.worlds import (
    T0,
    D,
    H,
    M,
    agent,
    event,
    following,
    judged,
    lines,
    opening,
    policy,
    said,
    sla,
    sourced,
    state_of,
    status,
    tagged,
    tags,
)

NEW_YORK = ZoneInfo("America/New_York")
HOUR_WEEK = [[(9 * 60, 17 * 60)]] * 7


def rules_of(minutes: int, **more: object) -> Policy:
    """A first reply within so many minutes, under a name of its own."""
    return policy(sla("first_reply", minutes * M), name=f"within {minutes}", **more)  # type: ignore[arg-type]


# ── The timeline ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_policy_judges_from_its_instant_until_the_next_ones() -> None:
    """From the very instant on; before the first one nothing is in force."""
    one, two = rules_of(1), rules_of(2)
    timeline = Timeline([InForce(200, two), InForce(100, one)])
    assert timeline.at(99) is NOTHING
    assert [timeline.at(at).policy for at in (100, 199, 200, 10_000)] == [one, one, two, two]
    assert (
        NOTHING.policy.matcher.verdict("sla", Facts(contact=state_of(judged(one, 0, opening())).contact)).matched == ()
    )
    following_one = timeline.after(100)
    assert following_one is not None and following_one.policy is two
    assert timeline.after(200) is None


def test_a_policy_alone_judges_always_or_from_its_own_date() -> None:
    """Where the file says `from`, nothing is promised before it."""
    assert Timeline.only(rules_of(1)).at(0).policy.name == "within 1"
    dated = Timeline.only(replace(rules_of(1), starts=T0 + H))
    assert (dated.at(T0 + H - 1).policy.name, dated.at(T0 + H).policy.name) == ("", "within 1")


def test_before_the_first_policy_a_contact_has_no_clocks() -> None:
    """When it comes into force its rules count from the metric's start, by their calendar."""
    dated = replace(rules_of(90), starts=T0 + H)
    timeline = Timeline.only(dated)
    assert lines(timeline, H - 1, opening()) == []
    assert lines(timeline, H, opening()) == ["first_reply#1 running from 0 due 90 used 60/90"]


# ── Clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_has_elapsed_stays_and_the_new_target_applies_to_the_sum() -> None:
    """As where a rule changes; the instance is the same."""
    timeline = following(rules_of(60), (20 * M, rules_of(30)))
    assert lines(timeline, 19 * M, opening()) == ["first_reply#1 running from 0 due 60 used 19/60"]
    assert lines(timeline, 20 * M, opening()) == ["first_reply#1 running from 0 due 30 used 20/30"]
    assert said(judged(timeline, H, opening()), "sla.breached") == [("sla.breached", 30 * M)]


def test_each_stretch_is_counted_by_the_calendar_that_was_in_force_in_it() -> None:
    """The same rule with other hours from noon on."""
    morning = resolved("office", [(T0, T0 + H)])
    evening = resolved("office", [(T0 + 5 * H, T0 + 9 * H)])
    first, second = (policy(sla("first_reply", 2 * H, calendar=hours)) for hours in (morning, evening))
    timeline = following(first, (3 * H, second))
    assert lines(timeline, 4 * H, opening()) == ["first_reply#1 running from 0 due 360 used 60/120"]
    assert lines(timeline, 6 * H, opening()) == ["first_reply#1 breached from 0 due 360 breached 360 used 120/120"]


def test_a_sum_that_has_reached_the_new_target_is_due_at_the_change_and_only_the_policy_brought_it() -> None:
    """What follows from the coming into force alone is marked, and goes nowhere; what is due later is not."""
    loose = rules_of(60)
    strict = policy(
        sla("first_reply", 10 * M, marks=(Mark("5m", 5 * M),)),
        chains=(Chain("c", ALWAYS, (Step(0, ("lead",)), Step(H, ("lead",)))),),
        escalation=(EscalationRule("late", "sla.breached", "c"),),
    )
    told = judged(following(loose, (20 * M, strict)), D, opening()).implied
    assert [(item.type, (item.at - T0) // M, item.by_policy) for item in told] == [
        ("contact.opened", 0, False),
        ("contact.routed", 0, False),
        ("sla.warned", 20, True),
        ("sla.breached", 20, True),
        ("escalation.raised", 20, True),
        ("escalation.stepped", 80, False),
    ]


def test_a_deadline_of_the_very_instant_is_not_brought_by_the_policy() -> None:
    """A midnight deadline, and a policy from midnight on: the breach was coming in any case, with all that it calls."""
    chained = {
        "chains": (Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
        "escalation": (EscalationRule("late", "sla.breached", "c"),),
    }
    timeline = following(rules_of(60, **chained), (60 * M, rules_of(30, **chained)))
    told = {item.type: item.by_policy for item in judged(timeline, D, opening()).implied}
    assert (told["sla.breached"], told["escalation.raised"]) == (False, False)


def test_a_breach_that_only_the_policy_brings_raises_unheard_under_an_old_rule_too() -> None:
    """What counts is the clock that sets it off, not that the rule matched before."""
    chained = {
        "chains": (Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
        "escalation": (EscalationRule("late", "sla.breached", "c"),),
    }
    timeline = following(rules_of(60, **chained), (20 * M, rules_of(10, **chained)))
    told = {item.type: item.by_policy for item in judged(timeline, D, opening()).implied}
    assert (told["sla.breached"], told["escalation.raised"]) == (True, True)


def test_a_reply_at_the_very_change_still_meets() -> None:
    """The policy comes first, the events of the instant before what is due at it."""
    timeline = following(rules_of(60), (20 * M, rules_of(10)))
    assert lines(timeline, H, opening(), agent(20 * M)) == ["first_reply#1 met from 0 due 20 met 20 used 20/10"]


def test_at_one_instant_the_policy_comes_before_the_deadline() -> None:
    """A deadline that it puts off at that very instant has not come."""
    timeline = following(rules_of(60), (60 * M, rules_of(90)))
    assert lines(timeline, 60 * M, opening()) == ["first_reply#1 running from 0 due 90 used 60/90"]
    assert said(judged(timeline, D, opening()), "sla.breached") == [("sla.breached", 90 * M)]


def test_a_breach_stays_and_names_the_policy_that_it_broke() -> None:
    """However mild the next one is."""
    timeline = following(rules_of(10), (20 * M, rules_of(60)))
    assert lines(timeline, D, opening()) == ["first_reply#1 breached from 0 due 10 breached 10 used 1440/60"]
    (breach,) = (item for item in judged(timeline, D, opening()).implied if item.type == "sla.breached")
    assert breach.policy == "hash of within 10"


def test_a_late_event_is_judged_by_what_was_in_force_at_its_time() -> None:
    """Not by what is in force when it comes."""
    timeline = following(rules_of(10), (2 * H, rules_of(60)))
    assert lines(timeline, 3 * H, opening(), agent(30 * M)) == [
        "first_reply#1 breached from 0 due 10 met 30 breached 10 used 30/10"
    ]


def test_a_rule_that_is_gone_cancels_its_clock_and_one_that_comes_back_takes_it_up() -> None:
    """As where no rule matches any more, and one matches again."""
    none = policy(name="none")
    timeline = following(rules_of(60), (10 * M, none), (20 * M, rules_of(60)))
    assert lines(timeline, 15 * M, opening()) == ["first_reply#1 cancelled from 0 cancelled 10 used 10/60"]
    assert lines(timeline, 30 * M, opening()) == ["first_reply#1 running from 0 due 60 used 30/60"]


def test_a_finished_clock_keeps_the_figures_of_its_rule() -> None:
    """Though the policy in force no longer knows it."""
    timeline = following(rules_of(60), (20 * M, policy(sla("resolution", D), name="other")))
    assert lines(timeline, H, opening(), agent(10 * M))[-1] == "first_reply#1 met from 0 due 60 met 10 used 10/60"


def test_an_ended_contact_keeps_its_rules_until_it_is_reopened() -> None:
    """Then the one in force counts on."""
    first, second = (policy(sla("resolution", hours * H), name=f"{hours} h") for hours in (4, 2))
    events = opening(), status(H, "solved")
    timeline = following(first, (2 * H, second))
    assert lines(timeline, 3 * H, *events) == ["resolution#1 met from 0 due 240 met 60 used 60/240"]
    assert lines(timeline, 4 * H, *events, status(4 * H, "open")) == ["resolution#1 running from 0 due 300 used 60/120"]


def test_a_paused_clock_is_due_at_the_change_where_the_sum_has_reached_the_new_target() -> None:
    """Paused or not."""
    first, second = (policy(sla("agent_work", minutes * M), name=str(minutes)) for minutes in (60, 5))
    timeline = following(first, (30 * M, second))
    told = lines(timeline, H, opening(), status(10 * M, "pending"))
    assert told == ["agent_work#1 breached from 0 due 30 breached 30 used 10/5"]


# ── Routes and escalations ───────────────────────────────────────────────────────────────────────────────────────────


def test_another_route_is_told_as_brought_by_the_policy() -> None:
    """With the rule that now matches."""
    other = policy(queues=(Queue("b"),), routing=(RoutingRule("to-b", "b"),), name="other")
    routed = [item for item in judged(following(policy(), (H, other)), D, opening()).implied if "routed" in item.type]
    assert [(item.rule, (item.at - T0) // M, item.by_policy) for item in routed] == [
        ("default", 0, False),
        ("to-b", 60, True),
    ]


def test_a_policy_that_routes_upwards_owes_a_reply() -> None:
    """Each routing to a higher tier does, whatever brought it."""
    second = policy(
        sla("handover_reply", H), queues=(Queue("b", "t2", 2),), routing=(RoutingRule("to-b", "b"),), name="second"
    )
    assert lines(following(policy(), (H, second)), 90 * M, opening()) == [
        "handover_reply#1 running from 60 due 120 used 30/60"
    ]


VIP = {"vip": tagged("vip")}


def vip_policy(name: str, *steps: int, unack_after: int | None = None) -> Policy:
    """An escalation of every VIP, with steps after so many minutes."""
    chain = Chain("c", ALWAYS, tuple(Step(after * M, (f"role-{after}",)) for after in steps), unack_after)
    return policy(chains=(chain,), escalation=(EscalationRule("vip", "matched", "c"),), when=VIP, name=name)


def calls(timeline: Timeline, until: int, *events: object) -> list[tuple[str, int, bool]]:
    """What escalations said, when, and whether only the policy brought it."""
    return [
        (item.type.removeprefix("escalation."), (item.at - T0) // M, item.by_policy)
        for item in judged(timeline, until, *events).implied  # type: ignore[arg-type]
        if item.type.startswith("escalation")
    ]


def test_an_escalation_goes_on_by_the_chain_as_it_now_is() -> None:
    """Later steps come when the new chain says; what it would have asked for before is not made up for aloud."""
    before = opening(tags=["vip"])
    assert calls(following(vip_policy("a", 0, 30, 120), (20 * M, vip_policy("b", 0, 60))), D, before) == [
        ("raised", 0, False),
        ("stepped", 60, False),
    ]
    assert calls(following(vip_policy("a", 0, 30, 120), (20 * M, vip_policy("b", 0, 15, 120))), D, before) == [
        ("raised", 0, False),
        ("stepped", 20, True),
        ("stepped", 120, False),
    ]


def test_an_unchanged_chain_goes_on_as_if_nothing_had_happened() -> None:
    """A step that is due at the very change is the old chain's, and is said."""
    timeline = following(vip_policy("a", 0, 30, 45), (30 * M, vip_policy("b", 0, 30, 45)))
    assert calls(timeline, D, opening(tags=["vip"])) == [
        ("raised", 0, False),
        ("stepped", 30, False),
        ("stepped", 45, False),
    ]


def test_a_shorter_chain_ends_where_it_ends() -> None:
    """Steps that it no longer has never come."""
    timeline = following(vip_policy("a", 0, 10, 20, 60), (30 * M, vip_policy("b", 0)))
    assert calls(timeline, D, opening(tags=["vip"]))[-1] == ("stepped", 20, False)


def test_a_step_that_a_shorter_chain_lost_is_not_called_again_by_a_longer_one() -> None:
    """Whoever was called was called; what nobody was called for yet is."""
    timeline = following(vip_policy("a", 0, 10), (20 * M, vip_policy("b", 0)), (40 * M, vip_policy("c", 0, 10, 60)))
    assert calls(timeline, D, opening(tags=["vip"])) == [
        ("raised", 0, False),
        ("stepped", 10, False),
        ("stepped", 60, False),
    ]


def test_an_escalation_whose_rule_is_gone_is_resolved_aloud() -> None:
    """An alarm that was given must be taken back; its acknowledgement of later finds nothing to stop."""
    before = opening(tags=["vip"])
    timeline = following(vip_policy("a", 0, 30), (10 * M, policy(name="b")))
    (raised,) = (item for item in judged(timeline, 5 * M, before).implied if item.type == "escalation.raised")
    taken = event("escalation.acknowledged", 10 * M, escalation=raised.id, by="ada")
    assert isinstance(taken, EscalationAcknowledged)
    assert calls(timeline, D, before, taken) == [("raised", 0, False), ("resolved", 10, False)]


def test_each_escalation_of_a_contact_follows_the_policy_for_itself() -> None:
    """One is over, one has lost its rule, which is said, and one goes on, by the chain that its rule now names."""
    chains = tuple(Chain(id, ALWAYS, (Step(after * M, (id,)),)) for id, after in (("c", 30), ("d", 50)))
    when = {"over": tagged("x")}
    three = tuple(EscalationRule(id, "matched", "c") for id in ("over", "gone", "stays"))
    first = policy(chains=chains, escalation=three, when=when, name="a")
    second = policy(chains=chains, escalation=(three[0], EscalationRule("stays", "matched", "d")), when=when, name="b")
    result = judged(following(first, (20 * M, second)), D, opening(tags=["x"]), tags(10 * M))
    told = [item for item in result.implied if item.type in ("escalation.resolved", "escalation.stepped")]
    assert [((item.at - T0) // M, item.rule, item.roles) for item in told] == [
        (10, "over", ()),
        (20, "gone", ()),
        (50, "stays", ("d",)),
    ]
    assert told[1].reason == "the policy in force no longer has its rule"


def test_a_reminder_that_is_due_at_the_very_change_is_given() -> None:
    """As if nothing had happened."""
    chain = Chain("c", ALWAYS, (Step(0, ("lead",), reminder_ms=10 * M),))
    rules = [policy(chains=(chain,), escalation=(EscalationRule("e", "matched", "c"),), name=name) for name in "ab"]
    timeline = following(rules[0], (20 * M, rules[1]))
    assert calls(timeline, 35 * M, opening()) == [
        ("raised", 0, False),
        ("stepped", 10, False),
        ("stepped", 20, False),
        ("stepped", 30, False),
    ]


def test_what_several_policies_bring_is_told_apart() -> None:
    """There and back and there again: each route is said under an id of its own."""
    names = ("a", "b", "c", "d")
    there, back = (
        [policy(queues=(Queue(to),), routing=(RoutingRule(to, to),), name=name) for name in names] for to in ("x", "y")
    )
    timeline = following(there[0], (H, back[1]), (2 * H, there[2]), (3 * H, back[3]))
    routed = [item for item in judged(timeline, D, opening()).implied if item.type == "contact.routed"]
    assert [item.rule for item in routed] == ["x", "y", "x", "y"]
    assert len({item.id for item in routed}) == 4


def test_what_a_reopen_at_the_very_change_raises_is_heard() -> None:
    """The rule matched before the policy came; it was the end that kept it silent."""
    timeline = following(vip_policy("a", 0), (10 * M, vip_policy("b", 0)))
    events = opening(tags=["vip"], status="solved"), status(10 * M, "open")
    assert calls(timeline, D, *events) == [("raised", 10, False)]


def test_a_rule_that_newly_matches_raises_unheard_and_calls_with_its_later_steps() -> None:
    """Announced is only what falls due after the policy came."""
    assert calls(following(policy(), (10 * M, vip_policy("a", 0, 30))), D, opening(tags=["vip"])) == [
        ("raised", 10, True),
        ("stepped", 40, False),
    ]


def test_what_happens_at_the_very_change_is_said() -> None:
    """An event of that instant may be what raised: rather said once too often than not at all."""
    timeline = following(policy(), (10 * M, vip_policy("a", 0)))
    assert calls(timeline, D, opening(), tags(10 * M, "vip")) == [("raised", 10, False)]
    assert calls(timeline, D, opening(), tags(10 * M - 1, "vip")) == [("raised", 10, True)]


def test_a_rule_that_goes_and_comes_back_raises_once_in_a_life() -> None:
    """Once per contact, rule and life."""
    timeline = following(vip_policy("a", 0), (10 * M, policy(name="b")), (20 * M, vip_policy("c", 0)))
    assert calls(timeline, D, opening(tags=["vip"])) == [("raised", 0, False), ("resolved", 10, False)]


def test_an_acknowledged_escalation_runs_out_by_the_new_chain() -> None:
    """The acknowledgement stands; how long it holds is the present chain's business."""
    before = opening(tags=["vip"])
    timeline = following(vip_policy("a", 0, 30), (20 * M, vip_policy("b", 0, 30, unack_after=H)))
    (raised,) = (item for item in judged(timeline, M, before).implied if item.type == "escalation.raised")
    taken = event("escalation.acknowledged", 10 * M, escalation=raised.id, by="ada")
    assert calls(timeline, D, before, taken) == [
        ("raised", 0, False),
        ("acknowledged", 10, False),
        ("stepped", 70, False),
    ]


def test_severity_is_judged_again_at_the_change() -> None:
    """By the rules that come into force, with nothing else happening."""
    grave = policy(severity=(SeverityRule("all", 1),), name="grave")
    timeline = following(policy(), (H, grave))
    before, after = (state_of(judged(timeline, until, opening())) for until in (H - 1, H))
    assert ((before.severity, before.policy), (after.severity, after.policy)) == ((3, "hash"), (1, "hash of grave"))
    assert after.policy_since == T0 + H


# ── Going on ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_state_goes_on_into_the_next_policy_and_not_back_behind_it() -> None:
    """An event of before the change, told after it, needs the history; so does a change that lies in the past."""
    timeline = following(rules_of(60), (20 * M, rules_of(30)))
    early = state_of(judged(timeline, 10 * M, opening()))
    assert continues(early, sourced(tags(40 * M, "x")), timeline)
    late = state_of(advance(early, (), timeline, T0 + 29 * M))
    assert not continues(late, sourced(agent(15 * M)), timeline)
    assert not continues(late, sourced(agent(20 * M)), timeline)
    assert continues(late, sourced(agent(20 * M + 1)), timeline)
    behind = following(rules_of(60), (5 * M, rules_of(45)), (20 * M, rules_of(30)))
    assert continues(early, (), behind)
    assert not continues(state_of(judged(timeline, 10 * M, opening(), tags(6 * M, "x"))), (), behind)


def test_a_state_of_the_very_instant_of_a_change_is_behind_it() -> None:
    """At one instant the policy comes before the events: a state that has seen them without it must be judged anew."""
    state = state_of(judged(rules_of(60), 10 * M, opening(), tags(10 * M, "x")))
    assert not continues(state, (), following(rules_of(60), (10 * M, rules_of(30))))
    assert continues(state, (), following(rules_of(60), (10 * M + 1, rules_of(30))))


# ── Calendars that begin ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("before", "opens"), [(None, "closed"), (ALWAYS, "always"), ("office", "office")])
def test_a_calendar_counts_from_its_midnight_and_the_one_before_it_until_then(before: object, opens: str) -> None:
    """Midnight in its zone; closed where there was none before."""
    since = midnight(NEW_YORK, date(2026, 6, 1))
    office = weekly("office", NEW_YORK, [[(8 * 60, 12 * 60)]] * 7)
    earlier = office if before == "office" else ALWAYS if before is ALWAYS else None
    calendar = spliced("office", earlier, since, weekly("office", NEW_YORK, HOUR_WEEK))
    assert calendar.elapsed(since, since + D) == 8 * H
    assert calendar.elapsed(since - D, since) == {"closed": 0, "always": D, "office": 4 * H}[opens]
    assert calendar.due(since - H, H) == (since if opens == "always" else since + 10 * H)


def test_an_evening_that_crosses_the_midnight_is_cut_there() -> None:
    """Until it the earlier hours count, from it the later ones, each as their own tables say."""
    since = midnight(NEW_YORK, date(2026, 6, 1))
    evening = weekly("e", NEW_YORK, [[(18 * 60, 2 * 60)]] * 7)
    assert spliced("e", evening, since, weekly("e", NEW_YORK, HOUR_WEEK)).elapsed(since - D, since + 9 * H) == 8 * H
    assert spliced("e", None, since, evening).elapsed(since - D, since + 9 * H) == 2 * H


def test_a_midnight_that_does_not_exist_is_the_first_instant_of_its_date() -> None:
    """Where the clocks go forward at midnight the date begins an hour later by the wall."""
    cairo = ZoneInfo("Africa/Cairo")
    assert midnight(cairo, date(2024, 4, 26)) - midnight(cairo, date(2024, 4, 25)) == D
    assert midnight(cairo, date(2024, 4, 27)) - midnight(cairo, date(2024, 4, 26)) == 23 * H


def test_a_recovery_that_runs_on_in_the_end_keeps_its_rule_as_far_as_the_policy_has_it() -> None:
    """With the figures of now; a rule of that name for something else is another rule."""
    bad = event("csat.received", 10 * M, score=1, min=1, max=5)
    events = opening(), status(5 * M, "solved"), bad
    first, milder = (policy(sla("csat_recovery", hours * H, id="x", below=0.5), name=f"{hours}") for hours in (2, 5))
    other = policy(sla("resolution", 9 * H, id="x"), name="other")
    assert lines(following(first, (H, milder)), 2 * H, *events) == ["x#1 running from 10 due 310 used 110/300"]
    told = [line for line in lines(following(first, (H, other)), 2 * H, *events) if "from 10" in line]
    assert told == ["x#1 cancelled from 10 cancelled 60 used 50/120"]
