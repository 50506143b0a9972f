"""The path of a contact as it is told: each clock's stretches with their reasons, escalations, turns, and rules."""

from fractions import Fraction
from zoneinfo import ZoneInfo

from gateway.model.event import Event
from gateway.model.instant import format_instant
from gateway.rules.calendar import ALWAYS, Calendar, weekly
from gateway.rules.policy import Chain, EscalationRule, Mark, Policy, Queue, RoutingRule, SeverityRule, Step
from gateway.rules.timeline import Timeline
from gateway.rules.trace.path import ClockPath, Trace
from gateway.rules.trace.tracing import trace
from gateway.rules.trace.tried import tried
from tests.rules.worlds import (
    T0,
    H,
    M,
    agent,
    customer,
    event,
    following,
    judged,
    opening,
    policy,
    sla,
    sourced,
    state_of,
    status,
    tagged,
    tags,
)

# Open in even hours from T0 only: 09-10, 11-12, …
EVEN = weekly("even", ZoneInfo("UTC"), [[(60 * hour, 60 * hour + 60) for hour in range(1, 24, 2)]] * 7)


def traced(rules: Policy | Timeline, until: int, *events: Event) -> Trace:
    """The path at `until` milliseconds from T0."""
    policies = rules if isinstance(rules, Timeline) else Timeline.only(rules)
    return trace(sourced(*events), policies, T0 + until)


def path(told: Trace, metric: str) -> ClockPath:
    """The first clock of a metric."""
    return next(path for path in told.clocks if path.clock.metric == metric)


def stretches(told: Trace, metric: str) -> list[str]:
    """A clock's stretches, a line each, times and lengths in minutes: `0-15 running fast even 15`."""
    return [
        f"{_minutes(one.start)}-{_minutes(one.end)} {one.state} {one.rule} {one.calendar}".rstrip()
        + (f" {one.counted_ms / M:g}" if one.segments else "")
        for one in path(told, metric).stretches
    ]


def words(told: Trace, metric: str) -> list[str]:
    """Why a clock's path turned, a line each."""
    return [f"{_minutes(one.at)} {one.words}" for part in path(told, metric).stretches for one in part.changes]


def _minutes(at: int) -> str:
    return f"{(at - T0) / M:g}"


# ── Clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_paused_a_clock_and_what_let_it_go_on() -> None:
    """The closed hours between its open ones are told with the calendar's name; what ended it is named."""
    rules = policy(sla("agent_work", 6 * H, calendar=EVEN))
    told = traced(rules, 6 * H, opening(), status(30 * M, "pending"), status(70 * M, "open"), status(190 * M, "solved"))
    assert stretches(told, "agent_work") == [
        "0-30 running agent_work even 30",
        "30-70 paused agent_work even",
        "70-190 running agent_work even 60",
        "190-360 ended",
    ]
    running = path(told, "agent_work").stretches[2]
    assert [(_minutes(one.start), _minutes(one.end), one.kind) for one in running.segments] == [
        ("70", "120", "closed"),
        ("120", "180", "open"),
        ("180", "190", "closed"),
    ]
    assert words(told, "agent_work") == [
        "0 started by the opening contact.opened@0; rule agent_work counts it",
        "30 paused: the status became pending",
        "70 resumed: the status became open",
        "190 met: the status became solved",
    ]


def test_which_rule_gave_way_to_which_and_why() -> None:
    """Each stretch has the calendar that counted it; the breach by the change says so."""
    rules = policy(
        sla("first_reply", 40 * M, id="fast", marks=(Mark("50%", 20 * M),)),
        sla("first_reply", 3 * H, id="slow", calendar=EVEN),
        when={"fast": tagged("vip")},
    )
    told = traced(rules, 4 * H, opening(), tags(50 * M, "vip"), tags(90 * M), agent(130 * M))
    assert stretches(told, "first_reply") == [
        "0-50 running slow even 50",
        "50-90 running fast always 40",
        "90-130 running slow even 10",
        "130-240 over",
    ]
    assert words(told, "first_reply") == [
        "0 started by the opening contact.opened@0; rule slow counts it",
        "50 rule slow gave way to fast: tags changed",
        "50 50% of rule fast reached",
        "50 what had elapsed has reached the target of rule fast",
        "90 rule fast gave way to slow: tags changed",
        "130 met by the message message.added@7800000 of agent",
    ]
    kinds = [(one.kind, one.cause.kind) for part in path(told, "first_reply").stretches for one in part.changes]
    assert kinds[1:4] == [("rule changed", "event"), ("warned", "time"), ("breached", "time")]


