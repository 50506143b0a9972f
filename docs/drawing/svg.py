"""SVG as text that we write ourselves: elements, the one stylesheet, and words that fit their place.

Laws. No script, no reference to anything outside. Every picture carries its title and its description, and paints its
own paper, so that it can be read on any page, in light and in dark. Units are those of the view box, `WIDTH` wide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 460
"""Narrow enough that a phone shows the letters in a readable size."""

MARGIN: Final = 14
SHOWN_WIDTH: Final = 520
"""Pixels on a page that has room, where a letter is as large as the page's own."""

_LETTER: Final = 0.56
"""The width of a letter as a share of its size: a little more than that of common fonts, so that words fit."""

_BOLD: Final = 0.68

STYLE: Final = """
:root { --sheet: #ffffff; --ink: #1b2325; --quiet: #566266; --line: #c9d0d2; --open: #cfe6e8; --closed: #eceff0;
  --used: #0b6e75; --on-used: #ffffff; --come: #0b6e75; --bad: #b3261e; --on-bad: #ffffff; --odd: #7a5200;
  --odd-soft: #fbf0d9; --good: #1c6b3a; --good-soft: #dff1e6; --badge: #1b2325; --on-badge: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --sheet: #182022; --ink: #e5eaeb; --quiet: #a5b2b6; --line: #435155;
  --open: #1d4a50; --closed: #232c2f; --used: #62c3cb; --on-used: #0d1516; --come: #62c3cb; --bad: #ff8f86;
  --on-bad: #200c0b; --odd: #e8b75a; --odd-soft: #3a2d13; --good: #79cf98; --good-soft: #17351f; --badge: #e5eaeb;
  --on-badge: #182022; } }
text { font: 14.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink); }
.title { font-size: 17px; font-weight: 650; } .head { font-weight: 650; } .small { font-size: 13px; }
.quiet { fill: var(--quiet); } .halo { paint-order: stroke; stroke: var(--sheet); stroke-width: 4px; }
.sheet { fill: var(--sheet); } .rule { stroke: var(--line); } .hair { stroke: var(--quiet); stroke-dasharray: 1 3; }
.open { fill: var(--open); stroke: var(--used); } .closed { fill: var(--closed); } .used { fill: var(--used); }
.break { fill: none; stroke: var(--quiet); stroke-width: 1.5; }
.on-used { fill: var(--on-used); font-weight: 600; } .on-bad { fill: var(--on-bad); font-weight: 600; }
.come { fill: none; stroke: var(--come); stroke-width: 1.5; } .late { fill: var(--bad); }
.idle { stroke: var(--quiet); stroke-width: 2; stroke-dasharray: 2 4; }
.paused { fill: var(--odd-soft); stroke: var(--odd); stroke-dasharray: 4 3; }
.live { fill: var(--closed); stroke: var(--quiet); }
.called { fill: var(--closed); stroke: var(--bad); }
.wait { fill: var(--odd-soft); stroke: var(--odd); }
.done { fill: var(--good-soft); stroke: var(--good); } .due { fill: var(--ink); stroke: var(--sheet); }
.warn { fill: var(--odd); stroke: var(--sheet); } .breach { fill: var(--bad); stroke: var(--sheet); }
.met { fill: var(--good); stroke: var(--sheet); } .step { fill: var(--ink); stroke: var(--sheet); }
.sign { fill: none; stroke: var(--sheet); stroke-width: 2; stroke-linecap: round; }
.stroke { fill: none; stroke-width: 2.5; stroke-linecap: round; } .good { stroke: var(--good); }
.bad { stroke: var(--bad); } .odd { stroke: var(--odd); }
.badge { fill: var(--badge); } .on-badge { fill: var(--on-badge); font-size: 12px; font-weight: 650; }
"""


@dataclass
class Drawing:
    """Elements from below to above: bands, then hairlines, then words and signs."""

    below: list[str] = field(default_factory=list)
    between: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Put words with their baseline at `y`."""
        turned = "" if anchor == "start" else f' text-anchor="{anchor}"'
        named = f' class="{kind}"' if kind else ""
        self.above.append(f'<text x="{number(x)}" y="{number(y)}"{turned}{named}>{escape(words, quote=False)}</text>')

    def lines(self, x: float, y: float, words: Sequence[str], kind: str = "", height: float = 20) -> float:
        """Put lines one below the other; the `y` of the line after them."""
        for line in words:
            self.text(x, y, line, kind)
            y += height
        return y

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A rectangle; none where there is no width."""
        if width > 0:
            shape = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
            self.below.append(f'<rect {shape} class="{kind}"/>')

    def line(self, x: float, y: float, until_x: float, until_y: float, kind: str) -> None:
        """A straight line behind words and signs."""
        ends = f'x1="{number(x)}" y1="{number(y)}" x2="{number(until_x)}" y2="{number(until_y)}"'
        self.between.append(f'<line {ends} class="{kind}"/>')

    def path(self, data: str, kind: str) -> None:
        """A shape above everything drawn before."""
        self.above.append(f'<path d="{data}" class="{kind}"/>')

    def dot(self, x: float, y: float, radius: float, kind: str) -> None:
        """A filled circle above everything drawn before."""
        self.above.append(f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" class="{kind}"/>')

    def badge(self, x: float, y: float, label: int) -> None:
        """A numbered circle; the same number stands before the words that belong to it."""
        self.dot(x, y, 9, "badge")
        self.text(x, y + 4.2, str(label), "on-badge", "middle")

    def whole(self, title: str, description: str, height: float) -> str:
        """The picture's file."""
        tall = number(height)
        shown = number(round(height * SHOWN_WIDTH / WIDTH))
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{SHOWN_WIDTH}" height="{shown}" '
            f'viewBox="0 0 {WIDTH} {tall}" role="img" aria-labelledby="title description" lang="en">'
        )
        return "\n".join(
            [
                head,
                f'<title id="title">{escape(title, quote=False)}</title>',
                f'<desc id="description">{escape(description, quote=False)}</desc>',
                f"<style>{STYLE}</style>",
                f'<rect width="{WIDTH}" height="{tall}" rx="8" class="sheet"/>',
                *self.below,
                *self.between,
                *self.above,
                "</svg>\n",
            ]
        )


def number(value: float) -> str:
    """A length as it is written: at most two decimals, none where they are zero."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def width_of(words: str, size: float = 14.5, *, bold: bool = False) -> float:
    """The room that words take, rather too much than too little."""
    return len(words) * size * (_BOLD if bold else _LETTER)


def wrapped(words: str, width: float, size: float = 14.5) -> list[str]:
    """Words in lines that fit the width, broken at spaces, but for those that hold a figure and its unit together."""
    lines: list[str] = []
    for word in words.split(" "):
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
