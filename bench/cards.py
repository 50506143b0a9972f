"""What the search for card numbers costs a webhook of 3 KB that has none. `python -m bench.cards --help`."""

import json

from bench import server
from bench.options import Options
from bench.table import Figure

WHAT = "redaction filter on a clean 3 KB body, more for each"
GOAL_US = 15.0


def rows(options: Options) -> list[Figure]:
    """The row of the filter."""
    said = json.loads(server.run_in(options.tree, "bench.cards", "--measure", cpu=server.SERVER_CPU))
    return [
        Figure(
            WHAT,
            tuple(said["more_us"]),
            "µs",
            GOAL_US,
            "at most",
            1,
            absent="this checkout has no filter",
        )
    ]