def test_a_deadline_that_moves_is_told() -> None:
    """It is the same clock, which counts on up to another target."""
    rules = policy(sla("deadline", None, marks=(Mark("1h before", -H, Fraction(1)),)))
    moved = event("contact.observed", 2 * H, deadline=format_instant(T0 + 6 * H))
    told = traced(rules, 4 * H, opening(deadline=format_instant(T0 + 3 * H)), moved, status(3 * H, "solved"))

    assert stretches(told, "deadline") == [
        "0-120 running deadline always 120",
        "120-180 running deadline always 60",
        "180-240 over",
    ]
    assert [one.target_ms for one in path(told, "deadline").stretches] == [3 * H, 6 * H, 0]
    assert words(told, "deadline") == [
        "0 started by the opening contact.opened@0; rule deadline counts it",
        f"120 the deadline moved to {format_instant(T0 + 6 * H)}",
        "180 met: the status became solved",
    ]


def test_time_that_no_rule_counted_is_caught_up_on() -> None:
    """Dropped and taken up again: what ran in between counts by the calendar of the rule that came."""
    rules = policy(sla("first_reply", 5 * H, calendar=EVEN), when={"first_reply": tagged("vip")})
    told = traced(rules, 130 * M, opening(tags=["vip"]), tags(30 * M), tags(50 * M, "vip"), tags(121 * M))
    assert stretches(told, "first_reply") == [
        "0-30 running first_reply even 30",
        "30-50 uncounted first_reply even 20",
        "50-121 running first_reply even 11",
        "121-130 uncounted",
    ]
    assert [one.caught_up_at for one in path(told, "first_reply").stretches] == [None, T0 + 50 * M, None, None]
    assert [one.split(": ")[0] for one in words(told, "first_reply")[1:]] == [
        "30 no rule matches any more",
        "50 rule first_reply matches, and counts what no rule had counted",
        "121 no rule matches any more",
    ]


def test_what_was_caught_up_on_stays_with_its_rule() -> None:
    """Dropped twice, and taken up by another rule each time: each counts what was uncounted before it."""
    rules = policy(
        sla("first_reply", 9 * H, id="a", calendar=EVEN),
        sla("first_reply", 9 * H, id="b"),
        when={"a": tagged("a"), "b": tagged("b")},
    )
    events = (tags(40 * M), tags(80 * M, "b"), tags(90 * M), tags(130 * M, "a"))
    told = traced(rules, 140 * M, opening(tags=["a"]), *events)
    assert stretches(told, "first_reply") == [
        "0-40 running a even 40",
        "40-80 uncounted b always 40",
        "80-90 running b always 10",
        "90-130 uncounted a even 10",
        "130-140 running a even 10",
    ]


def test_a_clock_that_no_rule_counts_ends_all_the_same() -> None:
    """It stands still while the contact is ended or pending, and says which; what it had counted stays."""
    rules = policy(sla("resolution", 9 * H), sla("first_reply", 9 * H), when={"resolution": tagged("a")})
    events = (tags(10 * M), status(20 * M, "solved"), status(30 * M, "open"), status(40 * M, "closed"))
    told = traced(rules, H, opening(tags=["a"]), *events)
    assert [one.split(" ")[1] for one in stretches(told, "resolution")] == [
        *("running", "uncounted", "ended", "uncounted", "ended"),
    ]
    assert path(told, "resolution").counted_ms == 10 * M
    work = policy(sla("agent_work", 9 * H), when={"agent_work": tagged("a")})
    turned = (tags(10 * M), status(20 * M, "solved"), status(30 * M, "pending"), status(40 * M, "closed"))
    assert words(traced(work, H, opening(tags=["a"]), *turned), "agent_work")[2:] == [
        "20 ended: the status became solved",
        "30 paused: the status became pending",
        "40 ended: the status became closed",
    ]
    answered = traced(
        policy(sla("first_reply", H), when={"first_reply": tagged("a")}),
        H,
        opening(tags=["a"]),
        tags(10 * M),
        agent(20 * M),
    )
    assert words(answered, "first_reply")[2] == (
        "20 cancelled by the message message.added@1200000 of agent; no rule counted it any more"
    )


