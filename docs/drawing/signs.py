"""The signs on a clock's line. Each differs from the others by its shape, not by its colour alone."""

from docs.drawing.svg import Drawing, number

HEIGHT = 18
"""Of the bar that a sign stands on."""


def warning(drawing: Drawing, x: float, y: float) -> None:
    """A triangle: the elapsed time has reached a mark."""
    middle, low = number(x), number(y + HEIGHT - 2)
    drawing.path(f"M{middle} {number(y + 2)}L{number(x + 8)} {low}H{number(x - 8)}Z", "warn")


def deadline(drawing: Drawing, x: float, y: float) -> None:
    """An upright bar: the deadline."""
    drawing.path(f"M{number(x - 2.5)} {number(y - 4)}h5v{HEIGHT + 8}h-5Z", "due")


def breach(drawing: Drawing, x: float, y: float) -> None:
    """A square with a cross: the deadline was broken."""
    _square(drawing, x, y, "breach")
    middle = y + HEIGHT / 2
    top, low, left, right = (number(value) for value in (middle - 4, middle + 4, x - 4, x + 4))
    drawing.path(f"M{left} {top}L{right} {low}M{right} {top}L{left} {low}", "sign")


def met(drawing: Drawing, x: float, y: float) -> None:
    """A disc with a tick: what was promised has happened, or what called for people is over."""
    middle = y + HEIGHT / 2
    drawing.dot(x, middle, 9.5, "met")
    drawing.path(f"M{number(x - 4)} {number(middle)}l3 3.5l5.5 -7", "sign")


def step(drawing: Drawing, x: float, y: float, *, reminder: bool) -> None:
    """A lozenge: a step tells its roles. A small one is a reminder."""
    size = 5 if reminder else 8.5
    middle = y + HEIGHT / 2
    drawing.path(
        f"M{number(x)} {number(middle - size)}L{number(x + size)} {number(middle)}"
        f"L{number(x)} {number(middle + size)}L{number(x - size)} {number(middle)}Z",
        "step",
    )


def _square(drawing: Drawing, x: float, y: float, kind: str) -> None:
    drawing.path(f"M{number(x - 9)} {number(y)}h18v{HEIGHT}h-18Z", kind)
