"""Where all of them send: answers 204, and notes when which event arrived first.

Prints its port. GET is answered with how many different events have come; told to end (SIGTERM), it prints one JSON
object with the instant of each, by number.
"""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.server import HERE, LOAD_CPU, pin

MARK = "peer-"
"""Stands before an event's number in its id and in its object's; one of both is in whatever is sent on."""

_NUMBER = re.compile(MARK.encode() + rb"(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


@dataclass(slots=True)
class Sink:
    """A running receiver. `first` is filled when it ends: monotonic seconds, by the event's number."""

    port: int
    first: dict[int, float] = field(default_factory=dict)

    def count(self) -> int:
        """How many different events have come."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as answer:
            return int(answer.read())


class _Connection(asyncio.Protocol):
    def __init__(self, first: dict[int, float]) -> None:
        self._first = first
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        rest = self._rest + data if self._rest else data
        while (head := rest.find(b"\r\n\r\n")) >= 0:
            if _CHUNKED.search(rest, 0, head):
                raise ValueError("a body in chunks can't be read here")
            length = _LENGTH.search(rest, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(rest) < end:
                break
            self._answer(rest[:end], head)
            rest = rest[end:]
        self._rest = rest

    def _answer(self, request: bytes, head: int) -> None:
        if request.startswith(b"GET "):
            told = b"%d" % len(self._first)
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(told), told))
        else:
            if found := _NUMBER.search(request):
                self._first.setdefault(int(found[1]), time.monotonic())
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        if _CLOSE.search(request, 0, head):
            self._transport.close()


async def _serve() -> None:
    first: dict[int, float] = {}
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: _Connection(first), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    print(json.dumps(first), flush=True)


@contextmanager
def sink() -> Iterator[Sink]:
    """A receiver beside the load, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.receiver"],
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: pin(LOAD_CPU),
    )
    try:
        assert process.stdout is not None
        started = Sink(int(process.stdout.readline()))
        yield started
        process.send_signal(signal.SIGTERM)
        started.first = {int(number): at for number, at in json.loads(process.communicate(timeout=30)[0]).items()}
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
