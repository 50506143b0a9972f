"""A signed webhook in: to the durable 2xx and to the committed decision, beside an aiohttp server that only echoes.

Rounds of both in turn on the same processor, the same load, the same bodies. `python -m bench.ingest --help`.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import Load, drive
from gateway.kernel.clock import SystemClock
from gateway.kernel.spawn import LoopSpawn
from gateway.store.sqlite import SqliteStore

KEY = bytes(range(32))
SERVER_CPU, LOAD_CPU = 0, 1
EVENTS_PER_CONTACT = 5
TEXT = "The order has not arrived and nobody answers the phone. " * 40
CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  bench:
    plugin: events
    secret: {{env: BENCH_SECRET}}
"""
RULES = 20


@dataclass(frozen=True, slots=True)
class Round:
    """One server's round: what the load saw, the server's processor seconds, and when the last decision was there."""

    load: Load
    cpu_s: float
    decided_s: float = 0.0

    @property
    def per_second(self) -> float:
        """Requests answered with 2xx, a second."""
        return self.load.accepted / self.load.seconds

    @property
    def decided_per_second(self) -> float:
        """Events decided and committed, a second, the time to the last one counted."""
        return self.load.accepted / self.decided_s if self.decided_s else 0.0


def policy() -> str:
    """A policy of twenty conditions."""
    rules = [
        f"  - id: rule{n}\n    when: contact.tags.exists(t, t == 'tag{n}') || contact.subject.contains('word{n}')\n"
        f"    metric: first_reply\n    within: {n + 1}h\n"
        for n in range(RULES - 1)
    ]
    return "version: 1\nname: bench\nsla:\n" + "".join(rules) + "  - {id: reply, metric: first_reply, within: 4h}\n"


def requests(run: str, now_s: int) -> Iterator[bytes]:
    """Signed requests without end: each brings one event of 2 to 3 KB under an id of its own."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))
    number = 0
    while True:
        contact, part = divmod(number, EVENTS_PER_CONTACT)
        id = f"{run}-{number}"
        event: dict[str, Any] = {"id": id, "at": at, "ref": {"kind": "ticket", "id": f"{run}-{contact}"}}
        if part == 0:
            event |= {"type": "contact.opened", "kind": "ticket", "channel": "email", "subject": TEXT, "tags": ["a"]}
        else:
            event |= {"type": "message.added", "author": {"kind": "customer"}, "text": TEXT, "sequence": part}
        body = json.dumps({"events": [event]}).encode()
        mark = hmac.new(KEY, b"%s.%d." % (id.encode(), now_s) + body, hashlib.sha256).digest()
        yield (
            f"POST /in/bench HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"webhook-id: {id}\r\nwebhook-timestamp: {now_s}\r\n"
            f"webhook-signature: v1,{base64.b64encode(mark).decode()}\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body
        number += 1


def pin(cpu: int) -> None:
    """Keep this process to one processor, where there are two."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {cpu})


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_echo(prepared: list[bytes], connections: int, seconds: float) -> Round:
    """A round of the bare server."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.echo"], stdout=subprocess.PIPE, text=True, preexec_fn=lambda: pin(SERVER_CPU)
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        before = cpu_seconds(server.pid)
        load = asyncio.run(drive(port, iter(prepared), connections=connections, seconds=seconds))
        return Round(load, cpu_seconds(server.pid) - before)
    finally:
        server.kill()
        server.wait()


def measure_gateway(prepared: list[bytes], connections: int, seconds: float) -> Round:
    """A round of the gateway, until its last decision is committed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "gateway.yaml").write_text(CONFIG.format())
        Path(folder, "policy.yaml").write_text(policy())
        server = subprocess.Popen(
            [sys.executable, "-m", "gateway", "run", "--config", f"{folder}/gateway.yaml", "--log-format", "json"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "BENCH_SECRET": "whsec_" + base64.b64encode(KEY).decode()},
            preexec_fn=lambda: pin(SERVER_CPU),
        )
        try:
            port = _port(server)
            before = cpu_seconds(server.pid)
            started = time.perf_counter()
            load = asyncio.run(drive(port, iter(prepared), connections=connections, seconds=seconds))
            asyncio.run(_drained(f"{folder}/gateway.db"))
            decided = time.perf_counter() - started
            return Round(load, cpu_seconds(server.pid) - before, decided)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)


def _port(server: "subprocess.Popen[str]") -> int:
    assert server.stderr is not None
    for line in server.stderr:
        if "http://127.0.0.1:" in line and "/in/" in line:
            return int(line.split("http://127.0.0.1:")[1].split("/")[0])
    raise SystemExit("the gateway did not start")


async def _drained(path: str) -> None:
    spawn = LoopSpawn()
    store = await SqliteStore.open(path, spawn, exclusive=False)
    clock = SystemClock()
    while (await store.counts())["inbox_ready"] > 0:
        await clock.sleep(0.05)
    await store.close()
    await spawn.close()


def table(echoes: list[Round], gateways: list[Round]) -> str:
    """The rounds' medians and ratios, in words."""
    median = statistics.median
    echo = [one.per_second for one in echoes]
    rows = [
        ("echo, bare aiohttp", echo, echo),
        ("signed webhook to durable 2xx", [one.per_second for one in gateways], echo),
        ("the same to committed decision", [one.decided_per_second for one in gateways], echo),
        ("echo, a processor second", _per_cpu(echoes), _per_cpu(echoes)),
        ("webhook and decision, a processor second", _per_cpu(gateways), _per_cpu(echoes)),
    ]
    lines = [f"{'':<42} {'a second (median)':>18} {'spread':>17} {'beside the echo':>16}"]
    for name, values, beside in rows:
        ratio = median(values) / median(beside)
        lines.append(f"{name:<42} {median(values):>18,.0f} {_spread(values):>17} {ratio:>16.2f}")
    p50 = median(one.load.percentile(0.5) for one in gateways)
    p99 = median(one.load.percentile(0.99) for one in gateways)
    return "\n".join([*lines, f"latency of the durable 2xx under this load: p50 {p50:.1f} ms, p99 {p99:.1f} ms"])


def _per_cpu(rounds: list[Round]) -> list[float]:
    """What a second of the server's processor does, whoever else uses the machine."""
    return [one.load.accepted / one.cpu_s for one in rounds]


def _spread(values: list[float]) -> str:
    return f"{min(values):,.0f} to {max(values):,.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the load in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    pin(LOAD_CPU)
    echoes: list[Round] = []
    gateways: list[Round] = []
    for number in range(options.rounds):
        source = requests(f"round{number}", int(time.time()))
        prepared = [next(source) for _ in range(int(options.seconds * 14_000))]
        echoes.append(measure_echo(prepared, options.connections, options.seconds))
        gateways.append(measure_gateway(prepared, options.connections, options.seconds))
        print(f"round {number + 1} of {options.rounds}: {gateways[-1].load.statuses}", file=sys.stderr)
    print(table(echoes, gateways))


if __name__ == "__main__":
    main()
