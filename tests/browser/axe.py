"""What a machine can tell about a page: axe-core's findings, and what is wider than the window."""

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# What hides or scrolls within itself is as wide as it likes; what is drawn is inside its picture.
_WIDE = """() => {
  const found = [], room = document.documentElement.clientWidth;
  const held = (element) => {
    for (let above = element.parentElement; above && above !== document.body; above = above.parentElement)
      if (getComputedStyle(above).overflowX !== "visible") return true;
    return false;
  };
  if (document.documentElement.scrollWidth > room) found.push(`the page: ${document.documentElement.scrollWidth}`);
  for (const element of document.body.querySelectorAll("*:not(svg *)")) {
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > room + 1 || box.left < -1) && getComputedStyle(element).position !== "absolute"
        && !held(element))
      found.push(`${element.outerHTML.slice(0, 90)}: ${Math.round(box.left)}..${Math.round(box.right)}`);
  }
  return found.slice(0, 12);
}"""


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What breaks WCAG 2.2, A and AA, as far as axe tells: rule, element, and why."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    options: dict[str, Any] = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {node['html'][:160]}: {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """What is not all in the window, from left to right."""
    found: list[str] = page.evaluate(_WIDE)
    return found
