"""The board: a breach comes by itself, and what is chosen is in the address."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.acceptance.process import now_ms, opening
from tests.browser.site import WebSite

Sight = Callable[..., Page]


def test_a_breach_appears_without_a_reload(site: WebSite, see: Sight) -> None:
    """A contact that comes while the board is open is shown, and said to be breached two seconds later."""
    page = see("/")
    page.evaluate("window.still = 'here'")
    site.post(opening("breaching", now_ms(), subject="Soon too late", tags=["quick"]))
    row = page.get_by_role("row", name="Soon too late")

    expect(row).to_be_visible()
    expect(row).to_contain_text("breached")
    expect(row).to_contain_text("call 1/3")
    assert page.evaluate("window.still") == "here"


def test_filters_are_in_the_address(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """What is chosen is; going back takes it away again; who gets the address sees the same; no page is loaded anew."""
    page = see("/")
    page.evaluate("window.still = 'here'")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Severity").select_option("1")
    expect(page).to_have_url(f"{site.address}/?severity=1")
    expect(page.get_by_role("link", name="Where is my order?")).to_have_count(0)
    expect(page.get_by_role("link", name="Money is gone")).to_be_visible()
    assert page.evaluate("window.still") == "here"

    same = see("/?severity=1")
    expect(same.get_by_role("link", name="Money is gone")).to_be_visible()
    expect(same.get_by_role("link", name="Where is my order?")).to_have_count(0)
    expect(same.get_by_label("Severity")).to_have_value("1")

    page.go_back()
    expect(page).to_have_url(f"{site.address}/")
    expect(page.get_by_role("link", name="Where is my order?")).to_be_visible()
    expect(page.get_by_label("Severity")).to_have_value("")


def test_a_text_is_looked_for_while_it_is_written(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """By the key that leads there; what is being written stays when the board changes meanwhile."""
    page = see("/")
    page.keyboard.press("/")
    page.keyboard.type("invoice")
    expect(page).to_have_url(f"{site.address}/?text=invoice")
    expect(page.get_by_role("link", name="Copy of the invoice")).to_be_visible()
    expect(page.get_by_role("link", name="Where is my order?")).to_have_count(0)
    site.post(opening("another invoice", now_ms(), subject="Another invoice"))
    expect(page.get_by_role("link", name="Another invoice")).to_be_visible()

    expect(page.locator("#filter-text")).to_be_focused()
    expect(page.locator("#filter-text")).to_have_value("invoice")


def test_a_text_whose_question_was_lost_is_asked_for(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """Nobody heard it being typed, as before the script runs: the board finds out by itself."""
    page = see("/")
    page.get_by_text("Filter", exact=True).click()
    page.evaluate("document.addEventListener('input', (event) => event.stopImmediatePropagation(), { capture: true })")
    page.locator("#filter-text").fill("invoice")

    expect(page).to_have_url(f"{site.address}/?text=invoice")
    expect(page.get_by_role("link", name="Where is my order?")).to_have_count(0)
