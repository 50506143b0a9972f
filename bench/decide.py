"""A signed webhook in, to the committed decision: the highest steady rate at which no queue grows.

A burst and the time to its last decision tell about where that rate lies; short probes close in on it; then it must
hold for a minute. Contacts are stored beforehand, one event in fifty delivers. `python -m bench.decide --help`.
"""

import statistics
import sys
from dataclasses import dataclass, field

from bench import ingest, server
from bench.load import Driver, Load, Pace
from bench.options import Options, run_alone
from bench.requests import LOUD_ONE_IN, requests
from bench.stage import beside_contacts
from bench.store import Backlog
from bench.table import Figure

BURST_S = 6.0
PROBE_S = 10.0
WINDOW_S = 60.0
STEP = 1.07
GROWTH_S = 0.25
"""The backlog's mean in the last quarter may exceed that in the first by what comes in so many seconds."""

UNDER_WAY_S = 0.5
"""Requests of so many seconds may be under way when a run ends."""

BEHIND_S = 4.0
"""A backlog of so many seconds ends a run: it doesn't hold."""

DRAIN_S = 180.0
PROBES_MAX = 8
WINDOWS_MAX = 5


@dataclass(slots=True)
class Run:
    """A load at a steady rate, and how the backlog went meanwhile."""

    rate: float
    load: Load
    cpu_s: float
    others: float
    seconds: float
    waited: list[int] = field(default_factory=list)
    memory_mb: float = 0.0

    def quarter(self, last: bool) -> float:
        """The mean backlog in the first quarter, or in the last."""
        size = max(1, len(self.waited) // 4)
        return statistics.fmean(self.waited[-size:] if last else self.waited[:size])

    @property
    def fails(self) -> str:
        """Why it doesn't hold; empty where all was taken, and no queue has grown."""
        if self.load.lost:
            return f"{self.load.lost} requests were lost"
        if self.load.seconds < self.seconds:
            return f"{self.waited[-1]:,} records wait after {self.load.seconds:.0f} s"
        meant = self.rate * self.load.seconds
        if self.load.in_time < meant - 0.01 * meant - UNDER_WAY_S * self.rate:
            return f"{self.load.in_time:,} of {meant:,.0f} requests were answered in time"
        first, last = self.quarter(last=False), self.quarter(last=True)
        return f"the backlog grew from {first:,.0f} to {last:,.0f}" if last > first + GROWTH_S * self.rate else ""


@dataclass(frozen=True, slots=True)
class Costs:
    """Decisions a second of a burst until its last one, and what a webhook costs until its 2xx, and a decision after
    it, in microseconds of the processor."""

    per_second: float
    webhook_us: float
    decision_us: float

    @property
    def guess(self) -> float:
        """The steady rate that these costs allow a processor of its own."""
        return max(self.per_second, 1e6 / (self.webhook_us + self.decision_us))


class _Bench:
    """A running gateway, its load, and a look at its backlog."""

    def __init__(self, running: server.Server, driver: Driver, options: Options) -> None:
        self._running = running
        self._driver = driver
        self._options = options
        self.backlog = Backlog(running.database)

    def burst(self) -> Costs:
        """What a burst and the rest of its decisions, which come when nothing else goes on, say of the costs."""
        cpu = self._running.cpu_s()
        load = self._driver.run(self._options.seconds(BURST_S))
        accepted_s, left = self._running.cpu_s() - cpu, self.backlog.waiting()
        took = load.seconds + self.backlog.drained(DRAIN_S)
        drained_s = self._running.cpu_s() - cpu - accepted_s
        decision = drained_s / left if left else 0.0
        webhook = (accepted_s - decision * (load.accepted - left)) / load.accepted
        return Costs(load.accepted / took, webhook * 1e6, decision * 1e6)

    def steady(self, rate: float, seconds: float) -> Run:
        """Load at a rate, until its end or until it is plain that it doesn't hold; then let the backlog go."""
        busy, cpu = server.core_busy_s(), self._running.cpu_s()
        waited: list[int] = []

        def watch(_: float) -> bool:
            waited.append(self.backlog.waiting())
            return waited[-1] < BEHIND_S * rate

        load = self._driver.run(seconds, Pace(rate), watch, every_s=0.25)
        took = self._running.cpu_s() - cpu
        run = Run(rate, load, took, server.others_share(busy, took), seconds, waited, self._running.memory_mb())
        self.backlog.drained(DRAIN_S)
        said = f"{rate:,.0f}/s for {load.seconds:.0f} s: {run.fails or 'holds'}"
        self._options.tell(f"{said}; {run.cpu_s / load.seconds:.0%} of the processor, others {run.others:.0%}")
        return run


def highest(bench: _Bench, rate: float, options: Options) -> Run:
    """The run of the highest rate that held for the whole window, sought from `rate` on; the last one tried if none
    held."""
    held_once = failed_once = False
    for _ in range(PROBES_MAX):
        if bench.steady(rate, options.seconds(PROBE_S)).fails == "":
            held_once = True
            if failed_once:
                break
            rate *= STEP
        else:
            rate /= STEP
            if held_once:
                break
            failed_once = True
    for _ in range(WINDOWS_MAX):
        run = bench.steady(rate, options.seconds(WINDOW_S))
        if not run.fails:
            break
        rate /= STEP
    return run


def rows(options: Options) -> list[Figure]:
    """The row of the committed decision."""
    echo = ingest.echo_round(options, "echo")
    options.echo_rates.append(echo.load.per_second)
    with beside_contacts(options) as (running, received):
        driver = Driver(running.port, requests("steady", stored=options.contacts), options.connections)
        try:
            bench = _Bench(running, driver, options)
            costs = bench.burst()
            options.tell(f"a burst is decided at {costs.per_second:,.0f}/s, and might be at {costs.guess:,.0f}/s")
            run = highest(bench, costs.guess, options)
        finally:
            driver.close()
        kept = _kept(running.database)
    by_cpu = run.load.accepted / run.cpu_s / echo.per_cpu_s
    return [
        Figure(
            "the same to committed decision, no queue growing",
            (run.rate / options.echo_rate,) if not run.fails else (),
            goal=0.4,
            noise=max(run.others, echo.others),
            absent="no steady rate was found",
            note=f"{_said(run)}; by processor seconds the ratio is {by_cpu:.2f}. {options.contacts:,} contacts were "
            f"stored beforehand. {kept}; {len(received.first):,} notices had come by the end. In a burst a webhook "
            f"costs {costs.webhook_us:.0f} µs of the processor until its 2xx, its decision {costs.decision_us:.0f} µs "
            f"more, and the bare echo {1e6 / echo.per_cpu_s:.0f} µs",
        )
    ]


def _said(run: Run) -> str:
    """The run in words."""
    return (
        f"{run.rate:,.0f} a second for {run.load.seconds:.0f} s; backlog {run.quarter(last=False):,.0f} records in the "
        f"first quarter, {run.quarter(last=True):,.0f} in the last, {max(run.waited, default=0):,} at most; "
        f"{run.cpu_s / run.load.seconds:.0%} of the server's processor, others took {run.others:.0%}; "
        f"{run.memory_mb:,.0f} MB; durable 2xx p50 {run.load.percentile(0.5):.0f} ms, p99 "
        f"{run.load.percentile(0.99):.0f} ms"
    )


def _kept(database: str) -> str:
    """What the database has kept of all that was sent."""
    looks = Backlog(database)
    try:
        events = looks.number("SELECT count(*) FROM inbox WHERE key LIKE 'steady-%'")
        deliveries = looks.number("SELECT count(*) FROM deliveries")
        parked = looks.number("SELECT count(*) FROM inbox WHERE reason IS NOT NULL")
    finally:
        looks.close()
    share = events / max(1, deliveries)
    return (
        f"Of {events:,} events {deliveries:,} deliver a notice (one in {share:.0f}; meant is {LOUD_ONE_IN}), "
        f"{parked:,} were parked"
    )


if __name__ == "__main__":
    sys.exit(run_alone(__doc__, rows))
