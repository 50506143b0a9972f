"""The stylesheet and the scripts, each under an address that says its content: kept for ever by whoever has it.

They tell nothing of anybody, so they need no token: the page for signing in has its style.
"""

from collections.abc import Iterator

from aiohttp import hdrs, web

from gateway.web.pages.looks import Looks
from gateway.web.routes import Route

FOR_EVER = "private, max-age=31536000, immutable"


class Static:
    """The handler."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def routes(self) -> Iterator[Route]:
        """The one address."""
        yield Route("GET", "/static/{content}/{name}", self.file, "anyone")

    async def file(self, request: web.Request) -> web.Response:
        """A file, under its own address only."""
        name = request.match_info["name"]
        file = self._looks.file(name)
        if file is None or request.path != self._looks.address(name):
            raise web.HTTPNotFound
        content, type = file
        return web.Response(body=content, headers={hdrs.CONTENT_TYPE: type, hdrs.CACHE_CONTROL: FOR_EVER})
