"""Without JavaScript everything is there: read by links, done by forms."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.places import places
from tests.browser.site import WebSite

Sight = Callable[..., Page]


@pytest.fixture
def page(site: WebSite, contacts: dict[str, str], new_context: Callable[..., BrowserContext]) -> Page:
    """A browser that runs no script, signed in."""
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, site)
    return page


def test_every_page_can_be_read(site: WebSite, contacts: dict[str, str], page: Page) -> None:
    """It has a heading, a title, and something under it; no button that only a script would hear."""
    for place in places(contacts):
        page.goto(f"{site.address}{place}")
        assert page.title(), place
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert len(page.locator("main").inner_text()) > 20, place
        alone = page.locator("button:not(form button)").filter(visible=True)
        assert alone.count() == 0, f"{place}: {alone.all_inner_texts()}"


def test_the_board_leads_to_a_contact(site: WebSite, contacts: dict[str, str], page: Page) -> None:
    """By a plain link."""
    page.get_by_role("link", name="Money is gone").click()

    expect(page).to_have_url(f"{site.address}/contacts/{contacts['grave']}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Money is gone")


def test_settings_are_saved_by_their_form(site: WebSite, page: Page) -> None:
    """And shown as they were saved."""
    page.goto(f"{site.address}/settings")
    page.get_by_label("dark").check()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_label("dark")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
