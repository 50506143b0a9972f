"""What a hostile server can do to both clients: nothing beyond the deadline, and nothing that is kept."""

import asyncio
import gc
import os
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.kernel.clock import SystemClock
from gateway.kernel.net import HEADER_MAX, HEADERS_MAX, AiohttpNet
from gateway.kernel.ports import NetError, NetRequest
from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng
from gateway.kernel.vendor_auth import ClientCredentials
from gateway.kernel.vendor_errors import Permanent, VendorError
from gateway.kernel.vendor_grants import ANSWER_MAX as TOKEN_ANSWER_MAX
from gateway.kernel.vendor_http import VendorHttp
from tests.kernel.hostile import TRICKS
from tests.kernel.test_addresses import REFUSED

DEADLINE_S = 20.0
SHORT_S = 0.06
"""For servers that never come to an end."""

BODY_MAX = 16_384
HELD_MAX = 8 * 1024 * 1024
"""Bytes that a client may hold while a server sends without an end."""

HEAD = b"HTTP/1.1 200 OK\r\n"
Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


def all_at_once(*parts: bytes) -> Serve:
    """Send this, and close."""

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(parts))
        await writer.drain()

    return serve


def without_end(start: bytes, piece: bytes) -> Serve:
    """Send this, then that for ever, as fast as it is taken."""

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return serve


def drop_by_drop(start: bytes, piece: bytes) -> Serve:
    """Send this, then that for ever, a byte at a time: never silent for long."""

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            for at in range(len(piece)):
                writer.write(piece[at : at + 1])
                await writer.drain()
                await asyncio.sleep(0.005)

    return serve


async def silent(writer: asyncio.StreamWriter) -> None:
    """Keep the connection, and say nothing."""
    await asyncio.Event().wait()


ENDLESS: dict[str, Serve] = {
    "a body drop by drop": drop_by_drop(HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
    "headers drop by drop": drop_by_drop(HEAD, b"X-A: b\r\n"),
    "a status line drop by drop": drop_by_drop(b"", b"HTTP/1.1 200 OKOK"),
    "one header": without_end(HEAD + b"X-A: ", b"x" * 65_536),
    "headers": without_end(HEAD, b"X-A: b\r\n" * 8_000),
    "a status line": without_end(b"HTTP/1.1 200 ", b"O" * 65_536),
    "100 Continue": without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000),
    "103 Early Hints": without_end(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2_000),
    "chunk extensions": without_end(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536),
    "trailers": without_end(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 8_000),
    "nothing at all": silent,
}
"""Servers that never come to an end, and what without."""

ENDLESS_BODIES: dict[str, Serve] = {
    "ten gigabytes": without_end(HEAD + b"Content-Length: 10000000000\r\n\r\n", b"x" * 65_536),
    "no length": without_end(HEAD + b"Connection: close\r\n\r\n", b"x" * 65_536),
    "chunks": without_end(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"x" * 65_535 + b"\r\n"),
}

