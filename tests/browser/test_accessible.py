"""Every page can be read by everybody: axe finds nothing, nothing is wider than the window, nothing moves unasked."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.axe import too_wide, violations
from tests.browser.places import places
from tests.browser.site import WebSite

Sight = Callable[..., Page]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
WIDTHS = (768, 961, 1249)
"""Where the layout has just changed, and a tablet; the phone and the desk are looked at anyway."""

MOVING = "() => document.getAnimations().map((one) => one.effect.target.outerHTML.slice(0, 90))"


@pytest.mark.timeout(120)
def test_nothing_is_found(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """WCAG 2.2 A and AA, as far as a machine can tell, in light, in dark and at 320 pixels; no page has to be moved
    sideways, with colours of one's own neither; for who wants little motion, nothing moves."""
    page, found = see("/"), []
    for place in places(contacts):
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light", reduced_motion="reduce", forced_colors="none")
        answer = page.goto(f"{site.address}{place}")
        if answer is None or answer.status != 200:
            found.append(f"{place} isn't there")
            continue
        found += [f"{place} moves: {what}" for what in page.evaluate(MOVING)]
        found += [f"{place} in light: {what}" for what in violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{place} in the dark: {what}" for what in violations(page)]
        found += [f"{place} on a desk: {what}" for what in too_wide(page)]
        page.set_viewport_size(PHONE)
        found += [f"{place} on a phone: {what}" for what in [*violations(page), *too_wide(page)]]
        page.emulate_media(forced_colors="active")
        found += [f"{place} in colours of one's own: {what}" for what in too_wide(page)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            found += [f"{place} at {width}: {what}" for what in too_wide(page)]

    assert found == [], "\n".join(found)
