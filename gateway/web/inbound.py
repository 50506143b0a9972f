"""What vendors reach: `POST /in/{connector}` and `GET /healthz`, and nothing else.

Laws. Who posts to no connector of ours is told so before a byte of the body is read, as is a body that is too long. The
answer comes from the engine, which says 2xx only after its commit. Every refusal is JSON. Bodies are never logged.
"""

from aiohttp import hdrs, web

from gateway.engine.gateway import Gateway
from gateway.kernel.metrics import request_outcome
from gateway.kernel.ports import Clock
from gateway.plugin import Request
from gateway.web.bodies import READ_TIMEOUT_S, BodyRefused, check_head, read_body, refusal
from gateway.web.replies import closing, failures_told, json_response, told
from gateway.web.servers import SERVING, Serving

UNDER_WAY_MAX = 512
"""Requests whose bodies are in memory at a time; more are asked to come back."""

RETRY_AFTER_S = 5


def inbound_app(
    gateway: Gateway, clock: Clock, body_limit: int, *, read_timeout_s: float = READ_TIMEOUT_S
) -> web.Application:
    """The app behind `listen`. A body may have `body_limit` bytes and take `read_timeout_s` seconds."""
    app = web.Application(middlewares=[failures_told(gateway.world.log, lambda _, status, why: told(status, why))])
    serving = app[SERVING] = Serving()
    door = _Door(gateway, clock, body_limit, read_timeout_s, serving)
    app.router.add_post("/in/{connector}", door.post, expect_handler=door.expect)
    app.router.add_get("/healthz", door.health)
    return app


class _Door:
    """The handlers, and how many requests are under way."""

    def __init__(
        self, gateway: Gateway, clock: Clock, body_limit: int, read_timeout_s: float, serving: Serving
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._body_limit = body_limit
        self._read_timeout_s = read_timeout_s
        self._serving = serving
        self._under_way = 0

    async def health(self, request: web.Request) -> web.Response:
        """Whether requests are taken."""
        if self._serving.accepting:
            return json_response({"status": "ok"})
        return told(503, "the gateway is starting or stopping", RETRY_AFTER_S)

    async def expect(self, request: web.Request) -> web.StreamResponse | None:
        """Ask for the body of a sender that waits to be asked, unless its head is reason enough to refuse."""
        if (refused := self._refused(request)) is not None:
            return refused
        if request.headers[hdrs.EXPECT].lower() != "100-continue":
            return closing(told(417, "the only Expect that is met here is 100-continue"))
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # this line is no part of the answer that follows
        return None

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Hand a vendor's request to the engine, and its answer back."""
        if (refused := self._refused(request)) is not None:
            self._count(request, refused.status)
            return refused
        self._under_way += 1
        try:
            body = await read_body(request, self._body_limit, self._read_timeout_s)
            answer = await self._gateway.receive(request.match_info["connector"], self._request(request, body))
        except BodyRefused as error:
            self._count(request, error.status)
            return refusal(error)
        finally:
            self._under_way -= 1
        if answer is None:
            return _unknown()
        self._count(request, answer.status)
        headers = {hdrs.CONTENT_TYPE: answer.content_type}
        if answer.retry_after_s is not None:
            headers[hdrs.RETRY_AFTER] = str(answer.retry_after_s)
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    def _count(self, request: web.Request, status: int) -> None:
        """Count a request to a connector that there is by what it was told: the labels are the configuration's."""
        connector = request.match_info["connector"]
        if connector in self._gateway.links:
            self._gateway.world.meters.requests.add(connector, request_outcome(status))

    def _refused(self, request: web.Request) -> web.Response | None:
        """The answer to a request whose body is not worth reading; None for one that is."""
        if not self._serving.accepting:
            return closing(told(503, "the gateway is starting or stopping; send it again", RETRY_AFTER_S))
        if request.match_info["connector"] not in self._gateway.links:
            return closing(_unknown())
        try:
            check_head(request, self._body_limit)
        except BodyRefused as error:
            return refusal(error)
        if self._under_way >= UNDER_WAY_MAX:
            return closing(told(503, "too many requests are under way; send it again", RETRY_AFTER_S))
        return None

    def _request(self, request: web.Request, body: bytes) -> Request:
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            lower = name.lower()
            headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
        return Request(
            method=request.method,
            headers=headers,
            query={name: request.query[name] for name in request.query},
            body=body,
            received_at=self._clock.now(),
        )


def _unknown() -> web.Response:
    return told(404, "no such connector is configured here")
