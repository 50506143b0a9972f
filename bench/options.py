"""What every part of the bench is told: how long, how often, which checkout; and running one part alone."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine, server
from bench.table import Figure, Measured

QUICK = 0.25
"""What a quick run takes of each length of time."""


@dataclass(slots=True)
class Options:
    """How to measure. `echo_rates` is what the bare server has reached in this run, request a second."""

    tree: Path = server.HERE
    rounds: int = 3
    connections: int = 256
    contacts: int = 1_000_000
    quick: bool = False
    echo_rates: list[float] = field(default_factory=list)
    held: Path | None = None
    """The database with many contacts, once it is made."""

    def seconds(self, whole: float) -> float:
        """A length of time, shortened for a quick run."""
        return whole * QUICK if self.quick else whole

    @property
    def echo_rate(self) -> float:
        """What the bare server reaches, in the median."""
        return statistics.median(self.echo_rates)

    def tell(self, line: str) -> None:
        """Progress, for people."""
        print(f"bench: {line}", file=sys.stderr, flush=True)


Part = Callable[[Options], list[Figure]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options that all parts share."""
    parser.add_argument("--tree", type=Path, default=server.HERE, help="a checkout whose gateway is measured")
    parser.add_argument("--rounds", type=int, help="default: 3, of a quick run 1")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--contacts", type=int, help="stored beforehand; default: 1,000,000, of a quick run 50,000")
    parser.add_argument("--quick", action="store_true", help="a quarter of the time, to try it out")
    parser.add_argument("--held", type=Path, help="a database that bench.held has made of the same checkout")
    parser.add_argument("--json", action="store_true", help="every round's value, instead of the table")


def chosen(given: argparse.Namespace) -> Options:
    """The options as they were given."""
    return Options(
        tree=given.tree.resolve(),
        rounds=given.rounds or (1 if given.quick else 3),
        connections=given.connections,
        contacts=given.contacts or (50_000 if given.quick else 1_000_000),
        quick=given.quick,
        held=given.held,
    )


def run_alone(about: str | None, part: Part) -> int:
    """Measure one part and print its lines."""
    parser = argparse.ArgumentParser(description=about)
    arguments(parser)
    given = parser.parse_args()
    options = chosen(given)
    facts = machine.facts(options.tree)
    server.pin(server.LOAD_CPU)
    measured = Measured(facts, part(options))
    print(json.dumps(measured.values(), indent=2) if given.json else measured.text(), end="")
    return 0
