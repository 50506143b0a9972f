"""How long what failed has to wait, and when a delivery is given up."""

import pytest

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, parse_instant
from gateway.rules.retry import (
    KEPT_MS,
    REFUSED_WAITS_MS,
    WAITS_MS,
    Answer,
    Verdict,
    after_try,
    answer_of,
    growing_wait,
    pause_asked,
    retry_after,
)

NOW = parse_instant("2026-03-02T09:00:00Z")


@pytest.mark.parametrize(("failures", "wait"), [(1, 5.0), (2, 10.0), (3, 20.0), (7, 300.0), (10_000, 300.0)])
def test_each_failure_doubles_the_wait_up_to_the_longest(failures: int, wait: float) -> None:
    """However often it has failed: no number grows without end."""
    assert growing_wait(5, 300, failures) == wait


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (None, "failed"), (0, "failed"), (100, "failed"), (199, "failed"), (200, "delivered"), (204, "delivered"),
        (299, "delivered"), (300, "failed"), (301, "failed"), (308, "failed"), (399, "failed"), (400, "refused"),
        (401, "refused"), (404, "refused"), (408, "refused"), (409, "refused"), (410, "gone"), (411, "refused"),
        (422, "refused"), (428, "refused"), (429, "failed"), (430, "refused"), (499, "refused"), (500, "failed"),
        (503, "failed"), (599, "failed"), (999, "failed"),
    ],
)  # fmt: skip
def test_what_a_status_is_about(status: int | None, answer: Answer) -> None:
    """A 2xx delivers; 410, 429 and all but a 4xx are about the receiver; the rest is about this notice."""
    assert answer_of(status) == answer


def test_what_is_about_the_receiver_is_tried_for_seven_days() -> None:
    """Twelve hours apart in the end; the first failure after seven days is the last."""
    age, tries = 0, 1
    while not (verdict := after_try(tries, age, "failed", None, 0.0)).dead:
        assert verdict.wait_ms == WAITS_MS[min(tries, len(WAITS_MS)) - 1]
        age += verdict.wait_ms or 0
        tries += 1
    assert KEPT_MS <= age < KEPT_MS + WAITS_MS[-1]
    assert tries == 23
    assert sum(WAITS_MS[:9]) < 16 * HOUR_MS


def test_what_is_about_the_notice_is_tried_three_times_over_ten_minutes() -> None:
    """Then it is dead, whatever chance says; an old one at once."""
    verdicts = [after_try(refusals + 1, 0, "refused", 9 * DAY_MS, 0.0, refusals=refusals) for refusals in (0, 1, 2, 3)]
    assert [verdict.wait_ms for verdict in verdicts] == [*REFUSED_WAITS_MS, None, None]
    assert sum(REFUSED_WAITS_MS) == 10 * MINUTE_MS
    assert after_try(1, KEPT_MS, "refused", None, 0.0).dead


@pytest.mark.parametrize("tries", [1, 3, 9, 99])
def test_only_what_was_refused_counts_against_what_is_refused(tries: int) -> None:
    """However often a delivery has failed in other ways: its first three refusals, and their waits, are its own."""
    waits_ms = [after_try(tries, 0, "refused", None, 0.0, refusals=refusals).wait_ms for refusals in (0, 1, 2)]
    assert waits_ms == [*REFUSED_WAITS_MS, None]


def test_410_waits_like_all_that_is_about_the_receiver() -> None:
    """The endpoint is disabled for it; what it did not take is not lost."""
    assert after_try(1, 0, "gone", None, 0.0) == Verdict(delivered=False, wait_ms=WAITS_MS[0])
    assert after_try(99, KEPT_MS, "delivered", None, 0.0) == Verdict(delivered=True)
    assert not Verdict(delivered=True).dead


@pytest.mark.parametrize(
    ("tries", "asked_ms", "chance", "wait_ms"),
    [
        (2, None, 0.0, 30_000),
        (2, None, 1.0, 36_000),
        (2, 0, 0.0, 30_000),
        (2, 29_999, 0.5, 33_000),
        (2, 31_000, 0.0, 31_000),
        (2, 2 * HOUR_MS, 0.0, HOUR_MS),
        (8, 99 * HOUR_MS, 0.0, 8 * HOUR_MS),
        (99, 10**15, 0.0, 24 * HOUR_MS),
    ],
)
def test_what_is_asked_for_only_makes_the_wait_longer(
    tries: int, asked_ms: int | None, chance: float, wait_ms: int
) -> None:
    """Chance by a fifth at most; `Retry-After` up to twice the wait, or an hour where that is more."""
    assert after_try(tries, 0, "failed", asked_ms, chance).wait_ms == wait_ms


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        (None, None),
        ("", None),
        ("120", 120_000),
        (" 120 ", 120_000),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Mon, 02 Mar 2026 09:01:40 GMT", 100_000),
        ("Mon, 02 Mar 2026 09:01:40 -0000", 100_000),
        ("Mon, 02 Mar 2026 10:01:40 +0100", 100_000),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Mon, 99 Mar 2026 09:01:40 GMT", None),
        ("Mon, 02 Mar 99999999 09:01:40 GMT", None),
        ("\u0661\u0662", None),
        ("9" * 12, 999_999_999_999_000),
        ("9" * 13, None),
        ("9" * 5_000, None),
        (", , ,", None),
        ("\0", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_to_come(header: str | None, wait_ms: int | None) -> None:
    """Nothing else, and no number without end."""
    assert retry_after(header, NOW) == wait_ms


@pytest.mark.parametrize(("status", "pause"), [(429, 5), (503, 5), (500, None), (400, None), (200, None), (None, None)])
def test_only_429_and_503_can_ask_for_a_pause_of_everything(status: int | None, pause: int | None) -> None:
    """The wait of any other answer is that of its delivery."""
    assert pause_asked(status, 5) == pause
