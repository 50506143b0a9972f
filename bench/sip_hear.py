"""The listener for calls, as a process of its own: what it takes in a second, and what it holds. Prints JSON.

Packets go through all that the connector does with them (allow-list, HEP, SIP, facts, offers); the ear that it is lent
counts what is offered and takes all of it at once, as a store that never waits.
"""

import argparse
import asyncio
import gc
import heapq
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

from gateway_telephony_sip.capture import OFFER_EVERY_S, Capture
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.peers import Peers
from gateway_telephony_sip.rules import Rules

from bench import sip_calls
from gateway.kernel.ports import ByteStream, Heard, Socket
from gateway.kernel.sockets import SystemSockets
from gateway.model.record import Record

AT = 1_772_442_000_000
"""When the first call comes, where time is only told."""

SOURCE = ("127.0.0.1", 9060)
MANY = 10_000_000
"""No bound on what one address sends: it is the only one."""

WARM_UP = 20_000
MARKS = (10_000, 50_000, 100_000)
CALLS_PER_S = 20
"""Of the calls that are held in memory: some 1.7 million a day."""


class Taking:
    """An ear whose store takes everything at once."""

    def __init__(self) -> None:
        self.at = AT
        self.records = 0
        self.bytes = 0

    def now(self) -> int:
        """The time that was told."""
        return self.at

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """A socket of the system's."""
        return await SystemSockets().udp(host, port, heard)

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        """The same."""
        return await SystemSockets().tcp(host, port, serve)

    async def rest(self, seconds: float) -> bool:
        """Wait; it is never time to end."""
        await asyncio.sleep(seconds)
        return False

    def count(self, what: str, number: int = 1) -> None:
        """The listener's own counts are enough."""

    async def emit(self, records: Sequence[Record]) -> bool:
        """Count them."""
        self.records += len(records)
        self.bytes += sum(len(record.body) for record in records)
        return True


def capture() -> Capture:
    """A listener as the connector makes it."""
    rules, said = Rules(), dict[str, int]()

    def count(what: str) -> None:
        said[what] = said.get(what, 0) + 1

    return Capture(
        Peers([ip_network("127.0.0.0/8")], MANY, count),
        key=None,
        read=lambda message, captured, now: leg_of(message, captured, now, rules),
        count=count,
    )


def stream(calls: int, per_s: float) -> Iterator[tuple[int, bytes]]:
    """The packets of so many calls, so many of which begin in a second, in the order of their times; in ms."""
    waiting: list[tuple[int, int, bytes]] = []
    order = 0
    for number in range(calls):
        begins = AT + round(number * 1_000 / per_s)
        while waiting and waiting[0][0] < begins:
            at, _, data = heapq.heappop(waiting)
            yield at, data
        for seen in sip_calls.call(number, begins):
            order += 1
            heapq.heappush(waiting, (begins + seen.after_ms, order, seen.data))
    while waiting:
        at, _, data = heapq.heappop(waiting)
        yield at, data


async def rate(calls: int, rounds: int) -> dict[str, object]:
    """What it takes in a second of the processor's time: packets that are made beforehand, offers every 50 ms."""
    per_s = 20_000 / sip_calls.PACKETS
    packets = list(stream(calls, per_s))
    gc.freeze()
    rates, reading, ear, heard = [], [], Taking(), capture()
    for _ in range(rounds):
        ear, heard = Taking(), capture()
        started = time.process_time()
        offers_at = AT
        for at, data in packets:
            heard.heard(data, SOURCE, at)
            if at >= offers_at:
                ear.at, offers_at = at, at + round(OFFER_EVERY_S * 1_000)
                await heard.offer(ear)
        await heard.offer(ear, all=True)
        rates.append(len(packets) / (time.process_time() - started))
        heard = capture()
        started = time.process_time()
        for at, data in packets:
            heard.heard(data, SOURCE, at)
        reading.append(len(packets) / (time.process_time() - started))
    return {
        "packets": len(packets),
        "bytes": sum(len(data) for _, data in packets),
        "rates": rates,
        "without_offers": reading,
        "counts": heard.counts,
        "records": ear.records,
        "record_bytes": ear.bytes,
    }


async def memory(most: int) -> dict[str, object]:
    """What the process holds after the warm-up, and after so many calls more, in MiB."""
    ear, heard = Taking(), capture()
    marks = {WARM_UP: "warm"} | {WARM_UP + more: str(more) for more in MARKS if more <= most}
    found: dict[str, float] = {}
    offers_at = 0
    for at, data in stream(max(marks) + 1, CALLS_PER_S):
        while marks and at >= AT + min(marks) * 1_000 / CALLS_PER_S:
            found[marks.pop(min(marks))] = resident_mb()
        if not marks:
            break
        heard.heard(data, SOURCE, at)
        if at >= offers_at:
            ear.at, offers_at = at, at + round(OFFER_EVERY_S * 1_000)
            await heard.offer(ear)
    return {"resident_mb": found, "records": ear.records, "counts": heard.counts}


async def udp(ends: Path) -> dict[str, object]:
    """Listen on a socket of the loopback until a file is there; the port is printed at once."""
    ear, heard, late_s = Taking(), capture(), 0.0

    def now() -> int:
        return time.time_ns() // 1_000_000

    door = await ear.udp("127.0.0.1", 0, lambda data, source: heard.heard(data, source, now()))
    print(json.dumps({"port": door.port}), flush=True)
    cpu = time.process_time()
    while not await asyncio.to_thread(ends.exists):
        before = time.monotonic()
        await asyncio.sleep(OFFER_EVERY_S)
        ear.at = now()
        await heard.offer(ear)
        late_s = max(late_s, time.monotonic() - before - OFFER_EVERY_S)
    spent, lost = time.process_time() - cpu, dropped(door.port)
    door.close()
    return {
        "counts": heard.counts,
        "records": ear.records,
        "cpu_s": spent,
        "late_ms": late_s * 1_000,
        "dropped": lost,
    }


def dropped(port: int) -> int:
    """Datagrams to a port that the system has dropped since it was opened, since its buffer was full."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}"):
            return int(fields[-1])
    return 0


def resident_mb() -> float:
    """What this process has in memory now, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / (1 << 20)


def main() -> int:
    """Measure one thing, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip_hear", description=__doc__)
    parser.add_argument("what", choices=["rate", "memory", "udp"])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--until", type=Path, metavar="FILE", help="listen until it is there")
    given = parser.parse_args()
    if given.what == "rate":
        found = asyncio.run(rate(given.calls, given.rounds))
    elif given.what == "memory":
        found = asyncio.run(memory(given.calls))
    else:
        found = asyncio.run(udp(given.until))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
