"""Change the rules in every small way, and see whether their tests notice: `python -m tests.mutants --sample 200`.

mutmut makes the mutants and runs the tests of the rules on each, with what pyproject.toml says in `tool.mutmut`. Prints
who survived, and ends with 1 if fewer are killed than `KILLED_MIN`. A sample is drawn by its seed: the same one again.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.support.source import ROOT, relative

RULES = ROOT / "gateway" / "rules"
MUTANTS = ROOT / "mutants"
"""Where mutmut works: a copy of the project, with all mutants in it."""

KILLED_MIN = 0.85
"""Of those that survive, most are the same program in other words; the others are worth a test."""

WORDS = {0: "survived", 1: "killed", 3: "killed", 5: "no test", 33: "no test"}
WORDS |= dict.fromkeys((24, -24, 36, 152, 255), "timed out")
"""What mutmut's numbers mean; any other says that it could not be told."""

NOTICED = ("killed", "timed out")


def names() -> list[str]:
    """The mutants that there are, by the names that mutmut gives them."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    found: list[str] = []
    for path in sorted(RULES.glob("*.py")):
        made = mutate_file_contents(relative(path), path.read_text(encoding="utf-8"))
        found += [get_mutant_name(Path(relative(path)), name) for name in made.mutant_names]
    return found


def run(chosen: Sequence[str], workers: int) -> int:
    """Let mutmut work from nothing: it remembers what it has killed, but not by which tests."""
    shutil.rmtree(MUTANTS, ignore_errors=True)
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers), *chosen]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutants"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def results() -> dict[str, str]:
    """What became of every mutant that was tried."""
    found: dict[str, str] = {}
    for path in sorted(MUTANTS.glob("gateway/rules/*.meta")):
        for name, code in json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            if code is not None:
                found[name] = WORDS.get(code, "not told")
    return found


def report(found: dict[str, str]) -> bool:
    """Print the figure and who survived; whether enough were killed."""
    counts = Counter(found.values())
    for name, word in found.items():
        if word not in NOTICED:
            print(f"{word}: {name}")
    share = sum(counts[word] for word in NOTICED) / max(1, len(found))
    told = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    print(f"{len(found)} mutants: {told}; {share:.1%} noticed, {KILLED_MIN:.0%} wanted. One of them: mutmut show NAME")
    return bool(found) and share >= KILLED_MIN


def main() -> int:
    """Run what the command line says; 1 if too many survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=0, help="how many, drawn by the seed; 0: all (0)")
    parser.add_argument("--seed", type=int, default=0, help="which sample (0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (one for each core)")
    asked = parser.parse_args()
    os.chdir(ROOT)
    everyone = names()
    chosen = (
        sorted(random.Random(asked.seed).sample(everyone, asked.sample)) if 0 < asked.sample < len(everyone) else []
    )
    if failed := run(chosen, asked.workers):
        return failed
    return 0 if report(results()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
