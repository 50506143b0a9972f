"""The kennel: a warm process that has imported the gateway, and forks a `gateway run` for each order.

Laws. One thread only, so that a fork is a whole process. A child runs the command itself, on the same files and sockets
as anybody's, and different in nothing but its listener at the failpoints.
Orders and news are lines of JSON on standard input and output; when the input ends, so does everything in here.
"""

import contextlib
import gc
import json
import mmap
import os
import selectors
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.cli.app import main as gateway
from gateway.kernel import failpoint
from gateway.policy.load import load_policy
from tests.acceptance.process import POLICY
from tests.crash.planted import BUGS
from tests.support.points import points

COUNT = struct.Struct("<I")
"""How often a point was passed: one number for each, in the order of their names."""


def main(bug: str) -> int:
    """Take orders until there are no more."""
    if bug:
        BUGS[bug]()
    _warm()
    kennel = _Kennel()
    try:
        kennel.serve()
    finally:
        kennel.clear()
    return 0


def _warm() -> None:
    """Import what the first child would import, plugins too, and read a policy."""
    import anyio._backends._asyncio  # noqa: F401
    import typer.main

    import gateway.cli.run
    import gateway.cli.work
    import gateway.daemon.daemon
    import gateway.kernel.memory  # noqa: F401
    from gateway.cli.app import app
    from gateway.daemon.setup import plugins_here

    plugins_here()
    typer.main.get_command(app)
    load_policy(POLICY, "policy.yaml")
    # What is there stays, in every child: none of them has to look at it again, or to copy its pages.
    gc.collect()
    gc.freeze()
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads can't be forked"


class _Kennel:
    """The children that live, and where orders come from."""

    def __init__(self) -> None:
        self._children: set[int] = set()
        self._points = points()
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who gives orders ends us

    def serve(self) -> None:
        """Do what is ordered, and tell of each child that has ended."""
        waiting = b""
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == self._woken:
                        os.read(self._woken, 512)
                        self._reap()
                        continue
                    if not (read := os.read(0, 65_536)):
                        return
                    *lines, waiting = (waiting + read).split(b"\n")
                    for line in lines:
                        self._do(json.loads(line))

    def clear(self) -> None:
        """End every child."""
        for child in self._children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _do(self, order: dict[str, Any]) -> None:
        if (to := order.get("to")) is not None:
            if to in self._children:  # it has not been waited for: the number is nobody else's
                os.kill(to, order["signal"])
            return
        child = os.fork()
        if child == 0:
            _be(order, self._points)
        self._children.add(child)
        _tell(started=child)

    def _reap(self) -> None:
        for child in sorted(self._children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self._children.discard(child)
                _tell(ended=child, code=os.waitstatus_to_exitcode(status))


def _tell(**news: int) -> None:
    os.write(1, json.dumps(news).encode() + b"\n")


def _be(order: dict[str, Any], names: tuple[str, ...]) -> None:
    """Be a gateway to the end of this process."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(order["folder"])
        os.environ.update(order["environ"])
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for file, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(file, number)
        failpoint.listen(_listener(Path(order["passes"]), names, order["point"], order["nth"]))
        code = gateway(order["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _listener(passes: Path, names: tuple[str, ...], point: str, nth: int) -> Callable[[str], None]:
    """Count every pass where a kill doesn't lose it, and kill this process at the n-th pass of one point."""
    with passes.open("r+b") as file:
        counts = mmap.mmap(file.fileno(), 0)
    places = {name: number * COUNT.size for number, name in enumerate(names)}
    left = nth

    def passed(name: str) -> None:
        nonlocal left
        place = places[name]
        COUNT.pack_into(counts, place, COUNT.unpack_from(counts, place)[0] + 1)
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return passed


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(*sys.argv[1:]))
