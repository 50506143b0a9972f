"""Answers in JSON, and the boundary behind which whatever goes wrong becomes one."""

from collections.abc import Awaitable, Callable
from email.utils import formatdate

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.typedefs import Middleware

from gateway.kernel.store import StoreBusy, StoreFull, StoreUnusable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Failing = Callable[[web.Request, int, str], web.Response]
"""Makes the answer to a request that failed, of status and reason."""

SERVER = "orion-gateway"
STORE_REFUSED = "the database can't take it or tell it now; the gateway's log says why"
RETRY_AFTER_S = 5
"""After so long whoever was refused for lack of room may ask again."""

JSON = "application/json"


def json_response(value: object, *, status: int = 200, retry_after_s: int | None = None) -> web.Response:
    """An answer in JSON."""
    headers = {} if retry_after_s is None else {hdrs.RETRY_AFTER: str(retry_after_s)}
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type=JSON, headers=headers)


def told(status: int, why: str, retry_after_s: int | None = None) -> web.Response:
    """An answer `{"error": why}`."""
    return json_response({"error": why}, status=status, retry_after_s=retry_after_s)


def closing(response: web.Response) -> web.Response:
    """The answer, and the end of its connection: for requests whose body stays unread."""
    response.force_close()
    return response


class _Sent(web.StreamResponse):
    """Stands for an answer that its handler has written whole; the connection goes on."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Nothing is left to be written."""
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be written."""

    @property
    def keep_alive(self) -> bool:
        """The answer said nothing of an end."""
        return True


SENT = _Sent()


class Heads:
    """Whole answers to what is accepted, as bytes: the library makes each from a dozen parts, which takes a tenth of
    all the time that a request takes. For HTTP/1.1 and connections that go on."""

    def __init__(self) -> None:
        self._second = 0
        self._head = b""

    def accepted(self, now: int, body: bytes) -> bytes:
        """An answer 202 in JSON, made at this instant."""
        second = now // 1000
        if second != self._second:
            self._second = second
            self._head = (
                f"HTTP/1.1 202 Accepted\r\nContent-Type: {JSON}\r\n"
                f"Date: {formatdate(second, usegmt=True)}\r\nServer: {SERVER}\r\nContent-Length: "
            ).encode()
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)


def failures_told(log: structlog.typing.FilteringBoundLogger, failing: Failing) -> Middleware:
    """The outermost middleware: no failure leaves without an answer made by `failing`, none of ours without a log."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = closing(failing(request, error.status, error.reason))
            if hdrs.ALLOW in error.headers:
                response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        except ConnectionError:
            raise  # nobody is there to be told
        except (StoreFull, StoreBusy, StoreUnusable) as error:
            log.error("request_refused_by_store", route=_route(request), why=f"{type(error).__name__}: {error}")
            response = closing(failing(request, 503, STORE_REFUSED))
            response.headers[hdrs.RETRY_AFTER] = str(RETRY_AFTER_S)
        except Exception:  # one request's failure is its own: it is logged without its content, the server goes on
            log.exception("request_failed", route=_route(request))
            response = closing(failing(request, 500, "the gateway failed on this request; its log says why"))
        response.headers[hdrs.SERVER] = SERVER
        return response

    return middleware


def _route(request: web.Request) -> str | None:
    resource = request.match_info.route.resource
    return resource.canonical if resource else None
