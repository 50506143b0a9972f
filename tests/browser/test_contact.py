"""The page of a contact: what somebody does there, by keys alone, and that it is done."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.acceptance.process import eventually, now_ms, opening
from tests.browser.conftest import sign_in
from tests.browser.keys import tab_to
from tests.browser.site import WebSite

Sight = Callable[..., Page]


def escalation(site: WebSite, ticket: str) -> dict[str, Any]:
    """The ticket's only escalation, as the API tells it."""
    (found,) = site.api(f"/api/v1/contacts/{site.knows(ticket)}").json["escalations"]
    return dict(found)


def grave(site: WebSite, ticket: str) -> None:
    """A ticket that calls somebody at once, and the wait until it has."""
    site.post(opening(ticket, now_ms(), subject=f"Grave: {ticket}", tags=["grave"]))
    site.knows(ticket)


def test_somebody_acknowledges_by_keys_alone(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """From the board to the contact to the button; the focus is seen all the way, and so is what was done."""
    grave(site, "by keys")
    page = see("/")
    tab_to(page, page.get_by_role("link", name="Grave: by keys"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Grave: by keys")
    tab_to(page, page.get_by_role("button", name="Acknowledge grave-now"))
    page.keyboard.press("Enter")

    expect(page.locator("#escalations")).to_contain_text("acknowledged")
    expect(page.get_by_role("button", name="Acknowledge grave-now")).to_have_count(0)
    assert page.evaluate("() => document.activeElement !== document.body"), "the focus is lost"
    done = eventually(lambda: (one := escalation(site, "by keys"))["acknowledged_at"] and one, "it is acknowledged")
    assert done["acknowledged_by"] == "admin"
    assert done["state"] == "acknowledged"


def test_an_escalation_is_resolved(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """By the button beside it; the board doesn't count it any more."""
    grave(site, "resolved")
    page = see(f"/contacts/{site.knows('resolved')}")
    page.get_by_role("button", name="Resolve grave-now").click()

    expect(page.locator("#escalations")).to_contain_text("resolved")
    eventually(lambda: escalation(site, "resolved")["resolved_at"], "it is resolved")


def test_acknowledging_works_without_script(
    site: WebSite, contacts: dict[str, str], new_context: Callable[..., BrowserContext]
) -> None:
    """The form is sent, and the page that comes says what was done."""
    grave(site, "without script")
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, site)
    page.goto(f"{site.address}/contacts/{site.knows('without script')}")
    page.get_by_role("button", name="Acknowledge grave-now").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Grave: without script")
    expect(page.locator("#done")).to_be_visible()
    eventually(lambda: escalation(site, "without script")["acknowledged_at"], "it is acknowledged")


def test_what_another_does_shows_by_itself(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """Two people look at one contact: what one does, the other sees without a reload, and nothing to do is left."""
    grave(site, "seen by two")
    one, other = (see(f"/contacts/{site.knows('seen by two')}") for _ in range(2))
    other.evaluate("window.still = 'here'")
    one.get_by_role("button", name="Acknowledge grave-now").click()

    expect(other.locator("#escalations")).to_contain_text("acknowledged")
    expect(other.get_by_role("button", name="Acknowledge grave-now")).to_have_count(0)
    assert other.evaluate("window.still") == "here"
