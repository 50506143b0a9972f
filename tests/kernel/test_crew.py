"""Work that processes share: every job is answered once, whatever becomes of the processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from gateway.kernel.crew import OneProcess, Processes
from gateway.kernel.ports import Crew
from gateway.kernel.spawn import LoopSpawn
from tests.kernel import crewing
from tests.support.source import ROOT

COUNT = 8
DOUBLED = [(number, 2 * number) for number in range(COUNT)]


def answered(setup: Callable[[], Callable[[int], int]], size: int) -> tuple[list[tuple[int, int]], list[str]]:
    """The answers, sorted by job, and what was told."""
    told: list[str] = []

    async def run() -> list[tuple[int, int]]:
        spawn = LoopSpawn()
        crew: Crew = Processes(spawn, size, told.append) if size > 1 else OneProcess()
        try:
            return sorted([pair async for pair in crew.answers(setup, crewing.numbers(COUNT))])
        finally:
            await spawn.close()

    return asyncio.run(run()), told


@pytest.fixture(autouse=True)
def _of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes can tell themselves from this one."""
    monkeypatch.setenv("CREW_OF", str(os.getpid()))


def test_one_process_answers_every_job_in_order() -> None:
    """Nothing is started for it."""
    assert answered(crewing.doubling, 1) == (DOUBLED, [])


def test_the_job_of_a_process_that_dies_is_done_all_the_same() -> None:
    """It is said, the other process goes on, and every job is answered once."""
    found, told = answered(crewing.dying, 2)

    assert found == DOUBLED
    assert told == [f"a process of several has been lost (it ended with -{signal.SIGKILL:d}); the others go on"]


def test_where_no_process_can_work_this_one_does_it_all() -> None:
    """Each is told, and all jobs are answered."""
    found, told = answered(crewing.never, 2)

    assert found == DOUBLED
    assert told == ["a process of several has been lost (ValueError: no work here); the others go on"] * 2


def test_work_that_raises_raises() -> None:
    """A job that nobody can do is no silent gap."""
    with pytest.raises(ValueError, match="three"):
        answered(crewing.failing, 1)


def test_ctrl_c_ends_all_processes_quietly() -> None:
    """A terminal interrupts the whole group: the caller ends, its processes too, and none complains."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kernel.crewing"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as caller:
        assert caller.stdout is not None
        told = [caller.stdout.readline() for _ in range(2)]
        os.killpg(caller.pid, signal.SIGINT)
        _, complaints = caller.communicate(timeout=30)

    assert (caller.returncode, complaints) == (130, b"")
    for pid in told:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
