"""n8n, Node-RED and the gateway do the same work in turn: how many events a second come out at the other end.

Installs the two at the first run (npm, a compiler, 3 GB, some minutes). `python -m bench.peers --help`.
"""

import argparse
import json
import signal
import statistics
import sys
from pathlib import Path
from types import FrameType

from bench import machine, server
from bench.peers import gateway, n8n, node_red
from bench.peers.install import FOLDER, N8N, NODE, NODE_RED, install
from bench.peers.rounds import Round, measured, tell
from bench.peers.running import Variant
from bench.table import Figure, Measured, markdown

RESULT = FOLDER / "result.json"
Rounds = dict[str, list[Round]]


def main() -> int:
    """Install, measure, print, and leave the result for `make bench`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each load")
    parser.add_argument("--tree", type=Path, default=server.HERE, help="a checkout whose gateway is measured")
    parser.add_argument("--only", default="", help="measure only what has this in its name; leaves no result")
    parser.add_argument("--connections", type=int, help="instead of each server's own number")
    parser.add_argument("--install", action="store_true", help="install and end")
    parser.add_argument("--json", action="store_true", help="every round's value, instead of the table")
    given = parser.parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _end)
    install(tell)
    if given.install:
        return 0
    tree = given.tree.resolve()
    facts = machine.facts(tree) | {"peers": f"n8n {N8N}, Node-RED {NODE_RED}, Node {NODE}"}
    server.pin(server.LOAD_CPU)
    every = [*n8n.VARIANTS, *node_red.VARIANTS, *gateway.variants(tree)]
    variants = [one for one in every if given.only.lower() in one.name.lower()]
    rounds: Rounds = {one.name: [] for one in variants}
    for number in range(given.rounds):
        for one in variants:
            tell(f"round {number + 1} of {given.rounds}: {one.name}")
            found = measured(one, given.seconds, given.connections or one.connections)
            tell(f"  {found.per_second:,.1f} a second, {found.cpu_ms:.2f} ms of processor each")
            rounds[one.name].append(found)
    result = Measured(facts, figures(rounds))
    whole = result.values() | {"rounds": {name: [one.values() for one in those] for name, those in rounds.items()}}
    if len(variants) == len(every):
        RESULT.write_text(json.dumps(whole, indent=2))
    print(json.dumps(whole, indent=2) if given.json else f"{result.text()}\n{table(variants, rounds)}")
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def figures(rounds: Rounds) -> list[Figure]:
    """Ours beside theirs, round by round: rates, and events in a second of the servers' processors."""
    ours = rounds.get("gateway", [])
    found: list[Figure] = []
    for what, name, goal in [
        ("gateway beside n8n at its best setting", _fastest(rounds, n8n.VARIANTS), 100.0),
        ("gateway beside Node-RED", _fastest(rounds, node_red.VARIANTS), 3.0),
        ("gateway beside Node-RED with SQLite", "Node-RED durable", None),
        ("gateway beside n8n as installed", "n8n as installed", None),
    ]:
        theirs = rounds.get(name, [])
        pairs = list(zip(ours, theirs, strict=False))
        if pairs:
            rates = tuple(a.per_second / b.per_second for a, b in pairs)
            found.append(Figure(what, rates, goal=goal, digits=1, note=_note(name, ours, theirs)))
            shares = tuple(b.cpu_ms / a.cpu_ms for a, b in pairs)
            found.append(Figure(f"{what}, by processor seconds", shares, digits=1))
    return found


def _note(name: str, ours: list[Round], theirs: list[Round]) -> str:
    a, b = (statistics.median(one.per_second for one in those) for those in (ours, theirs))
    others = max(one.others for one in (*ours, *theirs))
    return f"{a:,.0f} a second beside {b:,.1f} of {name}; others took up to {others:.0%} of the servers' processor"


def _fastest(rounds: Rounds, variants: list[Variant]) -> str:
    """The variant with the highest rate; empty where none was measured."""
    found = [one.name for one in variants if rounds.get(one.name)]
    return max(found, key=lambda name: statistics.median(one.per_second for one in rounds[name]), default="")


def table(variants: list[Variant], rounds: Rounds) -> str:
    """Each server's own figures: medians of the rounds, and the spread of the rate."""
    head = [
        "server", "setting", "events a second", "rounds", "processor ms each", "answered p50 / p99 ms",
        "sent on p50 / p99 ms", "MB", "lost", "load's core",
    ]  # fmt: skip
    return "\n".join(markdown(head, [_cells(one, rounds[one.name]) for one in variants]))


def _cells(variant: Variant, those: list[Round]) -> list[str]:
    median = statistics.median
    rates = [one.per_second for one in those]
    return [
        variant.name,
        variant.about,
        f"{median(rates):,.1f}",
        f"{min(rates):,.1f} to {max(rates):,.1f}",
        f"{median(one.cpu_ms for one in those):.3f}",
        f"{median(one.answered[0] for one in those):.1f} / {median(one.answered[1] for one in those):.0f}",
        f"{median(one.through[0] for one in those):.1f} / {median(one.through[1] for one in those):.0f}",
        f"{median(one.memory_mb for one in those):,.0f}",
        f"{sum(one.lost for one in those)}",
        f"{max(one.load_busy for one in those):.0%}",
    ]


if __name__ == "__main__":
    sys.exit(main())
