"""The photographs of the pages: each is shown somewhere, each has words for who can't see it, and they stay small."""

import re

from tests.support.pages import pages
from tests.support.source import ROOT

FOLDER = ROOT / "docs" / "pictures" / "screens"
BYTES_MAX = 1_500_000
_SHOWN = re.compile(r"(!?)\[([^\]]*)\]\([^)]*screens/([\w-]+\.png)\)")


def test_every_photograph_is_shown() -> None:
    """None lies about unused, none is missing, and each has words beside it."""
    shown = [found for path in pages() for found in _SHOWN.findall(path.read_text(encoding="utf-8"))]

    assert {name for _, _, name in shown} == {path.name for path in FOLDER.iterdir()}
    assert all(words for _, words, _ in shown)


def test_photographs_are_small() -> None:
    """Together they are less than what a page of the web has by now."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < BYTES_MAX
