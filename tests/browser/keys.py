"""Moving by keys alone, as somebody does who has no mouse."""

from playwright.sync_api import Locator, Page, expect

TABS_MAX = 80
_SEEN = """element => {
  const style = getComputedStyle(element);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
}"""
_UNCOVERED = """element => {
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, 20) / 2);
  return element === top || element.contains(top) || top?.contains(element);
}"""


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, which has to be seen on it and on all before it, and not be covered."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        held = page.locator("*:focus")
        if held.count() == 0:
            continue  # the browser's own bar
        words = held.evaluate("element => element.outerHTML.slice(0, 120)")
        assert held.evaluate(_SEEN), f"the focus isn't seen on {words}"
        assert held.evaluate(_UNCOVERED), f"something covers {words}"
        if target.evaluate("(element) => element === document.activeElement"):
            expect(target).to_be_in_viewport()
            return
    raise AssertionError(f"{TABS_MAX} times Tab never led to {target}")
