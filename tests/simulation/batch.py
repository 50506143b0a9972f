"""Many universes: side by side in processes of their own, with what they come to, and how each is repeated."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context

from tests.simulation import steps
from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.planted import bugs
from tests.simulation.life import Outcome, live

VIOLATIONS_MAX = 12
"""What is told of one universe."""

WORDS_MAX = 110

LIVES_A_WORKER = 40
"""A worker is replaced after so many universes: nothing may pile up over a night."""


@dataclass(frozen=True)
class Chosen:
    """What is changed in every universe of a batch: a bug more, some faults less, a story of so many days."""

    bug: str | None = None
    without: tuple[str, ...] = ()
    days: float | None = None

    def command(self, seed: int) -> str:
        """What to type to see it again."""
        words = ["python -m tests.simulation --seed", str(seed)]
        words += [] if self.bug is None else ["--bug", self.bug]
        words += ["--without", ",".join(self.without)] if self.without else []
        words += [] if self.days is None else ["--days", f"{self.days:g}"]
        return " ".join([*words, "--trace"])


def bug_names() -> list[str]:
    """The names of all bugs that can be planted."""
    return sorted(bugs())


def live_one(seed: int, chosen: Chosen, *, trace: bool) -> int:
    """Live one universe; 1 if it broke a law."""
    outcome = live(seed, bug=chosen.bug, without=chosen.without, days=chosen.days, tell=print if trace else None)
    print(_told(outcome))
    _complain(outcome, chosen)
    return 1 if outcome.violations else 0


def live_many(first: int, chosen: Chosen, *, days: float, lasting_s: float | None, jobs: int) -> int:
    """Live universes until so many days have passed, or so much time; 1 if one broke a law."""
    began = time.monotonic()
    faults, figures = Counter[str](), Counter[str]()
    lived = universes = told = 0.0
    broken: list[int] = []
    for outcome in _lives(count(first), chosen, jobs):
        lived, universes = lived + outcome.days, universes + 1
        faults.update(outcome.faults)
        figures.update(outcome.figures)
        if outcome.violations:
            broken.append(outcome.seed)
            _complain(outcome, chosen)
        _progress(f"{lived:,.0f} of {days:,.0f} days, {universes:.0f} universes, {len(broken)} broken")
        if lived >= told + days / 10:
            told = lived
            _line(f"{lived:,.0f} days in {time.monotonic() - began:,.0f} s")
        if lived >= days or (lasting_s is not None and time.monotonic() - began >= lasting_s):
            break
    _progress("")
    print(f"{lived:,.0f} simulated days in {universes:.0f} universes, from seed {first} on: {len(broken)} broken")
    print("seen:  " + _listed(figures))
    print("done:  " + _listed(faults))
    if broken:
        print(f"broken: {' '.join(map(str, sorted(broken)))}", file=sys.stderr)
    return 1 if broken else 0


def find_bugs(jobs: int) -> int:
    """Plant each bug under its seed; 1 if one isn't found by the laws that it must break, or a seed isn't sound."""
    known = sorted(bugs().items())
    found = 0
    with _pool(jobs) as pool:
        sound = {seed: pool.submit(live, seed) for seed in sorted({bug.seed for _, bug in known})}
        with_bug = {name: pool.submit(live, bug.seed, bug=name) for name, bug in known}
        for name, bug in known:
            is_found, words = _judged(bug, with_bug[name], sound[bug.seed])
            found += is_found
            print(f"{name:32} seed {bug.seed:4}  {words[:WORDS_MAX]}", flush=True)
    print(f"{found} of {len(known)} planted bugs found")
    return 0 if found == len(known) else 1


def _judged(bug: Bug, with_bug: Future[Outcome], sound: Future[Outcome]) -> tuple[bool, str]:
    """Whether a bug is found, and what of it is seen first."""
    for future, what in ((with_bug, "NOT FOUND: the universe itself breaks"), (sound, "the seed's universe breaks")):
        if (failure := future.exception()) is not None:
            return False, f"{what}: {failure!r}"
    if without := sound.result().violations:
        return False, f"BROKEN WITHOUT IT TOO: {without[0]}"
    violations = with_bug.result().violations
    if missing := sorted(set(bug.broken_by) - {violation.id for violation in violations}):
        first = f"; {violations[0]}" if violations else ""
        return False, f"NOT FOUND by {', '.join(missing)}{first}"
    return True, str(next(violation for violation in violations if violation.id in bug.broken_by))


def die_at_steps(stride: int, jobs: int) -> int:
    """Let the gateway die at every so manieth step of a short story; 1 if one of the deaths broke a law."""
    broken = 0
    listed = list(steps.deaths(stride))
    with _pool(jobs) as pool:
        for death, outcome in zip(listed, pool.map(steps.die, listed, chunksize=20), strict=True):
            if outcome.violations:
                broken += 1
                print(f"{death} breaks a law: {outcome.violations[0]}", file=sys.stderr, flush=True)
    print(f"died at {len(listed)} steps of one story, at half of them with the power: {broken} broken")
    return 1 if broken else 0


def compare(seeds: Iterable[int], chosen: Chosen) -> int:
    """Live each universe in two processes, with different hash seeds; 1 if their traces differ."""
    differ = 0
    listed = list(seeds)
    runs = [_digests(listed, chosen, hash_seed) for hash_seed in ("1", "2")]
    told = [run.communicate()[0].split() for run in runs]
    for seed, one, other in zip(listed, *told, strict=True):
        if one != other:
            differ += 1
            print(f"seed {seed}: {one} with one hash seed, {other} with another", file=sys.stderr)
    print(f"{len(listed) - differ} of {len(listed)} universes are the same twice: {', '.join(told[0])}")
    return 1 if differ else 0


def _digests(seeds: list[int], chosen: Chosen, hash_seed: str) -> "subprocess.Popen[str]":
    code = f"""
