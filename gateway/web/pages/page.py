"""What a page is: it reads one thing, shows it by a template, and has a twin that says the same as JSON.

A page is read whole, or only its live part: by the script that keeps it up to date, which asks for the same address
with `HX-Request`. Both come from one template, whose block `live` is that part. It is the same for everybody of one
role and zone, and says nothing that changes by time alone: `<time data-at>` is counted on by the script.

A template begins with `{% extends layout %}` and has the blocks `title` and `live`; it may have `styles` (its own
stylesheets), `about` (the id of the one contact that it is about: changes of others don't concern it) and `every`
(seconds after which it is asked for anyway). `viewer`, `now`, `gateway`, `role` and `risk_min` are there beside what
was read.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from gateway.engine.explaining import Explaining
from gateway.engine.gateway import Gateway
from gateway.engine.standing import standing
from gateway.kernel.ports import Clock
from gateway.web.api.problem import failing as failing_in_json
from gateway.web.asked import BadQuestion
from gateway.web.auth import SIGN_IN, WHO
from gateway.web.live.shared import Shared
from gateway.web.pages.looks import Looks
from gateway.web.replies import json_response
from gateway.web.routes import Role, Route
from gateway.web.viewer import viewer_of

LIVE = "HX-Request"
"""The header of a request for the live part alone."""

WHOLE = "HX-Request-Type"
"""The header by which such a request asks for the whole page all the same: `full`."""

Read = Callable[[web.Request], Awaitable[Mapping[str, Any]]]
"""Reads what the template needs. Raises BadQuestion, Missing or Elsewhere."""


class Missing(Exception):
    """What a page is asked for isn't there; the message says what to do."""


class Elsewhere(Exception):
    """What a page is asked for has another address, `to`, on this gateway."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `twin` makes of what was read the plain values of `path` with `.json`; times in RFC 3339."""

    path: str
    template: str
    read: Read
    twin: Callable[[Mapping[str, Any]], object]
    role: Role = "viewer"
    shared: bool = True
    """Whether the live part is the same for all of one role and zone who ask for the same address: nothing of the
    viewer, colours and shortcuts among it, is in it but these."""

    @property
    def twin_path(self) -> str:
        """Where the same is as JSON."""
        return "/board.json" if self.path == "/" else f"{self.path}.json"


class Frame:
    """What all pages have around them, and how one is answered."""

    def __init__(self, gateway: Gateway, clock: Clock, looks: Looks, shared: Shared, explaining: Explaining) -> None:
        self.gateway = gateway
        self.clock = clock
        self.explaining = explaining
        self._looks = looks
        self._shared = shared

    def routes(self, page: Page) -> Iterator[Route]:
        """A page's two addresses; the twin first, since a page's address may end in any word."""

        async def twin(request: web.Request) -> web.Response:
            try:
                return json_response(page.twin(await page.read(request)))
            except BadQuestion as error:
                return failing_in_json(request, 400, str(error))
            except Missing as error:
                return failing_in_json(request, 404, str(error))
            except Elsewhere as error:
                return _led(request, f"{error.to}.json")

        async def whole(request: web.Request) -> web.Response:
            try:
                return await self._answered(request, page)
            except BadQuestion as error:
                return self.failing(request, 400, f"{error}.")
            except Missing as error:
                return self.failing(request, 404, f"{error}.")
            except Elsewhere as error:
                return _led(request, error.to)

        yield Route("GET", page.twin_path, twin, page.role)
        yield Route("GET", page.path, whole, page.role)

    async def page(self, request: web.Request, template: str, shown: Mapping[str, Any]) -> web.Response:
        """A page of what was read, or its live part: for who has asked it and nobody else."""
        return _html(await self._made(request, template, shown, "live.html" if _is_live(request) else "base.html"))

    async def _answered(self, request: web.Request, page: Page) -> web.Response:
        if not (page.shared and _is_live(request)):
            return await self.page(request, page.template, await page.read(request))

        async def made() -> str:
            return await self._made(request, page.template, await page.read(request), "live.html")

        # One rendering for all who look at the same: what it shows depends on this and nothing else.
        asked = (request.rel_url.raw_path_qs, viewer_of(request.cookies).zone, _role(request))
        return _html(await self._shared.answer(asked, made))

    async def _made(self, request: web.Request, template: str, shown: Mapping[str, Any], layout: str) -> str:
        stands = await standing(self.gateway.bench.policies, self.gateway.world.store, self.clock.now())
        return self._filled(request, template, standing=stands, layout=layout, who=request.get(WHO), **shown)

    def alone(self, request: web.Request, template: str, status: int, **shown: Any) -> web.Response:
        """A page of its own, with nothing around it."""
        return _html(self._filled(request, template, **shown), status)

    def failing(self, request: web.Request, status: int, why: str) -> web.Response:
        """The page of a request that failed."""
        # A link from elsewhere comes without the cookie, which is for our own pages: from this one it comes with it.
        again = status == 401 and request.headers.get("Sec-Fetch-Site") == "cross-site"
        return self.alone(request, "failed.html", status, code=status, why=why, again=again, sign_in=SIGN_IN)

    def _filled(self, request: web.Request, template: str, **values: Any) -> str:
        own = {
            "now": self.clock.now(),
            "gateway": self.gateway.bench.source,
            "viewer": viewer_of(request.cookies),
            "role": _role(request),
        }
        return self._looks.page(template, **{**own, **values})


def _is_live(request: web.Request) -> bool:
    return request.headers.get(LIVE) == "true" and request.headers.get(WHOLE) != "full"


def _role(request: web.Request) -> Role:
    """The role of who asks; of a request that nobody has proved, the least."""
    who = request.get(WHO)
    return "anyone" if who is None else who.role


def _html(text: str, status: int = 200) -> web.Response:
    response = web.Response(status=status, text=text, content_type="text/html")
    response.headers[hdrs.VARY] = LIVE
    return response


def _led(request: web.Request, to: str) -> web.Response:
    """On to another path, with the same query."""
    query = request.rel_url.raw_query_string
    return web.Response(status=303, headers={hdrs.LOCATION: f"{to}?{query}" if query else to})