BROKEN: dict[str, Serve] = {
    "less than announced": all_at_once(HEAD, b"Content-Length: 10\r\n\r\nhe"),
    "two lengths": all_at_once(HEAD, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhey"),
    "a negative length": all_at_once(HEAD, b"Content-Length: -2\r\n\r\nhe"),
    "a length that is no number": all_at_once(HEAD, b"Content-Length: 0x2\r\n\r\nhe"),
    "a chunk size that is no number": all_at_once(HEAD, b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhe\r\n0\r\n\r\n"),
    "HTTP/0.9": all_at_once(b"hello, I am a page"),
    "a status of four digits": all_at_once(b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nhe"),
    "a header too long": all_at_once(HEAD, b"X-A: ", b"x" * 200_000, b"\r\nContent-Length: 2\r\n\r\nhe"),
    "headers too many": all_at_once(HEAD, b"X-A: b\r\n" * 20_000, b"Content-Length: 2\r\n\r\nhe"),
    "nothing": all_at_once(b""),
    "another protocol": all_at_once(b"220 mail.example ready\r\n"),
}
"""Answers that are none."""


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[int]:
    """A raw server on loopback that reads a request's head and lets `serve` answer; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def deliver(port: int, deadline_s: float = DEADLINE_S) -> str:
    """Deliver; the error's words, or the status and what was read of the body."""
    net = AiohttpNet()
    try:
        request = NetRequest("POST", f"http://127.0.0.1:{port}/?key=hidden", body=b"x", reach=PRIVATE_TOO)
        answer = await net.request(request, deadline_s=deadline_s, body_max=BODY_MAX)
        return f"{answer.status} {len(answer.body)}"
    except NetError as error:
        return error.reason
    finally:
        await net.close()


async def ask(port: int, deadline_s: float = DEADLINE_S) -> str:
    """Ask a vendor; the error's words, or the status and what was read of the body."""
    http = VendorHttp(
        f"http://127.0.0.1:{port}",
        clock=SystemClock(),
        rng=SeededRng(1),
        reach=PRIVATE_TOO,
        timeout_s=deadline_s,
        body_max=BODY_MAX,
    )
    try:
        answer = await http.post("/x?key=hidden")
        return f"{answer.status} {len(answer.body)}"
    except VendorError as error:
        return str(error)
    finally:
        await http.aclose()


Client = Callable[..., Awaitable[str]]
both = pytest.mark.parametrize("client", [deliver, ask])


def open_files() -> int:
    """How many descriptors the process has."""
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0


@both
@pytest.mark.parametrize("name", [*ENDLESS, *BROKEN])
def test_an_answer_that_is_none_is_a_failure(client: Client, name: str) -> None:
    """Within the deadline, in words that hold nothing of the URL, and neither memory nor a descriptor stays behind."""

    async def run() -> None:
        async with server({**ENDLESS, **BROKEN}[name]) as port:
            before = open_files()
            tracemalloc.start()
            try:
                words = await client(port, SHORT_S if name in ENDLESS else DEADLINE_S)
                held = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert not words.startswith("200")
            assert "hidden" not in words
            assert held < HELD_MAX
            gc.collect()
            await asyncio.sleep(0)
            assert open_files() <= before + 1  # the server's own end of the connection

    asyncio.run(run())


@pytest.mark.parametrize("name", ENDLESS_BODIES)
def test_a_body_without_an_end_is_bounded(name: str) -> None:
    """A delivery reads so much and no more, and counts by its status; a vendor's answer that is larger is an error."""

    async def run() -> None:
        async with server(ENDLESS_BODIES[name]) as port:
            tracemalloc.start()
            try:
                assert await deliver(port) == f"200 {BODY_MAX}"
                assert "larger than" in await ask(port)
                assert tracemalloc.get_traced_memory()[1] < HELD_MAX
            finally:
                tracemalloc.stop()

    asyncio.run(run())


@both
def test_what_is_compressed_stays_so(client: Client) -> None:
    """Nothing is unpacked: a small answer can't become a huge one."""
    import gzip

    bomb = gzip.compress(bytes(20_000_000))[: BODY_MAX - 1_000]
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: " + str(len(bomb)).encode() + b"\r\n\r\n"

    async def run() -> None:
        async with server(all_at_once(head, bomb)) as port:
            words = await client(port)
            assert words == f"200 {len(bomb)}" if client is deliver else "compressed" in words

    asyncio.run(run())


@both
def test_a_redirect_to_a_refused_place_is_never_followed(client: Client) -> None:
    """Wherever it leads, and whatever reader it was written for: nobody goes there, from one connection to another."""

    async def run() -> None:
        targets = [f"http://[{at}]/" if ":" in at else f"http://{at}/" for at in REFUSED]
        targets += [trick for trick in TRICKS if trick.isprintable() and trick.isascii()]
        for target in targets:
            came = 0

            async def away(writer: asyncio.StreamWriter, target: str = target) -> None:
                nonlocal came
                came += 1
                writer.write(f"HTTP/1.1 307 Away\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()

            async with server(away) as port:
                words = await client(port)
                assert "307" in words, target
                assert came == 1, target

    asyncio.run(run())


def test_a_tokens_answer_is_bounded() -> None:
    """A token endpoint that never ends, or that keeps its answer packed, gives no token and holds no memory."""
    heads = HEAD + b"Content-Type: application/json\r\n"

    async def run() -> None:
        for serve in (
            without_end(heads + b"Content-Length: 10000000000\r\n\r\n", b"x" * 65_536),
            without_end(heads + b"Content-Encoding: gzip\r\nContent-Length: 10000000000\r\n\r\n", b"x" * 65_536),
        ):
            async with server(serve) as port:
                auth = ClientCredentials(f"http://127.0.0.1:{port}/token", "id", SecretStr("s-secret"))
                http = VendorHttp(
                    f"http://127.0.0.1:{port}", auth, clock=SystemClock(), rng=SeededRng(1), reach=PRIVATE_TOO
                )
                tracemalloc.start()
                try:
                    with pytest.raises(Permanent, match="larger than any token"):
                        await http.post("/x")
                    assert tracemalloc.get_traced_memory()[1] < HELD_MAX
                finally:
                    tracemalloc.stop()
                    await http.aclose()

    asyncio.run(run())
    assert TOKEN_ANSWER_MAX < HELD_MAX


def test_a_vendors_cookie_is_not_kept() -> None:
    """Nothing that one answer sets goes out with the next request."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(HEAD + b"Set-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n[]")
        writer.close()

    async def run() -> None:
        listening = await asyncio.start_server(answer, "127.0.0.1", 0)
        base = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        http = VendorHttp(base, clock=SystemClock(), rng=SeededRng(1), reach=PRIVATE_TOO)
        await http.get("/one")
        await http.get("/two")
        await http.aclose()
        listening.close()

    asyncio.run(run())
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()
    assert b"accept-encoding: identity" in heads[1].lower()


def test_headers_up_to_the_limit_are_read() -> None:
    """An answer with many and long headers, within the limits, is an answer."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(HEADERS_MAX - 10))
    long = b"X-Long: " + b"x" * (HEADER_MAX - 100) + b"\r\n"

    async def run() -> None:
        async with server(all_at_once(HEAD, lines, long, b"Content-Length: 2\r\n\r\nhe")) as port:
            assert await deliver(port) == "200 2"
            assert await ask(port) == "200 2"

    asyncio.run(run())
