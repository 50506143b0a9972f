"""What vendors reach: `POST /in/{connector}` and `GET /healthz`, and nothing else.

Laws. Who posts to no connector of ours is told so before a byte of the body is read, as is a body that is too long. The
answer comes from the engine, which says 2xx only after its commit. Every refusal is JSON. Bodies are never logged.
Two routes need no router: a request that is fine passes here in a few steps, and only then are the others told apart.
"""

from collections.abc import Mapping

from aiohttp import hdrs, web

from gateway.engine.gateway import Gateway
from gateway.engine.receive import Answer
from gateway.kernel.metrics import request_outcome
from gateway.kernel.ports import Clock
from gateway.plugin import Request
from gateway.web.bodies import READ_TIMEOUT_S, Bodies, BodyRefused, check_coding, check_length, refusal
from gateway.web.replies import JSON, RETRY_AFTER_S, SENT, SERVER, Heads, closing, json_response, told
from gateway.web.servers import Serving

UNDER_WAY_MAX = 512
"""Requests whose bodies have come and that are answered at a time; more are asked to come back."""

_ACCEPTED = 202
_IN = "/in/"
_ROUTE = "/in/{connector}"
_HEALTH = "/healthz"


def inbound_app(gateway: Gateway, clock: Clock, body_limit: int, *, read_timeout_s: float = READ_TIMEOUT_S) -> "Door":
    """The app behind `listen`. A body may have `body_limit` bytes and take `read_timeout_s` seconds."""
    return Door(gateway, clock, body_limit, read_timeout_s)


class Door:
    """Answers every request that comes to `listen`; `serving` says where that is, and whether requests are taken."""

    def __init__(self, gateway: Gateway, clock: Clock, body_limit: int, read_timeout_s: float) -> None:
        self.serving = Serving()
        self._gateway = gateway
        self._clock = clock
        self._body_limit = body_limit
        self._bodies = Bodies(body_limit, read_timeout_s)
        self._heads = Heads()
        self._under_way = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """No failure leaves without an answer in JSON, none of ours without a log."""
        path = request.raw_path
        if not (path.startswith(_IN) and path[len(_IN) :] in self._gateway.links):
            path = request.path
        try:
            response = await self._answer(request, path)
        except ConnectionError:
            raise  # nobody is there to be told
        except Exception:  # one request's failure is its own: it is logged without its content, the server goes on
            self._gateway.world.log.exception("request_failed", route=_ROUTE if path.startswith(_IN) else _HEALTH)
            response = closing(told(500, "the gateway failed on this request; its log says why"))
        if (connector := path[len(_IN) :]) in self._gateway.links:
            outcome = "accepted" if response is SENT else request_outcome(response.status)
            self._gateway.world.meters.requests.add(connector, outcome)
        if response is not SENT:
            response.headers[hdrs.SERVER] = SERVER
        return response

    async def _answer(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        connector = path[len(_IN) :] if path.startswith(_IN) else ""
        if connector and "/" not in connector:
            if request.method == hdrs.METH_POST:
                return await self._post(request, connector)
            return _not_allowed(hdrs.METH_POST)
        if path == _HEALTH:
            if request.method in (hdrs.METH_GET, hdrs.METH_HEAD):
                return self._health()
            return _not_allowed("GET,HEAD")
        return closing(told(404, "Not Found"))

    def _health(self) -> web.Response:
        """Whether requests are taken."""
        if self.serving.accepting:
            return json_response({"status": "ok"})
        return told(503, "the gateway is starting or stopping", RETRY_AFTER_S)

    async def _post(self, request: web.BaseRequest, connector: str) -> web.StreamResponse:
        """Hand a vendor's request to the engine, and its answer back."""
        headers = _headers(request)
        try:
            if (refused := self._refused(connector, headers)) is not None:
                return refused
            if hdrs.EXPECT in request.headers and (refused := await _expected(request, headers)) is not None:
                return refused
            body = self._bodies.at_hand(request)
            if body is None:
                body = await self._bodies.read(request)
        except BodyRefused as error:
            return refusal(error)
        if self._under_way >= UNDER_WAY_MAX:
            return closing(told(503, "too many requests are under way; send it again", RETRY_AFTER_S))
        self._under_way += 1
        try:
            at = self._clock.now()
            query = {} if "?" not in request.raw_path else _query(request)
            answer = await self._gateway.receive(connector, Request("POST", headers, query, body, at))
        finally:
            self._under_way -= 1
        if answer is None:
            return _unknown()
        return await self._told(request, answer)

    async def _told(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        plain = answer.status == _ACCEPTED and answer.content_type == JSON
        if plain and request.keep_alive and request.version >= (1, 1):
            await request.writer.write(self._heads.accepted(self._clock.now(), answer.body))
            return SENT
        headers = {hdrs.CONTENT_TYPE: answer.content_type}
        if answer.retry_after_s is not None:
            headers[hdrs.RETRY_AFTER] = str(answer.retry_after_s)
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    def _refused(self, connector: str, headers: Mapping[str, str]) -> web.Response | None:
        """The answer to a request whose body is not worth reading; None for one that is. Raises BodyRefused."""
        if not self.serving.accepting:
            return closing(told(503, "the gateway is starting or stopping; send it again", RETRY_AFTER_S))
        if connector not in self._gateway.links:
            return closing(_unknown())
        check_length(headers.get("content-length"), self._body_limit)
        check_coding(headers.get("content-encoding"))
        if self._under_way >= UNDER_WAY_MAX:
            return closing(told(503, "too many requests are under way; send it again", RETRY_AFTER_S))
        return None


async def _expected(request: web.BaseRequest, headers: Mapping[str, str]) -> web.Response | None:
    """Ask for the body of a sender that waits to be asked."""
    if headers["expect"].lower() != "100-continue":
        return closing(told(417, "the only Expect that is met here is 100-continue"))
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # this line is no part of the answer that follows
    return None


def _headers(request: web.BaseRequest) -> dict[str, str]:
    """Names in lower case; the values of equal ones are joined."""
    given = request.headers
    headers = {name.lower(): value for name, value in given.items()}
    if len(headers) == len(given):
        return headers
    headers.clear()
    for name, value in given.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return headers


def _query(request: web.BaseRequest) -> dict[str, str]:
    """The first value of each name."""
    return {name: request.query[name] for name in request.query}


def _not_allowed(methods: str) -> web.Response:
    refused = closing(told(405, "Method Not Allowed"))
    refused.headers[hdrs.ALLOW] = methods
    return refused


def _unknown() -> web.Response:
    return told(404, "no such connector is configured here")
