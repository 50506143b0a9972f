"""Kill a gateway again and again, and look whether anything was lost.

`python -m tests.crash --kills 60 --seed 0`. Kills go site by site: each begins with an empty database, is killed some
times on the same files, and is looked at in the end. What a site does follows from the seed and the site's number.

Ends with 1 if a promise was not kept, or if a point that a daemon passes was never passed. With --bug it is the other
way round: it ends with 1 if the bug was not found.
"""

import argparse
import math
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from pathlib import Path

from tests.crash.job import begin, run_site
from tests.crash.plan import NOT_HERE, PER_SITE, reachable, unreached
from tests.crash.planted import AIMED, BUGS
from tests.crash.scene import Told
from tests.support.durations import seconds_of

KILLS = 60
ALL_REACHED_FROM = 60
"""With fewer kills some point may be left out by chance."""

WRONG_MAX = 8


def main(arguments: list[str] | None = None) -> int:
    """Do as the command line says; the exit code."""
    asked = _parser().parse_args(arguments)
    if asked.bug:
        wanted = [*BUGS] if asked.bug == "all" else [asked.bug]
        with ThreadPoolExecutor(asked.jobs) as pool:
            return max(pool.map(lambda bug: _find(asked, bug), wanted))
    return _prove(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=60, help="how many (60)")
    parser.add_argument(
        "--for", type=seconds_of, dest="seconds", metavar="TIME", help="go on for so long: 90s, 10m, 2h"
    )
    parser.add_argument("--seed", type=int, default=0, help="whom to kill when (0)")
    parser.add_argument("--site", type=int, help="only this site: to look at one again")
    parser.add_argument("--jobs", type=int, default=2, help="sites at a time (2)")
    parser.add_argument("--point", default="", choices=["", *reachable()], metavar="POINT", help="kill there only")
    parser.add_argument("--bug", default="", choices=["", "all", *BUGS], help="plant this one, and find it")
    parser.add_argument("--keep", action="store_true", help="leave the folders of all sites, not only of bad ones")
    return parser


def _sites(asked: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """The number of each site, and its kills."""
    if asked.site is not None:
        yield asked.site, PER_SITE
        return
    ends = math.inf if asked.seconds is None else time.monotonic() + asked.seconds
    left = asked.kills or (KILLS if asked.seconds is None else sys.maxsize)
    site = 0
    while left > 0 and time.monotonic() < ends:
        yield site, min(PER_SITE, left)
        site, left = site + 1, left - PER_SITE


def _played(asked: argparse.Namespace, jobs: int, bug: str = "") -> Iterator[tuple[int, Told]]:
    """Each site and how it went, as soon as it has ended; so many at a time as there are jobs."""
    scratch = Path(tempfile.mkdtemp(prefix="crash-"))
    sites = _sites(asked)
    running: dict[Future[Told], int] = {}
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(jobs, context, begin, (scratch, bug)) as pool:
            while True:
                while len(running) < jobs and (following := next(sites, None)) is not None:
                    site, kills = following
                    place = scratch / f"site{site}"
                    running[pool.submit(run_site, place, asked.seed, site, kills, asked.point)] = site
                if not running:
                    return
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    site, told = running.pop(ended), ended.result()
                    if not (asked.keep or told.wrong):
                        shutil.rmtree(told.folder)
                    yield site, told
    finally:
        if not any(scratch.glob("site*")):
            shutil.rmtree(scratch)


def _prove(asked: argparse.Namespace) -> int:
    began = time.monotonic()
    kills, passes = Counter[str](), Counter[str]()
    bad = blamed = 0
    for site, told in _played(asked, asked.jobs):
        kills += told.kills
        passes += told.passes
        blamed += told.blamed
        took_s = time.monotonic() - began
        print(
            f"site {site}: {'NOT WHOLE' if told.wrong else 'whole'}; {kills.total()} kills in {took_s:.0f} s,"
            f" {kills.total() / took_s:.1f} a second",
            flush=True,
        )
        if told.wrong:
            bad += 1
            _tell(asked, site, told)
    _table(kills, passes)
    print(f"records that were blamed for five deaths, parked, and replayed by an operator: {blamed}")
    never = unreached(passes) if kills.total() >= ALL_REACHED_FROM and not asked.point else []
    for point in never:
        print(f"never passed, though a daemon should: {point}", file=sys.stderr)
    return 1 if bad or never else 0


def _tell(asked: argparse.Namespace, site: int, told: Told, bug: str = "") -> None:
    for line in told.wrong[:WRONG_MAX]:
        print(f"  {line}", file=sys.stderr)
    if len(told.wrong) > WRONG_MAX:
        print(f"  and {len(told.wrong) - WRONG_MAX} more", file=sys.stderr)
    words = [f"--seed {asked.seed} --site {site}"]
    words += [f"--point {asked.point}"] if asked.point else []
    words += [f"--bug {bug}"] if bug else []
    print(f"  its files: {told.folder}", file=sys.stderr)
    print(f"  again: python -m tests.crash {' '.join(words)}", file=sys.stderr, flush=True)


def _table(kills: Counter[str], passes: Counter[str]) -> None:
    print(f"\n{'point':34}{'passes':>10}{'kills':>8}")
    for point in reachable():
        print(f"{point:34}{passes[point]:>10}{kills[point] or '':>8}")
    for how in ("at random", "cold"):
        print(f"{how:34}{'':>10}{kills[how] or '':>8}")
    print(f"{'all':34}{passes.total():>10}{kills.total():>8}\n")
    for name, why in NOT_HERE.items():
        print(f"not passed here: {name}, {why}")


def _find(asked: argparse.Namespace, bug: str) -> int:
    """Whether the bug is found, site by site: 0 if it is."""
    asked = argparse.Namespace(**{**vars(asked), "point": asked.point or AIMED.get(bug, "")})
    kills = 0
    played = _played(asked, 1, bug)
    for site, told in played:
        kills += told.kills.total()
        if told.wrong:
            print(f"bug {bug}: found at site {site}, after {kills} kills: {told.wrong[0][:300]}", flush=True)
            shutil.rmtree(told.folder)
            return 0
    print(f"bug {bug}: NOT FOUND in {kills} kills", flush=True)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
