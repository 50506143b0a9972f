"""The guard around requests to the outside: what is refused is never connected to."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.kernel.net import AiohttpNet
from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.reach import INTERNET, PRIVATE_TOO, Reach
from tests.kernel.test_addresses import REFUSED

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names:
    """A resolver that says what it is told, one list of addresses a call, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise OSError("no such name")
        return addresses


class Server:
    """A raw HTTP server on loopback that counts who comes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            self.requests.append(head + await reader.readexactly(length))
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nX-One: 1\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    )


@asynccontextmanager
async def outside(answer: Answer = ok, names: Names | None = None) -> AsyncIterator[tuple[AiohttpNet, Server, int]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    net = AiohttpNet(resolve=names or Names(["127.0.0.1"]))
    try:
        yield net, server, listening.sockets[0].getsockname()[1]
    finally:
        await net.close()
        listening.close()


async def refused(net: AiohttpNet, url: str, *, reach: Reach = INTERNET, deadline_s: float = 20) -> NetError:
    with pytest.raises(NetError) as failure:
        await net.request(NetRequest("POST", url, body=b"x", reach=reach), deadline_s=deadline_s)
    assert failure.value.__cause__ is None
    return failure.value


def test_private_addresses_are_refused_however_they_are_written() -> None:
    """Literal, numeric, octal, hexadecimal, full-width, mapped: blocked, and nobody is connected to."""

    async def run() -> None:
        async with outside() as (net, server, port):
            hosts = [f"[{address}]" if ":" in address else address for address in REFUSED]
            hosts += ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "017700000001", "127.0.0.1."]
            hosts += [
                "①②⑦.⓪.⓪.①",
                "127。0。0。1",
                "127.0.0.1\\@example.com",
                "example.com\\@127.0.0.1",
                "user@127.0.0.1",
            ]
            for host in hosts:
                failure = await refused(net, f"http://{host}:{port}/")
                assert failure.blocked or "can't be read" in failure.reason, host
            assert server.connections == 0

    asyncio.run(run())


def test_names_that_lead_to_a_private_address_are_refused() -> None:
    """Every address of a name is checked: one bad one among good ones is enough."""

    async def run() -> None:
        for addresses in (["127.0.0.1"], ["::1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"]):
            async with outside(names=Names(addresses)) as (net, server, port):
                failure = await refused(net, f"http://receiver.example:{port}/?token=hidden")
                assert failure.blocked
                assert "hidden" not in str(failure)
                assert "allow_private" in failure.reason
                assert server.connections == 0

    asyncio.run(run())


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers public first and loopback next is asked once: what was checked is what is connected to."""
    tried: list[str] = []

    async def connect(*, addr_infos: list[tuple[object, ...]], **_: object) -> socket.socket:
        tried.extend(str(info[4][0]) for info in addr_infos)  # type: ignore[index]
        raise ConnectionRefusedError

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", connect)

    async def run() -> None:
        names = Names(["93.184.216.34"], ["127.0.0.1"])
        async with outside(names=names) as (net, server, port):
            failure = await refused(net, f"http://rebind.example:{port}/")
            assert (failure.blocked, failure.reason) == (False, "the connection was refused")
            assert set(tried) == {"93.184.216.34"}
            assert (names.asked, server.connections) == (1, 0)

    asyncio.run(run())


def test_allow_private_reaches_loopback_and_opens_nothing_for_others() -> None:
    """A request that may go to a private address does; one that may not doesn't borrow its connection."""

    async def run() -> None:
        async with outside() as (net, server, port):
            url = f"http://receiver.example:{port}/hook?x=1"
            request = NetRequest("POST", url, {"X-Two": "2"}, b"body", reach=PRIVATE_TOO)
            answer = await net.request(request, deadline_s=20)
            assert isinstance(answer, NetResponse)
            assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"hello", "1")
            assert server.requests[0].startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
            assert b"X-Two: 2" in server.requests[0]
            assert server.requests[0].endswith(b"\r\n\r\nbody")
            assert (await refused(net, url)).blocked
            await net.request(request, deadline_s=20)
            assert server.connections == 2
            assert b"cookie" not in server.requests[1].lower()

    asyncio.run(run())


