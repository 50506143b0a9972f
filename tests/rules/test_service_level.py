"""Which share of contacts met an objective, and the figures of calls."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.model.event import Event, FieldValue
from gateway.model.instant import format_instant
from gateway.rules.policy import Policy
from gateway.rules.service_level import BY_EVENTS, OTHER_WAYS, Kept, Level, ServiceLevel, holds
from tests.rules.worlds import (
    T0,
    M,
    S,
    agent,
    customer,
    event,
    judged,
    opening,
    policy,
    sla,
    state_of,
    status,
    tagged,
    tags,
)

REPLIES = policy(sla("first_reply", M, objective=0.9), sla("next_reply", M, objective=0.5), sla("resolution", M))
ANSWERS = policy(
    sla("speed_of_answer", 90 * S, id="urgent", operator="lt", objective=0.8),
    sla("speed_of_answer", 60 * S, id="answer", objective=0.8),
    when={"urgent": tagged("urgent")},
)


def figures(rules: Policy, until: int, *histories: Sequence[Event]) -> ServiceLevel:
    """The figures of contacts, each by its history."""
    found = ServiceLevel()
    for history in histories:
        found.add(state_of(judged(rules, until, *history)), rules)
    return found


def kept(found: ServiceLevel) -> dict[str, Kept]:
    """How each promise with an objective was kept, by its rule."""
    return {promise.rule: kept for promise, kept in found.promises.items()}


def levels(found: ServiceLevel) -> dict[str, Level]:
    """Each service level, by its rule."""
    return {promise.rule: level for promise, level in found.calls.levels.items()}


def call(*later: Event, **fields: object) -> list[Event]:
    """A call, and what became of it."""
    return [opening(0, kind="call", channel="phone", **fields), *later]


def on_call(word: str, after: int) -> Event:
    """Something happens on the line."""
    return event(f"call.{word}", after)


def told(after: int, *names: str, **fields: FieldValue) -> Event:
    """What a connector says of a call that is over."""
    return event("contact.observed", after, tags=list(names), fields=fields)


def test_a_contact_counts_once_for_each_promise_with_an_objective() -> None:
    """Missed where any of its clocks broke, met where one was met and none goes on; a promise without an objective, and
    contacts that aren't there any more, count nowhere."""
    found = figures(
        REPLIES,
        10 * M,
        [opening(), agent(M)],
        [opening(), agent(M + 1)],
        [opening(), agent(S), customer(M), agent(M + 1), customer(2 * M), agent(3 * M + 1)],
        [opening(), agent(S), customer(10 * M)],
        [opening(), event("status.changed", S, to="solved")],
        [opening(10 * M)],
        [opening(), event("contact.merged", S, into={"kind": "ticket", "id": "2"})],
        [opening(), event("contact.deleted", S)],
    )

    assert found.contacts == 6
    assert kept(found) == {
        "first_reply": Kept(met=3, missed=1, excluded=1, running=1),
        "next_reply": Kept(missed=1, running=1),
    }
    assert (kept(found)["first_reply"].counted, kept(found)["first_reply"].share) == (4, 0.75)
    assert Kept(excluded=1).share is None


def test_a_rule_with_another_target_is_another_promise() -> None:
    """Contacts that an earlier policy judged count under what it promised."""
    found = figures(policy(sla("first_reply", M, objective=0.9)), M, [opening(), agent(S)])
    later = policy(sla("first_reply", 2 * M, objective=0.9))
    found.add(state_of(judged(later, 2 * M, opening(), agent(2 * M))), later)

    assert sorted((promise.target_ms, kept.met) for promise, kept in found.promises.items()) == [(M, 1), (2 * M, 1)]


def test_a_promise_without_a_target_of_its_own() -> None:
    """Each contact's deadline is the vendor's: together they are one promise."""
    promised = policy(sla("deadline", None, objective=0.9))
    due = [opening(deadline=format_instant(T0 + after)) for after in (M, 2 * M, 9 * M)]
    found = figures(promised, 5 * M, [due[0]], [due[1], status(M, "solved")], [due[2]])

    assert {promise.target_ms: kept for promise, kept in found.promises.items()} == {
        None: Kept(met=1, missed=1, running=1)
    }


def test_a_breach_belongs_to_the_rule_that_was_broken() -> None:
    """Also where another rule counts the clock by now."""
    found = figures(ANSWERS, 5 * M, call(tags(2 * M, "urgent"), on_call("answered", 3 * M)))

    assert kept(found) == {"answer": Kept(missed=1)}
    assert levels(found) == {"answer": Level(offered=1)}


