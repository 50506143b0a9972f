"""Every figure of the gateway's speed in one run, as one table. `python -m bench --help`."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import breach, cards, decide, deliver, idle, ingest, machine, peers_found, restart, server, stage
from bench.options import Options, Part, arguments, chosen
from bench.table import Figure, Measured, put_into

PARTS: dict[str, Part] = {
    "ingest": ingest.rows,
    "decide": decide.rows,
    "deliver": deliver.rows,
    "breach": breach.rows,
    "restart": restart.rows,
    "cards": cards.rows,
    "idle": idle.rows,
    "peers": peers_found.rows,
}
"""In the order of the table."""

WITH_CONTACTS = {"decide", "breach", "restart"}
"""They share the stored contacts."""


def measure(options: Options, parts: Sequence[str]) -> list[Figure]:
    """The lines of these parts."""
    figures: list[Figure] = []
    with ExitStack() as stack:
        if WITH_CONTACTS & set(parts):
            stack.enter_context(stage.contacts_held(options))
        for name in parts:
            started = time.monotonic()
            figures += PARTS[name](options)
            options.tell(f"{name} took {time.monotonic() - started:.0f} s")
    return figures


def main() -> int:
    """Measure, print, and write the table into a page where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments(parser)
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be given several times")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, between its marks")
    given = parser.parse_args()
    if given.write is not None:
        put_into(given.write.read_text(encoding="utf-8"), "")
    options = chosen(given)
    facts = machine.facts(options.tree)
    server.pin(server.LOAD_CPU)
    measured = Measured(facts, measure(options, [name for name in PARTS if name in (given.only or PARTS)]))
    if given.write is not None:
        page = given.write.read_text(encoding="utf-8")
        given.write.write_text(put_into(page, measured.text()), encoding="utf-8")
    print(json.dumps(measured.values(), indent=2) if given.json else measured.text(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
