"""What each answer makes of an endpoint: the breaker, pauses, the slow start, disabling; and how fast sends may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.rules.breaker import (
    FAILURES_MAX,
    HOPELESS_MS,
    PROBE_MAX_MS,
    Health,
    after_answer,
    enabled,
    probing,
    room,
)
from gateway.rules.pace import Pace, allowed, spent, wait_ms
from gateway.rules.retry import Answer

T0 = 1_772_442_000_000


def failing(times: int, health: Health | None = None, at: int = T0) -> tuple[Health, list[str]]:
    """An endpoint that fails so many times within an instant, and what is told of it."""
    health, told = health or Health(), []
    for _ in range(times):
        step = after_answer(health, "failed", at)
        health = step.health
        told += [step.told] if step.told else []
    return health, told


def test_ten_failures_in_a_row_open_the_breaker_once() -> None:
    """Not nine; what was sent before it opened says nothing new."""
    health, told = failing(FAILURES_MAX - 1)
    assert (room(health, 8, T0), told, health.standing(T0)) == (8, [], "failing")
    health, told = failing(8, health)
    assert (health.open_until, health.opened, told) == (T0 + 30_000, 1, ["endpoint.failing"])
    assert (room(health, 8, T0 + 29_999), room(health, 8, T0 + 30_000)) == (0, 1)
    assert probing(health, T0 + 30_000) and not probing(health, T0) and not probing(Health(), T0)
    assert health.standing(T0) == "open"


@pytest.mark.parametrize("answer", ["delivered", "refused"])
def test_an_answer_ends_the_row(answer: Answer) -> None:
    """A receiver that refuses a notice is there; only a success says that all is well."""
    health, _ = failing(FAILURES_MAX - 1)
    health, told = failing(FAILURES_MAX - 1, after_answer(health, answer, T0).health)
    assert told == []
    assert (health.failing_since, health.succeeded_at is None) == (T0, answer == "refused")


def test_probes_wait_twice_as_long_each_time_up_to_five_minutes() -> None:
    """And nothing is told again."""
    health, _ = failing(FAILURES_MAX)
    waits = []
    for _ in range(6):
        assert health.open_until is not None
        at = health.open_until
        health, told = failing(1, health, at)
        assert told == []
        waits.append((health.open_until or 0) - at)
    assert waits == [60_000, 120_000, 240_000, PROBE_MAX_MS, PROBE_MAX_MS, PROBE_MAX_MS]


@pytest.mark.parametrize("answer", ["delivered", "refused"])
def test_the_first_answer_closes_it_and_a_slow_start_begins(answer: Answer) -> None:
    """One at a time, then twice as many after each answer, up to what the endpoint bears; a failure begins anew."""
    health, _ = failing(FAILURES_MAX)
    step = after_answer(health, answer, T0 + 30_000)
    assert (step.told, step.health.open_until, step.health.opened) == ("endpoint.recovered", None, 0)
    health, rooms = step.health, []
    for _ in range(7):
        rooms.append(room(health, 20, T0 + 30_000))
        health = after_answer(health, answer, T0 + 30_000).health
    assert rooms == [1, 2, 4, 8, 16, 20, 20]
    assert health.ramp is None
    slow = after_answer(step.health, "delivered", T0).health
    assert room(after_answer(slow, "failed", T0).health, 20, T0) == 1


def test_410_disables_at_once_and_only_a_person_enables() -> None:
    """Told once; what lands later changes nothing of it."""
    step = after_answer(Health(succeeded_at=T0 - 1), "gone", T0)
    assert (step.told, step.health.disabled_at, room(step.health, 8, T0 + DAY_MS)) == ("endpoint.disabled", T0, 0)
    assert "410" in (step.health.disabled_why or "")
    for answer in ("delivered", "failed", "refused", "gone"):
        later = after_answer(step.health, answer, T0 + 6 * DAY_MS)
        assert (later.told, later.health.disabled_at) == (None, T0)
    again = enabled(step.health)
    assert (room(again, 8, T0), again.failing_since, again.succeeded_at) == (1, None, T0 - 1)


def test_five_days_of_nothing_but_failures_disable() -> None:
    """Tried all the while: at the fifth day's end, not before; a success within them begins anew."""
    health, at, told = Health(), T0, []
    while health.disabled_at is None:
        step = after_answer(health, "failed", at)
        health, at = step.health, at + HOUR_MS
        told += [step.told] if step.told else []
    assert (health.disabled_at, told) == (T0 + HOPELESS_MS, ["endpoint.failing", "endpoint.disabled"])
    assert health.disabled_why == "five days of nothing but failures"
    assert health.standing(at) == "disabled"


