"""The transport under the connector's HTTP client while the kit runs: it counts, reaches loopback only, and spoils
answers on demand, so that every connector meets the same faults without work of its simulator's."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

import httpx2

from gateway.kernel.ports import Clock
from gateway.kernel.reach import Reach
from gateway.kernel.vendor_transport import GuardedTransport

LOOPBACK: Final = Reach((ip_network("127.0.0.0/8"), ip_network("::1/128")))
"""All that may be reached."""

Twist = Callable[[bytes, str], bytes]
"""What becomes of the body of a true answer; with the address that was asked for."""

Fault = Callable[[httpx2.Request], httpx2.Response | None]
"""What happens to a request instead: an answer, an error of httpx2's, or (None) what would have happened anyway."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was sent: when, by the story's clock, and what was answered (0: nothing)."""

    at_s: float
    method: str
    host: str
    path: str
    status: int


@dataclass(slots=True)
class KitTransport(httpx2.AsyncBaseTransport):
    """Loopback, with faults. `spared` are URLs to which no fault applies: those of tokens."""

    clock: Clock
    spared: frozenset[str] = frozenset()
    fault: Fault | None = None
    twist: Twist | None = None
    asked: list[Asked] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    """Every credential that was sent."""

    _inner: GuardedTransport = field(default_factory=lambda: GuardedTransport(LOOPBACK))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Note the request, and answer it by the fault that is on, or by whom it is for."""
        self.tokens.add(request.headers.get("authorization", "").rpartition(" ")[2])
        status = 0
        try:
            answer = self._spoilt(request)
            if answer is None:
                answer = await self._true(request)
            status = answer.status_code
            return answer
        finally:
            path = request.url.path
            self.asked.append(Asked(self.clock.monotonic(), request.method, request.url.host, path, status))

    async def _true(self, request: httpx2.Request) -> httpx2.Response:
        """What whom it is for answers, twisted if that is on."""
        answer = await self._inner.handle_async_request(request)
        if self.twist is None or str(request.url.copy_with(query=None)) in self.spared:
            return answer
        body = self.twist(b"".join([chunk async for chunk in answer.aiter_raw()]), str(request.url))
        await answer.aclose()
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        return httpx2.Response(answer.status_code, headers=headers, stream=_Body(body), request=request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()

    def _spoilt(self, request: httpx2.Request) -> httpx2.Response | None:
        if self.fault is None or str(request.url.copy_with(query=None)) in self.spared:
            return None
        return self.fault(request)


def answer(status: int, body: bytes = b'{"error":"kit"}', **headers: str) -> Fault:
    """Every request is answered so. An underscore in a header's name is a hyphen."""
    named = {"content-type": "application/json", **{name.replace("_", "-"): told for name, told in headers.items()}}
    return lambda request: httpx2.Response(status, headers=named, stream=_Body(body), request=request)


def no_answer(error: type[httpx2.TransportError]) -> Fault:
    """Every request ends so."""

    def fail(request: httpx2.Request) -> httpx2.Response | None:
        raise error("by the kit", request=request)

    return fail


def cut_off() -> Fault:
    """Every answer breaks off in its middle."""
    headers = {"content-type": "application/json"}
    return lambda request: httpx2.Response(200, headers=headers, stream=_Body(b'{"', whole=False), request=request)


class _Body(httpx2.AsyncByteStream):
    """The bytes of an answer, and its end, if it has one."""

    def __init__(self, body: bytes, *, whole: bool = True) -> None:
        self._body = body
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        if not self._whole:
            raise httpx2.RemoteProtocolError("peer closed connection without sending complete message body")
