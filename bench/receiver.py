"""A receiver of notices that does nothing but answer 204, on one keep-alive connection after the other.

Prints its port. Told to end (SIGTERM), it prints one JSON object: how many came, and instant and `webhook-id` of each.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.server import HERE, LOAD_CPU, pin

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(slots=True)
class Received:
    """What came: by `webhook-id` the first instant, in seconds since the epoch; and how often anything came."""

    port: int
    count: int = 0
    first: dict[str, float] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Deliveries a second, from the first to the last."""
        instants = self.first.values()
        took = max(instants) - min(instants) if len(self.first) > 1 else 0.0
        return (len(self.first) - 1) / took if took else 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, received: Received) -> None:
        self._received = received
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        rest = self._rest + data if self._rest else data
        while (head := rest.find(b"\r\n\r\n")) >= 0:
            lowered = rest[:head].lower()
            end = head + 4 + int(_value(lowered, b"content-length") or 0)
            if len(rest) < end:
                break
            self._received.count += 1
            self._received.first.setdefault(_value(lowered, b"webhook-id").decode(), time.time())
            self._transport.write(_ANSWER)
            rest = rest[end:]
        self._rest = rest


def _value(lowered: bytes, name: bytes) -> bytes:
    start = lowered.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = lowered.find(b"\r\n", start)
    return lowered[start : end if end >= 0 else None].strip()


async def _serve() -> None:
    received = Received(0)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: _Connection(received), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    print(json.dumps({"count": received.count, "first": received.first}), flush=True)


@contextmanager
def receiver() -> Iterator[Received]:
    """A receiver beside the load, for as long as the block lasts; its value is filled when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.receiver"],
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: pin(LOAD_CPU),
    )
    assert process.stdout is not None
    received = Received(int(process.stdout.readline()))
    try:
        yield received
        process.send_signal(signal.SIGTERM)
        said = json.loads(process.communicate(timeout=30)[0])
        received.count, received.first = said["count"], said["first"]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
