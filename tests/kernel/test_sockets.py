"""Real sockets on loopback: datagrams and connections come in, a fault stays its own, and what closes lets go."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

import gateway.kernel.sockets as sockets_module
from gateway.kernel.ports import ByteStream, Source
from gateway.kernel.sockets import BATCH, SystemSockets

HOSTS = ["127.0.0.1", "::1"]


class Ears:
    """What was heard, and when there is news."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, Source]] = []
        self._news = asyncio.Event()

    def __call__(self, data: bytes, source: Source) -> None:
        """A datagram."""
        self.heard.append((data, source))
        self._news.set()
        if data == b"bad":
            raise ZeroDivisionError("bad")

    async def wait(self, count: int) -> list[bytes]:
        """What was heard, once there is so much of it."""
        async with asyncio.timeout(30):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return [data for data, _ in self.heard]


def run(story: Coroutine[Any, Any, None]) -> None:
    """Tell a story."""
    asyncio.run(story)


def talker(host: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    """A socket of somebody else."""
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what it has dropped")
def test_what_the_system_drops_is_known() -> None:
    """Whoever doesn't read loses what the buffer can't hold; no more than that, and it is known how many."""

    async def story() -> None:
        ears = Ears()
        ear = await SystemSockets().udp("127.0.0.1", 0, ears)
        stream = await SystemSockets().tcp("127.0.0.1", 0, ears.__call__)  # type: ignore[arg-type]  # nobody connects
        with closing(talker("127.0.0.1")) as other:
            sent = 0
            while ear.lost == 0:
                other.sendto(b"x" * 8_000, ("127.0.0.1", ear.port))
                sent += 1
            lost = ear.lost
            assert len(await ears.wait(sent - lost)) + lost == sent
        assert stream.lost == 0
        ear.close()
        assert ear.lost == 0
        stream.close()

    run(story())


@pytest.mark.parametrize("host", HOSTS)
def test_datagrams_come_in_and_go_back(host: str) -> None:
    """Each whole, the empty and the longest too, with who sent it; an answer reaches them."""

    async def story() -> None:
        ears = Ears()
        ear = await SystemSockets().udp(host, 0, ears)
        with closing(talker(host)) as other:
            other.bind((host, 0))
            for data in (b"one", b"", b"x" * 60_000):
                other.sendto(data, (host, ear.port))
            assert await ears.wait(3) == [b"one", b"", b"x" * 60_000]
            assert {source for _, source in ears.heard} == {(host, other.getsockname()[1])}
            ear.send(b"back", ears.heard[0][1])
            other.settimeout(30)
            assert other.recv(99) == b"back"
        ear.close()

    run(story())


def test_a_handler_that_raises_loses_its_datagram_alone() -> None:
    """It is logged, and the next one is heard, whoever sent it."""

    async def story() -> None:
        ears = Ears()
        ear = await SystemSockets().udp("127.0.0.1", 0, ears)
        with closing(talker("127.0.0.1")) as other, capture_logs() as logs:
            for data in (b"bad", b"good"):
                other.sendto(data, ("127.0.0.1", ear.port))
            assert await ears.wait(2) == [b"bad", b"good"]
        assert [(entry["event"], entry["port"]) for entry in logs] == [("datagram_failed", ear.port)]
        ear.close()

    run(story())


def test_a_flood_of_what_a_handler_cannot_bear_fills_no_log() -> None:
    """Of the first it is told, and then each time there are twice as many."""

    async def story() -> None:
        ears = Ears()
        ear = await SystemSockets().udp("127.0.0.1", 0, ears)
        with closing(talker("127.0.0.1")) as other, capture_logs() as logs:
            for _ in range(100):
                other.sendto(b"bad", ("127.0.0.1", ear.port))
            await ears.wait(100)
        assert [entry["failures"] for entry in logs] == [1, 2, 4, 8, 16, 32, 64]
        ear.close()

    run(story())


def test_others_have_their_turn_in_a_flood() -> None:
    """After a batch of datagrams whatever else the loop has to do is done, and then the rest is read."""

    async def story() -> None:
        ears = Ears()
        ear = await SystemSockets().udp("127.0.0.1", 0, ears)
        with closing(talker("127.0.0.1")) as other:
            for number in range(BATCH + 1):
                other.sendto(str(number).encode(), ("127.0.0.1", ear.port))
        await ears.wait(1)
        assert len(ears.heard) == BATCH
        assert await ears.wait(BATCH + 1) == [str(number).encode() for number in range(BATCH + 1)]
        ear.close()

    run(story())


def test_what_can_not_be_sent_is_lost_quietly() -> None:
    """A datagram that is too long, or goes where nobody is, is lost as any may be; the socket stays."""

    async def story() -> None:
        ears = Ears()
        ear = await SystemSockets().udp("127.0.0.1", 0, ears)
        with closing(talker("127.0.0.1")) as gone:
            gone.bind(("127.0.0.1", 0))
            nobody = gone.getsockname()
        for _ in range(2):
            ear.send(b"x", nobody)
        ear.send(b"x" * 70_000, nobody)
        with closing(talker("127.0.0.1")) as other:
            other.sendto(b"still here", ("127.0.0.1", ear.port))
        assert await ears.wait(1) == [b"still here"]
        ear.close()

    run(story())


@pytest.mark.parametrize("kind", ["udp", "tcp"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_port_that_is_taken_is_refused_by_its_name(kind: str, host: str) -> None:
    """The error says which; once it is let go it can be had."""

    async def story() -> None:
        listen: Callable[[str, int, Any], Awaitable[Any]] = getattr(SystemSockets(), kind)
        first = await listen(host, 0, _nothing)
        with pytest.raises(OSError, match=rf"{host}, port {first.port}, can't be had: Address already in use"):
            await listen(host, first.port, _nothing)
        first.close()
        await asyncio.sleep(0)
        again = await listen(host, first.port, _nothing)
        assert again.port == first.port
        again.close()

    run(story())


@pytest.mark.parametrize("host", ["192.0.2.1", "x" * 64 + ".example"])
def test_what_is_no_address_here_is_an_os_error(host: str) -> None:
    """Whatever is wrong with it: a foreign address, or a name that can't be one."""

    async def story() -> None:
        with pytest.raises(OSError, match=r".+"):
            await SystemSockets().udp(host, 0, _nothing)

    run(story())


def test_both_families_may_have_the_same_port() -> None:
    """`::` doesn't take IPv4 with it: an address is told as it is, never mapped."""

    async def story() -> None:
        ears = Ears()
        six = await SystemSockets().udp("::", 0, ears)
        four = await SystemSockets().udp("0.0.0.0", six.port, ears)
        for host in HOSTS:
            with closing(talker(host)) as other:
                other.sendto(b"x", (host, six.port))
        await ears.wait(2)
        assert {source[0] for _, source in ears.heard} == set(HOSTS)
        six.close()
        four.close()

    run(story())


class Server:
    """Reads what connections bring, three bytes at a time."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.sources: list[Source] = []
        self.ended: list[BaseException | None] = []
        self._news = asyncio.Event()

    async def __call__(self, stream: ByteStream) -> None:
        """One connection."""
        self.sources.append(stream.source)
        self._news.set()
        try:
            while True:
                self.read.append(await stream.read(3))
                self._news.set()
                if self.read[-1] == b"bad":
                    raise ZeroDivisionError("bad")
                if self.read[-1] == b"end":
                    return
        except BaseException as error:
            self.ended.append(error)
            raise
        finally:
            self._news.set()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait for news until it is so."""
        async with asyncio.timeout(30):
            while not done():
                self._news.clear()
                await self._news.wait()


@pytest.mark.parametrize("host", HOSTS)
def test_a_connection_is_read_in_exact_pieces(host: str) -> None:
    """However the bytes come; one that ends in the middle of a piece ends quietly."""

    async def story() -> None:
        server = Server()
        ear = await SystemSockets().tcp(host, 0, server)
        with capture_logs() as logs:
            reader, writer = await asyncio.open_connection(host, ear.port)
            for data in (b"on", b"et", b"wosi", b"xx"):
                writer.write(data)
                await writer.drain()
            writer.close()
            await server.until(lambda: bool(server.ended))
            assert await reader.read() == b""
        assert server.read == [b"one", b"two"[:1] + b"wo", b"six"]
        assert isinstance(server.ended[0], EOFError)
        assert server.sources[0][0] == host
        assert [entry["log_level"] for entry in logs if entry["log_level"] != "debug"] == []
        ear.close()

    run(story())


def test_a_handler_that_raises_ends_its_connection_alone() -> None:
    """Another one that is open goes on; one whose handler returns is closed."""

    async def story() -> None:
        server = Server()
        ear = await SystemSockets().tcp("127.0.0.1", 0, server)
        pairs = [await asyncio.open_connection("127.0.0.1", ear.port) for _ in range(3)]
        with capture_logs() as logs:
            pairs[0][1].write(b"bad")
            assert await pairs[0][0].read() == b""
            pairs[1][1].write(b"end")
            assert await pairs[1][0].read() == b""
        assert [entry["event"] for entry in logs] == ["connection_failed"]
        pairs[2][1].write(b"yet")
        await server.until(lambda: b"yet" in server.read)
        ear.close()
        assert await pairs[2][0].read() == b""
        for _, writer in pairs:
            writer.close()

    run(story())


def test_for_one_connection_more_the_quietest_of_whoever_has_most_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that opens one after the other loses its own; another one's only connection stays, however quiet."""
    monkeypatch.setattr(sockets_module, "CONNECTIONS_MAX", 3)

    async def story() -> None:
        server = Server()
        ear = await SystemSockets().tcp("127.0.0.1", 0, server)

        async def connect(number: int, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            pair = await asyncio.open_connection("127.0.0.1", ear.port, local_addr=(host, 0))
            await server.until(lambda: len(server.sources) == number)
            return pair

        alone = await connect(1, "127.0.0.2")
        first, second = await connect(2, "127.0.0.1"), await connect(3, "127.0.0.1")
        first[1].write(b"one")
        await server.until(lambda: b"one" in server.read)
        third = await connect(4, "127.0.0.1")
        assert await second[0].read() == b""
        fourth = await connect(5, "127.0.0.1")
        assert await first[0].read() == b""
        for pair in (alone, third, fourth):
            pair[1].write(b"two")
        await server.until(lambda: server.read.count(b"two") == 3)
        ear.close()
        for _, writer in (alone, first, second, third, fourth):
            writer.close()

    run(story())


def test_closing_lets_everything_go() -> None:
    """Nobody is heard any more, connections end, and no more can be made; a connection that listens sends nothing."""

    async def story() -> None:
        ears, server = Ears(), Server()
        udp = await SystemSockets().udp("127.0.0.1", 0, ears)
        tcp = await SystemSockets().tcp("127.0.0.1", 0, server)
        with pytest.raises(TypeError, match="sends nothing"):
            tcp.send(b"", ("127.0.0.1", 1))
        reader, writer = await asyncio.open_connection("127.0.0.1", tcp.port)
        await server.until(lambda: bool(server.sources))
        udp.close()
        tcp.close()
        assert await reader.read() == b""
        await server.until(lambda: bool(server.ended))
        with pytest.raises(OSError, match=r".+"):
            await asyncio.open_connection("127.0.0.1", tcp.port)
        with closing(talker("127.0.0.1")) as other:
            other.sendto(b"x", ("127.0.0.1", udp.port))
        await asyncio.sleep(0)
        assert ears.heard == []
        writer.close()

    run(story())


async def _nothing(stream: ByteStream) -> None:
    """Serve nobody."""
