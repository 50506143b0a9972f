"""How long what failed has to wait, and when a delivery is given up."""

from itertools import accumulate

import pytest

from gateway.rules.retry import RETRY_AFTER_MAX_S, SCHEDULE_S, Verdict, after_try, growing_wait, retry_after


@pytest.mark.parametrize(("failures", "wait"), [(1, 5.0), (2, 10.0), (3, 20.0), (7, 300.0), (10_000, 300.0)])
def test_each_failure_doubles_the_wait_up_to_the_longest(failures: int, wait: float) -> None:
    """However often it has failed: no number grows without end."""
    assert growing_wait(5, 300, failures) == wait


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (199, Verdict(delivered=False, wait_ms=5_000)),
        (200, Verdict(delivered=True)),
        (299, Verdict(delivered=True)),
        (300, Verdict(delivered=False, wait_ms=5_000)),
        (409, Verdict(delivered=False, wait_ms=5_000)),
        (410, Verdict(delivered=False)),
        (411, Verdict(delivered=False, wait_ms=5_000)),
        (500, Verdict(delivered=False, wait_ms=5_000)),
        (None, Verdict(delivered=False, wait_ms=5_000)),
    ],
)
def test_only_a_2xx_delivers_and_410_ends_it(status: int | None, verdict: Verdict) -> None:
    """A redirect is a failure, as is no answer at all."""
    assert after_try(1, status, None, 0.0) == verdict


def test_ten_tries_by_the_schedule() -> None:
    """Over 75 hours and 35 minutes; after the tenth it is dead."""
    verdicts = [after_try(attempt, 500, None, 0.0) for attempt in range(1, len(SCHEDULE_S) + 1)]
    assert [verdict.wait_ms for verdict in verdicts[:-1]] == [second * 1000 for second in SCHEDULE_S[1:]]
    assert [verdict.dead for verdict in verdicts] == [False] * 9 + [True]
    assert not Verdict(delivered=True).dead
    assert list(accumulate(SCHEDULE_S))[-1] == (75 * 60 + 35) * 60 + 5


@pytest.mark.parametrize(
    ("asked", "chance", "wait_ms"),
    [
        (None, 0.0, 300_000),
        (None, 0.5, 330_000),
        (None, 1.0, 360_000),
        (299.0, 0.0, 300_000),
        (301.0, 0.0, 301_000),
        (10.0 * RETRY_AFTER_MAX_S, 0.0, RETRY_AFTER_MAX_S * 1000),
    ],
)
def test_what_is_asked_for_only_makes_the_wait_longer(asked: float | None, chance: float, wait_ms: int) -> None:
    """Chance by a fifth at most, `Retry-After` up to a day."""
    assert after_try(2, 503, asked, chance) == Verdict(delivered=False, wait_ms=wait_ms)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("-1", None),
        ("1.5", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("\u0661\u0662", None),
        ("9" * 12, 999_999_999_999.0),
        ("9" * 13, None),
    ],
)
def test_a_retry_after_is_read_where_it_says_seconds(header: str | None, seconds: float | None) -> None:
    """Nothing else, and no number without end."""
    assert retry_after(header) == seconds
