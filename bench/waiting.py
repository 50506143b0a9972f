"""Fills a gateway's database with what waits, through the store's own code, while no gateway runs on it.

`python -m bench.waiting deliveries FILE N`, or `records`, with the checkout's `gateway`: see `bench.server.run_in`.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from bench.requests import STRIDE, TEXT, stored_ref
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Batch, Notice
from gateway.model.event import convert_event, encode_event
from gateway.model.identity import derived_id
from gateway.model.instant import Instant, format_instant
from gateway.model.judgement import Effect
from gateway.model.record import Record
from gateway.store.sqlite import SqliteStore

GROUP = 500


def notice(number: int, now: int) -> Notice:
    """A notice as large as a real one, of a contact of its own."""
    contact = derived_id("con", "waiting", number)
    effect = Effect(id=derived_id("msg", "waiting", number), cause="", type="sla.breached", at=now, reason="late")
    body = msgspec.json.encode({"id": effect.id, "subject": contact, "data": {"subject": TEXT[:1_500].decode()}})
    return Notice(effect=effect, contact=contact, body=body, endpoints=("receiver",))


async def deliveries(store: SqliteStore, count: int) -> None:
    """So many notices for one endpoint, none of them tried yet."""
    now = int(time.time() * 1000)
    for start in range(0, count, GROUP):
        notices = tuple(notice(number, now) for number in range(start, min(start + GROUP, count)))
        await store.commit(Batch(notices=notices, now=now))


def record(ref: str, part: str, author: str, at: int, received_at: int) -> Record:
    """A message to a contact, as the connector `events` has put it into the inbox."""
    event = convert_event(
        {
            "id": f"{ref}-{part}",
            "at": format_instant(at),
            "ref": {"kind": "ticket", "id": ref},
            "type": "message.added",
            "author": {"kind": author},
            "text": TEXT.decode(),
        }
    )
    return Record(body=encode_event(event), form="push", key=f"{ref}-{part}", received_at=Instant(received_at))


async def records(store: SqliteStore, count: int, contacts: int, replied: Sequence[str]) -> None:
    """So many records, received now: customers' messages all over the stored contacts, and at the very end an agent's
    reply to each of `replied`."""
    now = int(time.time() * 1000)
    messages = count - len(replied)
    waiting = [record(stored_ref(n * STRIDE % contacts), f"b{n}", "customer", now, now) for n in range(messages)]
    waiting += [record(ref, "reply", "agent", now, now) for ref in replied]
    for start in range(0, count, GROUP):
        await store.add_records("bench", waiting[start : start + GROUP])


async def fill(path: str, work: Callable[[SqliteStore], Awaitable[None]], *, killed: bool) -> None:
    """Do the work on a database. With `killed`, this process then ends as a power cut would end it."""
    spawn = LoopSpawn()
    store = await SqliteStore.open(path, spawn, exclusive=False)
    await work(store)
    if killed:
        os.kill(os.getpid(), signal.SIGKILL)
    await store.close()
    await spawn.close()


def main() -> None:
    """Read what to do, and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("deliveries", "records"))
    parser.add_argument("file")
    parser.add_argument("count", type=int)
    parser.add_argument("--contacts", type=int, default=0, help="how many are stored")
    parser.add_argument("--replied", nargs="*", default=[], help="contacts that get an agent's reply")
    given = parser.parse_args()
    if given.what == "deliveries":
        asyncio.run(fill(given.file, lambda store: deliveries(store, given.count), killed=False))
    else:
        contacts, replied = given.contacts, given.replied
        asyncio.run(fill(given.file, lambda store: records(store, given.count, contacts, replied), killed=True))


if __name__ == "__main__":
    main()
