"""Allowing a finding by a comment: at the end of its line or directly above; and allowances that allow nothing."""

from textwrap import dedent

import pytest

from gateway.kernel.allowances import apply, comments
from gateway.kernel.problems import Problem

TEXT = dedent(
    """\
    a: 1  # gateway: allow GW160 since the old hours come back
    # gateway: allow GW161, GW162
    # and a word
    b:
      c: 2
    # gateway: allow GW163

    d: 3
    """
)


def finding(line: int, id: str = "unused-calendar", file: str = "p.yaml") -> Problem:
    """A finding in a line."""
    return Problem(file, line, 1, id, "found")


def idle(text: str, *problems: Problem) -> list[str]:
    """The allowances that meet nothing, as `line:column: message`."""
    return [f"{one.line}:{one.column}: {one.message}" for one in apply("p.yaml", text, problems)[1]]


def test_on_the_line_and_above_it() -> None:
    """What is allowed at the end of its line, or in the comments directly above, is gone; everything else stays."""
    given = [finding(1), finding(4, "unused-queue"), finding(4, "unused-role"), finding(5, "unused-queue"), finding(8)]
    kept, rest = apply("p.yaml", TEXT, given)

    assert kept == [finding(5, "unused-queue"), finding(8)]
    assert [(one.line, one.column, one.id) for one in rest] == [(6, 18, "idle-allowance")]


def test_a_blank_line_parts_an_allowance_from_what_follows() -> None:
    """Above a blank line it allows nothing, and says where it must stand."""
    given = [finding(1), finding(4, "unused-queue"), finding(4, "unused-role"), finding(8, "unused-chain")]
    kept, rest = apply("p.yaml", TEXT, given)

    assert (kept, len(rest)) == ([finding(8, "unused-chain")], 1)
    assert "directly above" in rest[0].message


def test_each_number_by_itself() -> None:
    """Of two numbers one may be idle, and is told at its own place."""
    assert idle("a: 1  # gateway: allow GW160 GW161\n", finding(1)) == [
        "1:30: GW161 isn't found here; take the comment out"
    ]


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# gateway: allow GW999", "1:24: there is no GW999; nothing is allowed by it"),
        ("# gateway: allow GW131", "1:24: GW131 is an error, which can't be allowed"),
        ("# gateway: allow unused-queue", "1:24: what is allowed is told by its number; write GW161"),
        ("# gateway: allow", "1:7: this allows nothing: write the finding's number, such as GW160"),
        ("# gateway: allow all", "1:24: this allows nothing: 'all' is none; write the finding's number, such as GW160"),
        ("#gateway:allow gw160", "1:22: GW160 isn't found here; take the comment out"),
    ],
)
def test_an_allowance_of_nothing(comment: str, told: str) -> None:
    """A number that no kind has, an error, a name, no number: each is told with what to write."""
    assert idle(f"a: 1  {comment}\n") == [told]


def test_words_may_follow() -> None:
    """After the numbers anything may stand, another number too."""
    assert idle("a: 1  # gateway: allow GW160 because GW161 is next\n", finding(1)) == []


def test_an_error_keeps_everything() -> None:
    """Errors can't be allowed; and while there is one, no allowance is said to be idle: the findings aren't known."""
    error = finding(1, "unknown-queue")

    assert apply("p.yaml", "a: 1  # gateway: allow GW131\nb: 2  # gateway: allow GW160\n", [error]) == ([error], [])


def test_another_file_is_another_matter() -> None:
    """A finding in the same line of another file stays."""
    other = finding(1, file="q.yaml")

    assert apply("p.yaml", "a: 1  # gateway: allow GW160\n", [other, finding(1)]) == ([other], [])


def test_comments_only() -> None:
    """A `#` in quotes, in a word, or in a block of text is none; behind the sign of a block it is one."""
    text = "\n".join(
        (
            "\ufeffa: >-  # one",
            "  text # no",
            "b: 'x # no'  # two # two still",
            "c: plain#no",
            "d: [a,  # three",
            '  "# no"]',
            "e: &e |2-  # four",
            "  y",
            "  # no",
            "# five",
            "f: *e",
            "g: first",
            "  second  # six",
        )
    )

    assert [(one.line, one.text, one.alone) for one in comments(text)] == [
        (1, "# one", False),
        (3, "# two # two still", False),
        (5, "# three", False),
        (7, "# four", False),
        (10, "# five", True),
        (13, "# six", False),
    ]


def test_a_long_row_of_comments() -> None:
    """As many as a file can hold, all above one line: each meets what is found there."""
    text = "# gateway: allow GW160\n" * 40_000 + "a: 1\n"

    assert apply("p.yaml", text, [finding(40_001)]) == ([], [])


@pytest.mark.parametrize(
    "text", ["", "a: [", "\x00", "# gateway: allow GW160", "a: 1 # gateway: allow " + "GW160 " * 5_000]
)
def test_any_text(text: str) -> None:
    """Nothing makes it fail: no YAML, nothing at all, a comment without an end."""
    assert apply("p.yaml", text, [finding(1)])[0] in ([finding(1)], [])
