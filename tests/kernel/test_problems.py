"""What was meant, among few known words or among thousands."""

import pytest

from gateway.kernel.problems import did_you_mean, lines_of, nearest, place_of


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("offise", ["home", "office"], "office"),
        ("OFFICE", ["home", "Office"], "Office"),
        ("xyz", ["home", "office"], ""),
        ("", ["home"], ""),
        ("home", [], ""),
        ("queu-1234", [f"queue-{number}" for number in range(5_000)], "queue-1234"),
        ("a" * 10_000, ["a" * 200, "b"], "a" * 200),
    ],
)
def test_the_nearest_word_is_told(word: str, known: list[str], meant: str) -> None:
    """In small or capital letters; nothing where none is near."""
    assert nearest(word, known) == meant
    assert did_you_mean(word, known) == (f"; did you mean {meant!r}?" if meant else "")


def test_lines_are_counted_as_the_reader_counts_them() -> None:
    """Whatever ends them."""
    text = "a\nb\r\nc\rd"

    assert lines_of(text) == ["a", "b", "c", "d"]
    assert [place_of(text, text.index(sign)) for sign in "abcd"] == [(1, 1), (2, 1), (3, 1), (4, 1)]
