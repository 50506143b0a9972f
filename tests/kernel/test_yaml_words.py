"""What is no YAML is told in words that say what to do, without a word of the library or of the file."""

import pytest

from gateway.kernel.document import Document
from gateway.kernel.problems import Problem, Problems


def told(text: str) -> Problem:
    """The one mistake of a text."""
    with pytest.raises(Problems) as caught:
        Document.parse(text, "f")
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a:\n\tb: c\n", (2, 1), "a tab can't indent a line"),
        ("a: 1\nb: 'x\nc: d\n", (2, 4), "a quote is never closed"),
        ("a: [b, c\nd: e\n", (2, 2), "`]` is missing"),
        ("a: {b: c\n", (2, 1), "`}` is missing"),
        ("a:\n  b: c\n d: e\n", (3, 2), "this line is indented like none"),
        ('a: "x" y\n', (1, 8), "nothing more can stand behind this value"),
        ("a: [b]]\n", (1, 7), "nothing more can stand behind this value"),
        ("a: b: c\n", (1, 5), "put the text in quotes"),
        ("a: @x\n", (1, 4), "can't begin with this sign"),
        ("a: *\n", (1, 5), "begins with * in quotes"),
        ("a: &\n", (1, 5), "begins with & in quotes"),
        ("a: - b\n", (1, 4), "each `-` on a line of its own"),
        ("a: |x\n  b\n", (1, 5), "the text begins on the next line"),
        ('a: "\\q"\n', (1, 6), "for a backslash"),
        ("#\n  a: 1\nb: 2\n", (3, 1), "indent both alike"),
    ],
)
def test_the_words_say_what_to_do(text: str, place: tuple[int, int], words: str) -> None:
    """At the place where the text can't be read on; of a quote that is never closed, where it is opened."""
    problem = told(text)

    assert (problem.line, problem.column, problem.id) == (*place, "yaml-syntax")
    assert words in problem.message
    assert "expected <" not in problem.message
    assert "while " not in problem.message


def test_where_it_began_is_told_if_that_is_another_line() -> None:
    """A bracket that was opened above."""
    assert told("a: 1\nb: [c,\nd: e\n").message.endswith("(it starts at 2:4)")
    assert "starts" not in told("a: [b: [c: d}\n").message


@pytest.mark.parametrize(
    ("text", "loc", "place"),
    [
        ("a:\nb: 1\n", ("a",), (1, 1)),
        ("a:  # nothing yet\n\n# more\nb: 1\n", ("a",), (1, 1)),
        ("a:\n  -\n  - 1\n", ("a", 0), (2, 3)),
        ("a:\n  - # nothing yet\n\n  # more\n  - 1\n", ("a", 0), (2, 3)),
        ("a:\n  - 1\n  -\n", ("a", 1), (3, 3)),
        ("- - 1\n  -\n- 2\n", (0, 1), (2, 3)),
        ("a: [1, '']\n", ("a", 1), (1, 8)),
        ("a: &x\nb: 1\n", ("a",), (1, 4)),
    ],
)
def test_what_is_left_out_has_the_place_before_it(
    text: str, loc: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    """At its key or its dash, not at what comes next."""
    assert Document.parse(text, "f").place(loc) == place


def test_signs_that_are_no_line_ends_count_as_none() -> None:
    """YAML 1.2 knows two; editors count the same."""
    assert Document.parse('a: "\u2028"\nb: 1\n', "f").place(("b",)) == (2, 4)
    assert Document.parse("a: 1\r\nb: 2\rc: 3\n", "f").place(("c",)) == (3, 4)
