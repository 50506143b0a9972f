"""Calls: HEP packets through parse and absorb, what the listener holds, and how soon a redirect server answers.

The listener under test runs on the first processor, what sends to it on the last. `python -m bench.sip --help`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench import machine, server, sip_hear
from bench.options import Options, arguments, chosen
from bench.sip_redirect import answers
from bench.table import Figure, Measured, put_into

PACKETS_PER_S = 20_000
CALLS_PER_S = 500
RATE_CALLS = 10_000
UDP_S = 10.0
SETTLE_S = 0.5
ALL = 100.0
MEMORY_CALLS = 100_000
GROWTH_MAX_MB = 8.0
"""What the process may hold more after 100,000 calls than after the warm-up: pages that the allocator keeps."""

BUFFER = Path("/proc/sys/net/core/rmem_max")


def hear(*arguments: str) -> dict[str, Any]:
    """Run the listener to its end; what it printed last."""
    found: dict[str, Any] = json.loads(_started("bench.sip_hear", *arguments, cpu=server.SERVER_CPU).communicate()[0])
    return found


def absorbed(options: Options) -> list[Figure]:
    """How many packets a second one processor takes: in the process's own time, so that others don't matter."""
    calls = RATE_CALLS // 5 if options.quick else RATE_CALLS
    found = hear("rate", "--calls", str(calls), "--rounds", str(options.rounds))
    per_packet = found["bytes"] / found["packets"]
    whole, reading = (sorted(found[key])[len(found[key]) // 2] for key in ("rates", "without_offers"))
    return [
        Figure(
            "HEP packets through parse and absorb, one core",
            tuple(found["rates"]),
            "a second",
            PACKETS_PER_S,
            digits=0,
            note=f"{found['packets']:,} packets of {calls:,} calls, {per_packet:.0f} bytes in the mean, "
            f"{1e6 / whole:.0f} µs of the processor each. Among them {1e6 / whole - 1e6 / reading:.0f} µs for what is "
            f"offered to the store: {found['records'] / calls:.1f} records a call of "
            f"{found['record_bytes'] / max(1, found['records']):,.0f} bytes. Counted: {_counted(found['counts'])}",
        )
    ]


def arrived(options: Options) -> list[Figure]:
    """What of a steady stream over a real socket arrives, sent by another process."""
    shares: list[float] = []
    others: list[float] = []
    notes: list[str] = []
    for _ in range(options.rounds):
        sent, found = _over_udp(options.seconds(UDP_S))
        heard = sum(found["counts"].values())
        shares.append(heard / sent["sent"] * 100)
        others.append(sent["others"])
        notes.append(
            f"{heard:,} of {sent['sent']:,} in {sent['seconds']:.1f} s, {found['dropped']:,} dropped by the system, "
            f"{found['cpu_s'] / sent['seconds']:.0%} of the processor, the loop late by at most {found['late_ms']:.0f} "
            f"ms, the sender by {sent['late_ms']:.0f} ms"
        )
        options.tell(f"udp: {notes[-1]}; others {others[-1]:.0%}")
    return [
        Figure(
            f"of {PACKETS_PER_S:,} packets a second over UDP, heard",
            tuple(shares),
            "%",
            ALL,
            digits=2,
            # Others can only make it worse: what arrives although they work, arrives.
            noise=max(others) if min(shares) < ALL else 0.0,
            note=f"each round: {'; '.join(notes)}. Others took at most {max(others):.0%} of the processor. The system "
            f"keeps {int(BUFFER.read_text()):,} bytes at most (net.core.rmem_max) while nobody reads",
        )
    ]


def held(options: Options) -> list[Figure]:
    """What the process holds while calls come and go."""
    calls = MEMORY_CALLS // 10 if options.quick else MEMORY_CALLS
    found = hear("memory", "--calls", str(calls))
    marks: dict[str, float] = found["resident_mb"]
    told = ", ".join(f"{mb:,.1f} MB after {int(more):,} more" for more, mb in marks.items() if more != "warm")
    last = list(marks.values())[-1]
    return [
        Figure(
            f"memory: growth over {calls:,} calls",
            (last - marks["warm"],),
            "MB",
            GROWTH_MAX_MB,
            "at most",
            1,
            note=f"{marks['warm']:,.1f} MB after a warm-up of {sip_hear.WARM_UP:,} calls, {told}; "
            f"{sip_hear.CALLS_PER_S} calls begin in a second, which last some three minutes and are forgotten ten "
            f"minutes later. {found['records'] / (calls + sip_hear.WARM_UP):.1f} records a call",
        )
    ]


def redirected(options: Options) -> list[Figure]:
    """How soon a gateway's redirect server answers, with a policy that decides."""
    return answers(options, CALLS_PER_S)


PARTS: Final[dict[str, Callable[[Options], list[Figure]]]] = {
    "absorb": absorbed,
    "udp": arrived,
    "memory": held,
    "redirect": redirected,
}
"""In the order of the table."""

MARKS: Final = ("<!-- calls: begins -->", "<!-- calls: ends -->")


def main() -> int:
    """Measure, print, and write the table into a page where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip", description=__doc__)
    arguments(parser)
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be given several times")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, between its marks")
    given = parser.parse_args()
    if given.write is not None:
        put_into(given.write.read_text(encoding="utf-8"), "", MARKS)
    options = chosen(given)
    facts = machine.facts(options.tree)
    server.pin(server.LOAD_CPU)
    figures: list[Figure] = []
    for name, part in PARTS.items():
        if name in (given.only or PARTS):
            started = time.monotonic()
            figures += part(options)
            options.tell(f"{name} took {time.monotonic() - started:.0f} s")
    measured = Measured(facts, figures)
    if given.write is not None:
        page = given.write.read_text(encoding="utf-8")
        given.write.write_text(put_into(page, measured.text(), MARKS), encoding="utf-8")
    print(json.dumps(measured.values(), indent=2) if given.json else measured.text(), end="")
    return 0


def _over_udp(seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was sent, and what the listener says that it heard."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ends = Path(folder, "ends")
        listener = _started("bench.sip_hear", "udp", "--until", str(ends), cpu=server.SERVER_CPU)
        try:
            assert listener.stdout is not None
            port = json.loads(listener.stdout.readline())["port"]
            options = ("--port", str(port), "--per-second", str(PACKETS_PER_S), "--seconds", str(seconds))
            running = server.Server(listener, port, Path(folder))
            busy, cpu = server.core_busy_s(), running.cpu_s()
            sent = json.loads(_started("bench.sip_load", "packets", *options, cpu=server.LOAD_CPU).communicate()[0])
            sent["others"] = server.others_share(busy, running.cpu_s() - cpu)
            time.sleep(SETTLE_S)
            ends.touch()
            return sent, json.loads(listener.communicate(timeout=server.STOP_S)[0])
        finally:
            listener.kill()
            listener.wait()


def _started(*arguments: str, cpu: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=server.HERE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: server.pin(cpu),
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
