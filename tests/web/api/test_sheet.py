"""Lists as CSV, for spreadsheets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from gateway.web.api.sheet import FORMULA, cell, sheet


class Inner(Struct):
    """A field within a field."""

    at: str
    late: bool


class Row(Struct):
    """A row of a list."""

    name: str
    count: int | None
    due: Inner | None
    tags: list[str]
    more: list[Inner]


def read(body: bytes) -> list[list[str]]:
    """The cells, as a spreadsheet reads them."""
    return list(csv.reader(io.StringIO(body.decode(), newline="")))


def test_a_row_has_a_column_for_each_field() -> None:
    """Heads first, fields within fields by their path, lists in one cell, None as nothing; lines end as RFC 4180
    says."""
    full = Row('a "b", c\n', 0, Inner("x", True), ["p", "q"], [Inner("y", False)])
    body = sheet(Row, [full, Row("", None, None, [], [])])

    assert read(body) == [
        ["name", "count", "due.at", "due.late", "tags", "more"],
        ['a "b", c\n', "0", "x", "true", "p q", '[{"at":"y","late":false}]'],
        ["", "", "", "", "", ""],
    ]
    assert body.startswith(b"name,count,due.at,due.late,tags,more\r\n")


def test_an_empty_list_has_its_heads() -> None:
    """So that whoever reads it by name can."""
    assert read(sheet(Row, [])) == [["name", "count", "due.at", "due.late", "tags", "more"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x";"y")'])
def test_no_text_is_a_formula(text: str) -> None:
    """An apostrophe before it says that it is text; a number stays one."""
    assert cell(text).startswith(f"'{text[0]}")
    assert cell([text, "b"]) == f"{cell(text)} b"
    assert cell(-1) == "-1"
    assert cell("a - b; c = d") == "a - b; c = d"


@given(st.text(st.sampled_from('=-@＝;,"\t\r\n x')), st.sampled_from(",;\t"))
def test_no_way_of_parting_cells_makes_a_formula(text: str, parted_by: str) -> None:
    """Spreadsheets part cells by what their country is used to, and then our quotes stand in the middle of one."""
    body = sheet(Row, [Row(f"x{text}", None, None, [text], [])]).decode()

    cells = [one for row in csv.reader(io.StringIO(body, newline=""), delimiter=parted_by) for one in row]
    assert not [one for one in cells if one.startswith(FORMULA)]


@given(st.lists(st.text(), max_size=5))
def test_whatever_stands_in_a_cell_stays_in_it(texts: list[str]) -> None:
    """Commas, quotes and ends of lines part nothing, and no cell of a text begins as a formula does."""
    rows = read(sheet(Row, [Row(text, 1, None, [], []) for text in texts]))

    assert [len(row) for row in rows] == [6] * (len(texts) + 1)
    assert not any(row[0].startswith(FORMULA) for row in rows[1:])
    assert [row[0].replace("'", "") for row in rows[1:]] == [text.replace("'", "") for text in texts]
