"""A gateway that nobody asks anything of: its memory, and its share of a processor. `python -m bench.idle --help`."""

import sys
import time

from bench import server
from bench.options import Options, run_alone
from bench.table import Figure

SETTLE_S = 3.0
WATCH_S = 20.0


def rows(options: Options) -> list[Figure]:
    """The rows of the idle daemon."""
    with server.workplace() as folder, server.gateway(options.tree, folder) as running:
        time.sleep(SETTLE_S)
        seconds = options.seconds(WATCH_S)
        before = running.cpu_s()
        started = time.monotonic()
        time.sleep(seconds)
        share = (running.cpu_s() - before) / (time.monotonic() - started) * 100
        memory = running.memory_mb()
    return [
        Figure("idle daemon: memory", (memory,), "MB", 140, "at most", 0, note=f"looked at for {seconds:.0f} s"),
        Figure("idle daemon: share of a core", (share,), "%", 1, "at most", 2),
    ]


if __name__ == "__main__":
    sys.exit(run_alone(__doc__, rows))
