"""Who may: signing in and out as a person does it, and a viewer who looks and does nothing."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.places import places
from tests.browser.site import WebSite
from tests.browser.watch import Watch

Sight = Callable[..., Page]

# Where a browser tells that it was refused, which here is what is wanted.
REFUSED = r"status of 40[13] .*127\.0\.0\.1"
FORMS = """html => [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("form[method=post]")]
  .map((form) => form.getAttribute("action"))"""
OWN = ("/settings", "/sign-out", "/policy#answer")
"""What a viewer sends that changes nothing for anybody else."""


def test_a_person_signs_in_and_out(site: WebSite, watch: Watch, new_context: Callable[..., BrowserContext]) -> None:
    """Without a token there is the form; a wrong token is said to be wrong; the right one leads where somebody went."""
    watch.excuse(REFUSED)
    page = new_context().new_page()
    page.goto(f"{site.address}/deliveries?state=dead")
    page.get_by_label("Token").fill("ogt_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")

    page.get_by_label("Token").fill(site.token)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/deliveries?state=dead")
    expect(page.get_by_role("heading", level=1)).to_have_text("Deliveries")

    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{site.address}/deliveries")
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_token_in_a_link_does_not_stay_in_the_address(site: WebSite, see: Sight) -> None:
    """The link that the gateway prints leads to the board, and the token is in no address that is kept."""
    page = see("/")

    expect(page).to_have_url(f"{site.address}/")
    assert site.token not in page.content()
    assert page.evaluate("() => document.cookie").find(site.token) == -1


def test_a_viewer_finds_nothing_to_press_and_may_not(
    site: WebSite, contacts: dict[str, str], see: Sight, watch: Watch
) -> None:
    """Whatever an administrator's pages would send, a viewer's don't, and are refused when they try."""
    watch.excuse(REFUSED)
    token = site.new_token("looks-on", "viewer")
    admin, viewer = see("/"), see("/", token)
    sends: set[str] = set()
    for place in places(contacts):
        sends |= set(admin.evaluate(FORMS, admin.request.get(f"{site.address}{place}").text()))
        assert set(viewer.evaluate(FORMS, viewer.request.get(f"{site.address}{place}").text())) <= set(OWN), place
    sends -= set(OWN)
    assert sends
    viewer.goto(f"{site.address}/settings")
    answers = viewer.evaluate(
        "paths => Promise.all(paths.map(path => fetch(path, {method: 'POST'}).then(answer => answer.status)))",
        sorted(sends),
    )

    assert dict(zip(sorted(sends), answers, strict=True)) == dict.fromkeys(sorted(sends), 403)
