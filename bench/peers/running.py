"""A peer that runs: a group of processes on the server's processor, watched and ended as one."""

import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers.install import environment
from bench.server import SERVER_CPU, Server, pin

START_S = 90.0
_HERTZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Variant:
    """One server with one setting. `start` is given a folder of its own and the receiver's port."""

    name: str
    about: str
    start: Callable[[Path, int], AbstractContextManager[Server]]
    connections: int = 64
    warm_events: int = 4_000
    """So many events before anything is measured: what is compiled while it runs is slow at first."""


class Group(Server):
    """A server that is several processes."""

    def cpu_s(self) -> float:
        """User and system time of all of them so far, those that have ended included."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # It has ended since the folder was listed.
            if int(fields[2]) == self.process.pid:
                ticks += sum(int(field) for field in fields[11:15])
        return ticks / _HERTZ

    def memory_mb(self, which: str = "VmRSS") -> float:
        """Memory of all of them, in MiB; pages that they share are counted for each."""
        found = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if os.getpgid(int(status.parent.name)) != self.process.pid:
                    continue
                lines = status.read_text().splitlines()
            except OSError:
                continue  # It has ended since the folder was listed.
            found += sum(int(line.split()[1]) for line in lines if line.startswith(which + ":"))
        return found / 1024

    def kill(self) -> None:
        """End them all."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    command: list[str], folder: Path, port: int, settings: Mapping[str, str], ready: Callable[[int, bytes], bool]
) -> Iterator[Server]:
    """A peer that takes requests, for as long as the block lasts; then it is killed, since nobody needs its data.

    `ready` tells by status and body of the answer to a request without signature whether the webhook is there.
    """
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment(), **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: pin(SERVER_CPU),
        )
    group = Group(process, port, folder)
    try:
        _wait(group, ready)
        yield group
    finally:
        group.kill()


def _wait(group: Group, ready: Callable[[int, bytes], bool]) -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and group.process.poll() is None:
        if ready(*_asked(group.port)):
            return
        time.sleep(0.05)
    raise SystemExit(f"{group.process.args!r} did not start:\n{group.log()[-4_000:]}")


def _asked(port: int) -> tuple[int, bytes]:
    """Status and body of the answer to a request that is not signed; 0 where nobody listens."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/in/bench", b"{}", headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read(1_000)
    except urllib.error.HTTPError as refused:
        return refused.code, b""
    except (OSError, http.client.HTTPException):
        return 0, b""