def test_failures_that_nobody_tried_between_are_no_row_of_five_days() -> None:
    """A failure, a week of silence, and another: that is two failures."""
    health, _ = failing(1)
    health, told = failing(1, health, T0 + 7 * DAY_MS)
    assert (health.failing_since, health.disabled_at, told) == (T0 + 7 * DAY_MS, None, [])


@pytest.mark.parametrize(("asked", "pause"), [(0, 0), (-5, 0), (MINUTE_MS, MINUTE_MS), (10**12, HOUR_MS), (None, 0)])
def test_a_receiver_can_ask_for_a_pause_of_an_hour_at_most(asked: int | None, pause: int) -> None:
    """Nothing goes until then; a shorter wish later doesn't cut it short."""
    health = after_answer(Health(), "failed", T0, asked).health
    assert [room(health, 8, T0 + at) for at in (max(0, pause - 1), pause)] == [0 if pause else 8, 8]
    if pause:
        assert room(after_answer(health, "failed", T0, 1).health, 8, T0 + pause - 1) == 0


ANSWERS = st.lists(
    st.tuples(st.sampled_from(["delivered", "failed", "refused", "gone"]), st.integers(0, 2 * HOUR_MS)), max_size=80
)


@given(ANSWERS)
def test_whatever_comes_an_open_breaker_lets_a_probe_go_and_a_success_is_a_success(
    answers: list[tuple[Answer, int]],
) -> None:
    """No story leaves an endpoint shut for ever without a word, and each change is told once, in turn."""
    health, now, told = Health(), T0, []
    for answer, later in answers:
        now += later
        step = after_answer(health, answer, now)
        health = step.health
        told += [step.told] if step.told else []
        if answer == "delivered":
            assert (health.failing_since, health.failures, health.open_until) == (None, 0, None)
    changes = [change for change in told if change != "endpoint.disabled"]
    assert (
        changes == ["endpoint.failing", "endpoint.recovered"] * (len(changes) // 2) + changes[len(changes) // 2 * 2 :]
    )
    assert told.count("endpoint.disabled") == (health.disabled_at is not None)
    if health.disabled_at is None:
        assert room(health, 8, now + HOUR_MS) >= 1


@given(st.sampled_from([1 / 60, 0.5, 1, 3, 10, 99, 100, 1_000, 10_000]), st.lists(st.integers(0, 400), max_size=200))
def test_no_second_of_any_beginning_has_more_sends_than_its_rate(per_s: float, steps: list[int]) -> None:
    """Whenever one looks and takes all that may go."""
    pace, now, sends = Pace(float(per_s)), T0, []
    for step in steps:
        now += step
        count = allowed(pace, now)
        assert (count > 0) == (wait_ms(pace, now) <= 0)
        pace = spent(pace, count, now) if count else pace
        sends += [now] * count
    for first, at in enumerate(sends):
        assert sum(1 for other in sends[first:] if other < at + 1_000) <= max(1, per_s)


def test_a_rate_is_used_up_by_who_looks_often() -> None:
    """At least nine tenths of it."""
    for per_s in (10, 1_000):
        pace, count = Pace(float(per_s)), 0
        for now in range(T0, T0 + 10_000):
            if go := allowed(pace, now):
                pace, count = spent(pace, go, now), count + go
        assert 9 * per_s <= count <= 10 * per_s + 1
