"""The page on which a viewer chooses how pages look; it keeps the choice in cookies of the browser, nowhere else."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from gateway.web.asked import BadQuestion, only
from gateway.web.bodies import Bodies, BodyRefused
from gateway.web.pages.page import Frame, Page
from gateway.web.replies import closing
from gateway.web.routes import Route
from gateway.web.viewer import KEYS_COOKIE, THEME_COOKIE, THEMES, ZONE_COOKIE, viewer_of, zones

BODY_MAX = 1_000
"""Bytes of a form."""

YEAR_S = 365 * 24 * 3600


class SettingsPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._bodies = Bodies(BODY_MAX)
        self.pages = (Page("/settings", "settings.html", self.read, self.twin, shared=False),)

    def routes(self) -> Iterator[Route]:
        """Where the form goes."""
        yield Route("POST", "/settings", self.save, "viewer")

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """What can be chosen."""
        only(request)
        return {"zones": zones(), "chosen": viewer_of(request.cookies)}

    def twin(self, read: Mapping[str, Any]) -> object:
        """What is chosen."""
        chosen = read["chosen"]
        return {"zone": chosen.zone, "theme": chosen.theme, "shortcuts": chosen.keys}

    async def save(self, request: web.Request) -> web.Response:
        """Keep a choice, and show the page again."""
        try:
            given = _form(await self._bodies.read(request))
        except BodyRefused as refused:
            return closing(self._frame.failing(request, refused.status, f"{refused.why}."))
        except BadQuestion as error:
            return self._frame.failing(request, 400, f"{error}.")
        response = web.Response(status=303, headers={hdrs.LOCATION: "/settings"})
        keys = "on" if given.get("keys") == "on" else "off"
        for name, value in ((THEME_COOKIE, given["theme"]), (ZONE_COOKIE, given["zone"]), (KEYS_COOKIE, keys)):
            # Not HttpOnly: the script sets the same cookies. They open nothing.
            response.set_cookie(name, value, path="/", max_age=YEAR_S, samesite="Strict")
        return response


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises BadQuestion."""
    try:
        given = dict(parse_qsl(body.decode("ascii"), max_num_fields=10, errors="strict"))
    except ValueError:
        raise BadQuestion("this is no form of this page") from None
    if given.get("theme") not in THEMES or given.get("zone") not in zones():
        raise BadQuestion(f"theme is one of {', '.join(THEMES)}, and zone a name such as Europe/Berlin")
    return given
