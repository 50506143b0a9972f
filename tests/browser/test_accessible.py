"""Every page can be read by everybody: axe finds nothing, and nothing is wider than the window."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.axe import too_wide, violations
from tests.browser.places import places
from tests.browser.site import WebSite

Sight = Callable[..., Page]
PHONE = {"width": 320, "height": 640}
WIDTHS = (320, 768, 961, 1249)
MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": PHONE},
}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_found(site: WebSite, contacts: dict[str, str], see: Sight, mode: str) -> None:
    """WCAG 2.2 A and AA, as far as a machine can tell, and no page that has to be moved sideways."""
    page, found = see("/", **MODES[mode]), []
    for place in places(contacts):
        answer = page.goto(f"{site.address}{place}")
        if answer is None or answer.status != 200:
            found.append(f"{place} isn't there")
            continue
        found += [f"{place}: {what}" for what in violations(page)]
        found += [f"{place} too wide: {what}" for what in too_wide(page)]

    assert found == [], "\n".join(found)


def test_no_page_is_wider_than_its_window(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """On a phone, a tablet, and where the layout has just changed; also where somebody has colours of their own."""
    page, found = see("/", forced_colors="active"), []
    for place in places(contacts):
        page.goto(f"{site.address}{place}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            found += [f"{place} at {width}: {what}" for what in too_wide(page)]

    assert found == [], "\n".join(found)


def test_nothing_moves_for_who_wants_it_still(site: WebSite, contacts: dict[str, str], see: Sight) -> None:
    """Where the system asks for reduced motion there is none."""
    page = see("/", reduced_motion="reduce")
    for place in places(contacts):
        page.goto(f"{site.address}{place}")
        assert page.evaluate("() => document.getAnimations().length") == 0, place
