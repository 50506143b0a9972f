"""Durations, shares and marks."""

import pytest

from gateway.policy.durations import read_duration, read_mark, read_share


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("20s", 20_000),
        ("90s", 90_000),
        ("30m", 1_800_000),
        ("4h", 14_400_000),
        ("3d", 259_200_000),
        ("1h30m", 5_400_000),
        ("1d2h3m4s", 93_784_000),
        ("0m", 0),
    ],
)
def test_durations(text: str, duration: int) -> None:
    """Units are s, m, h and d, joined from large to small."""
    assert read_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "20", "h", "1.5h", "30m1h", "-1h", "1h 30m", "1w", "1H", "9999d", "٣s", 20, None, True]
)
def test_no_durations(text: object) -> None:
    """Anything else is refused with an example of what to write."""
    with pytest.raises(ValueError, match="20s|3650d"):
        read_duration(text)


@pytest.mark.parametrize(("text", "share"), [("90%", 0.9), ("0%", 0), ("100%", 1), ("12.5 %", 0.125)])
def test_shares(text: str, share: float) -> None:
    """A share of a hundred reads as 0 to 1."""
    assert read_share(text) == share


@pytest.mark.parametrize("text", ["101%", "90", 0.9, "-1%", "%", None])
def test_no_shares(text: object) -> None:
    """A share is written with its sign, from 0 to 100."""
    with pytest.raises(ValueError, match="share"):
        read_share(text)


@pytest.mark.parametrize(
    ("text", "elapsed"), [("50%", 10_000), ("75%", 15_000), ("5s before", 15_000), ("8s", 8_000), ("33.333%", 6_667)]
)
def test_marks(text: str, elapsed: int) -> None:
    """A mark is a share of the target, a time before its end, or elapsed time."""
    mark = read_mark(text, 20_000)

    assert (mark.text, mark.elapsed_ms) == (text, elapsed)


@pytest.mark.parametrize("text", ["21s", "21s before", "101%", "soon", "before", "5s after", ""])
def test_no_marks(text: str) -> None:
    """A mark outside its target, or that can't be read, is refused."""
    with pytest.raises(ValueError, match="target|mark|share"):
        read_mark(text, 20_000)
