"""What one event costs, stage by stage: a running gateway under a steady load, sampled from outside by py-spy.

py-spy is no part of the project: `pip install py-spy` beside it, and run this as a user who may look into processes.
Each thread's processor seconds are the system's; the samples only share them out. `python -m bench.stages --help`.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench import options, server
from bench.load import Driver, Pace
from bench.requests import requests
from bench.stage import beside_contacts
from bench.store import Backlog
from bench.table import markdown, put_into

MARKS = ("<!-- stages: begins -->", "<!-- stages: ends -->")
SAMPLES_A_SECOND = 250
WARM_S = 5.0
WATCH_S = 30.0

_FRAME = re.compile(r"^(?P<function>.*) \((?P<file>[^():]+):\d+\)$")
WAITING = ("selectors.py", "_Worker._run")
"""A sample whose innermost frame is one of these found a thread that waits."""

MAIN: tuple[tuple[str, str], ...] = (
    ("gateway/kernel/signing.py", "proof of the sender"),
    ("gateway/connectors/", "reading and checking the event"),
    ("gateway/plugin/", "reading and checking the event"),
    ("gateway/engine/receive.py", "from the request to the inbox"),
    ("gateway/web/", "HTTP: limits, routes, answers of ours"),
    ("gateway/rules/", "judging: the rules"),
    ("gateway/policy/", "judging: the rules"),
    ("gateway/engine/perform", "deliveries"),
    ("gateway/engine/lane", "deliveries"),
    ("gateway/kernel/net", "deliveries"),
    ("gateway/engine/", "judging: what comes in and what is written"),
    ("gateway/store/judging.py", "judging: what comes in and what is written"),
    ("gateway/store/coding.py", "judging: what comes in and what is written"),
    ("gateway/store/", "handing over to the store's threads"),
    ("gateway/kernel/spawn.py", "handing over to the store's threads"),
    ("aiohttp/", "HTTP: the library"),
    ("asyncio/", "the event loop"),
    ("selectors.py", "the event loop"),
)
"""Of the loop's thread: the innermost frame of one of these files names the stage."""

COMMIT = "disk: commits and checkpoints"
WRITER: tuple[tuple[str, str], ...] = (
    ("gateway/store/inbox.py", "disk: the inbox's rows"),
    ("gateway/store/outbox", "disk: the outbox's rows"),
    ("gateway/store/endpoints", "disk: the outbox's rows"),
    ("gateway/store/wal.py", COMMIT),
    ("gateway/store/judging.py", "disk: what judging writes"),
    ("gateway/store/contact_checkpoints.py", "disk: what judging writes"),
    ("gateway/store/writer.py", COMMIT),
)
READER: tuple[tuple[str, str], ...] = (("", "disk: what judging reads"),)
OTHERS: tuple[tuple[str, str], ...] = (("", "all other threads"),)
THREADS = {"MainThread": MAIN, "store-write": WRITER, "store-read": READER, "store-checkpoint": (("", COMMIT),)}


def stage(frames: Iterable[str], names: tuple[tuple[str, str], ...]) -> str:
    """The stage of a sample: that of its innermost frame that has one."""
    for frame in frames:
        found = _FRAME.match(frame)
        for part, name in names:
            if found is not None and part in found["file"]:
                return name
    return "anything else"


def shared_out(samples: str, cpu_us: Mapping[int, float], tick_us: float) -> dict[str, float]:
    """Microseconds by stage: each thread's own, shared out by its samples in py-spy's raw form, one each `tick_us`.

    A commit waits for the disk, and a sample can't tell whether it does: it gets what the thread's other work leaves.
    """
    by_thread: dict[int, Counter[str]] = {}
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        known = re.match(r"thread \((\d+)\): (.*)", thread)
        if known is None or not frames or any(word in frames[-1] for word in WAITING):
            continue
        names = THREADS.get(known[2], OTHERS)
        by_thread.setdefault(int(known[1]), Counter())[stage(reversed(frames), names)] += int(count)
    found: dict[str, float] = {}
    for number, spent in cpu_us.items():
        seen = {name: count * tick_us for name, count in by_thread.get(number, {}).items()}
        if COMMIT in seen:
            seen[COMMIT] = max(0.0, spent - sum(seen.values()) + seen[COMMIT])
        whole = sum(seen.values())
        for name, took in (seen or {"anything else": spent}).items():
            found[name] = found.get(name, 0.0) + (took * spent / whole if whole else spent)
    return found


def threads_cpu_us(pid: int) -> dict[int, float]:
    """Microseconds of the processor that each thread of a process has taken."""
    found = {}
    for path in Path(f"/proc/{pid}/task").iterdir():
        fields = (path / "stat").read_text().rpartition(")")[2].split()
        found[int(path.name)] = (int(fields[11]) + int(fields[12])) / server.HERTZ * 1e6
    return found


def watch(given: options.Options, rate: float, spy: str) -> tuple[dict[str, float], int]:
    """Microseconds by stage, and how many events they were for."""
    with beside_contacts(given) as (running, _), tempfile.TemporaryDirectory(prefix="bench-") as folder:
        driver = Driver(running.port, requests("stages", stored=given.contacts), given.connections)
        driver.run(given.seconds(WARM_S), Pace(rate))
        seconds = given.seconds(WATCH_S)
        samples = Path(folder, "samples")
        command = [spy, "record", "--threads", "--format", "raw", "--rate", str(SAMPLES_A_SECOND)]
        command += ["--duration", str(int(seconds)), "--output", str(samples), "--pid", str(running.process.pid)]
        before = threads_cpu_us(running.process.pid)
        watching = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        load = driver.run(seconds, Pace(rate))
        after = threads_cpu_us(running.process.pid)
        driver.close()
        watching.wait()
        Backlog(running.database).drained(60)
        spent = {number: took - before.get(number, 0.0) for number, took in after.items()}
        return shared_out(samples.read_text(), spent, 1e6 / SAMPLES_A_SECOND), load.accepted


def table(found: Mapping[str, float], events: int, rate: float) -> str:
    """The stages, the most costly first."""
    ordered = sorted(found.items(), key=lambda one: -one[1])
    rows = [[name, f"{took / events:.1f}", f"{took / sum(found.values()):.0%}"] for name, took in ordered]
    rows.append(["all", f"{sum(found.values()) / events:.1f}", ""])
    head = f"{events:,} events at {rate:,.0f} a second, one in fifty of which delivers a notice.\n\n"
    return head + "\n".join(markdown(["stage", "µs an event", "share"], rows))


def main() -> int:
    """Sample, print, and write the table into a page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    options.arguments(parser)
    parser.add_argument("--rate", type=float, default=1_000.0, help="events a second: one that the machine bears")
    parser.add_argument("--py-spy", default=shutil.which("py-spy") or "", help="default: the one on the path")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, between its marks")
    given = parser.parse_args()
    if not given.py_spy:
        parser.error("py-spy is not on the path: pip install py-spy, or say where it is with --py-spy")
    server.pin(server.LOAD_CPU)
    found, events = watch(options.chosen(given), given.rate, given.py_spy)
    text = table(found, events, given.rate)
    if given.write is not None:
        page = given.write.read_text(encoding="utf-8")
        given.write.write_text(put_into(page, text, MARKS), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
