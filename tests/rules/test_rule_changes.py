"""What happens to a clock when another rule begins to match, none does, or one does again."""

from zoneinfo import ZoneInfo

from gateway.model.words import Metric
from gateway.rules.calendar import ALWAYS, Calendar, weekly
from gateway.rules.policy import Operator, Policy, SlaRule
from tests.rules.worlds import (
    H,
    M,
    agent,
    customer,
    event,
    judged,
    lines,
    opening,
    policy,
    said,
    sla,
    state_of,
    status,
    tagged,
    tags,
)

# Open in even hours from T0 only: 09-10, 11-12, …
EVEN = weekly("even", ZoneInfo("UTC"), [[(60 * hour, 60 * hour + 60) for hour in range(1, 24, 2)]] * 7)


def two(metric: Metric, fast: int, slow: int, calendar: Calendar = ALWAYS, operator: Operator = "le") -> Policy:
    """A fast rule for what is tagged `vip`, by `calendar`, and a slow one for everything else."""
    return policy(
        sla(metric, fast, id="fast", calendar=calendar, operator=operator),
        sla(metric, slow, id="slow"),
        when={"fast": tagged("vip")},
    )


def only(*rules: SlaRule) -> Policy:
    """Rules that match what is tagged `vip`, and nothing else does."""
    return policy(*rules, when={rule.id: tagged("vip") for rule in rules})


def test_what_has_elapsed_is_kept_and_the_new_target_applies_to_the_sum() -> None:
    """The rule shown is the one in force; the start stays."""
    rules = two("first_reply", H, 4 * H)
    events = opening(), tags(30 * M, "vip")
    assert lines(rules, 20 * M, *events) == ["slow#1 running from 0 due 240 used 20/240"]
    assert lines(rules, 40 * M, *events) == ["fast#1 running from 0 due 60 used 40/60"]


def test_each_stretch_is_counted_by_the_calendar_that_was_in_force_in_it() -> None:
    """Half an hour always, then an hour of which half is open, then always again."""
    rules = two("first_reply", 10 * H, 4 * H, calendar=EVEN)
    events = opening(), tags(30 * M, "vip"), tags(90 * M)
    assert lines(rules, 80 * M, *events)[0].endswith("used 60/600")
    assert lines(rules, 100 * M, *events) == ["slow#1 running from 0 due 270 used 70/240"]


def test_a_target_that_the_sum_has_reached_is_due_at_the_change() -> None:
    """The deadline is the moment of the change, not an instant in the past."""
    rules = two("first_reply", H, 4 * H)
    told = opening(), tags(2 * H, "vip")
    assert lines(rules, 3 * H, *told) == ["fast#1 breached from 0 due 120 breached 120 used 180/60"]
    assert said(judged(rules, 3 * H, *told), "sla.breached") == [("sla.breached", 2 * H)]


def test_a_paused_clock_breaks_at_such_a_change_too() -> None:
    """Paused or not."""
    rules = two("agent_work", H, 4 * H)
    told = opening(), status(2 * H, "pending"), tags(3 * H, "vip")
    assert lines(rules, 5 * H, *told) == ["fast#1 breached from 0 due 180 breached 180 used 120/60"]


def test_a_change_at_the_deadline_comes_before_it() -> None:
    """`le` looks at the events of its deadline first: a slower rule saves the clock. `lt` is breached first."""
    saved = opening(tags=["vip"]), tags(H)
    assert lines(two("first_reply", H, 4 * H), 2 * H, *saved) == ["slow#1 running from 0 due 240 used 120/240"]
    late = lines(two("first_reply", H, 4 * H, operator="lt"), 2 * H, *saved)
    assert late == ["slow#1 breached from 0 due 60 breached 60 used 120/240"]


def test_what_one_event_changes_and_meets_is_judged_by_the_rule_before_it() -> None:
    """The event that solves and tags at once meets the slow rule."""
    rules = two("resolution", H, 4 * H)
    both = event("contact.observed", 2 * H, tags=["vip"], status="solved")
    assert lines(rules, 9 * H, opening(), both) == ["slow#1 met from 0 due 240 met 120 used 120/240"]


def test_a_breach_keeps_its_time_and_deadline_when_the_rule_changes() -> None:
    """Rule, target and place follow the rule in force; `breached_at` and `due_at` stay, and it breaks once."""
    rules = two("first_reply", H, 4 * H)
    events = opening(tags=["vip"]), tags(2 * H), tags(6 * H, "vip")
    assert lines(rules, 5 * H, *events) == ["slow#1 breached from 0 due 60 breached 60 used 300/240"]
    assert said(judged(rules, 9 * H, *events), "sla.breached") == [("sla.breached", H)]


