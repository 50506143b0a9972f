"""The running account, as the bench has it at hand: where it is, and what was asked of it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.server import HERE, LOAD_CPU, pin


@dataclass(slots=True)
class Asked:
    """What was asked for: requests of any kind, pages of tickets, and when the first of these that had any (monotonic
    seconds). `sent`: the bytes of these pages."""

    requests: int = 0
    pages: int = 0
    first_page: float = 0.0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The running account."""

    port: int
    tickets: int
    ticket_bytes: int

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget what was asked so far."""
        _get(f"{self.base}/_bench/reset")

    def asked(self) -> Asked:
        """What was asked since then."""
        return Asked(**json.loads(_get(f"{self.base}/_bench")))


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


@contextmanager
def account(shape: str, tickets: int) -> Iterator[Account]:
    """An account of a shape with so many tickets on the load's processor, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sync.serving", shape, str(tickets)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: pin(LOAD_CPU),
    )
    try:
        assert process.stdout is not None
        port, _, size = process.stdout.readline().partition(" ")
        yield Account(int(port), tickets, int(size))
    finally:
        process.kill()
        process.wait()
