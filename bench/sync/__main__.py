"""The gateway reads a Zendesk account's tickets beside dlt, tap-zendesk and Airbyte: how fast, and how right.

Installs the others from PyPI at the first run (550 MB, two minutes). `python -m bench.sync --help`.
"""

import argparse
import json
import signal
import statistics
import sys
from pathlib import Path
from types import FrameType

from bench import machine, server
from bench.sync import ours
from bench.sync.account import account
from bench.sync.install import READERS as INSTALLED
from bench.sync.install import install
from bench.sync.measure import Round, measured
from bench.sync.readers import READERS, Reader
from bench.table import Figure, Measured, markdown

GATEWAY, CEILING = "gateway", "bare download"
TIMES, MEMORY_MB = 5.0, 150.0
Rounds = dict[str, list[Round]]


def main() -> int:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.sync", description=__doc__)
    parser.add_argument("--tickets", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3, help="rounds of all readers, which take turns")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this reader; may be given again")
    parser.add_argument("--tree", type=Path, default=server.HERE, help="a checkout whose gateway is measured")
    parser.add_argument("--install", action="store_true", help="install and end")
    parser.add_argument("--json", action="store_true", help="every round's value, instead of the table")
    given = parser.parse_args()
    if given.tickets < 1 or given.runs < 1:
        parser.error("--tickets and --runs are at least 1")
    readers = _chosen(parser, given.only, given.tree.resolve())
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    for name in sorted({one.needs for one in readers if one.needs}):
        install(name, tell)
    if given.install:
        return 0
    facts = machine.facts(given.tree.resolve())
    server.pin(server.LOAD_CPU)
    rounds: Rounds = {one.name: [] for one in readers}
    with account(given.tickets) as site:
        facts["tickets"] = f"{site.tickets:,}, {site.ticket_bytes / site.tickets:,.0f} bytes of JSON each"
        facts["others"] = ", ".join(package for those in INSTALLED.values() for package in those)
        for number in range(given.runs):
            for one in readers:
                tell(f"round {number + 1} of {given.runs}: {one.name}")
                found = measured(one, site)
                tell(f"  {found.per_second:,.0f} tickets a second, {found.memory_mb:,.0f} MB")
                rounds[one.name].append(found)
    result = Measured(facts, figures(rounds))
    whole = result.values() | {"rounds": {name: [one.values() for one in those] for name, those in rounds.items()}}
    print(json.dumps(whole, indent=2) if given.json else f"{result.text()}\n{table(readers, rounds)}")
    return 0


def _chosen(parser: argparse.ArgumentParser, names: list[str], tree: Path) -> list[Reader]:
    every = [*READERS, *ours.readers(tree)]
    known = [one.name for one in every]
    for name in names:
        if name not in known:
            parser.error(f"there is no reader {name!r}: {', '.join(known)}")
    return [one for one in every if not names or one.name in names]


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def tell(line: str) -> None:
    """Progress, for people."""
    print(f"sync: {line}", file=sys.stderr, flush=True)


def figures(rounds: Rounds) -> list[Figure]:
    """Ours beside the fastest of the others, round by round; what was lost or doubled; memory."""
    mine = rounds.get(GATEWAY, [])
    found: list[Figure] = []
    others = [name for name, those in rounds.items() if those and name not in (GATEWAY, CEILING)]
    for name in sorted(others, key=lambda name: -_median(rounds[name])):
        fastest = name == max(others, key=lambda other: _median(rounds[other]))
        pairs = list(zip(mine, rounds[name], strict=False))
        if pairs:
            what, goal = f"gateway beside {name}" + (", the fastest" if fastest else ""), TIMES if fastest else None
            noise = max(one.others for pair in pairs for one in pair)
            note = f"others took up to {noise:.0%} of the readers' processor"
            rates = tuple(a.per_second / b.per_second for a, b in pairs)
            found.append(Figure(f"{what}: tickets a second", rates, goal=goal, note=note, noise=noise))
            shares = tuple(b.cpu_ms / a.cpu_ms for a, b in pairs)
            found.append(Figure(f"{what}: tickets a processor second", shares))
    if mine:
        lost, doubled = (tuple(float(count) for count in counts) for counts in _faults(mine))
        found.append(Figure("gateway: tickets lost", lost, goal=0, bound="at most", digits=0))
        found.append(Figure("gateway: tickets doubled", doubled, goal=0, bound="at most", digits=0))
        wrong = tuple(float(one.wrong) for one in mine)
        found.append(Figure("gateway: rounds with a wrong subject or status", wrong, goal=0, bound="at most", digits=0))
        memory = tuple(one.memory_mb for one in mine)
        found.append(Figure("gateway: memory at most", memory, "MB", goal=MEMORY_MB, bound="at most", digits=0))
    return found


def _median(those: list[Round]) -> float:
    return statistics.median(one.per_second for one in those)


def _faults(those: list[Round]) -> tuple[list[int], list[int]]:
    return [one.lost for one in those], [one.doubled for one in those]


def table(readers: list[Reader], rounds: Rounds) -> str:
    """Each reader's own figures: medians of the rounds, the spread of the rate, the worst of what went wrong."""
    head = [
        "reader", "setting", "tickets a second", "rounds", "processor ms each", "start s", "requests", "MB sent",
        "memory MB", "lost", "doubled",
    ]  # fmt: skip
    return "\n".join(markdown(head, [_cells(one, rounds[one.name]) for one in readers]))


def _cells(reader: Reader, those: list[Round]) -> list[str]:
    median = statistics.median
    rates = [one.per_second for one in those]
    lost, doubled = _faults(those)
    keeps = reader.name != CEILING
    return [
        reader.name,
        reader.about,
        f"{median(rates):,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
        f"{median(one.cpu_ms for one in those):.3f}",
        f"{median(one.start_s for one in those):.1f}",
        f"{median(one.requests for one in those):,.0f}",
        f"{median(one.sent_mb for one in those):,.0f}",
        f"{max(one.memory_mb for one in those):,.0f}",
        f"{max(lost):,}" + (" (others wrong)" if any(one.wrong for one in those) else "") if keeps else "",
        f"{max(doubled):,}" if keeps else "",
    ]


if __name__ == "__main__":
    sys.exit(main())
