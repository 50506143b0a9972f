"""Tables that fit, lengths of time in words, and text that can't steer a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.table import clean, duration, fitted, relative, table, width

CELLS = st.text(max_size=40)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6), st.integers(min_value=200, max_value=300))
def test_a_table_is_aligned_and_fits(rows: list[tuple[str, str, str]], places: int) -> None:
    """No line is wider than there is room, whatever stands in the cells, and nothing in it is a control code."""
    lines = table(("A", "B", "C"), rows, places)

    assert len(lines) == len(rows) + 1
    assert all(width(line) <= places for line in lines)
    assert all(line.isprintable() for line in lines)


def test_columns_stand_under_each_other() -> None:
    """Wide signs take two places, and the last column is cut."""
    lines = table(("NAME", "IS"), [("客户", "a customer of ours"), ("x", "y")], 20)

    assert lines == ["NAME  IS", "客户  a customer of…", "x     y"]


@given(CELLS, st.integers(min_value=1, max_value=30))
def test_text_is_cut_where_it_does_not_fit(text: str, places: int) -> None:
    """A cut text takes no more than its places; one that fits stays whole."""
    shown = fitted(clean(text), places)

    assert width(shown) <= places
    assert shown == clean(text) or shown.endswith("…")


@pytest.mark.parametrize(
    ("length_ms", "words"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (59_999, "59 s"),
        (61_000, "1 min 1 s"),
        (3_600_000, "1 h"),
        (3_605_000, "1 h"),
        (90_061_000, "1 d 1 h"),
        (86_460_000, "1 d"),
        (-61_000, "1 min 1 s"),
    ],
)
def test_lengths_have_two_units(length_ms: int, words: str) -> None:
    """The two largest units that stand next to each other; what is smaller is left out."""
    assert duration(length_ms) == words


def test_instants_are_said_from_now() -> None:
    """Past, future, now and never."""
    told = [relative(instant, 10_000_000) for instant in (9_940_000, 10_060_000, 10_000_999, None)]

    assert told == ["1 min ago", "in 1 min", "now", "-"]
