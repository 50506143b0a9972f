"""What is kept of a contact against a replay: nothing differs where nothing is wrong, and what is wrong is placed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.model.event import Event
from gateway.model.judgement import LedgerEntry, State
from gateway.rules.advance import in_order
from gateway.rules.differing import Differing, differing, plain
from gateway.rules.parting import parting, steps
from gateway.rules.policy import Policy
from gateway.rules.proof import Difference, Kept, disproofs
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from tests.rules.timelines import END, Engine, arrivals, worlds
from tests.rules.worlds import (
    T0,
    D,
    M,
    agent,
    customer,
    following,
    judged,
    opening,
    policy,
    sla,
    sourced,
    state_of,
    status,
)

RULES = policy(sla("first_reply", 10 * M), sla("next_reply", 10 * M))
STORY = (opening(), customer(2 * M), agent(5 * M), customer(6 * M), status(30 * M, "solved"))
FEWER = settings(max_examples=max(5, settings().max_examples // 5))


def kept(state: State | None = None, **more: Any) -> Kept:
    """What a gateway would keep of the story, or another state."""
    result = judged(RULES, D, *STORY)
    ledger = {
        one.id: LedgerEntry(id=one.id, type=one.type, at=one.at, rule=one.rule, policy=one.policy)
        for one in result.implied
    }
    return Kept(state or state_of(result), **{"ledger": ledger, **more})


def found(what: Kept, *events: Event, until: int = D, by: Timeline | None = None) -> list[Difference]:
    """Where what is kept isn't what the story implies, or other events."""
    return list(disproofs(what, sourced(*(events or STORY)), by or Timeline.only(RULES), T0 + until))


def test_what_is_right_has_no_disproof() -> None:
    """By its own instant, and by every later one."""
    right = kept()

    assert right.state is not None
    assert found(right) == found(right, until=right.state.as_of - T0) == []


@FEWER
@given(worlds(), st.data())
def test_what_an_engine_keeps_has_no_disproof(world: tuple[Policy, list[Event]], data: st.DataObject) -> None:
    """In whatever order it was told, with its ledger and its checkpoints, at the instant up to which it judged."""
    rules, events = world
    engine = Engine(rules)
    for _, event in data.draw(arrivals(events)):
        engine.arrive(event)
    engine.wait(T0 + END)

    passed = {state.as_of: state for state in engine.checkpoints}
    everything = Kept(engine.state, engine.ledger, passed)
    at = engine.now if engine.state is None else engine.state.as_of
    for until in (at, engine.now):
        assert list(disproofs(everything, sourced(*events), Timeline.only(rules), until)) == []


@FEWER
@given(worlds())
def test_steps_lead_to_where_a_replay_leads(world: tuple[Policy, list[Event]]) -> None:
    """Instant by instant, each once."""
    rules, events = world
    told = list(steps(in_order(sourced(*events)), Timeline.only(rules), T0 + END))
    last = told[-1][1] if told else None
    replayed = replay(sourced(*events), Timeline.only(rules), T0 + END).state

    assert last == replayed
    assert [here.at for here, _ in told] == sorted({here.at for here, _ in told})


# ── The state ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_field_is_placed_and_dated() -> None:
    """The instant and the event from which on the history says something else."""
    state = state_of(judged(RULES, D, *STORY))
    unmet = replace(state, clocks=(replace(state.clocks[0], met_at=None), *state.clocks[1:]))

    (one,) = found(kept(unmet))

    assert (one.path, one.kept, one.replayed) == ("state.clocks[0].met_at", None, T0 + 5 * M)
    assert (one.at, one.event) == (T0 + 5 * M, f"message.added@{5 * M}")


def test_what_time_alone_brings_has_no_event() -> None:
    """A breach that was forgotten: the deadline is the instant."""
    story = (opening(),)
    state = state_of(judged(RULES, D, *story))
    forgotten = replace(state, clocks=(replace(state.clocks[0], breached_at=None),))

    one, *_ = found(Kept(forgotten), *story)

    assert (one.path, one.at, one.event) == ("state.clocks[0].breached_at", T0 + 10 * M, "")


def test_a_state_that_stood_still_differs_from_where_it_stopped() -> None:
    """All of the history before is told as right."""
    until = judged(RULES, 5 * M, *STORY)

    one, *others = found(kept(state_of(until)))

    assert (one.path, one.at, one.event) == ("state.contact.updated_at", T0 + 6 * M, f"message.added@{6 * M}")
    assert {other.path for other in others} >= {"state.position[0]", "state.events"}


def test_a_value_that_never_was_is_dated_by_the_one_that_is() -> None:
    """Since when the history says what it says in the end."""
    state = replace(state_of(judged(RULES, D, *STORY)), opened_by="nobody")

    one, lost = found(kept(state))

    assert (one.path, one.at, one.event) == ("state.opened_by", T0, "contact.opened@0")
    assert lost.words == "it was made of 5 events, and the journal has 5 events: 'nobody' is spoken of and isn't there"


def test_an_event_that_waits_for_its_time_belongs_to_the_state() -> None:
    """Its instant is noted there, and nothing else of it."""
    state = state_of(judged(RULES, 20 * M, *STORY[:4]))
    waiting = replace(state, future=(T0 + 30 * M,))

    assert found(Kept(waiting), *STORY, until=20 * M)[0].path.startswith("ledger[")
    assert next(one.path for one in found(Kept(state), *STORY, until=20 * M)) == "state.future[0]"


