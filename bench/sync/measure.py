"""One reader's round: started on an empty folder, watched from outside, and asked at the end what it has brought.

A rate counts from the first page of tickets that is asked for until the reader's end: what a reader needs to start is
left out for all of them. Memory is that of all its processes together, at most.
"""

import os
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import server
from bench.peers.running import Group
from bench.sync.account import Account
from bench.sync.readers import Job, Reader
from bench.sync.truth import Found, fault

PATIENCE_S = 1_800.0
NAP_S = 0.05
SETTLES_S = 0.2
"""Until then a new process may still count as the one that has started it."""

_Process = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has shown. `requests` are all that the account was asked, `pages` those for tickets."""

    per_second: float
    start_s: float
    took_s: float
    cpu_ms: float
    memory_mb: float
    requests: int
    pages: int
    sent_mb: float
    distinct: int
    lost: int
    doubled: int
    wrong: bool
    others: float

    def values(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)


def measured(reader: Reader, account: Account, true: Found) -> Round:
    """Let a reader read the whole account, and compare what it has brought with what is true."""
    with tempfile.TemporaryDirectory(prefix="bench-sync-") as name:
        folder = Path(name)
        job = reader.prepare(account, folder)
        account.reset()
        busy, started = server.core_busy_s(), time.monotonic()
        ended, cpu_s, memory_mb = _run(job, folder)
        asked = account.asked()
        brought = job.brought()
    wrong = fault(brought, true)
    if not asked.first_page:
        raise SystemExit(f"{reader.name} has ended without a single page of tickets")
    took = ended - asked.first_page
    return Round(
        per_second=account.tickets / took,
        start_s=asked.first_page - started,
        took_s=took,
        cpu_ms=cpu_s * 1_000 / account.tickets,
        memory_mb=memory_mb,
        requests=asked.requests,
        pages=asked.pages,
        sent_mb=asked.sent / 1e6,
        distinct=brought.distinct,
        lost=wrong.lost,
        doubled=wrong.doubled,
        wrong=wrong.wrong,
        others=server.others_share(busy, cpu_s),
    )


def _run(job: Job, folder: Path) -> tuple[float, float, float]:
    """When it was done, its processor seconds, and its memory at most. Raises SystemExit where it fails."""
    output, said = job.output or folder / "output", folder / "log"
    with output.open("w") as out, said.open("w") as log:
        process = subprocess.Popen(
            list(job.command),
            cwd=folder,
            env={**os.environ, **job.env},
            stdout=out,
            stderr=log,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: server.pin(server.SERVER_CPU),
        )
    group = Group(process, 0, folder)
    memory, began = 0.0, time.monotonic()
    try:
        while True:
            time.sleep(NAP_S)
            now, ended = time.monotonic(), _ended(process)
            if now - began > SETTLES_S:
                memory = max(memory, group.memory_mb("VmHWM"))
            if ended or (job.done is not None and job.done()):
                break
            if now - began > PATIENCE_S:
                raise SystemExit(f"{job.command[0]} has not ended after {PATIENCE_S:g} s:\n{_last(said)}")
        cpu_s = group.cpu_s()
    finally:
        group.kill()
    if ended and (job.done is not None or process.returncode):
        raise SystemExit(f"{job.command[0]} ended with {process.returncode}:\n{_last(said)}")
    return now, cpu_s, memory


def _ended(process: _Process) -> bool:
    """Whether it has ended; what the system knows of it stays readable until it is waited for."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _last(log: Path) -> str:
    return log.read_text(errors="replace")[-3_000:]
