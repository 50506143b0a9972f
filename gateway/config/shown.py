"""The lines of gateway.yaml as people may see them beside a mistake, with `***` for all that could be a secret.

A secret never stands in the file, unless somebody has typed one there by mistake: into its place, into another, or
under a name that nobody knows. So only what can't be one is shown: keys, and the values of a few settings. Comments
are left out. A file that isn't YAML shows nothing.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.kernel.document import Document, Written
from gateway.kernel.likely_secrets import could_be_secret
from gateway.kernel.problems import Problems, lines_of

MASK: Final = "***"
VALUE_MAX: Final = 60
"""Characters of a value that is shown."""

_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_STRUCTURE: Final = frozenset(" \t-:{}[],")
_PLAIN: Final = frozenset({"version", "name", "listen", "admin", "body_limit", "policy", "database", "key_file"})
_OF_CONNECTOR: Final = frozenset({"plugin", "allow_private", "allow_ports", "live_from"})
_OF_ENRICHER: Final = frozenset({"plugin", "allow_private", "allow_ports", "timeout", "concurrency"})
_OF_ENDPOINT: Final = frozenset({"notices", "allow_private", "allow_ports"})
_PLACES: Final = frozenset({"env", "file"})
_KEYS_DEPTH: Final = 3
"""Levels at which any key is shown: the file's, the names of entries, the settings of an entry."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as it may be shown; `places[i]` is where its character `i` stands in it now."""

    text: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    shown: bool


def shown_lines(text: str) -> list[ShownLine]:
    """Every line of a configuration, masked; none of a text that is no YAML."""
    text = text.removeprefix("\ufeff")
    try:
        spans = _spans(Document.parse(text, ""), text)
    except Problems:
        return []
    starts = [span.start for span in spans]
    lines, at = [], 0
    for line in lines_of(text):
        first = max(0, bisect_right(starts, at) - 1)
        inside = [span for span in spans[first : bisect_right(starts, at + len(line))] if span.end > at]
        lines.append(_masked(line, at, inside))
        at += len(line) + (2 if text[at + len(line) : at + len(line) + 2] == "\r\n" else 1)
    return lines


def _spans(document: Document, text: str) -> list[_Span]:
    """Where keys and values stand, in order; what is reached by several paths is shown if all of them allow it."""
    allowed: dict[tuple[int, int], bool] = {}
    for written in document.written():
        place = (written.start, written.end)
        allowed[place] = allowed.get(place, True) and _may_show(written, text[written.start : written.end])
    return [_Span(start, end, shown) for (start, end), shown in sorted(allowed.items())]


def _may_show(written: Written, text: str) -> bool:
    if could_be_secret(text):
        return False
    if written.is_key:
        deep = len(written.loc) > _KEYS_DEPTH or written.loc[0] == "admin_token" != written.loc[-1]
        return _KEY.fullmatch(text) is not None and (not deep or text in _PLACES)
    if len(text) > VALUE_MAX or "\n" in text:
        return False
    match written.loc:
        case (str(key),):
            return key in _PLAIN and (key != "database" or "sqlite:///" in text)
        case ("connectors", _, str(key)) | ("connectors", _, "allow_private" | "allow_ports" as key, int()):
            return key in _OF_CONNECTOR
        case ("enrichers", _, str(key)) | ("enrichers", _, "allow_private" | "allow_ports" as key, int()):
            return key in _OF_ENRICHER
        case ("endpoints", _, str(key)) | ("endpoints", _, str(key), int()):
            return key in _OF_ENDPOINT
        case _:
            return False


def _masked(line: str, at: int, spans: list[_Span]) -> ShownLine:
    """The line that begins at `at` of the text, with its spans."""
    made, places = "", []
    masking = False
    for index, (sign, shown) in enumerate(_signs(line, at, spans)):
        if shown is None:
            # A comment: the rest of the line.
            places += [len(made)] * (len(line) - index)
            break
        if not shown and not masking:
            made += MASK
        masking = not shown
        places.append(len(made) - len(MASK) if masking else len(made))
        made += sign if shown else ""
    return ShownLine(made.rstrip(), (*places, len(made)))


def _signs(line: str, at: int, spans: list[_Span]) -> Iterator[tuple[str, bool | None]]:
    """Each character with whether it may be shown; None where a comment begins."""
    place = 0
    for index, sign in enumerate(line, start=at):
        while place < len(spans) and spans[place].end <= index:
            place += 1
        span = spans[place] if place < len(spans) and spans[place].start <= index else None
        if span is not None:
            yield sign, span.shown
        elif sign == "#":
            yield sign, None
        else:
            yield sign, sign in _STRUCTURE