def test_redirects_are_answers() -> None:
    """A 3xx is returned as it is; nobody goes where it points."""

    async def away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")

    async def run() -> None:
        async with outside(away) as (net, server, port):
            request = NetRequest("POST", f"http://127.0.0.1:{port}/", reach=PRIVATE_TOO)
            assert (await net.request(request, deadline_s=20)).status == 302
            assert server.connections == 1

    asyncio.run(run())


def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY changes nothing."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def run() -> None:
        async with outside() as (net, _, port):
            request = NetRequest("GET", f"http://127.0.0.1:{port}/", reach=PRIVATE_TOO)
            assert (await net.request(request, deadline_s=20)).status == 200

    asyncio.run(run())


def test_a_huge_answer_is_cut_while_it_is_read() -> None:
    """At most `body_max` bytes are read of an endless body, and the connection is closed."""
    gone = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        finally:
            gone.set()

    async def run() -> None:
        async with outside(endless) as (net, _, port):
            request = NetRequest("GET", f"http://127.0.0.1:{port}/", reach=PRIVATE_TOO)
            answer = await net.request(request, deadline_s=20, body_max=10_000)
            assert answer.body == b"x" * 10_000
            async with asyncio.timeout(20):
                await gone.wait()

    asyncio.run(run())


def test_the_deadline_covers_the_body() -> None:
    """An answer that begins and never ends is over at the deadline."""

    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhe")
        await writer.drain()
        await reader.read()

    async def run() -> None:
        async with outside(stalls) as (net, _, port):
            failure = await refused(net, f"http://127.0.0.1:{port}/", reach=PRIVATE_TOO, deadline_s=0.05)
            assert (failure.reason, failure.timed_out) == ("no complete answer within 0.05 s", True)

    asyncio.run(run())


def test_every_failure_is_one_error_in_plain_words() -> None:
    """Refused, cut off, not HTTP, not TLS, not resolved, unreadable URLs, headers with line breaks."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhe")

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pass

    async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")

    async def run() -> None:
        for answer, reason in ((cut, "lost"), (silent, "lost"), (noise, "not HTTP")):
            async with outside(answer) as (net, _, port):
                failure = await refused(net, f"http://127.0.0.1:{port}/?key=hidden", reach=PRIVATE_TOO)
                assert reason in failure.reason
                assert "hidden" not in repr(failure)
        async with outside(names=Names([])) as (net, _, port):
            assert "resolved" in (await refused(net, "http://nobody.example/")).reason
            for url in ("ftp://example.com/", "file:///etc/passwd", "unix:///run/x", "example.com", "http://", "//x/"):
                assert (await refused(net, url)).blocked
            for url in ("http://[::1", "http://example.com:99999/", "http://exa mple.com/", "http://a\r\nb/"):
                await refused(net, url)
            broken = NetRequest("GET", f"http://127.0.0.1:{port}/", {"X": "a\r\nB: c"}, reach=PRIVATE_TOO)
            with pytest.raises(NetError, match="can't be sent"):
                await net.request(broken, deadline_s=20)
        async with outside() as (net, _, port):
            pass
        net = AiohttpNet()
        assert "refused" in (await refused(net, f"http://127.0.0.1:{port}/", reach=PRIVATE_TOO)).reason
        await net.close()

    asyncio.run(run())


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_https_is_verified(tmp_path: Path) -> None:
    """A certificate that nobody vouches for ends the request before a byte is sent; so does a server without TLS."""

    async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        writer.close()

    async def run() -> None:
        server = Server(ok)
        net = AiohttpNet()
        for listening in (
            await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=self_signed(tmp_path)),
            await asyncio.start_server(speaks_first, "127.0.0.1", 0),
        ):
            port = listening.sockets[0].getsockname()[1]
            failure = await refused(net, f"https://127.0.0.1:{port}/?key=hidden", reach=PRIVATE_TOO)
            assert "TLS" in failure.reason
            assert "hidden" not in failure.reason
            listening.close()
        assert server.requests == []
        await net.close()

    asyncio.run(run())
