"""Waits that are shortened in a gateway that is going to be killed: what takes minutes in life comes within a moment.

Only waits, and the length of the log at which it is moved: no limit on tries, no lease, no deadline.
"""

from gateway.engine import backfill, enrich, fetch, gateway, perform, pull, retain
from gateway.rules import breaker, retry, strain
from gateway.store import wal


def hurry() -> None:
    """Shorten them, in this process."""
    retry.WAITS_MS = (40, 400, 2_000)
    breaker.PROBE_FIRST_MS, breaker.PROBE_MAX_MS = 60, 120
    perform.RENEW_MS = 40
    perform.REFRESH_MS = 100
    retain.EVERY_S = 0.1
    fetch.BACKOFF_FIRST_MS, fetch.BACKOFF_MAX_MS, fetch.REFUSED_FIRST_MS = 20, 60, 20
    enrich.BACKOFF_FIRST_MS, enrich.BACKOFF_MAX_MS = 20, 60
    gateway.FETCH_POLL_S = gateway.ENRICH_POLL_S = 0.03
    pull.BACKOFF_FIRST_S, pull.BACKOFF_MAX_S = 0.03, 0.06
    backfill.IDLE_S, backfill.BACKLOG_WAIT_S = 0.03, 0.03
    backfill.BACKOFF_FIRST_S, backfill.BACKOFF_MAX_S = 0.03, 0.06
    strain.ALONE_FIRST_MS, strain.ALONE_MAX_MS = 80, 120
    wal.PASSIVE_PAGES, wal.RESTART_PAGES = 40, 150
