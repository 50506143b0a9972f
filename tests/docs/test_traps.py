"""The page about traps names each of them, with the rule and the story that there is."""

from tests.support.source import ROOT
from tests.support.trap_page import PAGE, written
from tests.support.traps import tables


def test_the_page_is_what_the_stories_say() -> None:
    """`python -m tests.support.trap_page` writes it anew."""
    text = PAGE.read_text(encoding="utf-8")

    assert text == written(text)
    assert all(f"| {id} |" in text for table in tables().values() for id in table.numbers)


def test_every_story_is_where_the_page_says() -> None:
    """A link leads to a module that has the function."""
    for table in tables().values():
        for trap in table.traps.values():
            assert f"def {trap.story.__name__}(" in (ROOT / trap.place).read_text(encoding="utf-8")
