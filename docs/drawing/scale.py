"""From instants to places: even within a stretch, with long closed stretches squeezed to one short width.

The axis' words are chosen so that they never overlap: first the hours at which something opens or closes, then round
ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from docs.drawing.judged import Story
from docs.drawing.svg import MARGIN, WIDTH, width_of
from docs.drawing.telling import changes_offset, days
from gateway.model.instant import HOUR_MS, MINUTE_MS, datetime_of

SQUEEZED_WIDTH: Final = 52
STEPS: Final = tuple(minutes * MINUTE_MS for minutes in (10, 15, 30, 60, 120, 180, 360, 720, 1440))
SMALL: Final = 13
GAP: Final = 7


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the line whose places are even."""

    start: int
    end: int
    left: float
    right: float
    squeezed: bool


class Scale:
    """The places of one panel."""

    def __init__(self, start: int, end: int, squeezed: Sequence[tuple[int, int]]) -> None:
        left, right = float(MARGIN), float(WIDTH - MARGIN)
        even = (end - start) - sum(until - since for since, until in squeezed)
        share = (right - left - SQUEEZED_WIDTH * len(squeezed)) / even
        self.pieces: list[Piece] = []
        at = start
        for since, until in [*squeezed, (end, end)]:
            if since > at:
                self._add(at, since, (since - at) * share, squeezed=False)
            if until > since:
                self._add(since, until, SQUEEZED_WIDTH, squeezed=True)
            at = until

    def _add(self, start: int, end: int, width: float, *, squeezed: bool) -> None:
        left = self.pieces[-1].right if self.pieces else float(MARGIN)
        self.pieces.append(Piece(start, end, left, left + width, squeezed))

    def x(self, at: int) -> float:
        """The place of an instant; the nearest end of the line for one outside of it."""
        for piece in self.pieces:
            if at <= piece.end:
                inside = max(at, piece.start)
                return piece.left + (inside - piece.start) / (piece.end - piece.start) * (piece.right - piece.left)
        return self.pieces[-1].right


def scale_of(story: Story) -> Scale:
    """The panel's scale."""
    return Scale(story.start, story.end, story.squeezed())


def hours(story: Story, scale: Scale) -> list[tuple[float, str]]:
    """The hours along the axis: their place and their words."""
    edges = [edge for calendar in story.calendars for span in story.open_spans(calendar) for edge in span]
    inside = [edge for edge in sorted(set(edges)) if story.start < edge < story.end]
    widest = max(piece.right - piece.left for piece in scale.pieces if not piece.squeezed)
    longest = max(piece.end - piece.start for piece in scale.pieces if not piece.squeezed)
    # Where the wall clock is changed, every hour has to be seen.
    form = "%H" if changes_offset(story) else "%H:%M"
    room = width_of("00" if form == "%H" else "00:00", SMALL) + GAP
    steps = [step for step in STEPS if form == "%H:%M" or step >= HOUR_MS]
    step = next(step for step in steps if widest * step / longest >= room)
    round_ones = [at for at in _steps(story, step) if not _hidden(scale, at)]
    return _placed(scale, [*inside, *round_ones], lambda at: datetime_of(at).astimezone(story.zone).strftime(form))


def dates(story: Story, scale: Scale) -> list[tuple[float, str]]:
    """The dates along the axis, at the start, at midnights and behind squeezed stretches."""
    behind = [piece.end for piece in scale.pieces if piece.squeezed]
    shown = [at for at in days(story) if not _hidden(scale, at)]
    found: dict[str, int] = {}
    for at in sorted([story.start, *behind, *shown]):
        moment = datetime_of(at).astimezone(story.zone)
        found.setdefault(f"{moment:%a} {moment.day} {moment:%b}", at)
    placed: list[tuple[float, str]] = []
    for words, at in found.items():
        x = min(scale.x(at), WIDTH - MARGIN - width_of(words, SMALL))
        if placed and x < placed[-1][0] + width_of(placed[-1][1], SMALL) + GAP:
            continue
        placed.append((x, words))
    return placed


def _steps(story: Story, step: int) -> list[int]:
    """Instants in the window at which the wall clock shows a whole multiple of the step."""
    fine = min(step, 15 * MINUTE_MS)
    first = -(-story.start // fine) * fine
    found = []
    for at in range(first, story.end + 1, fine):
        moment = datetime_of(at).astimezone(story.zone)
        if (moment.hour * HOUR_MS + moment.minute * MINUTE_MS) % step == 0:
            found.append(at)
    return found


def _hidden(scale: Scale, at: int) -> bool:
    return any(piece.squeezed and piece.start < at < piece.end for piece in scale.pieces)


def _placed(scale: Scale, instants: Iterable[int], words_of: Callable[[int], str]) -> list[tuple[float, str]]:
    placed: dict[float, str] = {}
    for at in instants:
        words = words_of(at)
        half = width_of(words, SMALL) / 2
        x = min(max(scale.x(at), MARGIN + half), WIDTH - MARGIN - half)
        if all(abs(x - other) >= 2 * half + GAP for other in placed):
            placed[x] = words
    return sorted(placed.items())
