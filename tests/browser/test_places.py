"""The list of pages is whole: whoever adds a page has it looked at in every way that the others are."""

import re

from tests.browser.places import PLACES
from tests.support.source import ROOT

_PAGE = re.compile(r'Page\(\s*"(/[^"]*)"')


def test_every_page_is_looked_at() -> None:
    """Each page that the code registers stands in the list."""
    sources = (ROOT / "gateway" / "web" / "pages").glob("*.py")
    paths = {path for source in sources for path in _PAGE.findall(source.read_text(encoding="utf-8"))}
    looked_at = {path for path in paths for place in PLACES if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), place)}

    assert len(paths) >= 13
    assert paths - looked_at == set()
