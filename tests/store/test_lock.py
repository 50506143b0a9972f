"""Who runs on a database: told by the operating system's lock, and never by a file that was left behind."""

import asyncio
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.kernel.store import StoreBusy, StoreUnusable
from gateway.store import daemon_pid
from gateway.store.lock import DaemonLock
from tests.store.samples import on_file
from tests.support.source import ROOT

DAEMON = """
import asyncio, sys
from pathlib import Path
from tests.store.samples import on_file

async def run():
    async with on_file(Path(sys.argv[1]), exclusive=sys.argv[2] == "daemon"):
        print("here", flush=True)
        sys.stdin.read(1)

asyncio.run(run())
"""


@contextmanager
def process(path: Path, what: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the database open, as a daemon or as a command."""
    command = [sys.executable, "-c", DAEMON, str(path), what]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        try:
            yield child
        finally:
            child.kill()


def test_the_daemon_of_another_process_is_found_while_it_runs(tmp_path: Path) -> None:
    """Its number while it lives; none before, and none after it was killed, though its files stay."""
    path = tmp_path / "gateway.db"
    assert daemon_pid(path) is None
    with process(path, "daemon") as daemon:
        assert daemon_pid(path) == daemon_pid(str(path)) == daemon.pid
        daemon.kill()
        daemon.wait()
        assert (tmp_path / "gateway.db.pid").read_text() == f"{daemon.pid}\n"
        assert daemon_pid(path) is None
    with process(path, "daemon") as next_one:
        assert daemon_pid(path) == next_one.pid


def test_a_stopped_daemon_is_not_found(tmp_path: Path) -> None:
    """It lets go of both locks when it closes the database."""
    path = tmp_path / "gateway.db"
    with process(path, "daemon") as daemon:
        daemon.communicate("x")
        assert daemon.returncode == 0
        assert daemon_pid(path) is None


def test_a_command_is_no_daemon(tmp_path: Path) -> None:
    """Whoever opens the database beside the daemon isn't found, and doesn't write over what the daemon wrote."""
    path = tmp_path / "gateway.db"
    with process(path, "command"):
        assert daemon_pid(path) is None
        with process(path, "daemon") as daemon:
            assert daemon_pid(path) == daemon.pid


def test_a_refused_daemon_leaves_the_first_one_findable(tmp_path: Path) -> None:
    """It has written nothing, and holds nothing when the first one goes."""
    path = tmp_path / "gateway.db"

    async def run() -> None:
        async with on_file(path):
            raise AssertionError("it was opened")

    with process(path, "daemon") as daemon:
        with pytest.raises(StoreBusy, match="another daemon"):
            asyncio.run(run())
        assert daemon_pid(path) == daemon.pid
    assert daemon_pid(path) is None


def test_at_the_moment_of_asking_a_daemon_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking takes a lock for a moment, but never the one that a daemon is refused by."""
    path = tmp_path / "gateway.db"
    DaemonLock(str(path)).release()
    free: list[bool] = []
    flock = fcntl.flock

    def look_meanwhile(file: int, how: int) -> None:
        flock(file, how)
        with (tmp_path / "gateway.db.lock").open("rb") as daemons:
            flock(daemons, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free.append(True)

    monkeypatch.setattr("gateway.store.lock.fcntl.flock", look_meanwhile)
    assert daemon_pid(path) is None
    assert free == [True]


def test_daemons_start_while_somebody_asks_all_the_time(tmp_path: Path) -> None:
    """Who asks gets this process or none, and each start succeeds."""
    path = str(tmp_path / "gateway.db")
    enough = threading.Event()
    answers: set[int | None] = set()

    def ask() -> None:
        while not enough.is_set():
            answers.add(daemon_pid(path))

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(300):
            DaemonLock(path).release()
    finally:
        enough.set()
        asker.join()
    assert answers <= {None, os.getpid()}


@pytest.mark.parametrize("said", [b"", b"0\n", b"-1\n", b"12", b"one\n", b"9" * 99, "٣\n".encode()])
def test_a_pid_file_that_somebody_spoilt_names_nobody(tmp_path: Path, said: bytes) -> None:
    """What could signal a group of processes, or is no number, is not believed even under the lock."""
    path = tmp_path / "gateway.db"
    lock = DaemonLock(str(path))
    try:
        assert daemon_pid(path) == os.getpid()
        (tmp_path / "gateway.db.pid").write_bytes(said)
        assert daemon_pid(path) is None
    finally:
        lock.release()


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The file is named with the reason, for a daemon and for who asks; the other lock isn't kept."""
    path = tmp_path / "gateway.db"
    (tmp_path / "gateway.db.pid").mkdir()
    for _ in range(2):
        with pytest.raises(StoreUnusable, match=r"gateway\.db\.pid can't be opened"):
            DaemonLock(str(path))
    (tmp_path / "gateway.db.pid").rmdir()
    DaemonLock(str(path)).release()
    (tmp_path / "gateway.db.pid").unlink()
    (tmp_path / "gateway.db.pid").symlink_to(tmp_path / "gateway.db.pid")
    with pytest.raises(StoreUnusable, match=r"gateway\.db\.pid can't be opened"):
        daemon_pid(path)


def test_a_database_in_memory_has_no_daemon() -> None:
    """It belongs to one process, and leaves no file."""
    assert daemon_pid(":memory:") is None
