"""The servers under test, each a process of its own on the first processor: started, watched, stopped.

The gateway is that of a checkout (`tree`): another one than this can be measured with the same load.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.requests import SECRET

HERE = Path(__file__).resolve().parents[1]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CPU, LOAD_CPU = CORES[0], CORES[-1]
START_S = 60.0
STOP_S = 30.0
RULES = 20
WITHIN_S = 20
"""What the rule `soon` promises."""

HERTZ = os.sysconf("SC_CLK_TCK")

CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  bench:
    plugin: events
    secret: {env: BENCH_SECRET}
"""
ENDPOINT = """\
endpoints:
  receiver:
    url: http://127.0.0.1:%d/hooks
    secret: {env: BENCH_SECRET}
    notices: ["sla.breached"]
    allow_private: true
"""


def policy() -> str:
    """Twenty rules for the first reply, most with a condition, and one condition that makes a notice."""
    lines = ["version: 1", "name: bench", "sla:"]
    lines.append(
        f"  - {{id: soon, when: 'contact.tags.exists(t, t == \"soon\")', metric: first_reply, within: {WITHIN_S}s}}"
    )
    for n in range(RULES - 2):
        lines.append(f"  - id: rule{n}")
        lines.append(f"    when: contact.tags.exists(t, t == 'tag{n}') || contact.subject.contains('word{n}')")
        lines += ["    metric: first_reply", f"    within: {n + 1}h"]
    lines += [
        "  - {id: reply, metric: first_reply, within: 720h}",
        "roles: {lead: {endpoints: [receiver]}}",
        "chains: {grave: {steps: [{after: 0m, notify: [lead]}]}}",
        "escalation:",
        "  - {id: grave, when: 'contact.tags.exists(t, t == \"loud\")', on: matched, chain: grave}",
    ]
    return "\n".join(lines) + "\n"


def pin(cpu: int) -> None:
    """Keep this process, and what it starts, to one processor."""
    os.sched_setaffinity(0, {cpu})


def python(tree: Path, *arguments: str) -> list[str]:
    """The command that runs a module of this bench with the `gateway` of a checkout."""
    start = (
        f"import sys; sys.path.insert(0, {str(tree)!r}); import gateway; sys.path.insert(0, {str(HERE)!r}); "
        f"import runpy; sys.argv = {list(arguments)!r}; runpy.run_module({arguments[0]!r}, run_name='__main__')"
    )
    return [sys.executable, "-P", "-c", start]


def run_in(tree: Path, *arguments: str, cpu: int = LOAD_CPU, ends_with: int = 0) -> str:
    """Run a module of this bench with the `gateway` of a checkout, to its end; what it printed. Raises SystemExit for
    another exit code than `ends_with`."""
    done = subprocess.run(
        python(tree, *arguments), check=False, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: pin(cpu)
    )
    if done.returncode != ends_with:
        raise SystemExit(f"{arguments[0]} ended with {done.returncode}")
    return done.stdout


@dataclass(slots=True)
class Server:
    """A running server."""

    process: "subprocess.Popen[str]"
    port: int
    folder: Path

    @property
    def database(self) -> str:
        """The gateway's file."""
        return str(self.folder / "gateway.db")

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / HERTZ

    def memory_mb(self, which: str = "VmRSS") -> float:
        """Memory that it has now (`VmRSS`), or had at most (`VmHWM`), in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(which + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=STOP_S)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


def others_share(since: tuple[float, float], server_s: float) -> float:
    """The share of the server's processor that other processes have taken since `core_busy_s` gave `since`."""
    busy, now = core_busy_s()
    return max(0.0, (busy - since[0] - server_s) / max(0.001, now - since[1]))


def core_busy_s() -> tuple[float, float]:
    """Seconds that the server's processor has worked so far, whoever for, and the clock's reading."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{SERVER_CPU}":
            user, nice, system, _, _, irq, soft, steal = (int(tick) for tick in ticks[:8])
            return (user + nice + system + irq + soft + steal) / HERTZ, time.monotonic()
    raise SystemExit(f"/proc/stat has no line for processor {SERVER_CPU}")


@contextmanager
def echo() -> Iterator[Server]:
    """The bare server, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.echo"],
            cwd=HERE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: pin(SERVER_CPU),
        )
        assert process.stdout is not None
        server = Server(process, int(process.stdout.readline()), Path(folder))
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def workplace(copy: Path | None = None, receiver: int = 9999, port: int = 0) -> Iterator[Path]:
    """A folder with configuration and policy, for as long as the block lasts; `copy` is a database to start from.

    `receiver` is the port of the one endpoint, `port` where the gateway listens: 0 is any free one.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "gateway.yaml").write_text(
            CONFIG.replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{port}") + ENDPOINT % receiver
        )
        (folder / "policy.yaml").write_text(policy())
        if copy is not None:
            shutil.copyfile(copy, folder / "gateway.db")
            (folder / "gateway.db").chmod(0o600)
            os.sync()
        yield folder


def launch(tree: Path, folder: Path) -> "subprocess.Popen[str]":
    """Start a gateway on a workplace; it may not listen yet."""
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", "run", "--config", f"{folder}/gateway.yaml", "--log-format", "json"],
            cwd=tree,
            stderr=log,
            text=True,
            env={**os.environ, "BENCH_SECRET": SECRET},
            preexec_fn=lambda: pin(SERVER_CPU),
        )


def listening(process: "subprocess.Popen[str]", folder: Path) -> Server:
    """Wait until a gateway says where it listens."""
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        for line in (folder / "log").read_text(errors="replace").splitlines():
            if "listening on http://127.0.0.1:" in line:
                return Server(process, int(line.split("http://127.0.0.1:")[1].split()[0].split("/")[0]), folder)
        time.sleep(0.01)
    process.kill()
    process.wait()
    raise SystemExit("the gateway did not start:\n" + (folder / "log").read_text(errors="replace")[-4_000:])


@contextmanager
def gateway(tree: Path, folder: Path) -> Iterator[Server]:
    """A gateway on a workplace, for as long as the block lasts; then it is killed, since nobody needs its data."""
    server = listening(launch(tree, folder), folder)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