def test_a_clock_that_was_found_out_late_starts_at_its_start() -> None:
    """A bot gave the first reply, which isn't the next one: the question that it left open counts from its asking."""
    rules = policy(sla("first_reply", H, bots_count=True), sla("next_reply", 3 * H, calendar=EVEN))
    bot = event("message.added", 70 * M, author={"kind": "bot"})
    told = traced(rules, 130 * M, opening(), customer(5 * M, id="question"), bot)
    assert stretches(told, "next_reply") == ["5-70 uncounted next_reply even 55", "70-130 running next_reply even 10"]
    assert words(told, "next_reply") == [
        "5 started by the message question of customer; rule next_reply counts it",
    ]


def test_a_policy_that_comes_into_force_changes_the_rule() -> None:
    """And it is named as the reason."""
    old, new = policy(sla("resolution", 9 * H), name="old"), policy(sla("resolution", 8 * H, id="res"), name="new")
    told = traced(following(old, (H, new)), 2 * H, opening())
    assert stretches(told, "resolution") == ["0-60 running resolution always 60", "60-120 running res always 60"]
    assert words(told, "resolution")[1] == "60 rule resolution gave way to res: the policy new came into force"
    assert [(turn.before, turn.after) for turn in told.turns if turn.of == "policy"] == [("", "old"), ("old", "new")]


def test_a_new_calendar_of_the_same_name_counts_from_its_policy_on() -> None:
    """Nothing of the rule has changed but the hours behind the calendar's name."""
    shut = Calendar("even", lambda first, last: [])
    old, new = (policy(sla("resolution", 9 * H, calendar=hours), name=hours.name) for hours in (EVEN, shut))
    told = traced(following(old, (30 * M, new)), 2 * H, opening())
    assert stretches(told, "resolution") == ["0-30 running resolution even 30", "30-120 running resolution even 0"]
    assert words(told, "resolution")[1] == "30 counted on: the policy even came into force"


def test_a_reopened_contact_goes_on_and_then_is_over_for_good() -> None:
    """The end doesn't count; a contact that is merged after it was solved goes on never more."""
    rules = policy(sla("resolution", 9 * H))
    merged = event("contact.merged", 5 * H, into={"kind": "ticket", "id": "2"})
    told = traced(rules, 6 * H, opening(), status(H, "solved"), status(2 * H, "open"), status(4 * H, "solved"), merged)
    assert stretches(told, "resolution") == [
        "0-60 running resolution always 60",
        "60-120 ended",
        "120-240 running resolution always 120",
        "240-300 ended",
        "300-360 over",
    ]
    assert words(told, "resolution")[2:] == [
        "120 reopened: the status became open",
        "240 met: the status became solved",
        "300 ended: the status became merged",
    ]


def test_a_call_that_is_queued_waits_from_then_on() -> None:
    """What came before was no wait; the warning of it stays."""
    rules = policy(sla("speed_of_answer", H, marks=(Mark("5m", 5 * M),)))
    call = opening(kind="call", channel="phone")
    told = traced(rules, 20 * M, call, event("call.queued", 10 * M), event("call.answered", 15 * M))
    assert stretches(told, "speed_of_answer") == ["10-15 running speed_of_answer always 5", "15-20 over"]
    assert words(told, "speed_of_answer") == [
        "5 5m of rule speed_of_answer reached",
        "10 started anew by call.queued call.queued@600000; rule speed_of_answer counts it",
        "15 met by call.answered call.answered@900000",
    ]


# ── Escalations and turns ────────────────────────────────────────────────────────────────────────────────────────────


def test_what_set_off_an_escalation_and_each_of_its_steps() -> None:
    """The acknowledgement runs out with nothing having happened, and the chain goes on; the reply ends it."""
    chain = Chain("c", ALWAYS, (Step(0, ("lead",), 10 * M), Step(50 * M, ("boss",))), unack_after_ms=20 * M)
    rules = policy(
        sla("first_reply", 15 * M), chains=(chain,), escalation=(EscalationRule("late", "sla.breached", "c"),)
    )
    raised = state_of(judged(rules, 20 * M, opening())).escalations[0].id
    taken = event("escalation.acknowledged", 30 * M, escalation=raised, by="ada")
    told = traced(rules, 80 * M, opening(), customer(25 * M), taken, agent(70 * M)).escalations[0]
    assert told.clock == ("first_reply", 1, "first_reply")
    assert [(_minutes(one.at), one.kind, one.step, one.roles) for one in told.moments] == [
        ("15", "raised", 1, ("lead",)),
        ("25", "reminder", 1, ("lead",)),
        ("30", "acknowledged", 0, ()),
        ("50", "unacknowledged", 0, ()),
        ("60", "reminder", 1, ("lead",)),
        ("65", "step", 2, ("boss",)),
        ("70", "resolved", 0, ()),
    ]
    assert [one.cause.id for one in told.moments if one.cause.kind == "event"] == [taken.id, "message.added@4200000"]


