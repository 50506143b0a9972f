"""A signed webhook in, to the durable 2xx: a burst beside a bare aiohttp server, and the latency at half of that load.

Both servers in turn on the same processor, under the same load on the other one. `python -m bench.ingest --help`.
"""

import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bench import server
from bench.load import Driver, Load, Pace, percentile
from bench.options import Options, run_alone
from bench.requests import requests
from bench.store import Backlog
from bench.table import NOISE_MAX, Figure

ECHO_SHARE = 0.5
"""How much of the burst's time the bare server is loaded: its rate is steady."""

IN_TIME_SHARE = 0.5
"""How much of the burst's time the load at half the rate lasts."""


@dataclass(frozen=True, slots=True)
class Round:
    """One server's round: what the load saw, the server's processor seconds, and what others took of its processor."""

    load: Load
    cpu_s: float
    others: float
    left: int = 0
    """Records that the gateway had still to decide when the load ended."""

    @property
    def per_cpu_s(self) -> float:
        """What a second of the server's processor does, whoever else uses the machine."""
        return self.load.accepted / self.cpu_s


def measured(running: server.Server, run: str, connections: int, seconds: float, pace: Pace | None = None) -> Round:
    """Load a server and watch what it takes."""
    driver = Driver(running.port, requests(run), connections)
    busy, cpu = server.core_busy_s(), running.cpu_s()
    try:
        load = driver.run(seconds, pace)
    finally:
        driver.close()
    took = running.cpu_s() - cpu
    return Round(load, took, server.others_share(busy, took))


def echo_round(options: Options, run: str) -> Round:
    """A round of the bare server."""
    with server.echo() as running:
        return measured(running, run, options.connections, options.seconds(20) * ECHO_SHARE)


def gateway_round(options: Options, run: str, pace: Pace | None = None) -> Round:
    """A round of the gateway on an empty database."""
    seconds = options.seconds(20) * (IN_TIME_SHARE if pace else 1.0)
    with server.workplace() as folder, server.gateway(options.tree, folder) as running:
        found = measured(running, run, options.connections, seconds, pace)
        looks = Backlog(running.database)
        left = looks.waiting()
        looks.close()
        return replace(found, left=left)


def quietest(options: Options, what: str, measure: Callable[[str], tuple[Round, ...]]) -> list[tuple[Round, ...]]:
    """So many rounds as were asked for: while others work on the server's processor as well, more are tried, up to
    twice as many, and those that were disturbed least are kept. The quietest comes first."""
    tried: list[tuple[Round, ...]] = []
    for number in range(2 * options.rounds):
        tried.append(measure(f"{what.replace(' ', '')}{number}"))
        rates = " beside ".join(f"{one.load.per_second:,.0f}/s" for one in tried[-1])
        options.tell(f"{what} {number + 1}: {rates}, others took {noise(tried[-1]):.0%}")
        if sum(noise(one) <= NOISE_MAX for one in tried) == options.rounds:
            break
    return sorted(tried, key=noise)[: options.rounds]


def noise(rounds: Iterable[Round]) -> float:
    """The most that others took of the server's processor."""
    return max(one.others for one in rounds)


def medians(rounds: list[Round]) -> str:
    """The rounds in words."""
    rate = statistics.median(one.load.per_second for one in rounds)
    cpu = statistics.median(one.per_cpu_s for one in rounds)
    busy = max(one.load.busy for one in rounds)
    return (
        f"{rate:,.0f} a second, {cpu:,.0f} a processor second; others took up to {noise(rounds):.0%} of the server's "
        f"processor, the load {busy:.0%} of its own"
    )


def statuses(rounds: list[Round]) -> str:
    """How often each status was answered, and how many requests had no answer."""
    found: dict[int, int] = {}
    for one in rounds:
        for status, count in one.load.statuses.items():
            found[status] = found.get(status, 0) + count
    lost = sum(one.load.lost for one in rounds)
    said = ", ".join(f"{count:,} times {status}" for status, count in sorted(found.items()))
    return f"{said}, {lost} without an answer"


def rows(options: Options) -> list[Figure]:
    """Both rows. The bare server's rate is kept in the options for the rows that stand beside it."""
    pairs = quietest(options, "burst", lambda run: (gateway_round(options, run), echo_round(options, run)))
    bursts, echoes = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    options.echo_rates.extend(one.load.per_second for one in echoes)
    half = statistics.median(one.load.per_second for one in bursts) / 2
    pace = Pace(half)
    calm = [one for (one,) in quietest(options, "half load", lambda run: (gateway_round(options, run, pace),))]
    by_cpu = statistics.median(one.per_cpu_s for one in bursts) / statistics.median(one.per_cpu_s for one in echoes)
    decided = statistics.median(1 - one.left / one.load.accepted for one in bursts)
    late = max(percentile(one.load.sent_late, 0.99) for one in calm) * 1000
    return [
        Figure(
            "signed webhook to durable 2xx, beside a bare aiohttp echo",
            tuple(one.load.per_second / bare.load.per_second for one, bare in zip(bursts, echoes, strict=True)),
            goal=0.6,
            noise=noise([*bursts, *echoes]),
            note=f"gateway {medians(bursts)}. Echo {medians(echoes)}. By processor seconds the ratio is {by_cpu:.2f}. "
            f"{decided:.0%} of the burst was decided by its end. {options.connections} connections; answered were "
            f"{statuses(bursts)}",
        ),
        Figure(
            "latency of the durable 2xx at half load, p50",
            tuple(one.load.percentile(0.5) for one in calm),
            unit="ms",
            goal=5,
            bound="at most",
            digits=1,
            noise=noise(calm),
        ),
        Figure(
            "latency of the durable 2xx at half load, p99",
            tuple(one.load.percentile(0.99) for one in calm),
            unit="ms",
            goal=25,
            bound="at most",
            digits=1,
            noise=noise(calm),
            note=f"open loop at {half:,.0f} a second, arrivals at random, counted from the instant at which a request "
            f"was due; of this up to {late:.1f} ms (p99) are the load's own; the gateway answered {statuses(calm)}; "
            f"others took up to {noise(calm):.0%} of its processor",
        ),
    ]


if __name__ == "__main__":
    sys.exit(run_alone(__doc__, rows))
