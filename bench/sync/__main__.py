"""The gateway reads an account's tickets beside readers that others wrote: how fast, and how right.

The account has the shape of Zendesk's, Freshdesk's or Salesforce's. Installs the others from PyPI at the first run
(550 MB for Zendesk, two minutes). `python -m bench.sync --help`.
"""

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType

from bench import machine, server
from bench.sync import ours
from bench.sync.account import account
from bench.sync.figures import Rounds, figures, table
from bench.sync.install import READERS as INSTALLED
from bench.sync.install import install
from bench.sync.measure import measured
from bench.sync.readers import Reader, bare
from bench.sync.shape import Shape
from bench.sync.shapes import SHAPES
from bench.table import Measured


def main() -> int:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.sync", description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="zendesk", help="whose account it is")
    parser.add_argument("--tickets", type=int, help="how many there are; as many as the shape says otherwise")
    parser.add_argument("--runs", type=int, default=3, help="rounds of all readers, which take turns")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this reader; may be given again")
    parser.add_argument("--tree", type=Path, default=server.HERE, help="a checkout whose gateway is measured")
    parser.add_argument("--install", action="store_true", help="install and end")
    parser.add_argument("--json", action="store_true", help="every round's value, instead of the table")
    given = parser.parse_args()
    shape = SHAPES[given.shape]
    tickets = shape.tickets if given.tickets is None else given.tickets
    if tickets < 1 or given.runs < 1:
        parser.error("--tickets and --runs are at least 1")
    readers = _chosen(parser, given.only, shape, given.tree.resolve())
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    needed = sorted({one.needs for one in readers if one.needs})
    for name in needed:
        install(name, tell)
    if given.install:
        return 0
    facts = machine.facts(given.tree.resolve())
    server.pin(server.LOAD_CPU)
    rounds: Rounds = {one.name: [] for one in readers}
    true = shape.truth(tickets)
    with account(shape.name, tickets) as site:
        facts["account"] = f"{shape.name}, {tickets:,} tickets, {site.ticket_bytes / tickets:,.0f} bytes of JSON each"
        facts["beside"] = ", ".join(package for name in needed for package in INSTALLED[name])
        for number in range(given.runs):
            for one in readers:
                tell(f"round {number + 1} of {given.runs}: {one.name}")
                found = measured(one, site, true)
                tell(f"  {found.per_second:,.0f} tickets a second, {found.memory_mb:,.0f} MB")
                rounds[one.name].append(found)
    result = Measured(facts, figures(rounds))
    whole = result.values() | {"rounds": {name: [one.values() for one in those] for name, those in rounds.items()}}
    print(json.dumps(whole, indent=2) if given.json else f"{result.text()}\n{table(readers, rounds)}")
    return 0


def _chosen(parser: argparse.ArgumentParser, names: list[str], shape: Shape, tree: Path) -> list[Reader]:
    every = [bare(shape.name), *shape.peers, *ours.readers(tree, shape)]
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


if __name__ == "__main__":
    sys.exit(main())
