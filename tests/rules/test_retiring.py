"""A state stays small, however long its contact lives; what it lets go of is told once."""

from gateway.model.judgement import Clock, Escalation
from gateway.rules.advance import CHECKPOINT_EVENTS, advance, in_order
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import Chain, EscalationRule, Queue, RoutingRule, Step
from gateway.rules.replay import replay
from gateway.rules.retiring import CLOCKS_KEPT, ESCALATIONS_KEPT
from gateway.rules.timeline import Timeline
from tests.rules.worlds import (
    T0,
    D,
    H,
    M,
    agent,
    customer,
    event,
    judged,
    lines,
    opening,
    policy,
    sla,
    sourced,
    state_of,
    status,
    tagged,
    tags,
)

CHATTY = policy(
    sla("first_reply", M),
    sla("next_reply", M),
    sla("resolution", M),
    chains=(Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
    escalation=(EscalationRule("late", "sla.breached", "c"),),
)


def talk(turns: int) -> list[object]:
    """So many questions, each answered too late."""
    events: list[object] = [opening(), agent(5 * M)]
    for turn in range(1, turns + 1):
        events += [customer(turn * 10 * M), agent(turn * 10 * M + 5 * M)]
    return events


def test_finished_clocks_and_resolved_escalations_retire_the_oldest_first() -> None:
    """What the state keeps are the latest; nothing is lost between the two."""
    result = judged(CHATTY, 10**9, *talk(100))  # type: ignore[arg-type]
    state = state_of(result)
    last = T0 + 1005 * M
    done = [clock for clock in state.clocks if clock.metric != "resolution" and clock.met_at and clock.met_at < last]
    resolved = [call for call in state.escalations if call.resolved_at and call.resolved_at < last]
    assert (len(done), len(resolved)) == (CLOCKS_KEPT, ESCALATIONS_KEPT)
    gone = [thing for thing in result.retired if isinstance(thing, Clock) and thing.metric == "next_reply"]
    kept = [clock for clock in state.clocks if clock.metric == "next_reply"]
    assert [clock.instance for clock in (*gone, *kept)] == list(range(1, 101))
    calls = [thing for thing in result.retired if isinstance(thing, Escalation)]
    assert len(calls) + len(state.escalations) == 102
    assert all(call.resolved_at is not None for call in calls)


def test_what_may_go_on_never_retires() -> None:
    """A resolution goes on after a reopen, and a clock that runs is no history."""
    state = state_of(judged(CHATTY, 10**9, *talk(100)))  # type: ignore[arg-type]
    assert [clock.metric for clock in state.clocks if clock.metric == "resolution"] == ["resolution"]


def test_a_met_resolution_is_kept_for_the_reopen() -> None:
    """However much else finishes after it: on a solved contact bad answers come and are answered, again and again."""
    rules = policy(sla("resolution", 10 * H), sla("csat_recovery", H, below=0.6))
    events = [opening(), status(2 * M, "solved")]
    for turn in range(3, 3 + 2 * CLOCKS_KEPT):
        events += [event("csat.received", turn * H, score=1, min=1, max=5), agent(turn * H + M)]
    result = judged(rules, 1000 * H, *events, status(999 * H, "open"))
    shown = {clock.metric: (clock.instance, clock.state) for clock in state_of(result).clocks}
    assert shown["resolution"] == (1, "running")
    assert {clock.metric for clock in result.retired if isinstance(clock, Clock)} == {"csat_recovery"}


def test_a_dropped_clock_is_kept_for_the_rule_that_takes_it_up() -> None:
    """Cancelled only because no rule matches: when one matches again it is the same instance."""
    rules = policy(
        sla("first_resolution", 100 * H), sla("next_reply", 10 * H), when={"first_resolution": tagged("vip")}
    )
    events = [opening(tags=["vip"]), tags(M), agent(2 * M)]
    for turn in range(1, 2 * CLOCKS_KEPT):
        events += [customer(turn * H), agent(turn * H + M)]
    shown = lines(rules, 99 * H, *events, tags(99 * H, "vip"))
    assert shown[0] == "first_resolution#1 running from 0 due 6000 used 5940/6000"


def test_what_finishes_together_retires_together() -> None:
    """One reply meets many: those that go and those that stay are all of them, each once."""
    rules = policy(
        sla("handover_reply", H),
        queues=(Queue("first"), Queue("second", "t2", 2)),
        routing=(RoutingRule("up", "second"), RoutingRule("default", "first")),
        when={"up": tagged("up")},
    )
    steps = [tags(n * M, *(["up"] if n % 2 else [])) for n in range(1, 4 * CLOCKS_KEPT)]
    result = judged(rules, D, opening(), *steps, agent(H * 5), customer(H * 6))
    gone = [clock.instance for clock in result.retired if isinstance(clock, Clock)]
    kept = [clock.instance for clock in state_of(result).clocks if clock.metric == "handover_reply"]
    assert len(gone) > 1
    assert gone + kept == list(range(1, 2 * CLOCKS_KEPT + 1))


def test_cancelled_clocks_retire() -> None:
    """What has lost its object is history, too."""
    rules = policy(sla("next_reply", H))
    events = [opening(), agent(M)]
    for turn in range(1, 2 * CLOCKS_KEPT):
        events += [customer(turn * H), status(turn * H + M, "solved"), status(turn * H + 2 * M, "open")]
    result = judged(rules, 1000 * H, *events)
    kept = [clock for clock in state_of(result).clocks if clock.metric == "next_reply"]
    assert {clock.state for clock in result.retired} == {"cancelled"}
    assert len(result.retired) + len(kept) == 2 * CLOCKS_KEPT - 1


def test_instances_are_numbered_on_behind_what_has_retired() -> None:
    """Per metric, without holes."""
    state = state_of(judged(CHATTY, 10**9, *talk(100)))  # type: ignore[arg-type]
    assert state.instances == {"first_reply": 1, "next_reply": 100, "resolution": 1}


def test_a_checkpoint_is_left_behind_every_so_many_events() -> None:
    """From each of them what happens later leads to the same state."""
    events = in_order(sourced(*talk(200)))  # type: ignore[arg-type]
    timeline = Timeline.only(CHATTY)
    whole = advance(None, events, timeline, T0 + 10**9)
    assert [state.events for state in whole.checkpoints] == [CHECKPOINT_EVENTS * n for n in range(1, 7)]
    for state in whole.checkpoints:
        later = [item for item in events if item.event.at > state.as_of]
        again = replay(later, timeline, T0 + 10**9, state)
        assert again.state == whole.state
        assert again.implied == whole.implied[len(whole.implied) - len(again.implied) :]


def test_no_checkpoint_lies_within_an_instant() -> None:
    """Many events of one instant: what comes later in it could be added to none."""
    crowd = [agent(M, id=f"m{n:03}") for n in range(3 * CHECKPOINT_EVENTS)]
    result = advance(None, in_order(sourced(opening(), *crowd, agent(2 * M))), Timeline.only(policy()))
    assert [state.events for state in result.checkpoints] == [3 * CHECKPOINT_EVENTS + 1]
    early = advance(None, in_order(sourced(opening(), *crowd[:100])), Timeline.only(policy())).state
    assert advance(early, in_order(sourced(*crowd[100:])), Timeline.only(policy())).checkpoints == ()
