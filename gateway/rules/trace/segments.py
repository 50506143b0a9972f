"""The open and closed times of a calendar inside a stretch, from its start to its end without a gap."""

from typing import Final

from gateway.rules.calendar import Calendar, Spans
from gateway.rules.trace.path import Segment

OPEN_MIN: Final = 4
"""So many open intervals of a stretch are told in any case."""


def segments_of(calendar: Calendar, start: int, end: int, most: int) -> tuple[Segment, ...]:
    """The segments of [start, end). Of more open intervals than `most` those in the middle are left out as one."""
    if end <= start:
        return ()
    most = max(most, OPEN_MIN)
    first, last, between = calendar.spans_at_ends(start, end, most)
    found: list[Segment] = []
    at = _told(found, first, start, start, end)
    if between:
        until = last[0][0]
        found.append(Segment(at, until, "left out", calendar.elapsed(at, until), between))
        at = _told(found, last, until, start, end)
    if at < end:
        found.append(Segment(at, end, "closed", 0))
    return tuple(found)


def _told(found: list[Segment], spans: Spans, at: int, start: int, end: int) -> int:
    """Add open intervals, clipped, and the closed times between them; where the last one ends."""
    for opened, closed in spans:
        opened, closed = max(opened, start), min(closed, end)
        if at < opened:
            found.append(Segment(at, opened, "closed", 0))
        found.append(Segment(opened, closed, "open", closed - opened))
        at = closed
    return at
