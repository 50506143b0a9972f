"""HTTP servers, started and stopped: the same helper for what vendors reach and for what people look at.

Laws. Nothing is logged of a request: neither its line, which may hold a token, nor its headers or body. Stopping takes
no new requests, lets those under way finish, and closes connections that only wait.
"""

import asyncio
import errno
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

KEEP_ALIVE_S = 75.0
LINGERING_S = 2.0
"""What a refused sender still sends is read and thrown away for so long, so that it gets to see the answer."""

CONNECTIONS_MAX = 2_000
"""Connections of one server at a time; more are closed at once."""

BACKLOG = 512

TURNS = 8
"""Turns of the loop from taking a connection to its waiting for a request, and some more."""

CUT_OFF_S = 0.1
"""How long the cutting off of what outlasts its grace may take."""


class PortTaken(OSError):
    """Something else listens on this address already."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            errno.EADDRINUSE,
            f"{host}:{port} is in use: stop what listens there, or choose another port in the configuration",
        )
        self.host = host
        self.port = port

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(slots=True)
class Serving:
    """Where an app is served, and whether it takes requests: false before the start and from the stop on."""

    host: str = ""
    port: int = 0
    accepting: bool = False
    at_stop: list[Callable[[], None]] = field(default_factory=list)
    """Called at the beginning of the stop: what goes on until it is told to end, ends."""


SERVING = web.AppKey("serving", Serving)
"""An app that has this key is told where it is served."""


class Handler(Protocol):
    """Answers every request of a server by itself, without a router."""

    serving: Serving

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer."""
        ...


class _NotTheirWords(logging.Filter):
    """Drops what the HTTP library says of malformed requests: it quotes them, and anybody can send a million."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not isinstance(error, HttpProcessingError)


_log = logging.getLogger("gateway.web.http")
_log.addFilter(_NotTheirWords())


class _Refusal(asyncio.Protocol):
    """Closes a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@dataclass(slots=True)
class _Server:
    """One app on one address."""

    runner: web.AppRunner | web.ServerRunner
    http: web.Server
    sockets: asyncio.Server
    serving: Serving

    async def stop(self, grace_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.http.shutdown(grace_s)
        await self.runner.cleanup()


class Servers:
    """The servers of one process."""

    def __init__(self) -> None:
        self._running: list[_Server] = []

    async def start(self, app: web.Application | Handler, host: str, port: int) -> int:
        """Serve an app; returns the port, which matters where 0 was asked for. Raises PortTaken."""
        runner = _runner(app)
        await runner.setup()
        http = cast(web.Server, runner.server)  # `setup` has made it

        def protocol() -> asyncio.BaseProtocol:
            return http() if len(http.connections) < CONNECTIONS_MAX else _Refusal()

        try:
            sockets = await asyncio.get_running_loop().create_server(protocol, host, port, backlog=BACKLOG)
        except OSError as error:
            await runner.cleanup()
            raise PortTaken(host, port) if error.errno == errno.EADDRINUSE else error from None
        actual: int = sockets.sockets[0].getsockname()[1]
        serving = (app.get(SERVING) or Serving()) if isinstance(app, web.Application) else app.serving
        serving.host, serving.port, serving.accepting = host, actual, True
        self._running.append(_Server(runner, http, sockets, serving))
        return actual

    async def stop(self, grace_s: float) -> None:
        """Stop every server: what is under way may take `grace_s` seconds more, then it is cut off."""
        servers, self._running = self._running, []
        for server in servers:
            server.serving.accepting = False
            for end in server.serving.at_stop:
                end()
            server.sockets.close()
        # A connection that was taken a moment ago begins to wait only after some turns of the loop: woken up before, it
        # would sleep on, and be waited for like a request.
        for _ in range(TURNS):
            for server in servers:
                server.http.pre_shutdown()
            await _turn()
        await asyncio.gather(*(server.stop(grace_s) for server in servers))


def _runner(app: web.Application | Handler) -> web.AppRunner | web.ServerRunner:
    # Bodies stay as they were sent: signatures are of those very bytes, and nothing here inflates a bomb.
    options: dict[str, Any] = {
        "access_log": None,
        "logger": _log,
        "keepalive_timeout": KEEP_ALIVE_S,
        "lingering_time": LINGERING_S,
        "auto_decompress": False,
    }
    if isinstance(app, web.Application):
        return web.AppRunner(app, shutdown_timeout=CUT_OFF_S, **options)
    return web.ServerRunner(web.Server(app, **options), shutdown_timeout=CUT_OFF_S)


async def _turn() -> None:
    """Let everything run that is ready."""
    loop = asyncio.get_running_loop()
    turned = loop.create_future()
    loop.call_soon(turned.set_result, None)
    await turned
