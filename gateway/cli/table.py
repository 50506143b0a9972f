"""Text for terminals: aligned tables that fit, durations in two units, and strangers' text made harmless."""

import unicodedata
from collections.abc import Sequence
from shutil import get_terminal_size

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_LAST_MIN = 12
"""The last column keeps so many places, however narrow the terminal is."""


def clean(text: object) -> str:
    """Text that can't steer a terminal: what isn't printable (control codes, changes of direction) becomes `·`."""
    return "".join(sign if sign.isprintable() else "·" for sign in str(text))


def width(text: str) -> int:
    """How many places a text takes: wide signs take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_places(sign) for sign in text)


def fitted(text: str, places: int) -> str:
    """The text, cut with `…` where it takes more places."""
    if width(text) <= places:
        return text
    kept, used = [], 0
    for sign in text:
        used += _places(sign)
        if used > places - 1:
            break
        kept.append(sign)
    return "".join(kept) + "…"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], places: int | None = None) -> list[str]:
    """Lines of an aligned table; the last column is cut to fit `places`, those of the terminal unless given."""
    cells = [list(heads), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(heads))]
    room = (
        (get_terminal_size((120, 24)).columns if places is None else places) - sum(widths[:-1]) - 2 * (len(heads) - 1)
    )
    lines = []
    for row in cells:
        padded = [cell + " " * (space - width(cell)) for cell, space in zip(row[:-1], widths[:-1], strict=True)]
        lines.append("  ".join([*padded, fitted(row[-1], max(room, _LAST_MIN))]).rstrip())
    return lines


def duration(length_ms: int) -> str:
    """A length of time in its two largest units, such as `2 h 5 min`."""
    words: list[tuple[int, str]] = []
    left = abs(length_ms)
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or (words and unit != "s" and len(words) < 2):
            words.append((count, unit))
    told = [f"{count} {unit}" for count, unit in words[:2] if count]
    return " ".join(told) or "0 s"


def relative(instant: int | None, now: int) -> str:
    """An instant as people say it: `in 5 min`, `3 h ago`, or `-` for none."""
    if instant is None:
        return "-"
    if abs(instant - now) < 1_000:
        return "now"
    return f"in {duration(instant - now)}" if instant > now else f"{duration(now - instant)} ago"


def _places(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
