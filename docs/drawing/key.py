"""The picture that says how to read the others: every sign of a timeline with its meaning."""

from collections.abc import Callable
from functools import partial
from typing import Final

from docs.drawing import signs
from docs.drawing.svg import MARGIN, WIDTH, Drawing, wrapped

TITLE: Final = "How to read the pictures"
BARS: Final = (
    ("open", "light bar", "the calendar is open"),
    ("closed", "grey bar", "the calendar is closed; between two strokes the line is shortened"),
    ("used", "dark bar", "the clock runs and the time counts"),
    ("late", "red bar", "it counts behind the deadline"),
    ("come", "empty bar", "it will count, if nothing happens"),
    ("idle", "dotted line", "the clock runs, but its calendar is closed: nothing counts"),
    ("paused", "dashed bar", "the status pauses the clock: nothing counts, and there is no deadline"),
)

SIGNS: Final[tuple[tuple[Callable[[Drawing, float, float], None], str, str], ...]] = (
    (signs.warning, "triangle", "a warning"),
    (signs.deadline, "upright stroke", "the deadline"),
    (signs.breach, "square with a cross", "the deadline was broken"),
    (signs.met, "disc with a tick", "the promise was met, or an escalation is over"),
    (partial(signs.step, reminder=False), "lozenge", "a step of a chain tells its roles"),
    (partial(signs.step, reminder=True), "small lozenge", "a reminder of that step"),
    (
        lambda drawing, x, y: drawing.badge(x, y + signs.HEIGHT / 2, 1),
        "number",
        "something happened: the words are below the line",
    ),
)
WORDS_LEFT: Final = MARGIN + 74


def in_words() -> str:
    """What every sign looks like and means, one line each."""
    bars = [f"* {look}: {words}\n" for _, look, words in BARS]
    return "".join([*bars, *(f"* {look}: {words}\n" for _, look, words in SIGNS)])


def drawn() -> str:
    """The picture's file."""
    drawing = Drawing()
    drawing.text(MARGIN, 28, TITLE, "title")
    y = 44.0
    for kind, _, words in BARS:
        if kind == "idle":
            drawing.line(MARGIN, y + 9, MARGIN + 60, y + 9, kind)
        else:
            drawing.bar(MARGIN, y, 60, signs.HEIGHT, kind)
        y = _words(drawing, y, words)
    for draw, _, words in SIGNS:
        draw(drawing, MARGIN + 30, y)
        y = _words(drawing, y, words)
    return drawing.whole(TITLE, in_words().replace("* ", "").replace("\n", ". ").strip(), y)


def _words(drawing: Drawing, y: float, words: str) -> float:
    lines = wrapped(words, WIDTH - MARGIN - WORDS_LEFT)
    return max(drawing.lines(WORDS_LEFT, y + 14, lines) - 4, y + 28)
