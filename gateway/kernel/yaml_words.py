"""What is wrong with a text that is no YAML, in words for whoever wrote it: the library speaks of blocks and tokens.

Law: no message repeats the text, which may be anybody's secret.
"""

from typing import Any, Final

from ruamel.yaml.error import MarkedYAMLError


def words_of(error: MarkedYAMLError) -> str:
    """What is wrong and what to do, and where the part begins that can't be read, if that is another line."""
    message = _words(_told(error), _begins_line(error.problem_mark))
    begins, (line, _) = error.context_mark, place_of(error)
    if begins and begins.line + 1 != line:
        message += f" (it starts at {begins.line + 1}:{begins.column + 1})"
    return message


def place_of(error: MarkedYAMLError) -> tuple[int, int]:
    """Line and column, from 1: where the text can't be read on; of a quote that is never closed, where it is opened."""
    mark = error.problem_mark or error.context_mark
    if "end of stream" in _told(error) and "quoted scalar" in _told(error):
        mark = error.context_mark or mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _told(error: MarkedYAMLError) -> str:
    return " ".join(str(part) for part in (error.context, error.problem) if part)


def _words(told: str, begins_line: bool) -> str:
    for signs, words in _PHRASES:
        if all(sign in told for sign in signs):
            return words
    if "parsing a block" in told:
        return _INDENTED if begins_line else _BEHIND
    return told


def _begins_line(mark: Any) -> bool:
    """Whether nothing but space stands before a place in its line."""
    buffer, pointer = getattr(mark, "buffer", None), getattr(mark, "pointer", 0)
    return buffer is not None and not buffer[pointer - mark.column : pointer].strip()


_INDENTED: Final = "this line is indented like none of the lines that it belongs to, or a `-` is missing"
_BEHIND: Final = "nothing more can stand behind this value: put the whole text in quotes, or take this out"
_PHRASES: Final = (
    (("'\\t'",), "a tab can't indent a line: use spaces"),
    (("tag",), "put a text that begins with ! in quotes"),
    (
        ("flow mapping",),
        "`,` or `}` is missing; inside {…} put text that has commas, brackets or braces in quotes",
    ),
    (
        ("flow sequence",),
        "`,` or `]` is missing; inside […] put text that has commas, brackets or braces in quotes",
    ),
    (("quoted scalar", "end of stream"), "a quote is never closed"),
    (("unknown escape",), "no such escape: in double quotes write \\\\ for a backslash, or use single quotes"),
    (("cannot start any token",), "a text can't begin with this sign: put it in quotes"),
    (("scanning an alias",), "put a text that begins with * in quotes"),
    (("scanning an anchor",), "put a text that begins with & in quotes"),
    (
        ("block scalar", "expected"),
        "nothing but a comment may stand behind `|` or `>`: the text begins on the next line",
    ),
    (("sequence entries are not allowed",), "a list can't begin here: put each `-` on a line of its own, or write […]"),
    (
        ("mapping values are not allowed",),
        "no `: ` can stand here: indent the line like its neighbours, or put the text in quotes",
    ),
    (("document start",), "this line doesn't go on with what stands above it: indent both alike"),
    (("could not find expected ':'",), "a key without `:`; write `key: value`, with a space behind the colon"),
)
"""What the library says, by parts of it, and what people read."""
