"""The board: a breach comes by itself, and what a person does there stays where it was."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.acceptance.process import now_ms, opening
from tests.browser.site import WebSite

Sight = Callable[..., Page]


def test_a_breach_appears_without_a_reload(site: WebSite, see: Sight) -> None:
    """A contact that comes while the board is open is shown, and said to be breached two seconds later."""
    page = see("/")
    page.evaluate("window.still = 'here'")
    at = now_ms()
    site.post(opening("breaching", at, subject="Soon too late", tags=["quick"]))
    row = page.get_by_role("row", name="Soon too late")

    expect(row).to_contain_text("due in")
    expect(row).to_contain_text("breached")
    assert page.evaluate("window.still") == "here"
