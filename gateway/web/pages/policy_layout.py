"""Where the boxes and links of a drawing stand: columns from left to right, links between neighbours. Pure geometry.

Laws. No box touches another one, no word on a link touches a box, another word or another link's straight part; and
all of it lies inside of the drawing. Units are those of the drawing, `1` about a pixel.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

COLUMN: Final = 170.0
GUTTER: Final = 136.0
GAP: Final = 12.0
HEADING: Final = 26.0
LINE: Final = 15.0
PADDING: Final = 7.0
PORT: Final = 21.0
"""Between the beginnings of two links of one box: room for a stroke and the word above it."""

MARGIN: Final = 2.0
STROKE_MIN: Final = 1.5
STROKE_MAX: Final = 7.0
WORD_HEIGHT: Final = 11.0
LETTER: Final = 5.8
WORD_MAX: Final = 12
"""Letters of a word on a link."""

STRAIGHT: Final = 8.0 + WORD_MAX * LETTER
"""How far a link goes straight before it bends."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box before it has a place: its key, once in the drawing, and how many lines stand in it."""

    key: str
    lines: int


@dataclass(frozen=True, slots=True)
class Group:
    """Boxes of a column under one heading, from top to bottom."""

    heading: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """From a box to one of the next column. `count` None: how often isn't known; `word` stands on it."""

    source: str
    target: str
    count: int | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2

    def touches(self, other: "Area") -> bool:
        """Whether the two have a point in common."""
        return not (self.right <= other.x or other.right <= self.x or self.bottom <= other.y or other.bottom <= self.y)


@dataclass(frozen=True, slots=True)
class DrawnLink:
    """A link with its place: straight from `start` for STRAIGHT, then bent to `end`; `word` above the straight part."""

    link: Link
    start: tuple[float, float]
    end: tuple[float, float]
    stroke: float
    word: Area | None

    @property
    def path(self) -> str:
        """The line, as SVG has it."""
        (x, y), (to_x, to_y) = self.start, self.end
        bend = x + STRAIGHT
        half = (bend + to_x) / 2
        return f"M{x:g} {y:g}H{bend:g}C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}"

    @property
    def straight(self) -> Area:
        """The straight part of the stroke."""
        return Area(self.start[0], self.start[1] - self.stroke / 2, STRAIGHT, self.stroke)


@dataclass(frozen=True, slots=True)
class Layout:
    """The drawing. `headings` are the places of the groups' headings, in the order of columns."""

    width: float
    height: float
    boxes: Mapping[str, Area]
    headings: tuple[tuple[str, float, float], ...]
    links: tuple[DrawnLink, ...]


def layout(columns: Sequence[Sequence[Group]], links: Iterable[Link]) -> Layout:
    """Give everything its place. A link whose ends don't stand in neighbouring columns is left out."""
    column_of = {box.key: place for place, groups in enumerate(columns) for group in groups for box in group.boxes}
    kept = [
        link for link in links if link.source in column_of and column_of.get(link.target) == column_of[link.source] + 1
    ]
    leaving: dict[str, list[Link]] = defaultdict(list)
    arriving: dict[str, list[Link]] = defaultdict(list)
    for link in kept:
        leaving[link.source].append(link)
        arriving[link.target].append(link)
    boxes: dict[str, Area] = {}
    headings: list[tuple[str, float, float]] = []
    height = 0.0
    for place, groups in enumerate(columns):
        x = MARGIN + place * (COLUMN + GUTTER)
        found, heads, bottom = _column(groups, x, leaving)
        down = _down(boxes, found, arriving)
        boxes |= {key: Area(x, area.y + down, area.width, area.height) for key, area in found.items()}
        headings += [(heading, x, y + down) for heading, y in heads]
        height = max(height, bottom + down)
    most = max((link.count or 0 for link in kept), default=0)
    starts = _ends(boxes, leaving, lambda link: boxes[link.target].y)
    ends = _arrivals(boxes, arriving, lambda link: boxes[link.source].y)
    drawn = tuple(_drawn(link, starts[id(link)], ends[id(link)], most) for link in kept)
    width = MARGIN * 2 + len(columns) * COLUMN + max(0, len(columns) - 1) * GUTTER
    return Layout(width, height, boxes, tuple(headings), drawn)


def _column(
    groups: Sequence[Group], x: float, leaving: Mapping[str, Sequence[Link]]
) -> tuple[dict[str, Area], list[tuple[str, float]], float]:
    """The boxes of a column from the top on, its headings, and where it ends."""
    boxes: dict[str, Area] = {}
    headings: list[tuple[str, float]] = []
    y = MARGIN
    for group in groups:
        headings.append((group.heading, y + HEADING - 9))
        y += HEADING
        for box in group.boxes:
            inside = max(box.lines * LINE, len(leaving.get(box.key, ())) * PORT)
            boxes[box.key] = Area(x, y, COLUMN, inside + 2 * PADDING)
            y += inside + 2 * PADDING + GAP
        y += GAP
    return boxes, headings, y


def _down(boxes: Mapping[str, Area], column: Mapping[str, Area], arriving: Mapping[str, Sequence[Link]]) -> float:
    """How far a column moves down, so that it stands about where what leads to it does."""
    pairs = [(boxes[link.source], column[key]) for key in column for link in arriving.get(key, ())]
    if not pairs:
        return 0.0
    return round(max(0.0, sum(one.middle - other.middle for one, other in pairs) / len(pairs)))


def _drawn(link: Link, start: tuple[float, float], end: tuple[float, float], most: int) -> DrawnLink:
    stroke = STROKE_MIN
    if link.count and most:
        stroke += (STROKE_MAX - STROKE_MIN) * sqrt(link.count / most)
    word = None
    if link.word:
        letters = min(len(link.word), WORD_MAX)
        word = Area(start[0] + 5, start[1] - stroke / 2 - 1 - WORD_HEIGHT, letters * LETTER, WORD_HEIGHT)
    return DrawnLink(link, start, end, stroke, word)


def _ends(
    boxes: Mapping[str, Area], leaving: Mapping[str, Sequence[Link]], by: Callable[[Link], float]
) -> dict[int, tuple[float, float]]:
    """Where links begin: one below the other, those that go up first."""
    found = {}
    for key, links in leaving.items():
        box = boxes[key]
        first = box.y + PADDING + (box.height - 2 * PADDING - len(links) * PORT) / 2 + PORT - STROKE_MAX / 2 - 1
        for place, link in enumerate(sorted(links, key=by)):
            found[id(link)] = (box.right, round(first + place * PORT, 1))
    return found


def _arrivals(
    boxes: Mapping[str, Area], arriving: Mapping[str, Sequence[Link]], by: Callable[[Link], float]
) -> dict[int, tuple[float, float]]:
    """Where links end: spread over the box's side."""
    found = {}
    for key, links in arriving.items():
        box = boxes[key]
        room = box.height / (len(links) + 1)
        for place, link in enumerate(sorted(links, key=by), 1):
            found[id(link)] = (box.x, round(box.y + place * room, 1))
    return found