def test_opened_or_not() -> None:
    """A contact without an opening, and one whose opening was overlooked."""
    state = state_of(judged(RULES, D, *STORY))

    lost, journal = found(Kept(state), *STORY[1:])
    overlooked = found(Kept(None))[0]

    assert lost.words == "it is kept as opened, and no opening of it is in the journal"
    assert "'contact.opened@0' is spoken of" in journal.words
    assert (overlooked.path, overlooked.at, overlooked.event) == ("state", T0, "contact.opened@0")
    assert found(Kept(None), *STORY[1:]) == []


def test_a_policy_parts_at_its_instant() -> None:
    """Who was overlooked when a policy came is told with that instant."""
    later = policy(sla("first_reply", 60 * M), name="later")
    by = following(RULES, (3 * M, later))
    state = state_of(judged(RULES, 2 * M, *STORY[:2]))

    one, *_ = found(Kept(state), *STORY[:2], by=by)

    assert (one.path, one.at, one.event) == ("state.settled", T0 + 3 * M, "")


# ── The ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_announcements_less_corrections_are_what_follows() -> None:
    """Each entry that is missing, taken back, added or dated otherwise; one that was corrected and doesn't follow is
    as it should be."""
    ledger = dict(kept().ledger)
    first, second, third, *_ = sorted(ledger.values(), key=lambda entry: (entry.at, entry.id))
    del ledger[first.id]
    ledger[second.id] = replace(second, stands=False)
    ledger[third.id] = replace(third, at=third.at + 1)
    ledger["false"] = LedgerEntry(id="false", type="sla.breached", at=T0 + 5 * M, rule="r")
    ledger["mended"] = LedgerEntry(id="mended", type="sla.breached", at=T0, rule="r", stands=False)

    told = {one.path: one for one in found(kept(ledger=ledger))}

    assert told.keys() == {f"ledger[{first.id}]", f"ledger[{second.id}]", f"ledger[{third.id}].at", "ledger[false]"}
    assert told[f"ledger[{first.id}]"].words.endswith(" follows and isn't said")
    assert told[f"ledger[{second.id}]"].words.endswith(" follows and isn't said: it was taken back")
    assert told[f"ledger[{third.id}].at"].at == third.at
    false = told["ledger[false]"]
    assert false.words == "sla.breached by r at 2026-03-02T09:05:00Z is said and doesn't follow"
    assert (false.at, false.event) == (T0 + 5 * M, f"message.added@{5 * M}")


# ── Checkpoints ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "as_of", "path"),
    [
        ({}, 5 * M, None),
        ({"severity": 1}, 5 * M, ".severity"),
        ({}, 4 * M, ".as_of"),
    ],
)
def test_a_checkpoint_lies_on_the_way(change: dict[str, Any], as_of: int, path: str | None) -> None:
    """It is the state of its instant, and kept under it."""
    passed = replace(state_of(judged(RULES, 5 * M, *STORY)), **change)

    told = [one.path for one in found(kept(checkpoints={T0 + as_of: passed}))]

    assert told == ([] if path is None else [f"checkpoint[2026-03-02T09:0{as_of // M}:00Z]{path}"])


def test_a_checkpoint_behind_the_state_or_before_the_opening() -> None:
    """No state is passed there."""
    early, late = (state_of(judged(RULES, until, *STORY)) for until in (5 * M, D))
    before = replace(early, position=(T0 - M, 0, 0, "x"), settled=T0 - M)

    behind = found(Kept(early, checkpoints={late.as_of: late}), until=5 * M)
    unopened = found(kept(checkpoints={T0 - M: before}))

    assert [one.words for one in behind if one.path.startswith("checkpoint")] == ["it lies behind the state"]
    assert [one.words for one in unopened] == ["no opening had happened by then"]


# ── Field by field ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_places_are_told_as_deep_as_both_have_them() -> None:
    """Fields, items and keys; where the shapes part, the whole of both."""
    state = state_of(judged(RULES, D, *STORY))
    other = replace(
        state,
        contact=replace(state.contact, fields={"a": 1, "b": 2}),
        clocks=state.clocks[:-1],
        route=None,
        instances={**state.instances, "resolution": 3},
    )

    told = {one.path: one for one in differing(state, other)}

    last = f"clocks[{len(state.clocks) - 1}]"
    assert [*told] == ["contact.fields[a]", "contact.fields[b]", "route", last, "instances[resolution]"]
    assert told["contact.fields[a]"] == Differing("contact.fields[a]", None, 1)
    assert told["route"].one == plain(state.route) and told["route"].other is None
    assert told[last].one["metric"] == state.clocks[-1].metric
    assert list(differing(state, replace(state))) == []


def test_a_parting_that_is_too_far_away_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather none than hours."""
    monkeypatch.setattr("gateway.rules.parting.STEPS_MAX", 2)
    state = replace(state_of(judged(RULES, D, *STORY)), severity=1)

    assert parting(state, "severity", sourced(*STORY), Timeline.only(RULES), T0 + D) is None
