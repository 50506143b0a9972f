"""The policy map: what somebody asks of it by keys alone, and what it answers."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.keys import tab_to
from tests.browser.site import WebSite

Sight = Callable[..., Page]


def test_a_contact_is_tried_by_keys_alone(site: WebSite, see: Sight) -> None:
    """Channel and tags are typed, Enter asks; the answer names queue, rule and role, and has an address."""
    page = see("/policy")
    tab_to(page, page.get_by_label("Channel"))
    page.keyboard.type("chat")
    tab_to(page, page.get_by_label("Tags"))
    page.keyboard.type("grave")
    page.keyboard.press("Enter")

    answer = page.locator("#answer")
    expect(answer).to_contain_text("risk")
    expect(answer).to_contain_text("grave-reply")
    expect(answer).to_contain_text("lead")
    expect(page.get_by_label("Tags")).to_have_value("grave")
    same = see(page.url.removeprefix(site.address).partition("#")[0])
    expect(same.locator("#answer")).to_contain_text("grave-reply")


def test_what_cannot_be_used_is_said_where_it_stands(see: Sight) -> None:
    """The field is marked and told why; nothing of what was written is lost."""
    page = see("/policy?channel=chat&subject=Mine&zone=Nowhere/Here")

    zone = page.get_by_label("in the zone")
    expect(zone).to_have_attribute("aria-invalid", "true")
    expect(zone).to_have_value("Nowhere/Here")
    expect(page.locator("#try-subject")).to_have_value("Mine")