@pytest.mark.parametrize(
    ("after", "urgent", "within"),
    [(60 * S, False, 1), (60 * S + 1, False, 0), (90 * S - 1, True, 1), (90 * S, True, 0)],
)
def test_the_service_level_is_judged_by_the_promise(after: int, urgent: bool, within: int) -> None:
    """At the deadline itself `le` is kept and `lt` broken."""
    found = figures(ANSWERS, 5 * M, call(on_call("answered", after), tags=["urgent"] if urgent else []))

    assert levels(found) == {"urgent" if urgent else "answer": Level(offered=1, within=within)}


def test_who_gives_up_counts_as_offered_and_not_as_met() -> None:
    """Before the deadline as after it; but for those who gave up at once, and those who wait, who count nowhere."""
    found = figures(
        ANSWERS,
        5 * M,
        call(on_call("answered", 10 * S)),
        call(on_call("abandoned", 30 * S)),
        call(on_call("abandoned", 2 * M), told(2 * M, "abandoned", outcome="abandoned")),
        call(on_call("abandoned", 2 * S), told(2 * S, "abandoned", "short_abandoned", outcome="abandoned")),
        call(on_call("ended", 8 * S), told(8 * S, "busy", outcome="busy")),
        call(),
        call(direction="outbound"),
    )
    calls = found.calls

    assert (calls.offered, calls.answered, calls.abandoned, calls.short_abandoned) == (6, 1, 2, 1)
    assert (calls.other, calls.waiting, calls.outbound) == (1, 1, 1)
    assert calls.counted == calls.answered + calls.abandoned + calls.other == 4
    assert calls.abandonment == 2 / 4
    assert levels(found) == {"answer": Level(offered=6, short_abandoned=1, waiting=1, within=1)}
    assert calls.level.share == 1 / 4
    assert kept(found) == {"answer": Kept(met=1, missed=3, excluded=3)}, "the rule doesn't ask who began"


def test_a_call_without_a_promise_has_no_service_level() -> None:
    """It counts in all other figures."""
    found = figures(policy(), 5 * M, call(on_call("answered", 10 * S)), call(on_call("ended", 1)), call(agent(2)))

    assert (found.calls.offered, found.calls.answered, found.calls.waiting, levels(found)) == (3, 2, 1, {})
    assert (found.calls.speed.count, found.calls.speed.unknown) == (0, 2)
    assert found.calls.level.share is None


def test_lengths_are_what_the_connector_measured_else_what_the_events_say() -> None:
    """To the millisecond; what isn't a length is unknown, and left out of the mean."""
    answered = on_call("answered", 12 * S)
    found = figures(
        ANSWERS,
        10 * M,
        call(answered, told(M, wait_s=10.001, talk_s=30, hold_s=5.5, measured_by="packets")),
        call(answered, told(M, wait_s=20, handle_s=100, talk_s=1, measured_by="queue_log")),
        call(answered, told(M, talk_s=-1, measured_by="x" * 1_000)),
        call(answered, told(M, wait_s=True, talk_s="long")),
        call(answered),
        call(on_call("abandoned", 5 * M), told(M, wait_s=300)),
    )
    speed, handle = found.calls.speed, found.calls.handle

    assert (speed.total_ms, speed.count, speed.unknown) == (10_001 + 20_000 + 3 * 12_000, 5, 0)
    assert speed.measured_by == {"packets": 1, "queue_log": 1, BY_EVENTS: 3}
    assert (handle.total_ms, handle.count, handle.unknown) == (35_500 + 100_000, 2, 3)
    assert handle.mean_ms == 67_750
    assert found.calls.measured_by == {"packets": 1, "queue_log": 1, "x" * 100: 1, BY_EVENTS: 3}


def test_strangers_words_take_no_room() -> None:
    """Whatever calls say they were measured by: the first few are told apart."""
    found = figures(ANSWERS, M, *(call(told(S, measured_by=f"way {number}")) for number in range(40)))

    assert len(found.calls.measured_by) == 17
    assert found.calls.measured_by[OTHER_WAYS] == 24


@given(some.integers(1, 10_000), some.integers(0, 1_000))
def test_an_objective_is_held_by_exactly_its_share(tens: int, tenths: int) -> None:
    """Whatever binary fractions make of `29.3%`: of a thousand its thousandths, and not one less."""
    asked, whole = tenths / 10 / 100, tens * 1_000
    assert holds(tens * tenths / whole, asked) is True
    assert holds((tens * tenths - 1) / whole, asked) is False


def test_what_is_not_there_is_neither_held_nor_missed() -> None:
    """No contact, or no objective."""
    assert (holds(None, 0.8), holds(0.8, None)) == (None, None)
