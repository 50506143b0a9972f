"""Laws of judging that hold for any policy and any history."""

from collections import Counter
from dataclasses import replace
from random import Random
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from gateway.model.event import Event, encode_event
from gateway.model.instant import parse_instant, seconds_of
from gateway.model.judgement import Implied, State
from gateway.model.words import Metric
from gateway.rules import advance as advance_module
from gateway.rules import retiring
from gateway.rules.advance import advance, continues, in_order, next_due
from gateway.rules.metrics import METRICS
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import InForce, Timeline
from gateway.rules.view import clocks_view, judgement_view
from tests.rules.timelines import END, EVEN, GRAIN, Engine, arrivals, placed, policies, sla_rules, stored, worlds
from tests.rules.worlds import T0, H, M, policy, sourced, state_of

World = tuple[Policy, list[Event]]
FEWER = settings(max_examples=settings().max_examples * 2 // 5)

instants = st.integers(0, END)


@FEWER
@given(worlds(), st.randoms(use_true_random=False), instants)
def test_any_order_of_arrival_gives_the_same_judgement(world: World, chance: Random, until: int) -> None:
    """State, what follows, and what is shown: byte for byte."""
    rules, events = world
    mixed = list(events)
    chance.shuffle(mixed)
    one, other = (replay(sourced(*order), Timeline.only(rules), T0 + until) for order in (events, mixed))
    assert one == other
    if one.state is not None and other.state is not None:
        shown = [msgspec.json.encode(judgement_view(state, rules, T0 + until)) for state in (one.state, other.state)]
        assert shown[0] == shown[1]


@pytest.mark.parametrize("kept", [(2, 3, 1), (64, 32, 32)], ids=["little is kept", "as it is"])
@given(worlds(), st.lists(policies(), max_size=2), st.data())
def test_going_on_step_by_step_is_the_same_as_judging_from_nothing(
    kept: tuple[int, int, int], world: World, later: list[Policy], data: st.DataObject
) -> None:
    """Whatever arrives late, in whichever order, alone or with others, once or twice, while time passes and policies
    come into force in between: the state is that of a replay, and what was announced and not taken back is what
    follows. So too where states are kept often and carry little."""
    rules, events = world
    engine = Engine(rules)
    waiting = data.draw(arrivals(events))
    with (
        patch.object(advance_module, "CHECKPOINT_EVENTS", kept[0]),
        patch.object(retiring, "CLOCKS_KEPT", kept[1]),
        patch.object(retiring, "ESCALATIONS_KEPT", kept[2]),
    ):
        while waiting:
            batch, waiting = waiting[: (size := data.draw(st.sampled_from([1, 1, 2])))], waiting[size:]
            if later and data.draw(st.integers(0, 3)) == 0:
                engine.follow(later.pop())
            engine.wait(T0 + batch[0][0] - data.draw(st.sampled_from([0, 0, 1, GRAIN])))
            engine.arrive(*(event for _, event in batch), *data.draw(st.sampled_from([(), tuple(events[:2])])))
        engine.wait(T0 + END)
        whole = replay(sourced(*events), engine.policies, engine.now)
    target(engine.started_from_checkpoint)
    assert engine.state == whole.state
    standing = {entry.id: (entry.type, entry.rule) for entry in engine.ledger.values() if entry.stands}
    assert standing == {item.id: (item.type, item.rule) for item in whole.implied}
    said = Counter(cause for type, cause in engine.effects if type not in ("sla.corrected", "escalation.cancelled"))
    back = Counter(cause for type, cause in engine.effects if type in ("sla.corrected", "escalation.cancelled"))
    for id, entry in engine.ledger.items():
        assert said[id] == entry.times
        if entry.type.startswith("sla.") or entry.type == "escalation.raised":
            assert said[id] - back[id] == int(entry.stands)


@given(worlds(), st.data())
def test_events_in_their_order_never_need_the_history(world: World, data: st.DataObject) -> None:
    """Where nothing is late, each instant's events go on from the state before, and give the same."""
    rules, events = world
    state: State | None = None
    implied: list[Implied] = []
    for at in sorted({int(event.at) for event in events}):
        fresh = in_order(sourced(*(event for event in events if event.at == at)))
        if state is not None:
            early = advance(state, (), Timeline.only(rules), data.draw(st.integers(state.position[0], at - 1)))
            assert continues(state_of(early), fresh, Timeline.only(rules))
            state, implied = stored(early.state), implied + list(early.implied)
        step = advance(state, fresh, Timeline.only(rules))
        state, implied = stored(step.state), implied + list(step.implied)
    if state is not None:
        last = advance(state, (), Timeline.only(rules), T0 + END)
        state, implied = last.state, implied + list(last.implied)
    whole = replay(sourced(*events), Timeline.only(rules), T0 + END)
    assert state == whole.state
    assert tuple(implied) == whole.implied


@given(worlds(), st.lists(st.tuples(policies(), instants), max_size=3, unique_by=lambda one: one[1]))
def test_nothing_follows_twice(world: World, later: list[tuple[Policy, int]]) -> None:
    """Every id of what follows is there once, whichever policies follow each other: an announcement is never mistaken
    for another one."""
    rules, events = world
    timeline = Timeline([InForce(0, rules), *(InForce(T0 + at, other) for other, at in later)])
    ids = Counter(item.id for item in replay(sourced(*events), timeline, T0 + END).implied)
    assert [id for id, times in ids.items() if times > 1] == []


@FEWER
@given(worlds())
def test_what_follows_is_told_in_the_order_of_time(world: World) -> None:
    """No effect lies before the one told before it."""
    rules, events = world
    told = [item.at for item in replay(sourced(*events), Timeline.only(rules), T0 + END).implied]
    assert told == sorted(told)


@FEWER
@given(worlds(), instants)
def test_next_due_names_every_instant_at_which_time_changes_something(world: World, until: int) -> None:
    """Nothing happens before it, and at it something does."""
    rules, events = world
    judged = replay(sourced(*events), Timeline.only(rules), T0 + until)
    if judged.state is None:
        return
    due = next_due(judged.state)
    if due is None:
        assert advance(judged.state, (), Timeline.only(rules), T0 + 400 * H).state == judged.state
        return
    assert due > T0 + until
    quiet = advance(judged.state, (), Timeline.only(rules), due - 1)
    assert (quiet.state, quiet.implied) == (judged.state, ())
    assert state_of(advance(judged.state, (), Timeline.only(rules), due)) != judged.state


@FEWER
@given(worlds(), instants)
def test_a_known_event_never_continues(world: World, until: int) -> None:
    """An event that the state has seen is not taken for a new one, and in the history it counts once."""
    rules, events = world
    judged = replay(sourced(*events), Timeline.only(rules), T0 + until)
    if judged.state is None:
        return
    for item in sourced(*(event for event in events if event.at <= T0 + until)):
        assert not continues(judged.state, [item], Timeline.only(rules))


@FEWER
@given(worlds(), instants)
def test_nothing_changes_its_arguments(world: World, until: int) -> None:
    """A state and events that went in come out as they were."""
    rules, events = world
    state: State | None = replay(sourced(*events), Timeline.only(rules), T0 + until).state
    before = msgspec.msgpack.encode(state), [encode_event(event) for event in events]
    later = placed({"type": "message.added", "author": {"kind": "agent"}}, END, "later")
    ending = placed({"type": "status.changed", "to": "solved"}, END, "zz")
    if state is not None:
        advance(state, sourced(later, ending), Timeline.only(rules), T0 + 2 * END)
        judgement_view(state, rules, T0 + END)
    replay(sourced(*events), Timeline.only(rules), T0 + END)
    assert before == (msgspec.msgpack.encode(state), [encode_event(event) for event in events])


@FEWER
@given(worlds(), instants)
def test_clocks_tell_a_consistent_story(world: World, until: int) -> None:
    """Numbers without holes, states that fit their times, and never more elapsed than time itself."""
    rules, events = world
    judged = replay(sourced(*events), Timeline.only(rules), T0 + until)
    if judged.state is None:
        return
    shown = clocks_view(judged.state, rules, T0 + until)
    for metric in {clock["metric"] for clock in shown}:
        instances = sorted(clock["instance"] for clock in shown if clock["metric"] == metric)
        assert instances == list(range(1, len(instances) + 1))
        live = sum(1 for c in shown if c["metric"] == metric and c["state"] in ("running", "paused"))
        assert live <= 1 or METRICS[metric].each
    for clock in shown:
        assert (clock["breached_at"] is not None) == (clock["state"] == "breached")
        assert clock["state"] != "met" or clock["met_at"] is not None
        assert clock["state"] != "cancelled" or clock["cancelled_at"] is not None
        assert clock["state"] != "running" or clock["due_at"] is not None
        assert clock["state"] not in ("paused", "cancelled") or clock["due_at"] is None
        assert 0 <= clock["elapsed_s"] <= seconds_of(T0 + until - parse_instant(clock["started_at"]))
        if clock["state"] in ("running", "paused"):
            assert clock["elapsed_s"] < clock["target_s"]


@FEWER
@given(st.data())
def test_pausing_in_closed_hours_only_changes_nothing(data: st.DataObject) -> None:
    """Any number of pauses inside closed hours: every clock stands as without them, and warns and breaks as before."""
    metrics: tuple[Metric, ...] = ("agent_work", "requester_wait", "pausable_update")
    office = policy(*(replace(data.draw(sla_rules(f"s{n}", metrics)), calendar=EVEN) for n in range(3)))
    events = [placed({"type": "contact.opened", "kind": "ticket", "channel": "email", "status": "open"}, 0, "o")]
    for n in range(data.draw(st.integers(0, 4))):
        author = {"kind": data.draw(st.sampled_from(["agent", "customer"]))}
        # In open hours, behind a pause that ends with their beginning: what is met while paused has no deadline.
        at = data.draw(st.sampled_from([0, 2, 4, 6, 8])) * H + data.draw(st.integers(0, 3)) * GRAIN
        events.append(placed({"type": "message.added", "author": author}, at, f"m{n}", 3))
    pauses = []
    for hour in data.draw(st.lists(st.sampled_from([1, 3, 5, 7]), unique=True)):
        a, b = sorted(data.draw(st.tuples(st.integers(0, 60), st.integers(0, 60))))
        pauses.append(placed({"type": "status.changed", "to": "pending"}, hour * H + a * M, f"p{hour}", 1))
        pauses.append(placed({"type": "status.changed", "to": "open"}, hour * H + b * M, f"r{hour}", 2))
    plain, paused = (replay(sourced(*events, *more), Timeline.only(office), T0 + END) for more in ([], pauses))
    assert clocks_view(state_of(plain), office, T0 + END) == clocks_view(state_of(paused), office, T0 + END)
    told, told_paused = (
        {(item.id, item.type, item.at) for item in result.implied if item.type.startswith("sla.")}
        for result in (plain, paused)
    )
    assert told == told_paused
