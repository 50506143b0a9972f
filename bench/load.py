"""Closed-loop load on one server: keep-alive connections, each sends its next request when the last is answered.

Requests are bytes that were made and signed beforehand, so that the load costs as little as it can.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """What a run of load has seen: answers by status, and every latency in seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def accepted(self) -> int:
        """Answers of 2xx."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    def percentile(self, share: float) -> float:
        """The latency in milliseconds below which this share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


async def drive(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Load:
    """Load the server at `port` for so many seconds, or until there are no more requests."""
    load = Load()
    started = time.perf_counter()
    ends = started + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_connection(port, requests, load, ends))
    load.seconds = time.perf_counter() - started
    return load


async def _connection(port: int, requests: Iterator[bytes], load: Load, ends: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in requests:
            sent = time.perf_counter()
            if sent >= ends:
                return
            writer.write(request)
            status = await _answer(reader)
            load.latencies.append(time.perf_counter() - sent)
            load.statuses[status] = load.statuses.get(status, 0) + 1
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    start = lowered.find(b"content-length:")
    if start >= 0:
        await reader.readexactly(int(lowered[start + 15 : lowered.index(b"\r\n", start)]))
    return int(head[9:12])
