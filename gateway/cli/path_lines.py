"""A clock's way through time as lines for people: each stretch with what counted in it, and what changed it. Pure.

The column of what was counted adds up to what the clock has elapsed; what is left out is told as one line.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from shutil import get_terminal_size
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.cli.table import clean, fitted, width
from gateway.model.instant import datetime_of, format_instant, length_words
from gateway.rules.trace.path import CallPath, Change, ClockPath, Segment, Stretch, Trace, Turn

TIMES_SHOWN = 6
CHANGES_SHOWN = 10
"""Of one clock so many times that count or don't, and so many changes, are told, the latest, unless all are."""

PLACES = 120
"""A terminal's width where there is none."""

_INDENT = "    "
_AT = 19
_TO = 14
_STATES = {
    "paused": "paused",
    "ended": "the contact has ended",
    "uncounted": "no rule matches",
    "over": "over",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """Something that changed (`words`), or a time and what it counted."""

    at: int
    words: str = ""
    end: int = 0
    counted_ms: int = 0
    local: str = ""


def path_lines(path: ClockPath, target_ms: int, zones: Mapping[str, str], *, all: bool) -> list[str]:
    """The table of one clock; where a calendar has a zone and there is room, with the local time beside it."""
    rows = [row for stretch in path.stretches for row in _rows(stretch, zones)]
    times, changes = [row for row in rows if row.end], [row for row in rows if not row.end]
    shown = {id(row) for row in (rows if all else [*times[-TIMES_SHOWN:], *changes[:1], *changes[-CHANGES_SHOWN:]])}
    total = length_words(path.counted_ms)
    wide = max(len(text) for text in (*map(_counted, times), total, "COUNTED"))
    lines = [_line("FROM (UTC)", "TO", "COUNTED", "", wide)]
    for told_too, found in groupby(rows, key=lambda row: id(row) in shown):
        group = list(found)
        if told_too or len(group) == 1:
            for row in group:
                lines += _row_lines(row, wide)
        else:
            lines.append(_folded(group))
    return [*lines, _line("", "sum", total, f"of {length_words(target_ms)}", wide)]


def _row_lines(row: _Row, wide: int) -> list[str]:
    if not row.end:
        return told(row.at, row.words)
    return [_line(_face(row.at), _until(row.at, row.end), _counted(row), row.words, wide, row.local)]


def _folded(rows: list[_Row]) -> str:
    """What is left out at one place."""
    times = sum(1 for row in rows if row.end)
    count = length_words(sum(row.counted_ms for row in rows))
    counting = f"1 time that counts {count}" if times == 1 else f"{times} times that count {count}"
    parts = [counting] if times else []
    if changed := len(rows) - times:
        parts.append("1 change" if changed == 1 else f"{changed} changes")
    return f"{_INDENT}… {' and '.join(parts)}; --all tells them"


def _counted(row: _Row) -> str:
    return length_words(row.counted_ms) if row.counted_ms else "-"


def call_lines(path: CallPath, *, all: bool) -> list[str]:
    """What happened to an escalation besides its steps; with `all` these and their reminders too."""
    quiet = () if all else ("raised", "step", "reminder", "acknowledged", "left out")
    return [line for one in path.moments if one.kind not in quiet for line in told(one.at, f"{one.kind}: {one.words}")]


def turn_lines(trace: Trace | None, *, all: bool) -> list[str]:
    """What changed the judging of the contact; unless `all`, the last change of its severity and of its route."""
    if trace is None:
        return []
    turns = list(trace.turns)
    if not all:
        changed = [turn for turn in turns if turn.of in ("severity", "route") and turn.before]
        latest = {turn.of: turn for turn in changed}
        turns = [turn for turn in changed if turn is latest[turn.of]]
    lines = [line for turn in turns for line in told(turn.at, _turned(turn))]
    if all and trace.turns_left_out:
        lines.append(f"{_INDENT}… and {trace.turns_left_out} changes in the middle that are not told")
    return lines


def told(at: int, words: str) -> list[str]:
    """An instant and what happened at it, wrapped to the terminal."""
    room = get_terminal_size((PLACES, 24)).columns
    head = f"{_INDENT}{_face(at):<{_AT}}  "
    after = " " * len(head)
    return textwrap.wrap(head + clean(words), max(room, 60), subsequent_indent=after, break_on_hyphens=False)


def _rows(stretch: Stretch, zones: Mapping[str, str]) -> list[_Row]:
    """A stretch's changes and segments, in the order of time."""
    changes = [_Row(change.at, _changed(change)) for change in stretch.changes]
    if stretch.changes_left_out:
        changes.append(_Row(stretch.end, f"{stretch.changes_left_out} changes that are not told"))
    spans = [_segment(stretch, segment, zones) for segment in stretch.segments]
    if not spans and stretch.end > stretch.start and stretch.state != "over":
        spans = [_Row(stretch.start, _STATES.get(stretch.state, stretch.state), stretch.end)]
    # A change at the instant at which a span begins comes before it.
    return sorted([*changes, *spans], key=lambda row: (row.at, bool(row.end)))


def _segment(stretch: Stretch, segment: Segment, zones: Mapping[str, str]) -> _Row:
    if segment.kind == "left out":
        words = f"{segment.of} open times" if stretch.of == 1 else f"{stretch.of} stretches"
    elif stretch.calendar == "always":
        words = "always"
    else:
        words = f"{stretch.calendar} {segment.kind}"
    if stretch.caught_up_at is not None:
        words += ", counted later"
    return _Row(segment.start, words, segment.end, segment.counted_ms, _local(segment, zones.get(stretch.calendar)))


def _changed(change: Change) -> str:
    return change.words if change.words.startswith(change.kind) else f"{change.kind}: {change.words}"


def _turned(turn: Turn) -> str:
    what = f"{turn.of} of {turn.metric.replace('_', ' ')}" if turn.metric else turn.of
    rule = f" by rule {turn.rule}" if turn.rule and turn.of != "rule" else ""
    because = f": {', '.join(turn.because)}" if turn.because else ""
    if turn.of in ("severity", "route") and turn.before == turn.after:
        return f"{what} {turn.after or 'none'} as before, now{rule or ' by no rule'}{because}"
    return f"{what} {turn.before or 'none'} → {turn.after or 'none'}{rule}{because}"


def _local(segment: Segment, zone: str | None) -> str:
    """The same time where the calendar is."""
    if zone is None:
        return ""
    try:
        start, end = (datetime_of(at).astimezone(ZoneInfo(zone)) for at in (segment.start, segment.end))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a %H:%M}"
    return f"{start:%a %H:%M}–{until} {zone}"


def _line(start: str, end: str, counted: str, words: str, wide: int, local: str = "") -> str:
    room = get_terminal_size((PLACES, 24)).columns
    line = f"{_INDENT}{start:<{_AT}}  {end:<{_TO}}  {counted:>{wide}}  "
    if local and width(line) + width(words) + width(local) + 2 <= room:
        words = f"{words}, {local}"
    return (line + fitted(clean(words), max(room - width(line), 12))).rstrip()


def _face(at: int) -> str:
    """Date and time in UTC, to the second."""
    return format_instant(at - at % 1000)[:-1].replace("T", " ")


def _until(start: int, end: int) -> str:
    """An end: without the date where that is the start's, else without the year."""
    text = _face(end)
    return text[11:] if text[:10] == _face(start)[:10] else text[5:]