from tests.simulation.life import live
for seed in {seeds}:
    print(live(seed, bug={chosen.bug!r}, without={chosen.without}, days={chosen.days}).digest)
"""
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environ)


def _lives(seeds: Iterator[int], chosen: Chosen, jobs: int) -> Iterator[Outcome]:
    """Universes as they end, one generation of workers after the other."""
    while True:
        yield from _generation(islice(seeds, jobs * LIVES_A_WORKER), chosen, jobs)


def _generation(seeds: Iterator[int], chosen: Chosen, jobs: int) -> Iterator[Outcome]:
    """Each universe that ends makes room for the next seed, until there is none."""
    with _pool(jobs) as pool:
        running: set[Future[Outcome]] = set()
        try:
            while True:
                for seed in islice(seeds, jobs + 1 - len(running)):
                    running.add(pool.submit(live, seed, bug=chosen.bug, without=chosen.without))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Not `max_tasks_per_child`: in Python 3.11 a pool whose worker has ended so may never start another one.
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


def _complain(outcome: Outcome, chosen: Chosen) -> None:
    if not outcome.violations:
        return
    _progress("")
    print(f"seed {outcome.seed} breaks a law:", file=sys.stderr)
    for violation in outcome.violations[:VIOLATIONS_MAX]:
        print(f"  {violation}", file=sys.stderr)
    if len(outcome.violations) > VIOLATIONS_MAX:
        print(f"  and {len(outcome.violations) - VIOLATIONS_MAX} more", file=sys.stderr)
    print(f"  again: {chosen.command(outcome.seed)}", file=sys.stderr, flush=True)


def _told(outcome: Outcome) -> str:
    return (
        f"seed {outcome.seed}: {outcome.days:.1f} days, {outcome.steps:,} steps, trace {outcome.digest}\n"
        f"seen:  {_listed(outcome.figures)}\ndone:  {_listed(outcome.faults)}"
    )


def _listed(counts: "Counter[str] | dict[str, int]") -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items())) or "nothing"


def _line(words: str) -> None:
    """A line now and then, for a log that nobody watches."""
    if not sys.stderr.isatty():
        print(words, file=sys.stderr, flush=True)


def _progress(words: str) -> None:
    """One line that is written over; only where somebody looks."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)
