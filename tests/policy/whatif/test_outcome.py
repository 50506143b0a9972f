"""One contact within a window: where it waited hour by hour, what took effect, and in what two outcomes differ."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.event import Event
from gateway.policy.whatif.differing import KINDS, differing, weight
from gateway.policy.whatif.outcome import Outcome, Stay, Window, assess
from gateway.policy.whatif.sums import Sums, add, hours, series, slots
from gateway.rules.advance import in_order
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import Chain, EscalationRule, Policy, Queue, RoutingRule, SlaRule, Step
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from tests.rules.timelines import END, worlds
from tests.rules.worlds import T0, H, M, agent, opening, policy, sla, sourced, status, tagged, tags

QUEUES = (Queue("general"), Queue("grave", tier=2))
ROUTING = (RoutingRule("grave", "grave"), RoutingRule("default", "general"))
LATE = Chain("late", ALWAYS, (Step(0, ("lead",)), Step(30 * M, ("lead",), reminder_ms=H)))
WINDOW = Window(T0, T0 + 6 * H)


def routed(*rules: SlaRule) -> Policy:
    """What is tagged waits in a queue of its own; breaches are escalated."""
    return policy(
        *rules,
        queues=QUEUES,
        routing=ROUTING,
        when={"grave": tagged("grave")},
        chains=(LATE,),
        escalation=(EscalationRule("late", "sla.breached", "late"),),
    )


def outcome(rules: Policy, *events: Event, window: Window = WINDOW) -> Outcome:
    """The outcome of a contact, which must lie in the window."""
    found = assess(sourced(*events), Timeline.only(rules), window).outcome
    assert found is not None
    return found


def sums(rules: Policy, *events: Event, window: Window = WINDOW) -> Sums:
    """What is counted of one contact."""
    counted: Sums = Counter()
    add(counted, outcome(rules, *events, window=window), window, 0)
    return counted


def test_a_contact_waits_at_each_full_hour_in_the_queue_that_it_is_in_then() -> None:
    """From queue to queue, not while it is ended; a move or a reopening is an arrival, being there before is none."""
    events = (opening(-H), tags(90 * M, "grave"), status(3 * H, "solved"), status(4 * H + 1, "open"))
    counted = sums(routed(), *events)

    assert outcome(routed(), *events).stays == (
        Stay("general", T0, T0 + 90 * M, entered=False),
        Stay("grave", T0 + 90 * M, T0 + 3 * H, entered=True),
        Stay("grave", T0 + 4 * H + 1, T0 + 6 * H, entered=True),
    )
    assert series(counted, "load", "general", WINDOW) == [1, 1, 0, 0, 0, 0]
    assert series(counted, "load", "grave", WINDOW) == [0, 0, 1, 0, 0, 1]
    assert series(counted, "arrival", "general", WINDOW) == [0] * 6
    assert series(counted, "arrival", "grave", WINDOW) == [0, 1, 0, 0, 1, 0]


def test_hours_are_full_hours_wherever_the_window_begins() -> None:
    """A window of 80 minutes that begins in the middle of an hour has one full hour, and two in which things arrive."""
    window = Window(T0 + 50 * M, T0 + 130 * M)
    counted = sums(routed(), opening(55 * M), window=window)

    assert (hours(window), len(slots(window))) == (2, 3)
    assert series(counted, "load", "general", window) == [1, 1]
    assert series(counted, "arrival", "general", window) == [1, 0, 0]
    assert (hours(Window(T0 + 1, T0 + 2)), len(slots(Window(T0 + 1, T0 + 2)))) == (0, 1)


def test_a_contact_is_in_the_window_if_it_was_open_then_or_something_happened() -> None:
    """Whatever judges it: ended before it is out, unless an event lies in it; opened after it is out."""
    ended = (opening(-2 * H), status(-H, "solved"))
    both = (routed(), policy(sla("first_reply", H)))

    for rules in both:
        policies = Timeline.only(rules)
        assert assess(sourced(*ended), policies, WINDOW).outcome is None
        assert assess(sourced(*ended, tags(0, "a")), policies, WINDOW).outcome is not None
        assert assess(sourced(opening(6 * H)), policies, WINDOW).outcome is None
        assert assess(sourced(opening(6 * H - 1)), policies, WINDOW).outcome is not None
        assert assess(sourced(opening(-2 * H), status(0, "solved")), policies, WINDOW).outcome is not None
        assert assess(sourced(tags(0, "a")), policies, WINDOW).outcome is None


def test_effects_count_at_their_instant_and_rules_where_they_stood() -> None:
    """The beginning of the window belongs to it, its end doesn't. What was decided before still stands."""
    rules = routed(sla("first_reply", H, id="quick"))
    events = (opening(-H), agent(5 * H))
    counted = sums(rules, *events)
    narrow = sums(rules, *events, window=Window(T0 + 1, T0 + H))

    assert (counted["breach", "quick"], counted["raised", "late", "late"]) == (1, 1)
    assert (counted["step", "late", 1], counted["step", "late", 2]) == (1, 1)
    assert counted["reminder", "late", 2] == 4
    assert counted["role", "late", "lead"] == 6
    assert counted["contact", "breached"] == 1
    assert (narrow["breach", "quick"], narrow["contact", "breached"]) == (0, 0)
    assert narrow["hit", "routing", "default", 0] == narrow["hit", "sla", "quick", 0] == 1
    assert narrow["step", "late", 2] == 1
    assert sums(rules, *events, window=Window(T0 - H, T0))["breach", "quick"] == 0


