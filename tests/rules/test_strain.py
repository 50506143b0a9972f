"""The breaker of a vendor: when it opens, for how long, and what shows that it may close."""

import pytest

from gateway.rules.strain import (
    ALONE_FIRST_MS,
    ALONE_MAX_MS,
    ASKED_MAX_S,
    CALM,
    FAILURES_MAX,
    Strain,
    after_failure,
    asked_wait,
    room,
)

NOW = 1_000_000


def failing(times: int, strain: Strain = CALM, now: int = NOW) -> Strain:
    """After so many failures at one instant."""
    for _ in range(times):
        strain = after_failure(strain, now, 0.0, 0.0)
    return strain


def test_it_opens_after_several_failures_in_a_row() -> None:
    """Not before: one that fails now and then is asked as ever."""
    assert room(CALM, NOW, 4) == 4
    assert room(failing(FAILURES_MAX - 1), NOW, 4) == 4
    opened = failing(FAILURES_MAX)
    assert opened.alone_until == NOW + ALONE_FIRST_MS
    assert room(opened, NOW, 4) == 0
    assert room(opened, opened.alone_until - 1, 4) == 0


def test_one_request_shows_whether_the_vendor_is_back() -> None:
    """Exactly one; each failure of it doubles the wait, up to five minutes."""
    strain = failing(FAILURES_MAX)
    waits = []
    for _ in range(8):
        now = strain.alone_until
        assert room(strain, now, 4) == 1
        strain = after_failure(strain, now, 0.0, 0.0)
        waits.append(strain.alone_until - now)
    assert waits == [30_000, 60_000, 120_000, 240_000, *[ALONE_MAX_MS] * 4]


def test_what_was_on_its_way_tells_nothing_new() -> None:
    """Requests that were under way when it opened make the wait no longer."""
    opened = failing(FAILURES_MAX)
    assert failing(3, opened, NOW + 5) == opened


def test_retry_after_is_kept_at_once() -> None:
    """The first 429 with a wait is enough; one that comes later can only make it longer."""
    asked = after_failure(CALM, NOW, 60.0, 0.0)
    assert (room(asked, NOW + 59_999, 4), room(asked, NOW + 60_000, 4)) == (0, 1)
    assert after_failure(asked, NOW + 1, 30.0, 0.0).alone_until == NOW + 60_000
    assert after_failure(asked, NOW + 1, 90.0, 0.0).alone_until == NOW + 90_001
    assert after_failure(failing(FAILURES_MAX - 1), NOW, 3_600.0, 0.0).alone_until == NOW + 3_600_000


def test_chance_only_makes_the_wait_longer() -> None:
    """By a fifth at most."""
    strain = failing(FAILURES_MAX - 1)
    assert after_failure(strain, NOW, 0.0, 1.0).alone_until == NOW + ALONE_FIRST_MS * 6 // 5


@pytest.mark.parametrize(
    ("said", "kept"),
    [(0, 0.0), (-1, 0.0), (2, 2.0), (2.5, 2.5), (1e300, ASKED_MAX_S), (float("inf"), ASKED_MAX_S),
     (float("-inf"), 0.0), (float("nan"), 0.0), (None, 0.0), ("60", 0.0), (True, 0.0), (10**400, ASKED_MAX_S)],
)  # fmt: skip
def test_what_a_vendor_asks_for_has_bounds(said: object, kept: float) -> None:
    """A day at most, and nonsense is nothing."""
    assert asked_wait(said) == kept