def test_while_a_contact_is_ended_its_clocks_keep_their_rule() -> None:
    """The reopen applies the one then in force."""
    rules = two("resolution", H, 4 * H)
    events = opening(), status(30 * M, "solved"), tags(2 * H, "vip"), status(3 * H, "open")
    assert lines(rules, 150 * M, *events) == ["slow#1 met from 0 due 240 met 30 used 30/240"]
    assert lines(rules, 181 * M, *events) == ["fast#1 running from 0 due 210 used 31/60"]


def test_a_change_in_the_end_that_is_undone_in_it_has_no_trace() -> None:
    """Only the rule in force at the reopen counts."""
    rules = two("resolution", H, 4 * H)
    quiet = opening(), status(90 * M, "solved"), status(3 * H, "open")
    assert lines(rules, 4 * H, *quiet, tags(2 * H, "vip"), tags(150 * M)) == lines(rules, 4 * H, *quiet)


# ── No rule ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_no_rule_matches_any_more_is_cancelled() -> None:
    """It counts no further, and shows the rule that counted it last."""
    rules = only(sla("first_reply", H))
    events = opening(tags=["vip"]), tags(20 * M)
    assert lines(rules, 9 * H, *events) == ["first_reply#1 cancelled from 0 cancelled 20 used 20/60"]
    assert said(judged(rules, 9 * H, *events), "sla.breached") == []


def test_when_a_rule_matches_again_it_is_the_same_instance_as_if_it_had_matched_in_between() -> None:
    """The time in between counts by the rule that takes it up."""
    rules = only(sla("first_reply", H, calendar=EVEN))
    events = opening(tags=["vip"]), tags(20 * M), tags(130 * M, "vip")
    assert lines(rules, 131 * M, *events) == ["first_reply#1 breached from 0 due 130 breached 130 used 71/60"]
    slower = only(sla("first_reply", 2 * H, calendar=EVEN))
    assert lines(slower, 131 * M, *events) == ["first_reply#1 running from 0 due 180 used 71/120"]


def test_pauses_while_no_rule_matches_count_as_pauses() -> None:
    """What was paused in between is not made good for."""
    rules = only(sla("agent_work", 3 * H))
    events = opening(tags=["vip"]), tags(10 * M), status(20 * M, "pending"), status(80 * M, "open"), tags(2 * H, "vip")
    assert lines(rules, 2 * H, *events) == ["agent_work#1 running from 0 due 240 used 60/180"]


def test_a_reply_while_no_rule_matches_ends_the_obligation() -> None:
    """Cancelled it stays; a rule that matches later finds nothing to count."""
    rules = only(sla("first_reply", H))
    events = opening(tags=["vip"]), tags(10 * M), agent(20 * M), tags(30 * M, "vip")
    assert lines(rules, 9 * H, *events) == ["first_reply#1 cancelled from 0 cancelled 10 used 10/60"]
    assert said(judged(rules, 9 * H, *events), "sla.met") == []


def test_a_breach_of_a_clock_that_no_rule_matches_any_more_stays() -> None:
    """With `cancelled_at` set, and counting no further."""
    rules = only(sla("first_reply", H))
    events = opening(tags=["vip"]), tags(2 * H)
    assert lines(rules, 9 * H, *events) == [
        "first_reply#1 breached from 0 due 60 breached 60 cancelled 120 used 120/60"
    ]


def test_a_clock_that_a_rule_matches_only_later_counts_from_its_metrics_start() -> None:
    """By that rule's calendar: of the two hours since the opening one was open."""
    rules = only(sla("first_reply", 90 * M, calendar=EVEN))
    assert lines(rules, 2 * H - M, opening(), tags(2 * H, "vip")) == []
    assert lines(rules, 2 * H, opening(), tags(2 * H, "vip")) == ["first_reply#1 running from 0 due 150 used 60/90"]


def test_a_clock_that_is_counted_late_and_over_its_target_breaks_at_once() -> None:
    """Nothing breaks before a rule said so."""
    rules = only(sla("resolution", H))
    assert lines(rules, 3 * H, opening(), tags(2 * H, "vip")) == [
        "resolution#1 breached from 0 due 120 breached 120 used 180/60"
    ]