def test_names_are_no_difference_and_promises_are() -> None:
    """Another id of a rule, chain or escalation differs in nothing; another target does, in all that follows."""
    events = (opening(), agent(2 * H))
    first = outcome(routed(sla("first_reply", H, id="quick")), *events)
    renamed = outcome(routed(sla("first_reply", H, id="fast")), *events)
    longer = outcome(routed(sla("first_reply", 3 * H, id="quick")), *events)
    elsewhere = outcome(routed(sla("first_reply", H, id="quick")), opening(), tags(0, "grave"), agent(2 * H))

    assert differing(first, renamed, 0) == ()
    assert differing(first, longer, 0) == ("breaches", "escalations", "clocks", "notices")
    assert differing(first, elsewhere, 0) == ("route",)
    assert weight(("route", "clocks")) == KINDS.index("clocks")


def test_an_ended_contact_is_shown_as_it_ended() -> None:
    """What is tagged after the end leads nowhere any more."""
    found = outcome(routed(), opening(), status(H, "solved"), tags(2 * H, "grave"))

    assert found.route is not None
    assert found.route.queue == "general"


FEWER = settings(max_examples=20)


@FEWER
@given(worlds(), st.integers(-4, END // H), st.integers(1, END // H))
def test_the_same_policy_differs_in_nothing_and_says_what_a_replay_says(
    world: tuple[Policy, list[Event]], first: int, length: int
) -> None:
    """For any policy, history and window; and what is stored of any earlier instant agrees."""
    rules, events = world
    window, policies = Window(T0 + first * H, T0 + (first + length) * H), Timeline.only(rules)
    history = in_order(sourced(*events))
    whole = replay(history, policies, window.until - 1)
    half = replay(history, policies, window.since).state
    found = assess(history, policies, window, stored=half).outcome
    again = assess(history, Timeline.only(replace(rules, name="renamed", hash="other")), window).outcome

    assert assess(history, policies, window, stored=half).agrees
    assert (found is None) == (again is None)
    if found is None or again is None or whole.state is None:
        return
    assert differing(found, again, 0) == ()
    assert found.state == whole.state
    assert list(found.implied) == [one for one in whole.implied if window.has(one.at)]
    first_sums, second_sums = Counter[tuple[str | int, ...]](), Counter[tuple[str | int, ...]]()
    add(first_sums, found, window, 0)
    add(second_sums, again, window, 0)
    assert first_sums == second_sums
    loads = [series(first_sums, "load", queue, window) for queue in rules.queues]
    assert all(0 <= waiting <= 1 for by_hour in loads for waiting in by_hour)


def test_what_is_stored_is_compared_at_its_own_instant() -> None:
    """A stored state of long ago agrees, one of after the window too; another one doesn't."""
    rules = routed(sla("first_reply", H, id="quick"))
    events = sourced(opening(), agent(2 * H), tags(8 * H, "grave"))
    policies = Timeline.only(rules)
    early = assess(events[:1], policies, Window(T0, T0 + 1)).outcome
    late = assess(events, policies, Window(T0, T0 + 9 * H)).outcome
    other = assess(sourced(opening(subject="another")), policies, WINDOW).outcome

    assert early and late and other
    for stored, agrees in ((early.state, True), (late.state, True), (other.state, False)):
        found = assess(events, policies, WINDOW, stored=stored)
        assert found.agrees is agrees
        assert found.outcome == assess(events, policies, WINDOW).outcome
