"""The figures that a monitor reads: what waits, lags and fails.

Laws. Labels are names out of the configuration and fixed words: no customer's data, no ids, no URLs. However often a
monitor asks and however much there is, what waits is counted along indexes to a bound, and what is counted in full is
kept for a while.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import gateway
from gateway.engine.gateway import Gateway
from gateway.kernel.metrics import Family, Kind, Sample, exposition
from gateway.kernel.outbox import WAITING_COUNT_MAX
from gateway.kernel.process import processor_seconds, resident_bytes
from gateway.kernel.store import EndpointRow, Figures, Waiting
from gateway.kernel.values import everyone
from gateway.web.counted import Counted

RECORDS = {
    "accepted": ("gateway_connector_accepted_total", "Records that were new, since the start."),
    "duplicates": ("gateway_connector_duplicates_total", "Records that were known already, since the start."),
    "fetch_failed": ("gateway_connector_fetch_failed_total", "Look-ups that failed, since the start."),
    "look_ups_given_up": ("gateway_connector_look_ups_given_up_total", "Look-ups that were given up, since the start."),
    "look_ups_put_off": (
        "gateway_connector_look_ups_put_off_total",
        "Look-ups that waited for a vendor that is left alone, since the start.",
    ),
    "fetched": ("gateway_connector_fetched_total", "Records that look-ups brought, since the start."),
    "listen_failed": (
        "gateway_connector_listen_failed_total",
        "Times that a connector could not listen, or stopped listening, since the start.",
    ),
    "pull_failed": ("gateway_connector_pull_failed_total", "Pulls that failed, since the start."),
    "pushes_missed": (
        "gateway_connector_pushes_missed_total",
        "Changes that were pulled and that no webhook told, since the start.",
    ),
    "refused": ("gateway_connector_refused_total", "Requests that were refused, since the start."),
}
"""What links count, and how it is called."""


_STATES = {
    "open": ("gateway_endpoint_breaker_open", "1 while the breaker is open: nothing but probes goes out."),
    "paused": ("gateway_endpoint_paused", "1 while the receiver has asked for a pause."),
    "disabled": ("gateway_endpoint_disabled", "1 while the endpoint is disabled, until a person enables it."),
}
"""States of endpoints that are told, each as a figure of its own."""


async def metrics(running: Gateway, counted: Counted) -> str:
    """All figures in Prometheus' text format."""
    world = running.world
    now = world.clock.now()
    figures = await world.store.figures(now)
    endpoints = everyone(running.endpoints, await world.store.endpoints())
    return exposition(
        [
            *_of_counts(await counted.read()),
            *_of_store(figures, now),
            *_of_judging(running, figures, now),
            *_of_connectors(running, await world.store.pauses(), now),
            *_of_enrichers(running, await world.store.questions_waiting(), now),
            *_of_endpoints(endpoints, now),
            *world.meters.families(),
            *_of_process(running),
        ]
    )


def _of_counts(counts: Mapping[str, int]) -> Iterator[Family]:
    words = {
        "contacts": ("gateway_contacts", "Contacts that are kept."),
        "open": ("gateway_contacts_open", "Contacts that have not ended."),
        "outdated": ("gateway_contacts_outdated", "Open contacts that the policy in force has not judged yet."),
    }
    for key, (name, told) in words.items():
        if key in counts:
            yield _one(name, "gauge", told, counts[key])


def _of_store(figures: Figures, now: int) -> Iterator[Family]:
    yield from _waiting(
        "gateway_inbox_waiting",
        "gateway_inbox_oldest_seconds",
        "connector",
        ("Records that wait to be judged.", "Since when the oldest record waits, in seconds."),
        figures.records,
        now,
    )
    yield _one("gateway_inbox_parked", "gauge", "Records that can't be used as they are.", figures.parked)
    yield _one("gateway_deliveries_dead", "gauge", "Deliveries that were given up.", figures.dead)
    yield _one("gateway_store_commits_total", "counter", "Transactions since the start.", figures.commits)
    yield _one(
        "gateway_store_writes_total",
        "counter",
        "Writes since the start; divided by the transactions: how many share one.",
        figures.writes,
    )
    yield _one(
        "gateway_store_commit_failures_total",
        "counter",
        "Transactions that couldn't be written, since the start.",
        figures.commit_failures,
    )
    yield _one("gateway_store_wal_bytes", "gauge", "The length of the write-ahead log.", figures.wal_bytes)


def _of_judging(running: Gateway, figures: Figures, now: int) -> Iterator[Family]:
    due = figures.contacts_due
    yield _one("gateway_contacts_due", "gauge", "Contacts whose time has come, not judged yet.", due.count)
    yield _one(
        "gateway_contacts_overdue_seconds",
        "gauge",
        "How long the time of the most overdue contact has come, in seconds.",
        _age_s(due.oldest, now),
    )
    if running.world.meters.judged_to is not None:
        yield _one(
            "gateway_judging_lag_seconds",
            "gauge",
            "How far behind now judging may let time pass: the watermark's lag, in seconds.",
            _age_s(running.world.meters.judged_to, now),
        )
    failing = [(loop.name, loop.failures) for loop in running.loops]
    yield _labelled(
        "gateway_loop_failures_in_a_row", "gauge", "Failed steps of a loop since its last good one.", "loop", failing
    )


