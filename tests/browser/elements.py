"""Which elements and attributes our pages have: what the templates write, and what a harmless page shows.

A text that became more than text would be an element, an attribute or an address beside them.
"""

import re
from functools import cache
from html.parser import HTMLParser

from playwright.sync_api import Page

from tests.support.source import ROOT

TEMPLATES = ROOT / "gateway" / "web" / "pages" / "templates"
Pair = tuple[str, str]
"""An element, and one of its attributes; empty for the element itself."""

_SHOWN = r"""() => {
  const pairs = new Set(), addresses = new Set(), handlers = new Set();
  const asks = /^(href|src|action|formaction|poster|data|ping|xlink:href|(data-)?hx-(get|post|put|patch|delete))$/;
  const away = /^(?:[\s\x00-\x20]*[a-z][a-z0-9+.-]*:|\/\/|\\)/i;
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const tag = element.localName;
      pairs.add(`${tag} `);
      for (const { name, value } of element.attributes) {
        pairs.add(`${tag} ${name}`);
        if (asks.test(name) && away.test(value)) addresses.add(`${tag} ${name}=${value.slice(0, 60)}`);
        if (/^on/i.test(name) || /^(data-)?hx-on/i.test(name)) handlers.add(`${tag} ${name}`);
      }
      if (tag === "template") walk(element.content);
    }
  };
  walk(document);
  return [[...pairs], [...addresses], [...handlers]];
}"""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pairs: set[Pair] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pairs |= {(tag, ""), *((tag, name) for name, _ in attrs)}


@cache
def written() -> frozenset[Pair]:
    """What the templates write. Its own statements are cut out, its values are one letter."""
    tags = _Tags()
    for path in TEMPLATES.glob("*.html"):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        tags.feed(re.sub(r"\{\{.*?\}\}", "x", text, flags=re.DOTALL))
    return frozenset(tags.pairs)


def shown(page: Page) -> set[Pair]:
    """What a page has."""
    pairs, _, _ = page.evaluate(_SHOWN)
    return {(tag, name) for tag, _, name in (pair.partition(" ") for pair in pairs)}


def strange(page: Page, known: set[Pair]) -> list[str]:
    """What a page has and none of ours should: another element or attribute, a handler, an address of elsewhere."""
    pairs, addresses, handlers = page.evaluate(_SHOWN)
    more = {pair for pair in pairs if tuple(pair.split(" ", 1)) not in known | written()}
    icon = "link href=data:image/svg+xml,"
    return sorted(more) + sorted(handlers) + sorted(one for one in addresses if not one.startswith(icon))
