"""What a viewer chooses: colours, zone, shortcuts; and the shortcuts themselves."""

from collections.abc import Callable

from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.site import WebSite

Sight = Callable[..., Page]
SCHEME = "() => getComputedStyle(document.documentElement).colorScheme"
GROUND = "() => getComputedStyle(document.body).backgroundColor"


def test_colours_are_chosen_by_a_button_and_kept(see: Sight) -> None:
    """Light, then dark, whatever the system has; and so after a reload and on the next page."""
    page = see("/", color_scheme="dark")
    system = page.evaluate(GROUND)
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert page.evaluate(GROUND) != system
    button.click()
    expect(button).to_have_text("Theme: dark")
    page.get_by_role("link", name="Deliveries").first.click()

    expect(page.get_by_role("button", name="Theme")).to_have_text("Theme: dark")
    assert page.evaluate(GROUND) == system
    assert page.evaluate(SCHEME) == "dark"


def test_times_are_those_of_the_browser_until_another_zone_is_chosen(see: Sight, site: WebSite) -> None:
    """A browser in Tokyo sees its own; somebody who chooses Lima sees that, and UTC in the small print."""
    page = see("/", timezone_id="Asia/Tokyo")
    expect(page.locator("#zone")).to_have_text("Asia/Tokyo")
    page.goto(f"{site.address}/settings")
    page.get_by_label("Times are shown in").select_option("America/Lima")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#zone")).to_have_text("America/Lima")


def chord(page: Page, keys: str, address: str) -> None:
    """Press two keys soon after each other, once more where a busy machine took too long between them."""
    for _ in range(5):
        page.keyboard.type(keys)
        try:
            return page.wait_for_url(address, timeout=3_000)
        except TimeoutError:
            continue
    expect(page).to_have_url(address)


def test_shortcuts_lead_everywhere(see: Sight, site: WebSite, contacts: dict[str, str]) -> None:
    """To the pages, along the rows, into a contact; the list of them opens and closes by keys alone."""
    page = see("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for key, path in {
        "d": "deliveries",
        "q": "queues",
        "t": "timeline",
        "p": "policy",
        "c": "connectors",
        "b": "",
    }.items():
        chord(page, f"g{key}", f"{site.address}/{path}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("#live a[data-row]").first
    expect(first).to_be_focused()
    leads = first.get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}{leads}")


def test_shortcuts_can_be_switched_off(see: Sight, site: WebSite) -> None:
    """Then a letter is a letter: somebody who speaks to the computer types many."""
    page = see("/settings")
    page.get_by_label("single keys are shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("body")).to_have_attribute("data-keys", "off")
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("d")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(f"{site.address}/settings")
