"""The app for people and programs behind `admin`: pages, API, readiness and figures, behind tokens and their roles.

Every answer, a refusal too, says what a browser may do with it: run our own script and style and nothing else, show it
in no frame, tell nobody else where it came from, keep nothing that isn't a static file.
"""

from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web

from gateway.engine.explaining import Explaining
from gateway.engine.gateway import Gateway
from gateway.engine.operate import Operating
from gateway.kernel.ports import Clock
from gateway.web.api.api import api_routes
from gateway.web.api.operation import Desk
from gateway.web.api.problem import failing as failing_in_json
from gateway.web.auth import GUARD, Guard, is_for_programs
from gateway.web.counted import Counted
from gateway.web.hosts import Hosts
from gateway.web.live.feed import FEED, Feed
from gateway.web.live.shared import Shared
from gateway.web.live.stream import Stream
from gateway.web.pages import page_routes
from gateway.web.pages.looks import the_looks
from gateway.web.pages.page import Frame
from gateway.web.pages.signing_in import SigningIn
from gateway.web.pages.static import Static
from gateway.web.replies import SERVER, failures_told
from gateway.web.routes import ROUTES, Routes
from gateway.web.servers import SERVING, Serving

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: by that browsers hide from ourselves, too, that a form is ours, and send `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def admin_app(
    gateway: Gateway, clock: Clock, token: str, *, hosts: Sequence[str] = (), tokens: Mapping[str, str] | None = None
) -> web.Application:
    """The app. `token` is the admin's own, beside those that are kept. `hosts`: names, with their ports, by which
    people reach it beside its own address and this machine. `tokens`: of endpoints, each for what that endpoint has
    missed and nothing else; an empty one opens nothing.

    Raises ValueError for an empty token.
    """
    counted, looks, serving, feed = Counted(gateway), the_looks(), Serving(), Feed(gateway)
    explaining = Explaining(gateway.world.store, gateway.world.spawn)
    frame = Frame(gateway, clock, looks, Shared(clock, gateway.world.store, feed), explaining)
    guard = Guard(gateway.world, token, serving, Hosts(serving, hosts), tokens)
    desk = Desk(gateway, clock, counted, explaining, Operating(gateway), Stream(feed, clock, guard).stream)
    routes = Routes(
        SigningIn(frame, guard).routes(),
        page_routes(frame, counted),
        Static(looks).routes(),
        api_routes(desk),
    )

    def failing(request: web.Request, status: int, why: str) -> web.Response:
        if is_for_programs(request):
            return failing_in_json(request, status, why)
        return frame.failing(request, status, f"{why[:1].upper()}{why[1:]}.")

    app = web.Application(middlewares=[failures_told(gateway.world.log, failing), guard.middleware(routes, failing)])
    app[SERVING], app[FEED] = serving, feed
    app[GUARD], app[ROUTES] = guard, routes
    app.on_response_prepare.append(_add_headers)
    serving.at_stop.append(feed.close)
    routes.add_to(app.router)
    return app


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    # When the head of an answer is about to be sent, and not after its handler: a stream's would be on its way by then.
    response.headers.update(HEADERS)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers[hdrs.SERVER] = SERVER
