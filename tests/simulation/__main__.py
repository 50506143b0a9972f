"""Let simulated days pass, each universe under a seed of its own, and see whether every law holds.

`python -m tests.simulation --days 100` lives universes from `--from-seed` on until so many days have passed;
`--seed N` lives one, and with `--trace` tells all of it; with `--shrink` it looks for the shortest story with the
fewest faults that still breaks the same law. `--bugs` plants every known bug under its seed: each must be found.
`--steps N` tells one short story, and kills the gateway at every N-th step of it. `--twice N` lives N universes in two
processes each, with different hash seeds: the traces must be the same.

Ends with 1 if a law was broken, a bug was not found, or two traces differ; each failure comes with the command that
repeats it.
"""

import argparse
import signal
import sys
from dataclasses import replace

from tests.simulation import batch, shrink
from tests.simulation.world import swarm
from tests.support.durations import seconds_of


def main() -> int:
    """Do what the command line asks for."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # who has read enough of a trace may go
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__.splitlines()[0],
        epilog="Faults that --without takes: " + ", ".join(swarm.NAMES),
    )
    parser.add_argument("--seed", type=int, help="live the universe of this seed only")
    parser.add_argument("--from-seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--days", type=float, help="simulated days in all (100); with --seed, of its story")
    parser.add_argument("--for", dest="lasting", type=seconds_of, help="end after so long, such as 90s, 10m, 2h")
    parser.add_argument("--jobs", type=int, default=2, help="processes that live side by side (2)")
    parser.add_argument("--bug", help="plant this bug")
    parser.add_argument("--bugs", action="store_true", help="plant each known bug under its seed")
    parser.add_argument("--steps", type=int, metavar="N", help="die at every N-th step of a short story")
    parser.add_argument("--twice", type=int, metavar="N", help="live N universes twice, and compare their traces")
    parser.add_argument("--without", default="", metavar="FAULTS", help="leave these faults out, separated by commas")
    parser.add_argument("--shrink", action="store_true", help="look for the smallest that still fails (with --seed)")
    parser.add_argument("--trace", action="store_true", help="tell everything that happens (with --seed)")
    asked = parser.parse_args()
    without = tuple(name for name in asked.without.split(",") if name)
    if unknown := sorted(set(without) - set(swarm.NAMES)):
        parser.error(f"no such fault: {', '.join(unknown)}")
    if asked.bug is not None and asked.bug not in batch.bug_names():
        parser.error(f"no such bug: {asked.bug}; there are: {', '.join(batch.bug_names())}")
    if asked.bugs:
        return batch.find_bugs(asked.jobs)
    if asked.steps:
        return batch.die_at_steps(asked.steps, asked.jobs)
    chosen = batch.Chosen(bug=asked.bug, without=without)
    if asked.twice:
        return batch.compare(range(asked.from_seed, asked.from_seed + asked.twice), chosen)
    if asked.seed is not None:
        chosen = replace(chosen, days=asked.days)
        if asked.shrink:
            return shrink.shrink(asked.seed, chosen)
        return batch.live_one(asked.seed, chosen, trace=asked.trace)
    return batch.live_many(asked.from_seed, chosen, days=asked.days or 100.0, lasting_s=asked.lasting, jobs=asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
