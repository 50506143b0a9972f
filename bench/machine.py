"""The machine on which was measured, in a few lines: without them a figure says nothing."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import server
from gateway.store.library import driver

FSYNC_S = 1.0
_BLOCK = b"\0" * 4_096


def facts(tree: Path) -> dict[str, str]:
    """What the machine and its software are, and how busy it is."""
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit(tree)}",
        "machine": f"{processor()}, {len(server.CORES)} cores, {memory_gb():.0f} GiB, {platform.system()} "
        f"{platform.release()}",
        "software": f"Python {platform.python_version()}, SQLite {driver().sqlite_version}, aiohttp "
        f"{version('aiohttp')}",
        "disk": f"{fsyncs():,.0f} fdatasync of 4 KiB a second",
        "load average before": f"{os.getloadavg()[0]:.2f}",
        "processors": f"server on {server.SERVER_CPU}, load on {server.LOAD_CPU}",
    }


def commit(tree: Path) -> str:
    """The checkout's commit, and whether something in it is changed."""
    asked = subprocess.run(
        ["git", "-C", str(tree), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def processor() -> str:
    """The processor's model."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or sys.platform


def memory_gb() -> float:
    """The machine's memory, in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def fsyncs() -> float:
    """How many small writes a second reach the disk for good, one after the other, where the databases lie."""
    with tempfile.TemporaryFile(prefix="bench-") as file:
        done = 0
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < FSYNC_S:
            os.pwrite(file.fileno(), _BLOCK, (done % 256) * len(_BLOCK))
            os.fdatasync(file.fileno())
            done += 1
        return done / spent