def test_an_acknowledgement_is_kept_when_something_happens() -> None:
    """And what it was is named."""
    chain = Chain("c", ALWAYS, (Step(0, ("lead",)), Step(50 * M, ("boss",))), unack_after_ms=20 * M)
    rules = policy(chains=(chain,), escalation=(EscalationRule("all", "matched", "c"),))
    raised = state_of(judged(rules, M, opening())).escalations[0].id
    taken = event("escalation.acknowledged", 10 * M, escalation=raised, by="ada")
    told = traced(rules, 2 * H, opening(), taken, customer(15 * M)).escalations[0]
    assert [(_minutes(one.at), one.kind) for one in told.moments] == [
        ("0", "raised"),
        ("10", "acknowledged"),
        ("15", "kept"),
    ]
    assert told.moments[-1].words.startswith("the message message.added@900000 of customer: ")
    ended = traced(rules, 2 * H, opening(), taken, status(15 * M, "solved")).escalations[0]
    assert [one.kind for one in ended.moments] == ["raised", "acknowledged", "resolved"]


def test_a_policy_that_shortens_the_chain_is_told() -> None:
    """The step goes on by the chain as it now is."""
    long, short = (
        policy(
            chains=(Chain("c", ALWAYS, (Step(after, ("lead",)),)),),
            escalation=(EscalationRule("all", "matched", "c"),),
            name=f"{after}",
        )
        for after in (2 * H, 30 * M)
    )
    told = traced(following(long, (H, short)), 2 * H, opening()).escalations[0]
    assert [(_minutes(one.at), one.kind) for one in told.moments] == [("0", "raised"), ("60", "policy"), ("60", "step")]


def test_turns_say_what_changed_and_what_was_read() -> None:
    """Severity, route, and the rules in force, each by the event that changed it."""
    rules = policy(
        sla("first_reply", H, id="grave"),
        sla("first_reply", 4 * H, id="other"),
        severity=(SeverityRule("fraud", 1),),
        queues=(Queue("general"), Queue("special", "t2", 2)),
        routing=(RoutingRule("desk", "special"), RoutingRule("default", "general")),
        when={
            "fraud": tagged("fraud"),
            "grave": lambda facts: facts.severity == 1,
            "desk": lambda facts: facts.severity == 1,
        },
    )
    rules.matcher.reads = frozenset({"tags", "severity"})
    told = traced(rules, H, opening(), tags(5 * M, "fraud", id="e2"))
    later = [turn for turn in told.turns if turn.at > T0]
    assert [(turn.of, turn.before, turn.after, turn.rule, turn.because) for turn in later] == [
        ("severity", "3", "1", "fraud", ("tags changed",)),
        ("route", "general", "special", "desk", ("severity became 1", "tags changed")),
        ("rule", "other", "grave", "grave", ("severity became 1", "tags changed")),
    ]
    assert {turn.cause.id for turn in later} == {"e2"}


def test_nothing_is_told_of_a_contact_that_is_not_opened() -> None:
    """Its events wait."""
    told = traced(policy(sla("first_reply", H)), H, customer(0))
    assert (told.state, told.clocks, told.turns) == (None, (), ())


def test_the_rules_that_were_tried() -> None:
    """The first match wins: of a section, of SLA rules for each metric; what fails is named."""
    rules = policy(
        sla("first_reply", H, id="a"),
        sla("first_reply", H, id="b"),
        sla("resolution", H, id="c"),
        queues=(Queue("general"),),
        routing=(RoutingRule("one", "general"), RoutingRule("two", "general"), RoutingRule("three", "general")),
        when={"one": tagged("vip"), "c": tagged("vip")},
    )
    found = tried(state_of(judged(rules, M, opening(tags=["x"]))), rules)
    assert [(one.rule, one.became, one.values) for one in found["routing"]] == [
        ("one", "not matched", {"tags": ["x"]}),
        ("two", "matched", {}),
        ("three", "not asked", {}),
    ]
    assert [(one.rule, one.metric, one.became) for one in found["sla"]] == [
        ("a", "first_reply", "matched"),
        ("b", "first_reply", "not asked"),
        ("c", "resolution", "not matched"),
    ]
    assert found["escalation"] == ()
