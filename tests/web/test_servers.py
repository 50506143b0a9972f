"""Starting and stopping servers."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from gateway.web import servers as module
from gateway.web.servers import SERVING, PortTaken, Servers, Serving
from tests.web.raw import ask, line_to

Handler = Callable[[web.Request], Awaitable[web.Response]]


def app_of(handler: Handler) -> web.Application:
    """An app with one route."""
    app = web.Application()
    app[SERVING] = Serving()
    app.router.add_get("/", handler)
    return app


async def hello(request: web.Request) -> web.Response:
    """Answers at once."""
    return web.Response(text="hello")


def timed(work: Callable[[], Awaitable[None]]) -> None:
    """Run, but not for ever."""

    async def whole() -> None:
        async with asyncio.timeout(20):
            await work()

    asyncio.run(whole())


def test_port_0_gives_a_port() -> None:
    """The real port is returned, and the app knows where it is served."""

    async def work() -> None:
        servers, app = Servers(), app_of(hello)
        port = await servers.start(app, "127.0.0.1", 0)
        reply = await ask(port, "GET", "/")
        await servers.stop(1)

        assert port > 0
        assert reply.body == b"hello"
        assert (app[SERVING].host, app[SERVING].port, app[SERVING].accepting) == ("127.0.0.1", port, False)

    timed(work)


def test_a_taken_port_is_named() -> None:
    """PortTaken says which address, and what to do; the first server goes on."""

    async def work() -> None:
        servers = Servers()
        port = await servers.start(app_of(hello), "127.0.0.1", 0)
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} is in use.*choose another") as caught:
            await servers.start(app_of(hello), "127.0.0.1", port)
        reply = await ask(port, "GET", "/")
        await servers.stop(1)

        assert isinstance(caught.value, OSError)
        assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)
        assert reply.status == 200

    timed(work)


def test_stopping_finishes_what_is_under_way() -> None:
    """The request under way gets its answer; the port takes nobody new; a connection that only waits is closed."""

    async def work() -> None:
        there, go_on = asyncio.Event(), asyncio.Event()

        async def slow(request: web.Request) -> web.Response:
            there.set()
            await go_on.wait()
            return web.Response(text="done")

        servers = Servers()
        port = await servers.start(app_of(slow), "127.0.0.1", 0)
        async with line_to(port) as busy, line_to(port) as idle:
            await busy.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await there.wait()
            stopping = asyncio.ensure_future(servers.stop(10))
            assert await idle.ended()
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", port)
            go_on.set()
            reply = await busy.reply()
            assert await busy.ended()
            await stopping

        assert reply.body == b"done"

    timed(work)


def test_stopping_cuts_off_what_does_not_end() -> None:
    """A handler that hangs holds up the stop for the grace, and no longer."""

    async def work() -> None:
        there = asyncio.Event()

        async def hangs(request: web.Request) -> web.Response:
            there.set()
            await asyncio.Event().wait()
            return web.Response()

        servers = Servers()
        port = await servers.start(app_of(hangs), "127.0.0.1", 0)
        async with line_to(port) as line:
            await line.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await there.wait()
            await servers.stop(0.05)
            assert await line.ended()

    timed(work)


def test_connections_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection too many is closed at once; the others are served."""
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 1)

    async def work() -> None:
        servers = Servers()
        port = await servers.start(app_of(hello), "127.0.0.1", 0)
        async with line_to(port) as first:
            await first.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await first.reply()).status == 200
            async with line_to(port) as second:
                assert await second.ended()
        await servers.stop(1)

    timed(work)


@pytest.mark.parametrize("turns", range(3))
def test_who_comes_as_it_stops_holds_nothing_up(turns: int) -> None:
    """A connection that was taken a moment before the stop is closed; its silence isn't waited for."""

    async def work() -> None:
        servers = Servers()
        port = await servers.start(app_of(hello), "127.0.0.1", 0)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as silent:
            while not servers._running[0].http.connections:  # noqa: ASYNC110 - the very turn matters
                await asyncio.sleep(0)
            for _ in range(turns):
                await asyncio.sleep(0)
            await servers.stop(600)
            assert await asyncio.to_thread(silent.recv, 1) == b""

    timed(work)
