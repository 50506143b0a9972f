"""Deliveries that wait, to one receiver that answers at once: how many a second. `python -m bench.deliver --help`."""

import statistics
import sys
import time

from bench import server
from bench.options import Options, run_alone
from bench.receiver import Received, receiver
from bench.store import Backlog
from bench.table import Figure

WAITING = 30_000
PATIENCE_S = 120.0


def _round(options: Options) -> tuple[Received, float, float, int]:
    """What came, the gateway's processor seconds, what others took, and how many are marked as delivered."""
    count = int(options.seconds(WAITING))
    with receiver() as received, server.workplace(receiver=received.port) as folder:
        server.run_in(options.tree, "bench.waiting", "deliveries", str(folder / "gateway.db"), str(count))
        busy = server.core_busy_s()
        with server.gateway(options.tree, folder) as running:
            looks = Backlog(running.database)
            ends = time.monotonic() + PATIENCE_S
            delivered = 0
            while delivered < count and time.monotonic() < ends:
                time.sleep(0.1)
                delivered = looks.number("SELECT count(*) FROM deliveries WHERE state = 'delivered'")
            cpu = running.cpu_s()
            looks.close()
            others = server.others_share(busy, cpu)
    return received, cpu, others, delivered


def rows(options: Options) -> list[Figure]:
    """The row of the deliveries."""
    rounds = []
    for number in range(options.rounds):
        rounds.append(_round(options))
        options.tell(f"deliveries {number + 1}: {rounds[-1][0].per_second:,.0f}/s")
    counts = ", ".join(f"{one[3]:,}" for one in rounds)
    by_cpu = statistics.median(one[3] / one[1] for one in rounds)
    return [
        Figure(
            "deliveries to one keep-alive receiver",
            tuple(one[0].per_second for one in rounds),
            unit="a second",
            goal=2_000,
            digits=0,
            noise=max(one[2] for one in rounds),
            note=f"{options.seconds(WAITING):,.0f} that waited for contacts of their own, first to last; "
            f"{by_cpu:,.0f} a processor second with the start of the gateway in it; marked as delivered: "
            f"{counts}; sent twice: {sum(one[0].count - len(one[0].first) for one in rounds)}; others took up to "
            f"{max(one[2] for one in rounds):.0%} of the server's processor",
        )
    ]


if __name__ == "__main__":
    sys.exit(run_alone(__doc__, rows))
