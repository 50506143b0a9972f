"""The Sockets of the running gateway: datagrams and connections that others begin.

Laws. Who sends too fast loses datagrams in the system's buffer, and nobody else waits: a batch is read, then others go
on. Connections have a bound; for one more than it, the source that has most of them loses the one that has said nothing
for longest: nobody keeps others out by holding connections. What a handler raises is its own: it is logged, and the
socket stays.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count

import structlog

from gateway.kernel.ports import ByteStream, Heard, Socket, Source

DATAGRAM_MAX = 65_535
BATCH = 64
"""Datagrams that are read before others go on."""

BUFFER_BYTES = 8 << 20
"""What the system is asked to keep for us; it may give less (Linux: net.core.rmem_max)."""

_MEMORY_OF_SOCKET = 55
"""Linux's SO_MEMINFO, whose ninth number is how many packets were dropped."""

_MEMORY = struct.Struct("9I")

CONNECTIONS_MAX = 256
"""Connections at once on one address."""

QUIET_S = 60
"""After so long without a word the system asks whether the other side is still there, where it can."""

_log = structlog.get_logger("gateway.sockets")


class SystemSockets:
    """The operating system's."""

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """Listen for datagrams. Raises OSError."""
        return UdpSocket(await _bound(host, port, socket.SOCK_DGRAM), heard)

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        """Listen for connections. Raises OSError."""
        door = TcpSocket(serve)
        await door.open(await _bound(host, port, socket.SOCK_STREAM))
        return door


class UdpSocket:
    """One bound socket, read by the loop in batches: twenty thousand a second come in so."""

    def __init__(self, bound: socket.socket, heard: Heard) -> None:
        self._socket = bound
        self._heard = heard
        self.port: int = bound.getsockname()[1]
        self._failures = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(bound, self._read)

    @property
    def lost(self) -> int:
        """What the system dropped because its buffer was full."""
        try:
            told = self._socket.getsockopt(socket.SOL_SOCKET, _MEMORY_OF_SOCKET, _MEMORY.size)
        except OSError:  # another system than Linux, or it is closed
            return 0
        return int(_MEMORY.unpack(told)[-1]) if len(told) == _MEMORY.size else 0

    def send(self, data: bytes, to: Source) -> None:
        """Send one datagram; what the system doesn't take now is lost."""
        with contextlib.suppress(OSError):
            self._socket.sendto(data, to)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for _ in range(BATCH):
            try:
                data, source = self._socket.recvfrom(DATAGRAM_MAX)
            except OSError:  # nothing more, or a refusal of what was sent before, which is nobody's concern here
                return
            try:
                self._heard(data, source[:2])
            except Exception:  # a handler's fault is its own: the next datagram may be better
                self._failures += 1
                if _is_told(self._failures):
                    _log.exception("datagram_failed", port=self.port, failures=self._failures)


class _Stream:
    """A connection, for who serves it. `heard` counts on over all connections: the least was heard longest ago."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, turns: "count[int]") -> None:
        peer = writer.get_extra_info("peername") or ("", 0)
        self._reader = reader
        self._turns = turns
        self.heard = next(turns)
        self.source: Source = (peer[0], peer[1])
        self.close = writer.close

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises EOFError, OSError."""
        data = await self._reader.readexactly(size)  # its IncompleteReadError is an EOFError
        self.heard = next(self._turns)
        return data


class TcpSocket:
    """A listening socket and the connections made to it."""

    def __init__(self, serve: Callable[[ByteStream], Awaitable[None]]) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._open: set[_Stream] = set()
        self._turns = count()
        self._failures = 0
        self.port = 0

    async def open(self, bound: socket.socket) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._connected, sock=bound)
        self.port = bound.getsockname()[1]

    @property
    def lost(self) -> int:
        """Nothing: whoever sends too fast waits."""
        return 0

    def send(self, data: bytes, to: Source) -> None:
        """Connections are only read here."""
        raise TypeError("a listening connection sends nothing")

    def close(self) -> None:
        """Stop listening, and end every connection."""
        if self._server is not None:
            self._server.close()
        for stream in self._open:
            stream.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = _Stream(reader, writer, self._turns)
        self._open.add(stream)
        if len(self._open) > CONNECTIONS_MAX:
            self._make_room()
        try:
            await self._serve(stream)
        except (EOFError, OSError):
            _log.debug("connection_ended", source=stream.source[0])
        except Exception:  # a handler's fault ends its connection, and no other
            self._failures += 1
            if _is_told(self._failures):
                _log.exception("connection_failed", port=self.port, failures=self._failures)
        finally:
            self._open.discard(stream)
            stream.close()

    def _make_room(self) -> None:
        held = Counter(stream.source[0] for stream in self._open)
        quietest = min(self._open, key=lambda stream: (-held[stream.source[0]], stream.heard))
        self._open.discard(quietest)
        quietest.close()


def _is_told(failures: int) -> bool:
    """Whether the log hears of it: of the first failure, then each time there are twice as many. Who sends what a
    handler can't bear sends it thousands of times a second."""
    return failures & (failures - 1) == 0


async def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket that doesn't block, bound to an address. Raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
    except UnicodeError as error:  # no name of a host at all
        raise OSError(errno.EINVAL, f"{host!r} is no address: {error}") from None
    family, type_, protocol, _, address = found[0]
    bound = socket.socket(family, type_, protocol)
    try:
        bound.setblocking(False)
        if family == socket.AF_INET6:  # `::` and `0.0.0.0` may both be wanted, and each tells its own addresses
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # its connections have it from it
            if hasattr(socket, "TCP_KEEPIDLE"):
                bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET_S)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"{host}, port {port}, can't be had: {error.strerror}") from None
    return bound
