"""The page on which a viewer chooses how pages look; it keeps the choice in cookies of the browser, nowhere else."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import hdrs, web

from gateway.web.asked import only
from gateway.web.pages.forms import BadForm, Forms
from gateway.web.pages.page import Frame, Page
from gateway.web.replies import closing
from gateway.web.routes import Route
from gateway.web.viewer import KEYS_COOKIE, THEME_COOKIE, THEMES, ZONE_COOKIE, viewer_of, zones

YEAR_S = 365 * 24 * 3600


class SettingsPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._forms = Forms()
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
            given = await self._forms.read(request)
        except BadForm as bad:
            return closing(self._frame.failing(request, bad.status, f"{bad}."))
        if given.get("theme") not in THEMES or given.get("zone") not in zones():
            why = f"Theme is one of {', '.join(THEMES)}, and zone a name such as Europe/Berlin."
            return self._frame.failing(request, 400, why)
        response = web.Response(status=303, headers={hdrs.LOCATION: "/settings"})
        keys = "on" if given.get("keys") == "on" else "off"
        for name, value in ((THEME_COOKIE, given["theme"]), (ZONE_COOKIE, given["zone"]), (KEYS_COOKIE, keys)):
            # Not HttpOnly: the script sets the same cookies. They open nothing.
            response.set_cookie(name, value, path="/", max_age=YEAR_S, samesite="Strict")
        return response
