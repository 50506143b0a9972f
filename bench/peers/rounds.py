"""One server's round: as much as it takes, until the last request that it sends has come; then half of that.

A rate is of events that came out at the other end, from the first request's start to the last arrival. What an answer
of 2xx stands for differs between the servers; what has been sent on doesn't.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import server
from bench.load import Driver, Load, Pace, percentile
from bench.peers.receiver import MARK, Sink, sink
from bench.peers.running import Variant
from bench.requests import Stamp, opening, signed

STALLED_S = 20.0
"""How long nothing may arrive before the rest counts as lost."""

NAP_S = 0.05
WARM_S = 60.0
MOST = 10_000_000


@dataclass(slots=True)
class Source:
    """Requests, each one event of 2 to 3 KB that the condition meets; when each was sent."""

    sent: list[float] = field(default_factory=list)

    def requests(self, seconds: float, most: int) -> Iterator[bytes]:
        """Requests for so many seconds, and at most so many."""
        stamp = Stamp()
        ends = time.monotonic() + seconds
        most += len(self.sent)
        while len(self.sent) < most and (now := time.monotonic()) < ends:
            id = f"{MARK}{len(self.sent)}".encode()
            body = opening(id, stamp.now(), id, b',"loud"')
            request = signed(id, stamp.second, body)
            self.sent.append(now)
            yield request


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of load: which requests were sent in it, the answers, how long it took until all had
    come, and the server's processor seconds for it."""

    first: int
    end: int
    load: Load
    took_s: float
    cpu_s: float
    others: float


@dataclass(frozen=True, slots=True)
class Round:
    """What a round has shown. Milliseconds; `through` is from a request's start to its arrival at the other end."""

    per_second: float
    cpu_ms: float
    answered: tuple[float, float]
    through: tuple[float, float]
    memory_mb: float
    others: float
    load_busy: float
    lost: int
    refused: int

    def values(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)


def measured(variant: Variant, seconds: float, connections: int) -> Round:
    """Start a server, warm it, measure it, end it."""
    source = Source()
    with (
        tempfile.TemporaryDirectory(prefix="bench-peer-") as name,
        sink() as arrived,
        variant.start(Path(name), arrived.port) as running,
    ):
        _phase(running, source, arrived, connections, WARM_S, most=variant.warm_events)
        burst = _phase(running, source, arrived, connections, seconds)
        rate = (burst.end - burst.first) / burst.took_s
        half = _phase(running, source, arrived, connections, seconds, Pace(rate / 2))
        memory = running.memory_mb()
    return _round(source, arrived, burst, half, memory)


def _phase(
    running: server.Server,
    source: Source,
    arrived: Sink,
    connections: int,
    seconds: float,
    pace: Pace | None = None,
    most: int = MOST,
) -> Phase:
    first, busy, cpu, started = len(source.sent), server.core_busy_s(), running.cpu_s(), time.monotonic()
    driver = Driver(running.port, source.requests(seconds, most), connections)
    try:
        load = driver.run(seconds * 2, pace)
    finally:
        driver.close()
    end = len(source.sent)
    _drain(arrived, end - sum(count for status, count in load.statuses.items() if status >= 300))
    took = running.cpu_s() - cpu
    return Phase(first, end, load, time.monotonic() - started, took, server.others_share(busy, took))


def _drain(arrived: Sink, expected: int) -> None:
    """Wait until everything has come, or nothing comes any more."""
    seen, since = arrived.count(), time.monotonic()
    while seen < expected and time.monotonic() - since < STALLED_S:
        time.sleep(NAP_S)
        if (now := arrived.count()) > seen:
            seen, since = now, time.monotonic()


def _round(source: Source, arrived: Sink, burst: Phase, half: Phase, memory: float) -> Round:
    came = [arrived.first[number] for number in range(burst.first, burst.end) if number in arrived.first]
    if not came:
        raise SystemExit(f"nothing was sent on: {burst.load.statuses}, {burst.load.lost} without an answer")
    through = [
        (arrived.first[number] - source.sent[number]) * 1000
        for number in range(half.first, half.end)
        if number in arrived.first
    ]
    lost = sum(number not in arrived.first for number in range(burst.first, half.end))
    return Round(
        per_second=len(came) / (max(came) - source.sent[burst.first]),
        cpu_ms=burst.cpu_s * 1000 / len(came),
        answered=(half.load.percentile(0.5), half.load.percentile(0.99)),
        through=(percentile(through, 0.5), percentile(through, 0.99)),
        memory_mb=memory,
        others=burst.others,
        load_busy=burst.load.busy,
        lost=lost,
        refused=sum(count for status, count in burst.load.statuses.items() if status >= 300),
    )


def tell(line: str) -> None:
    """Progress, for people."""
    print(f"peers: {line}", file=sys.stderr, flush=True)
