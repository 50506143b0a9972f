"""Laws of a contact's path, for any policy and history: it adds up, and what is told to come next comes true."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from random import Random

from gateway.model.judgement import Clock, Escalation, Implied
from gateway.policy.evaluate import CONNECTOR, read_events
from gateway.rules import clocks
from gateway.rules.advance import Judged, Sourced, advance, next_change, next_due
from gateway.rules.coming import Coming, upcoming
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import InForce, Timeline
from gateway.rules.trace.path import ClockPath, Stretch, Trace
from gateway.rules.trace.tracing import trace
from gateway.rules.trace.tried import tried
from gateway.rules.view import clocks_in_order
from tests.differential.compare import scenarios, written
from tests.rules.worlds import state_of

CONTACTS = 240


@dataclass(frozen=True)
class Case:
    """A contact that was opened, at an instant; every second one has been through several policies."""

    number: int
    history: tuple[Sourced, ...]
    policies: Timeline
    at: int
    told: Trace
    judged: Judged

    @property
    def judge(self) -> Policy:
        """The policy that judged last."""
        return self.policies.at(state_of(self.judged).policy_since).policy


def drawn() -> Iterator[Case]:
    """Contacts of the scenarios that the slow judge judges, at their instant or at any other."""
    before: Policy | None = None
    number = 0
    while True:
        for scenario, policy in scenarios(number):
            chance = Random(f"trace {scenario.number}")
            ticks = scenario.world.ticks
            at = chance.choice([scenario.at, chance.choice(ticks) + chance.choice([0, 1, 7])])
            in_force = [InForce(0, policy)]
            if before is not None and scenario.number % 2:
                since = chance.choice([0, chance.choice(ticks)])
                in_force = [InForce(since, before), InForce(chance.choice(ticks) + chance.choice([1, 5]), policy)]
                in_force += [InForce(chance.choice(ticks) + 9, before)] if chance.random() < 0.3 else []
            history = tuple(Sourced(CONNECTOR, event) for event in read_events(written(scenario.events)))
            policies = Timeline(in_force)
            judged = replay(history, policies, at)
            if judged.state is not None:
                told = trace(history, policies, at, earlier=None)
                yield Case(scenario.number, history, policies, at, told, judged)
            before = policy
        number += 1


@cache
def cases() -> tuple[Case, ...]:
    """Enough of them."""
    return tuple(islice(drawn(), CONTACTS))


def names(case: Case) -> str:
    """Which contact it was, for a failure."""
    return f"scenario {case.number} at {case.at}"


def counted_paths(case: Case) -> Iterator[ClockPath]:
    """The paths of the clocks that a rule has counted."""
    return (path for path in case.told.clocks if path.clock.instance)


def test_the_end_of_the_path_is_what_a_replay_gives() -> None:
    """State and what follows; and each clock and escalation has one path, those that have retired too."""
    for case in cases():
        told, retired = case.told, case.judged.retired
        assert (told.state, told.implied) == (case.judged.state, case.judged.implied), names(case)
        assert told.judge == case.policies.at(state_of(case.judged).policy_since)
        there = clocks_in_order(state_of(case.judged), case.judge, [one for one in retired if isinstance(one, Clock)])
        paths = [path.clock for path in counted_paths(case)]
        assert sorted(map(repr, paths)) == sorted(map(repr, there)), names(case)
        calls = [*state_of(case.judged).escalations, *(one for one in retired if isinstance(one, Escalation))]
        assert sorted(path.escalation.id for path in told.escalations) == sorted(call.id for call in calls)
        assert not told.clocks_left_out and not told.escalations_left_out


def test_segments_add_up_to_what_the_clock_has_elapsed() -> None:
    """For every clock, in whatever state, over whatever rules, policies, pauses and reopenings."""
    states: Counter[str] = Counter()
    for case in cases():
        for path in counted_paths(case):
            elapsed = clocks.counted(path.clock, case.judge.sla_by_id.get(path.clock.rule), case.at)
            assert path.counted_ms == elapsed, (names(case), path)
            states.update({path.clock.state, *(stretch.state for stretch in path.stretches)})
            states.update("caught up" for stretch in path.stretches if stretch.caught_up_at and stretch.counted_ms)
            states.update(change.kind for stretch in path.stretches for change in stretch.changes)
    seen = {"running", "paused", "met", "breached", "cancelled", "ended", "uncounted", "over", "caught up"}
    seen |= {"dropped", "taken up", "rule changed", "reopened", "resumed", "started anew", "warned"}
    assert seen <= states.keys(), seen - states.keys()


def test_a_path_has_no_gap_and_says_why_it_turns() -> None:
    """Stretches follow each other from the start to the instant asked for, each with what brought it, and segments
    cover the stretches that count."""
    for case in cases():
        for path in case.told.clocks:
            at = path.clock.started_at
            for place, stretch in enumerate(path.stretches):
                assert stretch.start == at <= stretch.end, names(case)
                at = stretch.end
                _covered(stretch)
                late = place == 1 and path.stretches[0].state == "uncounted"
                assert stretch.changes or late, (names(case), path)
                anew = any(change.kind == "started anew" for change in stretch.changes)
                for change in stretch.changes:
                    assert stretch.start <= change.at <= stretch.end or (anew and change.kind == "warned"), names(case)
            assert at == case.at, names(case)


def _covered(stretch: Stretch) -> None:
    at = stretch.start
    for segment in stretch.segments:
        assert segment.start == at < segment.end
        assert segment.counted_ms == (segment.end - segment.start if segment.kind == "open" else 0)
        at = segment.end
    assert at == stretch.end or not stretch.segments
    assert sum(segment.counted_ms for segment in stretch.segments) == stretch.counted_ms


def test_what_is_told_of_clocks_and_escalations_is_what_was_said() -> None:
    """Every warning, breach and keeping of a clock, and every step, reminder and end of an escalation, once."""
    of = {"warned": "sla.warned", "breached": "sla.breached"}
    for case in cases():
        told: Counter[tuple[str, int]] = Counter()
        for path in case.told.clocks:
            changes = [change for stretch in path.stretches for change in stretch.changes]
            told.update((of[change.kind], change.at) for change in changes if change.kind in of)
        said = Counter((one.type, one.at) for one in case.judged.implied if one.type in of.values())
        assert told == said, names(case)
        for call in case.told.escalations:
            heard = [moment for moment in call.moments if moment.kind not in ("kept", "unacknowledged", "policy")]
            said_of = [one for one in case.judged.implied if one.detail.get("escalation") == call.escalation.id]
            assert sum(moment.of for moment in heard) == len(said_of), names(case)
            assert [moment.at for moment in call.moments] == sorted(moment.at for moment in call.moments)


def test_turns_lead_to_what_is_in_force() -> None:
    """The last turn of each kind is the state's severity, route, status, policy, and the rule of each metric."""
    for case in cases():
        state, last = state_of(case.judged), {(turn.of, turn.metric): turn for turn in case.told.turns}
        route = state.route
        assert last["severity", ""].after == str(state.severity)
        assert last["severity", ""].rule == state.severity_rule
        assert last["status", ""].after == state.contact.status
        assert last["policy", ""].after == case.judge.name
        turn = last.get(("route", ""))
        told = (turn.rule, turn.after) if turn else ("", "")
        assert told == ((route.rule, route.queue) if route else ("", ""))
        rules = {metric: turn.after for (of, metric), turn in last.items() if of == "rule" and turn.after}
        assert rules == state.in_force, names(case)


