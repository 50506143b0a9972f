"""What the search for card numbers costs a webhook of 3 KB that has none. `python -m bench.cards --help`."""

import json
import sys
from importlib.util import find_spec

from bench import server
from bench.options import Options, run_alone
from bench.table import Figure

MEASURE = "--measure"
GOAL_US = 15.0


def rows(options: Options) -> list[Figure]:
    """The row of the filter."""
    said = json.loads(server.run_in(options.tree, "bench.cards", MEASURE, cpu=server.SERVER_CPU))
    return [
        Figure(
            "redaction filter on a clean 3 KB body, more for each",
            tuple(said),
            "µs",
            GOAL_US,
            "at most",
            1,
            absent="this checkout has no filter",
        )
    ]


def measure() -> list[float]:
    """Microseconds that the filter adds, once a round."""
    if find_spec("gateway.kernel.cards") is None:
        return []
    raise SystemExit("not yet")


if __name__ == "__main__":
    if sys.argv[1:] == [MEASURE]:
        print(json.dumps(measure()))
    else:
        sys.exit(run_alone(__doc__, rows))
