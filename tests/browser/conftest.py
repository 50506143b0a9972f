"""One browser and one gateway for all tests here, a fresh context for each, and an eye on what its pages do."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.acceptance.receiver import Receiver
from tests.browser.chromium import WANTED, found
from tests.browser.site import WebSite, furnish
from tests.browser.watch import Watch

WAIT_MS = 15_000
"""So long a test waits for what must come: never slept through."""

# As root there is no sandbox to be had. The rest keeps the browser itself from asking anybody.
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
Sight = Callable[..., Page]

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser."""
    path = found(os.environ)
    assert path is not None, WANTED
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    """A gateway that runs, with contacts of every kind. Tests may add contacts of their own to it."""
    with Receiver() as receiver:
        site = WebSite(tmp_path_factory.mktemp("site"), endpoint=receiver.url)
        site.write()
        try:
            site.start()
            yield site
        finally:
            site.clear()
    assert site.faults() == []


@pytest.fixture(scope="session")
def contacts(site: WebSite) -> dict[str, str]:
    """The ids of the contacts that are there from the beginning."""
    return furnish(site)


@pytest.fixture
def watch(site: WebSite) -> Iterator[Watch]:
    """The eye. At the end of the test nothing may have been seen."""
    watch = Watch({site.address})
    yield watch
    assert watch.found() == [], "\n".join(watch.found())


@pytest.fixture
def new_context(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts that are watched; options as Playwright has them."""
    contexts: list[BrowserContext] = []

    def new(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(WAIT_MS)
        watch.over(context)
        contexts.append(context)
        return context

    yield new
    for context in contexts:
        context.close()


@pytest.fixture
def see(site: WebSite, new_context: Callable[..., BrowserContext]) -> Sight:
    """Opens an address of the gateway, signed in as administrator, in a context of its own."""

    def see(path: str = "/", token: str | None = None, **options: Any) -> Page:
        context = new_context(**options)
        page = context.new_page()
        sign_in(page, site, token)
        if path != "/":
            page.goto(f"{site.address}{path}")
        return page

    return see


def sign_in(page: Page, site: WebSite, token: str | None = None) -> None:
    """Follow the link that the gateway prints, or one with another token."""
    page.goto(f"{site.address}/?token={token or site.token}")
