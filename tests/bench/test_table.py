"""The bench's table says what was measured, against which goal, and never more than that."""

from pathlib import Path

import pytest

from bench.peers_found import ABSENT, figures
from bench.table import BEGINS, ENDS, Figure, Measured, markdown, put_into


def cells(figure: Figure) -> list[str]:
    """The cells behind the name."""
    return figure.cells()[1:]


def test_a_figure_is_the_median_of_its_rounds() -> None:
    """One slow round of three doesn't decide; the spread shows it all the same."""
    assert cells(Figure("rate", (0.7, 0.2, 0.6), goal=0.6)) == ["0.60", "0.20 to 0.70", ">= 0.60", "yes"]


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [("at least", 2.0, True), ("at least", 1.99, False), ("at most", 2.0, True), ("at most", 2.01, False)],
)
def test_a_goal_is_met_at_its_bound(bound: str, value: float, met: bool) -> None:
    """The goal itself is good enough, from either side; a hair beyond is not."""
    figure = Figure("x", (value,), goal=2.0, bound="at most" if bound == "at most" else "at least")

    assert figure.met is met
    assert cells(figure)[-1] == ("yes" if met else "**missed**")


def test_what_was_not_measured_meets_nothing() -> None:
    """A line without a value says why, keeps its goal, and is neither met nor missed."""
    figure = Figure("x", goal=3, digits=0, absent="the tool is not here")

    assert figure.met is None
    assert cells(figure) == ["the tool is not here", "", ">= 3", ""]


def test_columns_stand_under_each_other() -> None:
    """The table can be read on a terminal: every line is as long as the others."""
    lines = markdown(["what", "n"], [["a", "1,000"], ["much longer", ""]])

    assert len({len(line) for line in lines}) == 1
    assert lines[2] == "| a           | 1,000 |"


def test_the_output_has_machine_table_and_notes() -> None:
    """Nothing of what was measured is left out."""
    measured = Measured({"disk": "slow"}, [Figure("x", (1.0,), "ms", note="on a Sunday")])

    assert measured.text().splitlines() == [
        "* disk: slow",
        "",
        "| what | measured | rounds | goal | met |",
        "|------|----------|--------|------|-----|",
        "| x    | 1.00 ms  |        |      |     |",
        "",
        "* x: on a Sunday",
    ]
    assert measured.values()["figures"][0]["values"] == [1.0]


def test_the_table_takes_the_place_of_the_last_one() -> None:
    """What stands around the marks stays; writing twice leaves one table."""
    page = f"before\n\n{BEGINS}\nold\n{ENDS}\n\nafter\n"
    written = put_into(put_into(page, "first\n"), "second\n")

    assert written == f"before\n\n{BEGINS}\n\nsecond\n\n{ENDS}\n\nafter\n"


@pytest.mark.parametrize("page", ["", BEGINS, ENDS, f"{ENDS}\n{BEGINS}"])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    """A table is never written somewhere into a page."""
    with pytest.raises(ValueError, match="the page has no lines"):
        put_into(page, "table")


def test_peers_are_told_only_where_they_were_measured(tmp_path: Path) -> None:
    """Without a result each line says how to get one; with one, its values and what stands behind them."""
    result = tmp_path / "result.json"
    assert [cells(one)[0] for one in figures(result)] == [ABSENT, ABSENT]

    result.write_text(
        '{"machine": {"measured": "on Sunday"}, "figures": ['
        '{"what": "gateway beside n8n at its best setting", "values": [120, 130], "note": "both cores"},'
        '{"what": "gateway beside Node-RED", "values": []}]}'
    )
    first, second = figures(result)
    assert cells(first) == ["125.0 times", "120.0 to 130.0", ">= 100.0", "yes"]
    assert first.note == "measured on Sunday; both cores"
    assert cells(second)[0] == ABSENT


def test_a_noisy_figure_is_neither_met_nor_missed() -> None:
    """Where others took the processor, a good figure proves as little as a bad one."""
    for value in (0.1, 1.0):
        assert cells(Figure("x", (value,), goal=0.6, noise=0.3))[-1] == "too noisy"
    assert cells(Figure("x", (0.7,), goal=0.6, noise=0.05))[-1] == "yes"