def _of_connectors(running: Gateway, pauses: Collection[str], now: int) -> Iterator[Family]:
    links = running.links.values()
    healthy = [(link.name, int(link.healthy)) for link in links]
    told = "1 while the gateway waits for this connector's news."
    yield _labelled("gateway_connector_healthy", "gauge", told, "connector", healthy)
    paused = [(link.name, int(link.name in pauses)) for link in links]
    told = "1 while a person has paused it: its vendor is asked for nothing, webhooks are taken."
    yield _labelled("gateway_connector_paused", "gauge", told, "connector", paused)
    alone = [(link.name, int(link.strain.alone_until > now)) for link in links]
    told = "1 while the vendor is left alone, after failures or because it asked for it."
    yield _labelled("gateway_connector_left_alone", "gauge", told, "connector", alone)
    wrong = [(link.name, sum(not finding.ok for finding in link.findings)) for link in links]
    told = "What is wrong with the account, as the connector's own check finds."
    yield _labelled("gateway_connector_findings", "gauge", told, "connector", wrong)
    for key, (name, words) in RECORDS.items():
        values = [(link.name, link.counts[key]) for link in links if key in link.counts]
        yield _labelled(name, "counter", words, "connector", values)
    own = [
        Sample(count, (("connector", link.name), ("what", what)))
        for link in links
        for what, count in sorted(link.counts.items())
        if what not in RECORDS
    ]
    yield Family("gateway_connector_counted_total", "counter", "What else was counted of a connector.", tuple(own))


def _of_enrichers(running: Gateway, waiting: Mapping[str, int], now: int) -> Iterator[Family]:
    links = running.enrichers.values()
    counts = {**dict.fromkeys(running.enrichers, 0), **waiting}
    yield _labelled(
        "gateway_enricher_waiting", "gauge", "Questions that have no answer yet.", "enricher", counts.items()
    )
    alone = [(link.name, int(link.strain.alone_until > now)) for link in links]
    told = "1 while the enricher is left alone, after failures or because it asked for it."
    yield _labelled("gateway_enricher_left_alone", "gauge", told, "enricher", alone)
    wrong = [(link.name, sum(not finding.ok for finding in link.findings)) for link in links]
    told = "What is wrong with the account, as the enricher's own check finds."
    yield _labelled("gateway_enricher_findings", "gauge", told, "enricher", wrong)
    counted = [
        Sample(count, (("enricher", link.name), ("what", what)))
        for link in links
        for what, count in sorted(link.counts.items())
    ]
    told = "Look-ups of an enricher, and what became of questions, since the start."
    yield Family("gateway_enricher_counted_total", "counter", told, tuple(counted))


def _of_endpoints(endpoints: Sequence[EndpointRow], now: int) -> Iterator[Family]:
    waiting = {row.name: Waiting(count=row.waiting, oldest=row.oldest_waiting_at) for row in endpoints}
    yield from _waiting(
        "gateway_deliveries_waiting",
        "gateway_deliveries_oldest_seconds",
        "endpoint",
        (
            f"Deliveries that wait, counted up to {WAITING_COUNT_MAX}.",
            "Since when the oldest delivery waits, in seconds.",
        ),
        waiting,
        now,
    )
    standings = {row.name: row.health.standing(now) for row in endpoints}
    for state, (name, words) in _STATES.items():
        yield _labelled(
            name, "gauge", words, "endpoint", [(of, int(is_so == state)) for of, is_so in standings.items()]
        )
    failing = [(row.name, _age_s(row.health.failing_since, now)) for row in endpoints]
    told = "Since when there was nothing but failures, in seconds; 0 while all is well."
    yield _labelled("gateway_endpoint_failing_seconds", "gauge", told, "endpoint", failing)


def _of_process(running: Gateway) -> Iterator[Family]:
    version = (("version", gateway.__version__),)
    yield Family("gateway_build_info", "gauge", "The version that runs.", (Sample(1, version),))
    if running.world.meters.started_at is not None:
        started_s = running.world.meters.started_at / 1000
        yield _one("process_start_time_seconds", "gauge", "When the process started, since the epoch.", started_s)
    if (resident := resident_bytes()) is not None:
        yield _one("process_resident_memory_bytes", "gauge", "The memory that the process holds.", resident)
    busy_s = round(processor_seconds(), 3)
    yield _one("process_cpu_seconds_total", "counter", "The time that the process kept processors busy.", busy_s)


def _waiting(
    count: str, oldest: str, label: str, words: tuple[str, str], waiting: Mapping[str, Waiting], now: int
) -> Iterator[Family]:
    yield _labelled(count, "gauge", words[0], label, [(name, found.count) for name, found in waiting.items()])
    ages = [(name, _age_s(found.oldest, now)) for name, found in waiting.items()]
    yield _labelled(oldest, "gauge", words[1], label, ages)


def _age_s(since: int | None, now: int) -> float:
    return 0.0 if since is None else max(0, now - since) / 1000


def _one(name: str, kind: Kind, words: str, value: float) -> Family:
    return Family(name, kind, words, (Sample(value),))


def _labelled(name: str, kind: Kind, words: str, label: str, values: Iterable[tuple[str, float]]) -> Family:
    return Family(name, kind, words, tuple(Sample(value, ((label, of),)) for of, value in values))