def test_what_was_over_before_any_rule_matched_never_becomes_a_clock() -> None:
    """A reply given, a question answered, a contact that was first resolved."""
    rules = only(sla("first_reply", H), sla("next_reply", H), sla("first_resolution", H))
    events = opening(), agent(M), customer(2 * M), agent(3 * M), status(4 * M, "solved"), status(5 * M, "open")
    assert lines(rules, H, *events, tags(6 * M, "vip")) == []


def test_instances_are_numbered_without_holes() -> None:
    """Questions that no rule counted have no number."""
    rules = only(sla("next_reply", H))
    asked = [customer(10 * M), agent(20 * M), customer(30 * M), agent(40 * M), customer(50 * M), agent(60 * M)]
    told = lines(rules, 2 * H, opening(), agent(M), *asked, tags(15 * M, "vip"), tags(25 * M), tags(45 * M, "vip"))
    assert [line.split(" due")[0] for line in told] == ["next_reply#1 met from 10", "next_reply#2 met from 50"]


def test_a_resolution_that_no_rule_counted_when_it_was_solved_goes_on_at_the_reopen() -> None:
    """It stopped at the end and runs on; a rule that matches then counts it from the opening, without the end."""
    rules = only(sla("resolution", 4 * H))
    events = opening(), status(H, "solved"), status(3 * H, "open"), tags(4 * H, "vip")
    assert lines(rules, 4 * H, *events) == ["resolution#1 running from 0 due 360 used 120/240"]


def test_a_resolution_dropped_before_it_was_solved_is_taken_up_after_a_reopen() -> None:
    """Cancelled while no rule matches, the same instance later; solved in between it is not met."""
    rules = only(sla("resolution", 4 * H))
    events = opening(tags=["vip"]), tags(H), status(2 * H, "solved"), status(3 * H, "open"), tags(4 * H, "vip")
    assert lines(rules, 150 * M, *events) == ["resolution#1 cancelled from 0 cancelled 60 used 60/240"]
    assert lines(rules, 4 * H, *events) == ["resolution#1 running from 0 due 300 used 180/240"]


# ── What changes which rule matches ──────────────────────────────────────────────────────────────────────────────────


def test_the_first_rule_of_a_metric_that_matches_wins() -> None:
    """The order in the file; each metric for itself."""
    rules = policy(sla("first_reply", H, id="a"), sla("resolution", H, id="b"), sla("first_reply", M, id="c"))
    assert [line.split("#")[0] for line in lines(rules, M, opening())] == ["a", "b"]


def test_the_severity_may_choose_the_rule() -> None:
    """A priority that the vendor raises makes it severity 1, and its clock faster."""
    rules = policy(
        sla("first_reply", H, id="fast"),
        sla("first_reply", 4 * H, id="slow"),
        when={"fast": lambda facts: facts.severity == 1},
    )
    events = opening(), event("contact.observed", 10 * M, priority="urgent")
    assert lines(rules, 5 * M, *events) == ["slow#1 running from 0 due 240 used 5/240"]
    assert lines(rules, 20 * M, *events) == ["fast#1 running from 0 due 60 used 20/60"]


def test_a_clock_that_no_rule_counts_ends_with_its_contact() -> None:
    """The end is over it for good: after a reopen the rule that matches again counts another instance."""
    rules = only(sla("first_reply", H))
    events = opening(tags=["vip"]), tags(10 * M), status(20 * M, "solved"), status(30 * M, "open"), tags(40 * M, "vip")
    assert lines(rules, 50 * M, *events) == [
        "first_reply#1 cancelled from 0 cancelled 10 used 10/60",
        "first_reply#2 running from 30 due 90 used 20/60",
    ]


def test_a_breach_keeps_the_name_of_the_rule_that_it_broke() -> None:
    """Whichever rule counts the clock later."""
    (clock, *_) = state_of(judged(two("first_reply", H, 4 * H), 3 * H, opening(tags=["vip"]), tags(2 * H))).clocks
    assert (clock.rule, clock.breached_rule, clock.breached_due) == ("slow", "fast", clock.started_at + H)


def test_what_no_rule_counted_is_counted_once() -> None:
    """Paused and gone on without a rule, then taken up, left, and taken up again."""
    rules = only(sla("agent_work", 10 * H))
    events = opening(), status(10 * M, "pending"), status(20 * M, "open"), tags(30 * M, "vip"), tags(40 * M)
    assert lines(rules, 35 * M, *events) == ["agent_work#1 running from 0 due 610 used 25/600"]
    assert lines(rules, H, *events, tags(50 * M, "vip")) == ["agent_work#1 running from 0 due 610 used 50/600"]
