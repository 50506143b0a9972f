"""The page about traps names each of them, with the rule and the story that there is."""

from plugins.zendesk.tests.traps.page import PAGE, written
from plugins.zendesk.tests.traps.table import TRAPS
from tests.support.source import ROOT


def test_the_page_is_what_the_stories_say() -> None:
    """`python -m plugins.zendesk.tests.traps.page` writes it anew."""
    text = PAGE.read_text(encoding="utf-8")

    assert text == written(text)
    assert all(f"| {id} |" in text for id in TRAPS)


def test_every_story_is_where_the_page_says() -> None:
    """A link leads to a module that has the function."""
    for trap in TRAPS.values():
        assert f"def {trap.story.__name__}(" in (ROOT / trap.place).read_text(encoding="utf-8")
