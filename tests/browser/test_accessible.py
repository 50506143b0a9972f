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
MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": PHONE},
    "dark phone": {"color_scheme": "dark", "viewport": PHONE},
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


@pytest.mark.parametrize("mode", [{"forced_colors": "active"}, {"reduced_motion": "reduce"}])
def test_what_a_person_asks_of_the_system_is_kept(
    site: WebSite, contacts: dict[str, str], see: Sight, mode: dict[str, Any]
) -> None:
    """With colours of one's own nothing gets wider; with little motion nothing moves."""
    page, found = see("/", **mode, viewport=PHONE), []
    for place in places(contacts):
        page.goto(f"{site.address}{place}")
        found += [f"{place} too wide: {what}" for what in too_wide(page)]
        moving = page.evaluate("() => document.getAnimations().filter(one => one.playState === 'running').length")
        if moving and "reduced_motion" in mode:
            found.append(f"{place} moves")

    assert found == [], "\n".join(found)
