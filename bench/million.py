"""A database with a million open contacts, made by the engine's own judging; and how late a breach is among them.

`python -m bench.million build PATH` makes it (some minutes), `python -m bench.million due PATH` measures on a copy.
"""

import argparse
import asyncio
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from bench.ingest import policy
from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Arrival, Bench, judge, news_of
from gateway.engine.policies import Policies
from gateway.engine.turns import Turns
from gateway.engine.world import Link, World
from gateway.kernel.clock import SystemClock
from gateway.kernel.memory import settle
from gateway.kernel.net import AiohttpNet
from gateway.kernel.rng import SystemRng
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Batch
from gateway.model.event import Event, convert_event, encode_event
from gateway.model.identity import StrandKey
from gateway.model.instant import HOUR_MS, MINUTE_MS, SECOND_MS, Instant, format_instant
from gateway.model.record import Record
from gateway.policy.load import load_policy
from gateway.store.sqlite import SqliteStore

CONNECTOR = "bench"
WITHIN_H = 400
POLICY = policy().replace("within: 4h}", f"within: {WITHIN_H}h}}")
"""The bench's twenty conditions; the one that holds promises a reply so late that a database serves for days."""

BUILD_BATCH = 2_000


def opening(ticket: str, at: int) -> Event:
    """A ticket that is opened; its reply is due `WITHIN_H` later."""
    return convert_event(
        {
            "type": "contact.opened",
            "id": f"{ticket}-opened",
            "at": format_instant(at),
            "ref": {"kind": "ticket", "id": ticket},
            "kind": "ticket",
            "channel": "email",
            "subject": f"The order {ticket} has not arrived and nobody answers the phone",
            "tags": ["a", "orders"],
        }
    )


@asynccontextmanager
async def gateway_on(path: str) -> AsyncIterator[Gateway]:
    """A gateway in this process, without doors and receivers, on a database."""
    spawn = LoopSpawn()
    store = await SqliteStore.open(path, spawn, exclusive=True)
    net = AiohttpNet()
    clock = SystemClock()
    world = World(clock, SystemRng(), net, spawn, store, structlog.get_logger("bench"))
    policies = await Policies.open(store, spawn)
    await policies.follow(world, load_policy(POLICY, "policy.yaml"), asyncio.Lock())
    live_from = dict.fromkeys([CONNECTOR], 0)
    bench = Bench(policies, live_from, subscriptions={}, source="bench", admin_url="http://bench")
    secret = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    link = Link(CONNECTOR, EventsConnector(CONNECTOR, EventsSettings(secret=[secret]), None))  # type: ignore[arg-type]
    try:
        yield Gateway(world, {CONNECTOR: link}, bench, {})
    finally:
        await store.close()
        await net.close()
        await spawn.close()


async def build(path: str, contacts: int) -> None:
    """Judge so many openings, and keep what follows."""
    async with gateway_on(path) as gateway:
        world, now = gateway.world, gateway.world.clock.now()
        for start in range(0, contacts, BUILD_BATCH):
            news = []
            for number in range(start, min(start + BUILD_BATCH, contacts)):
                event = opening(f"stored-{number}", now - HOUR_MS + number * HOUR_MS // contacts)
                strand = StrandKey(CONNECTOR, event.ref.kind, event.ref.id)
                news.append(news_of(strand, None, [Arrival(event, now, encode_event(event))], {}))
            written = await judge(world, gateway.bench, [one for one in news if one], now, now, Turns(world.clock))
            await world.store.commit(written.batch(now))
            if start % 100_000 == 0:
                print(f"{start} of {contacts}", flush=True)


async def measure(path: str, due: int, after_s: int) -> list[int]:
    """Milliseconds from the instant at which so many contacts are due to the commit of each one's breach."""
    late: list[int] = []
    async with gateway_on(path) as gateway:
        store, clock = gateway.world.store, gateway.world.clock
        instant = clock.now() + after_s * SECOND_MS
        commit = store.commit

        async def timed(batch: Batch) -> None:
            await commit(batch)
            late.extend(clock.now() - instant for _, entry in batch.ledger if entry.type == "sla.breached")

        store.commit = timed  # type: ignore[method-assign]
        events = [opening(f"due-{instant}-{number}", instant - WITHIN_H * HOUR_MS) for number in range(due)]
        received_at = Instant(clock.now())
        await store.add_records(CONNECTOR, [Record(body=encode_event(one), received_at=received_at) for one in events])
        gateway.start()
        try:
            while len(late) < due and clock.now() < instant + MINUTE_MS:
                await clock.sleep(0.05)
        finally:
            await gateway.stop()
    return late


def told(late: Sequence[int]) -> str:
    """The measured latenesses in words."""
    ordered = sorted(late)
    p50, p99 = statistics.median(ordered), ordered[max(0, round(len(ordered) * 0.99) - 1)]
    return (
        f"{len(ordered)} breaches: committed p50 {p50:.0f} ms, p99 {p99} ms, max {ordered[-1]} ms after their instant"
    )


def main() -> None:
    """Build or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("build", "due"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=500)
    parser.add_argument("--after", type=int, default=5, help="seconds until they are due")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    settle()
    if options.what == "build":
        asyncio.run(build(str(options.path), options.contacts))
        return
    with tempfile.TemporaryDirectory(dir=options.path.parent) as folder:
        copy = Path(folder, "gateway.db")
        shutil.copyfile(options.path, copy)
        for _ in range(options.rounds):
            print(told(asyncio.run(measure(str(copy), options.due, options.after))), flush=True)


if __name__ == "__main__":
    main()