def test_rules_that_were_tried_give_the_answers_of_the_judgement() -> None:
    """Asked again, they say what the state says."""
    for case in cases():
        state = state_of(case.judged)
        found = tried(state, case.judge)
        matched = {section: [one for one in told if one.became == "matched"] for section, told in found.items()}
        assert [one.rule for one in matched["severity"]] == [state.severity_rule] * bool(state.severity_rule)
        assert [one.rule for one in matched["routing"]] == ([state.route.rule] if state.route else [])
        assert {one.metric: one.rule for one in matched["sla"]} == state.in_force, names(case)
        rest = [f"{section}/{one.rule}" for section in ("escalation", "enrich", "actions") for one in matched[section]]
        assert tuple(rest) == state.matching, names(case)


def test_what_is_told_to_come_next_comes_true() -> None:
    """Moved to each instant that is told, and by no other event, the contact does what was told, then and not before;
    where nothing is told nothing happens."""
    happened: Counter[str] = Counter()
    for case in cases():
        known = Timeline(entry for entry in _entries(case.policies) if entry.since <= case.at)
        state = state_of(case.judged)
        coming = upcoming(state, case.judge)
        assert (coming[0].at if coming else None) == next_due(state) == next_change(state, known), names(case)
        if not coming:
            assert advance(state, (), known, case.at + 10**10).state == state
            continue
        assert coming[0].at > case.at
        quiet = advance(state, (), known, coming[0].at - 1)
        assert (quiet.state, quiet.implied) == (state, ()), names(case)
        for one in coming:
            moved = advance(state, (), known, one.at)
            assert _came_true(one, moved), (names(case), one)
            happened[one.kind] += 1
    assert {"warning", "breach", "step", "reminder", "resumption"} <= happened.keys(), happened


def _entries(policies: Timeline) -> Iterator[InForce]:
    change = policies.after(-1)
    while change is not None:
        yield change
        change = policies.after(change.since)


def _came_true(coming: Coming, moved: Judged) -> bool:
    def of(said: Implied, type: str) -> bool:
        return (said.type, said.at, said.rule) == (type, coming.at, coming.rule)

    match coming.kind:
        case "warning":
            return any(of(said, "sla.warned") for said in moved.implied)
        case "breach":
            return any(of(said, "sla.breached") for said in moved.implied)
        case "step" | "reminder":
            again = coming.kind == "reminder"
            stepped = [said for said in moved.implied if of(said, "escalation.stepped")]
            return any(bool(said.detail["reminder"]) == again for said in stepped)
        case "resumption":
            calls = state_of(moved).escalations
            return any((call.rule, call.resumed_at) == (coming.rule, coming.at) for call in calls)
    return False


def test_what_will_happen_changes_nothing_of_the_path() -> None:
    """A path is told as of its instant: events and policies of later are not in it."""
    for case in islice(cases(), 60):
        until = [sourced for sourced in case.history if sourced.event.at <= case.at]
        known = Timeline(entry for entry in _entries(case.policies) if entry.since <= case.at)
        assert trace(until, known, case.at, earlier=None) == case.told, names(case)
