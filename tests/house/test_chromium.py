"""The browser of `make test-web` is found where people have it, and installed only where that is nobody's surprise."""

from collections.abc import Sequence

import pytest

from tests.browser.chromium import INSTALLING, found, install, may_install

HERE = {"chromium-browser": "/usr/bin/chromium-browser", "google-chrome": "/opt/chrome", "apt-get": "/usr/bin/apt-get"}


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/usr/bin/chromium-browser"),
        ({"CHROMIUM": ""}, "/usr/bin/chromium-browser"),
        ({"CHROMIUM": "google-chrome"}, "/opt/chrome"),
        ({"CHROMIUM": "/nowhere/chromium"}, None),
    ],
)
def test_the_browser_that_is_named_or_the_first_on_the_path(environ: dict[str, str], path: str | None) -> None:
    """One that is named and isn't there is not replaced by another."""
    assert found(environ, HERE.get) == path


@pytest.mark.parametrize(
    ("environ", "user", "here", "may"),
    [({}, 0, HERE, True), ({}, 1000, HERE, False), ({"CHROMIUM": "/x"}, 0, HERE, False), ({}, 0, {}, False)],
)
def test_only_root_installs(environ: dict[str, str], user: int, here: dict[str, str], may: bool) -> None:
    """With apt-get, and where nobody named a browser."""
    assert may_install(environ, user, here.get) is may


def test_what_cannot_be_fetched_is_not_installed() -> None:
    """The first command that fails ends it."""
    ran: list[Sequence[str]] = []

    assert not install(lambda command: ran.append(command) or 1)
    assert ran == [INSTALLING[0]]
