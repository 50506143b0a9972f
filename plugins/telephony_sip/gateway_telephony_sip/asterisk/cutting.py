"""Cuts what was read of a file into lines, or into rows that may hold newlines within quotes. Pure.

Laws. All that lies before `used` was cut and is never looked at again. What is unfinished is left for the next time,
unless nothing can follow (`last`). Whatever the bytes are, a full buffer always yields something: no file holds us up.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

ROW_LINES_MAX: Final = 16
"""Lines that one row may take up; a quote that is open for longer was never closed."""


class Cut(NamedTuple):
    """Lines or rows with their ends, in order; and how many bytes they are."""

    parts: list[bytes]
    used: int


def cut_lines(data: bytes, last: bool) -> Cut:
    """The lines of `data`; one without an end counts where nothing can follow."""
    *lines, rest = (line + b"\n" for line in data.split(b"\n"))
    if last and rest != b"\n":
        lines.append(rest[:-1])
    return Cut(lines, sum(map(len, lines)))


def cut_rows(data: bytes, last: bool, is_row: Callable[[bytes], bool]) -> Cut:
    """The rows of `data`. A line within open quotes that is a row by itself (`is_row`) ends the wait: what came before
    it was only half written, and is given as it is."""
    lines = cut_lines(data, last).parts
    rows: list[bytes] = []
    at = 0
    while at < len(lines):
        row, count = lines[at], 1
        while _open(row) and count < ROW_LINES_MAX and at + count < len(lines) and not is_row(lines[at + count]):
            row += lines[at + count]
            count += 1
        if not _open(row):
            rows.append(row)
            at += count
        elif at + count < len(lines) or count == ROW_LINES_MAX or last:
            rows.append(lines[at])
            at += 1
        else:
            break
    return Cut(rows, sum(map(len, rows)))


def _open(row: bytes) -> bool:
    return row.count(b'"') % 2 == 1
