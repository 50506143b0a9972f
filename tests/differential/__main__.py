"""Judge many scenarios twice: more than a test has time for.

`python -m tests.differential --scenarios 50000 --from-seed 0`. A scenario's number is its seed.

Prints what disagrees as a small story, and ends with 1 if anything does.
"""

import argparse
import sys

from tests.differential.compare import disagreement, scenarios
from tests.differential.judge import OffGrid
from tests.differential.scenarios import TIMELINES
from tests.differential.shrink import smallest, story

STORIES_MAX = 5
"""How many disagreements are told whole; of the others only the seed is named."""


def main() -> int:
    """Run the scenarios of the command line; 1 if the judges disagree."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", type=int, default=5_000, help="how many (5000)")
    parser.add_argument("--from-seed", type=int, default=0, help="the number of the first (0)")
    asked = parser.parse_args()
    first, last = asked.from_seed, asked.from_seed + max(asked.scenarios, 1) - 1
    judged = off_grid = 0
    apart: list[int] = []
    for policy_number in range(first // TIMELINES, last // TIMELINES + 1):
        for scenario, policy in scenarios(policy_number):
            if not first <= scenario.number <= last:
                continue
            try:
                found = disagreement(scenario, policy)
            except OffGrid:
                off_grid += 1
                continue
            judged += 1
            if found:
                apart.append(scenario.number)
                told = story(smallest(scenario)) if len(apart) <= STORIES_MAX else f"scenario {scenario.number}"
                print(told, end="\n\n", flush=True)
    print(f"{judged} scenarios judged twice, {len(apart)} apart, {off_grid} left out (due between two ticks)")
    if apart:
        print(f"apart: {' '.join(map(str, apart))}", file=sys.stderr)
    return 1 if apart else 0


if __name__ == "__main__":
    raise SystemExit(main())
