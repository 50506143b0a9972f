"""What keeps a page up to date: it can be paused, it takes nobody's place away, and it comes back after a break."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.process import now_ms, opening
from tests.acceptance.receiver import Receiver
from tests.browser.conftest import sign_in
from tests.browser.site import WebSite
from tests.browser.watch import Watch

Sight = Callable[..., Page]
LOST = r"Failed to fetch|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"
"""What a browser says of a gateway that is gone."""


@pytest.fixture
def own_site(tmp_path_factory: pytest.TempPathFactory, watch: Watch) -> Iterator[WebSite]:
    """A gateway that a test may stop and start again."""
    with Receiver() as receiver:
        site = WebSite(tmp_path_factory.mktemp("own"), endpoint=receiver.url)
        site.write()
        watch.origins.add(site.address)
        try:
            site.start()
            yield site
        finally:
            site.clear()
    assert site.faults() == []


def test_a_paused_page_stands_still_until_it_goes_on(site: WebSite, see: Sight) -> None:
    """Two pages, one of them paused: what comes is on the other, twice, and on this one when it goes on."""
    paused, control = see("/"), see("/")
    paused.get_by_role("button", name="Pause").click()
    expect(paused.locator("#pulse")).to_have_text("Paused")
    for name in ("first of the pause", "second of the pause"):
        site.post(opening(name, now_ms(), subject=f"The {name}"))
        expect(control.get_by_role("link", name=f"The {name}")).to_be_visible()
        expect(paused.get_by_role("link", name=f"The {name}")).to_have_count(0, timeout=1)

    paused.get_by_role("button", name="Resume").click()
    expect(paused.get_by_role("link", name="The second of the pause")).to_be_visible()
    expect(paused.locator("#pulse")).to_have_text("Live")


def test_the_focus_stays_on_its_row(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """Rows come before and behind the one that somebody stands on; it stays theirs, seen and in view."""
    page = see("/")
    row = page.get_by_role("link", name="Where is my order?")
    row.focus()
    for name, tags in (("before", ["quick"]), ("behind", [])):
        site.post(opening(f"{name} the focus", now_ms(), subject=f"Comes {name} the focus", tags=tags))
        expect(page.get_by_role("link", name=f"Comes {name} the focus")).to_be_visible()
        expect(row).to_be_focused()

    expect(row).to_be_in_viewport()


@pytest.mark.timeout(120)
def test_a_page_comes_back_after_a_restart(own_site: WebSite, see: Sight, watch: Watch, new_context: Callable) -> None:
    """It says that the connection is lost, and since when; then it is live again, and shows what came meanwhile."""
    watch.excuse(LOST)
    token = own_site.new_token("wallboard", "viewer")
    page = new_context().new_page()
    sign_in(page, own_site, token)
    expect(page.locator("#pulse")).to_have_text("Live")
    own_site.daemon.stop()
    expect(page.locator("#pulse")).to_contain_text("Connection lost")
    own_site.start()
    own_site.post(opening("meanwhile", now_ms(), subject="Came meanwhile"))

    expect(page.get_by_role("link", name="Came meanwhile")).to_be_visible(timeout=40_000)
    expect(page.locator("#pulse")).to_have_text("Live")
