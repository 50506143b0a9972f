"""What a viewer chose, and times on the wall of a zone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.access import new_token, row_of
from gateway.kernel.rng import SeededRng
from gateway.model.instant import parse_instant
from gateway.web.admin import admin_app
from gateway.web.pages.forms import BYTES_MAX, FORM
from gateway.web.routes import ROUTES
from gateway.web.viewer import Viewer, offset_words, viewer_of, wall_day, wall_time, wall_words, zones
from tests.web.raw import Reply, ask, served
from tests.web.test_pages import Page
from tests.web.worlds import NOW, TOKEN, Whole, opened, run

SUMMER = parse_instant("2026-07-01T22:30:59.999Z")


def test_times_are_told_in_the_zone_of_the_viewer() -> None:
    """Summer and winter, half hours and other days; the same instant everywhere."""
    assert wall_words(NOW, "Europe/Berlin") == "2026-03-02 10:00:00"
    assert wall_words(SUMMER, "Europe/Berlin") == "2026-07-02 00:30:59"
    assert (wall_day(SUMMER, "UTC"), wall_day(SUMMER, "Asia/Tokyo")) == ("2026-07-01", "2026-07-02")
    assert (wall_time(NOW, "Asia/Kolkata"), wall_time(SUMMER, "UTC")) == ("14:30", "22:30")
    assert [offset_words(at, "Europe/Berlin") for at in (NOW, SUMMER)] == ["UTC+1", "UTC+2"]
    assert [offset_words(NOW, zone) for zone in ("UTC", "Asia/Kolkata", "America/St_Johns")] == [
        "UTC",
        "UTC+5:30",
        "UTC-3:30",
    ]


@given(st.dictionaries(st.sampled_from(["orion_theme", "orion_zone", "orion_keys"]), st.text()))
def test_a_cookie_that_says_something_else_is_left_aside(cookies: dict[str, str]) -> None:
    """Whatever a cookie says, the viewer is one that pages can be made for."""
    viewer = viewer_of(cookies)

    assert viewer.zone in zones()
    assert viewer.theme in ("auto", "light", "dark")


def test_a_choice_is_read_from_cookies() -> None:
    """Zone, colours, shortcuts; without cookies UTC, the system's colours, and shortcuts."""
    chosen = {"orion_theme": "dark", "orion_zone": "Europe/Berlin", "orion_keys": "off"}

    assert viewer_of(chosen) == Viewer("Europe/Berlin", "dark", keys=False, zone_chosen=True)
    assert viewer_of({}) == Viewer("UTC", "auto", keys=True, zone_chosen=False)
    assert zones()[0] == "UTC"
    assert "Europe/Berlin" in zones()


async def settings(whole: Whole, method: str, form: str = "", **headers: str) -> Reply:
    """The answer of the page of settings."""
    async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
        if form:
            headers["content_type"] = FORM
        return await ask(port, method, "/settings", form.encode(), authorization=f"Bearer {TOKEN}", **headers)


def test_settings_are_kept_by_a_form() -> None:
    """Three cookies that the script can read, and back to the page, which shows what was chosen."""

    async def work(whole: Whole) -> None:
        saved = await settings(whole, "POST", "theme=dark&zone=Europe%2FBerlin")
        cookies = "orion_theme=dark; orion_zone=Europe/Berlin; orion_keys=off"
        page = Page((await settings(whole, "GET", cookie=cookies)).body.decode())

        assert (saved.status, saved.headers["location"]) == (303, "/settings")
        assert page.all("html")[0]["data-theme"] == "dark"
        assert page.all("body")[0]["data-keys"] == "off"
        assert "times in Europe/Berlin" in " ".join(page.text.split())
        (theme,) = [box["value"] for box in page.all("input") if "checked" in box]
        assert theme == "dark"

    run(work)


@pytest.mark.parametrize("body", ["", "theme=pink&zone=UTC", "theme=dark&zone=Mars%2FBase", "a=b&" * 11, "theme=\xff"])
def test_a_form_that_is_not_ours_is_refused(body: str) -> None:
    """400 with what can be chosen, and nothing is kept."""

    async def work(whole: Whole) -> None:
        refused = await settings(whole, "POST", body)

        assert refused.status == 400
        assert "set-cookie" not in refused.headers

    run(work)


def test_a_long_form_is_not_read() -> None:
    """413, and the connection ends."""

    async def work(whole: Whole) -> None:
        assert (await settings(whole, "POST", "a" * (BYTES_MAX + 1))).status == 413

    run(work)


def test_what_one_viewer_gets_has_nothing_of_another() -> None:
    """Who asks for any live part right after somebody of the same role gets what they get alone, and not the other's
    colours, shortcuts or name."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW))
        await whole.judge()
        token = new_token(SeededRng(1))
        await whole.store.add_access(row_of(token, "other", "admin", created_at=NOW, created_by="me"))
        first = {"authorization": f"Bearer {token}", "cookie": "orion_theme=dark; orion_keys=off"}
        second = {"authorization": f"Bearer {TOKEN}", "cookie": "orion_theme=light"}

        async def live(asked: list[dict[str, str]]) -> dict[str, bytes]:
            app = admin_app(whole.gateway, whole.clock, TOKEN)
            known = {route.path for route in app[ROUTES] if "{" not in route.path}
            paths = [path for path in known if f"{path}.json" in known] + ["/"]
            async with served(app) as port:
                for headers in asked:
                    told = {
                        path: (await ask(port, "GET", path, b"", hx_request="true", **headers)).body for path in paths
                    }
            return told

        alone = await live([second])

        assert {"/", "/settings", "/queues", "/policy"} <= set(alone)
        assert await live([first, second]) == alone

    run(work)
