"""The eye sees what it is there for: a harness that notices nothing would pass every test."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.axe import too_wide, violations
from tests.browser.elements import strange
from tests.browser.watch import Watch


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ("<img src='http://198.51.100.7/pixel.png'>", "a request leaves: http://198.51.100.7/pixel.png"),
        ("<script>console.error('oh')</script>", "console error: oh"),
        ("<script>throw new Error('broken')</script>", "page error: broken"),
        ("<script>alert(1)</script>", "a dialog: alert 1"),
    ],
)
def test_a_page_that_misbehaves_is_noticed(
    new_context: Callable[..., BrowserContext], watch: Watch, content: str, seen: str
) -> None:
    """Requests to elsewhere, errors, and dialogs."""
    new_context().new_page().set_content(content)

    assert any(problem.startswith(seen) for problem in watch.found()), watch.problems
    watch.excuse(".")


def test_a_broken_security_policy_is_noticed(new_context: Callable[..., BrowserContext], watch: Watch) -> None:
    """A script in the page, where the policy allows none."""
    head = "<meta http-equiv='Content-Security-Policy' content=\"script-src 'self'\">"
    new_context().new_page().set_content(f"{head}<script>window.ran = 1</script>")

    assert "Content Security Policy" in " ".join(watch.found())
    watch.excuse("Content Security Policy")


def test_what_is_wrong_with_a_page_is_found(new_context: Callable[..., BrowserContext], watch: Watch) -> None:
    """A button without a name, a text nobody can read, a box that is too wide, an element that isn't ours."""
    page = new_context(viewport={"width": 320, "height": 600}).new_page()
    page.set_content("""<html lang=en><title>Bad</title><button></button><p style="color:#999;background:#aaa">grey</p>
      <div style="width:900px">wide</div><marquee onstart="1">moves</marquee><a href="javascript:1">press</a>""")

    rules = {found.partition(":")[0] for found in violations(page)}
    assert {"button-name", "color-contrast"} <= rules
    assert any("900px" in found for found in too_wide(page))
    assert {"marquee ", "marquee onstart", "a href=javascript:1"} <= set(strange(page, set()))
