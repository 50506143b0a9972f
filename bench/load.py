"""Load on one server over many keep-alive connections, from one thread, with bare sockets.

Closed loop: each connection sends its next request when the last is answered. Open loop: requests have instants of
their own, whatever the server does, and a latency counts from that instant: a server that stalls can't hide it.
Laws: an answer counts only if it is whole; what has no answer at the end is lost and told.
"""

import random
import select
import socket
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

WAITING_MAX = 200_000
"""Requests of an open loop whose instant has come and which no connection was free for; beyond, it is given up."""

ENDING_S = 15.0
"""How long the last answers are waited for."""

NAP_S = 0.0002
"""How long the load sleeps between two looks, where the next instant is closer than a poll can tell."""

_READ_BYTES = 65_536


@dataclass(slots=True)
class Load:
    """What a run of load has seen: answers by status, every latency in seconds, and its own processor share."""

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    sent_late: "array[float]" = field(default_factory=lambda: array("d"))
    """How long each request that was due, and had a free connection, was not sent: the load's own slowness."""

    seconds: float = 0.0
    in_time: int = 0
    """Answers of 2xx that had come when the load ended."""

    lost: int = 0
    busy: float = 0.0
    """The share of its processor that the load itself took."""

    @property
    def accepted(self) -> int:
        """Answers of 2xx."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def per_second(self) -> float:
        """Answers of 2xx, a second."""
        return self.accepted / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in milliseconds below which this share of the answers came."""
        return percentile(self.latencies, share) * 1000


def percentile(values: "array[float] | list[float]", share: float) -> float:
    """The value below which this share of the values lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Pace:
    """Instants of an open loop: arrivals at random, so many a second in the mean. `rate` may be changed meanwhile."""

    def __init__(self, rate: float, seed: int = 1) -> None:
        self.rate = rate
        self._random = random.Random(seed)

    def gap(self) -> float:
        """Seconds to the next request."""
        return self._random.expovariate(self.rate)


class _Connection:
    __slots__ = ("answer", "due", "free", "socket", "unsent", "waits")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.due = 0.0
        self.answer = b""
        self.unsent = b""
        self.waits = False
        self.free = 0.0


class Driver:
    """Connections to one server, and what they send. `run` it once or several times; `close` it. `load` is of the last
    run, or of the one that goes on."""

    def __init__(self, port: int, requests: Iterator[bytes], connections: int) -> None:
        self._port = port
        self._requests = requests
        self._poll = select.epoll()
        self._all: dict[int, _Connection] = {}
        self._idle: deque[_Connection] = deque()
        self._over = False
        self.load = Load()
        for _ in range(connections):
            self._connect()

    def _connect(self) -> None:
        made = _Connection(self._port)
        self._all[made.socket.fileno()] = made
        self._poll.register(made.socket, select.EPOLLIN)
        self._idle.append(made)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._all.values():
            connection.socket.close()
        self._poll.close()

    def run(
        self,
        seconds: float,
        pace: Pace | None = None,
        watch: Callable[[float], object] | None = None,
        every_s: float = 0.25,
    ) -> Load:
        """Load the server for so many seconds, or until there are no more requests: closed loop, or by `pace`. `watch`
        is called every `every_s` with the seconds since the start; where it returns False, the load ends."""
        load = self.load = Load()
        cpu = time.process_time()
        started = time.perf_counter()
        ends = started + seconds
        watched = started + every_s
        due = started if pace is not None else ends
        waiting: deque[float] = deque()
        while (now := time.perf_counter()) < ends and not self._over:
            if watch is not None and now >= watched:
                watched += every_s
                if watch(now - started) is False:
                    break
                continue
            if pace is None:
                while self._idle and not self._over:
                    self._send(self._idle.popleft(), time.perf_counter(), load)
                self._take(min(0.05, ends - now), load, ends)
                continue
            while due <= now:
                waiting.append(due)
                due += pace.gap()
            while waiting and self._idle and not self._over:
                self._send(self._idle.popleft(), waiting.popleft(), load)
            if len(waiting) > WAITING_MAX:
                raise SystemExit("the server is so far behind that this load says nothing about it")
            if due - now > 0.002:
                self._take(min(0.05, due - now - 0.001), load, ends)
            else:
                time.sleep(NAP_S)
                self._take(0, load, ends)
        load.seconds = time.perf_counter() - started
        load.in_time = load.accepted
        load.busy = (time.process_time() - cpu) / load.seconds
        self._finish(load, waiting, counted=pace is not None or self._over)
        return load

    def _finish(self, load: Load, waiting: deque[float], *, counted: bool) -> None:
        """Wait for the last answers. Those of an open loop count; those of a closed one came too late for its rate."""
        ends = time.perf_counter() + ENDING_S
        if self._over:
            waiting.clear()
        while time.perf_counter() < ends and (waiting or len(self._idle) < len(self._all)):
            while waiting and self._idle:
                self._send(self._idle.popleft(), waiting.popleft(), load)
            self._take(0.05, load, ends if counted else 0.0)
        load.lost += len(waiting) + len(self._all) - len(self._idle)

    def _send(self, connection: _Connection, due: float, load: Load) -> None:
        request = next(self._requests, b"")
        if not request:
            self._over = True
            self._idle.append(connection)
            return
        connection.due = due
        connection.waits = True
        load.sent_late.append(time.perf_counter() - max(due, connection.free))
        try:
            sent = connection.socket.send(request)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lose(connection, load)
            return
        if sent < len(request):
            connection.unsent = request[sent:]
            self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def _take(self, timeout_s: float, load: Load, counted_until: float) -> None:
        for number, events in self._poll.poll(timeout_s):
            connection = self._all[number]
            if events & select.EPOLLOUT and connection.unsent:
                self._send_rest(connection)
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._read(connection, load, counted_until)

    def _send_rest(self, connection: _Connection) -> None:
        try:
            sent = connection.socket.send(connection.unsent)
        except OSError:
            return
        connection.unsent = connection.unsent[sent:]
        if not connection.unsent:
            self._poll.modify(connection.socket, select.EPOLLIN)

    def _read(self, connection: _Connection, load: Load, counted_until: float) -> None:
        try:
            data = connection.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(connection, load)
            return
        answer = connection.answer + data if connection.answer else data
        status = whole(answer)
        if status is None:
            connection.answer = answer
            return
        connection.answer = b""
        connection.waits = False
        now = connection.free = time.perf_counter()
        if now <= counted_until:
            load.statuses[status] = load.statuses.get(status, 0) + 1
            load.latencies.append(now - connection.due)
        self._idle.append(connection)

    def _lose(self, connection: _Connection, load: Load) -> None:
        """A connection that the server has closed makes room for a new one."""
        load.lost += connection.waits
        del self._all[connection.socket.fileno()]
        self._poll.unregister(connection.socket)
        connection.socket.close()
        if not connection.waits:
            self._idle.remove(connection)
        # A server that is dead takes none: the load goes on with the rest, and ends with the last.
        with suppress(OSError):
            self._connect()


def whole(answer: bytes) -> int | None:
    """The status of an answer that has come whole; None for a part of one."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = 0
    lowered = answer[:head].lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start >= 0:
        end = lowered.find(b"\r\n", start + 2)
        length = int(lowered[start + 17 : end if end >= 0 else head])
    return int(answer[9:12]) if len(answer) >= head + 4 + length else None
