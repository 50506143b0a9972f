"""Look objects up where a push was not enough: requests coalesce by object, answers are records in the inbox."""

from gateway.engine.world import Links, World
from gateway.kernel.store import Conflict, FetchRow
from gateway.plugin import VendorError
from gateway.rules.retry import growing_wait

LEASE_MS = 60_000
BATCH_MAX = 8
BACKOFF_FIRST_MS = 2_000
BACKOFF_MAX_MS = 300_000


async def fetch_due(world: World, links: Links) -> int:
    """Make the look-ups that are due; how many there were."""
    rows = await world.store.claim_fetches(now=world.clock.now(), lease_ms=LEASE_MS, limit=BATCH_MAX)
    for row in rows:
        try:
            await _fetch(world, links, row)
        except Conflict:
            world.log.info("fetch_overtaken", connector=row.key.connector)
    return len(rows)


async def _fetch(world: World, links: Links, row: FetchRow) -> None:
    link = links.get(row.key.connector)
    connector = link.fetches if link else None
    if link is None or connector is None:
        await _postpone(world, row, f"connector {row.key.connector} can't look anything up")
        return
    try:
        records = await connector.fetch(row.key.ref, world.clock.now())
    except VendorError as error:
        await _postpone(world, row, str(error), getattr(error, "retry_after_s", None))
        return
    except Exception as error:  # a plugin's fault must stay its own: the look-up waits, the rest goes on
        link.fault(error)
        await _postpone(world, row, link.last_fault)
        return
    link.worked()
    link.count("fetched", len(records))
    await world.store.finish_fetch(row, records)


async def _postpone(world: World, row: FetchRow, why: str, wait_s: float | None = None) -> None:
    backoff_ms = growing_wait(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, row.attempt)
    wait_ms = max(round((wait_s or 0.0) * 1000), round(backoff_ms * world.rng.uniform(1.0, 1.2)))
    world.log.warning("fetch_failed", connector=row.key.connector, object=row.key.ref.kind, why=why[:300])
    await world.store.postpone_fetch(row, world.clock.now() + wait_ms, why[:300])
