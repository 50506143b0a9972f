"""Giving orders to a kennel: its children have the face of `subprocess.Popen`."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.acceptance.process import DEADLINE_S
from tests.support.source import ROOT


class Forked:
    """A child of a kennel."""

    def __init__(self, kennel: "Kennel", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.over = threading.Event()
        self._kennel = kennel

    def poll(self) -> int | None:
        """How it has ended; None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises TimeoutExpired."""
        if not self.over.wait(timeout):
            raise subprocess.TimeoutExpired("gateway run", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal; one that has ended gets none."""
        if self.returncode is None:
            self._kennel.order(to=self.pid, signal=int(number))

    def kill(self) -> None:
        """Let it end this instant."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Kennel:
    """A kennel that runs, until `close`. `packages` is a folder that stands on the path of Python."""

    def __init__(self, packages: Path, bug: str = "") -> None:
        paths = [str(ROOT), str(packages), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.kennel", bug],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._children: dict[int, Forked] = {}
        self._started: queue.SimpleQueue[Forked | None] = queue.SimpleQueue()
        self._listening = threading.Thread(target=self._listen, name="kennel", daemon=True)
        self._listening.start()

    def start(self, **order: Any) -> Forked:
        """Fork a gateway; see `kennel` for what an order says."""
        self.order(**order)
        child = self._started.get(timeout=DEADLINE_S)
        assert child is not None, "the kennel has ended"
        return child

    def order(self, **order: Any) -> None:
        """Say something to the kennel."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End it, and every child of it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(DEADLINE_S)
        self._listening.join(DEADLINE_S)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as news:
            for line in news:
                told = json.loads(line)
                if "started" in told:
                    self._children[told["started"]] = child = Forked(self, told["started"])
                    self._started.put(child)
                else:
                    child = self._children.pop(told["ended"])
                    child.returncode = told["code"]
                    child.over.set()
        self._started.put(None)
