"""What is counted, and the text that monitors read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.metrics import (
    OTHER,
    SERIES_MAX,
    Counter,
    Family,
    Histogram,
    Meters,
    Sample,
    exposition,
    outcome_class,
)
from tests.support.prometheus import parsed

ANY_TEXT = st.text(max_size=20)


def test_a_counter_counts_for_each_combination_of_labels() -> None:
    """In the order of the labels, one or many at a time."""
    tries = Counter("tries_total", "Tries.", ("endpoint", "outcome"))
    tries.add("b", "5xx")
    tries.add("a", "2xx", number=3)
    tries.add("b", "5xx")

    assert tries.of("b", "5xx") == 2
    assert tries.of("nobody", "2xx") == 0
    assert tries.family().samples == (
        Sample(3, (("endpoint", "a"), ("outcome", "2xx"))),
        Sample(2, (("endpoint", "b"), ("outcome", "5xx"))),
    )


def test_a_family_has_a_bound() -> None:
    """Beyond it all is one: a fault in a label fills no memory."""
    many = Counter("many_total", "Many.", ("name",))
    for number in range(SERIES_MAX + 10):
        many.add(str(number))

    assert len(many.counted) == SERIES_MAX + 1
    assert many.of(OTHER) == 10


def test_a_histogram_holds_in_each_bucket_what_lies_below() -> None:
    """A value at a bound belongs to it; the last bucket is all."""
    took = Histogram("took_seconds", "Time.", (0.1, 1.0), ("endpoint",))
    for seconds in (0.1, 0.05, 0.5, 7.0):
        took.observe(seconds, "desk")

    (family,) = parsed(exposition([took.family()]))
    assert family.samples == {
        ("took_seconds_bucket", (("endpoint", "desk"), ("le", "0.1"))): 2,
        ("took_seconds_bucket", (("endpoint", "desk"), ("le", "1"))): 3,
        ("took_seconds_bucket", (("endpoint", "desk"), ("le", "+Inf"))): 4,
        ("took_seconds_sum", (("endpoint", "desk"),)): 7.65,
        ("took_seconds_count", (("endpoint", "desk"),)): 4,
    }


@given(words=ANY_TEXT, label=ANY_TEXT, value=st.floats(allow_nan=False) | st.integers(-(2**60), 2**60))
def test_whatever_a_label_holds_is_read_back(words: str, label: str, value: float) -> None:
    """Quotes, backslashes and ends of lines break no line."""
    family = Family("gateway_any", "gauge", words, (Sample(value, (("name", label),)),))

    (back,) = parsed(exposition([family]))
    assert back.words == words
    assert back.samples == {("gateway_any", (("name", label),)): float(value)}


def test_a_family_without_figures_is_left_out() -> None:
    """Help and type alone say nothing."""
    assert exposition(Meters().families()) == "\n"


@pytest.mark.parametrize(
    ("status", "told"),
    [(200, "2xx"), (204, "2xx"), (301, "3xx"), (404, "4xx"), (410, "4xx"), (429, "429"), (503, "5xx"), (999, "5xx"),
     (0, "1xx")],
)  # fmt: skip
def test_answers_are_told_by_class(status: int, told: str) -> None:
    """One word for many, and 429 for itself."""
    assert outcome_class(status) == told


def test_no_answer_is_told_by_its_cause() -> None:
    """The guard first, then the deadline, else the network."""
    assert outcome_class(None, blocked=True) == "blocked"
    assert outcome_class(None, timed_out=True) == "timeout"
    assert outcome_class(None) == "network"


def test_a_try_is_counted_with_its_duration() -> None:
    """By endpoint and outcome, and by endpoint and time."""
    meters = Meters()
    meters.tried("desk", "5xx", 0.3)
    samples = {key: value for family in parsed(exposition(meters.families())) for key, value in family.samples.items()}

    assert samples["gateway_delivery_tries_total", (("endpoint", "desk"), ("outcome", "5xx"))] == 1
    assert samples["gateway_delivery_duration_seconds_count", (("endpoint", "desk"),)] == 1
