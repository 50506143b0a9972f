"""What cards and tallies cost whoever judges: the same events judged and kept with them and without, in turn.

Contacts of a support department are opened, written to and answered, by the preset orion, in batches as the gateway
takes them; each round on a new file. Counted is the time of processors, which a busy machine changes little.
"""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from bench.board_world import NOW, gateway_on
from bench.table import Figure
from bench.whatif_world import kept
from gateway.engine import judge
from gateway.engine.process import process
from gateway.engine.turns import LONG, Turns
from gateway.kernel.spawn import LoopSpawn
from gateway.model.instant import DAY_MS, HOUR_MS, Instant, format_instant
from gateway.model.record import Record
from gateway.policy.presets import preset_text
from gateway.store import board
from gateway.store.sqlite import SqliteStore

CONTACTS: Final = 1_500
ROUNDS: Final = 5


class Cost(NamedTuple):
    """Microseconds of processors, and bytes written to the disk, for one event."""

    us: float
    bytes: float


async def judged(path: Path) -> Cost:
    """Judge all events, and keep what comes of them."""
    spawn = LoopSpawn()
    store = await SqliteStore.open(str(path), spawn, exclusive=True)
    try:
        await store.started(["zendesk"], NOW - DAY_MS)
        await store.put_in_force(kept(preset_text("orion"), "preset:orion"))
        gateway = await gateway_on(store, spawn)
        world = gateway.world
        records = list(_records())
        await store.add_records("zendesk", records)
        turns = Turns(world.clock, LONG)
        await process(world, gateway.links, gateway.bench, NOW - HOUR_MS, turns)
        done, began, written = turns.batch, time.process_time(), _written()
        while took := await process(world, gateway.links, gateway.bench, NOW - HOUR_MS, turns):
            done += took
        events = len(records) - turns.batch
        cost = Cost((time.process_time() - began) * 1e6 / events, (_written() - written) / events)
        if not await store.card_versions() and done < len(records):
            raise SystemExit("not everything was judged")
        return cost
    finally:
        await store.close()
        await spawn.close()


def _records() -> Iterator[Record]:
    chance = random.Random(1)
    for step in range(3):
        for number in chance.sample(range(CONTACTS), CONTACTS):
            at = NOW - 3 * HOUR_MS + step * 10 * 60_000 + number
            told = {"id": f"{number}/{step}", "at": format_instant(at), "ref": {"kind": "ticket", "id": str(number)}}
            body = json.dumps({"events": [{**told, **_content(step, number)}]}).encode()
            yield Record(form="events", body=body, key=f"{number}/{step}", received_at=Instant(at))


def _content(step: int, number: int) -> dict[str, Any]:
    if step == 0:
        customer = {"email": f"customer{number}@company.example"}
        opened = {"kind": "ticket", "channel": "email", "subject": f"Order {number}", "tags": ["order"]}
        return {"type": "contact.opened", "customer": customer, "priority": "high", **opened}
    return {"type": "message.added", "author": {"kind": "customer" if step == 1 else "agent"}, "text": "Hello?"}


def without(stack: ExitStack) -> None:
    """Let nothing be kept for a board."""
    stack.enter_context(patch.object(judge, "card_of", lambda state, policy: None))
    stack.enter_context(patch.object(judge, "target_of", lambda effect, policy: ""))
    stack.enter_context(patch.object(board, "prepare", lambda contacts: board.PreparedCards([], [], [])))
    stack.enter_context(patch.object(board, "count", lambda connection, counted: None))


def figures() -> list[Figure]:
    """Both, in turn."""
    with_cards, bare = list[Cost](), list[Cost]()
    with tempfile.TemporaryDirectory(prefix="bench-board-") as folder:
        for number in range(ROUNDS):
            with ExitStack() as stack:
                without(stack)
                bare.append(asyncio.run(judged(Path(folder) / f"bare{number}.db")))
            with_cards.append(asyncio.run(judged(Path(folder) / f"cards{number}.db")))
    times = tuple(one.us / other.us for one, other in zip(with_cards, bare, strict=True))
    bytes = tuple(one.bytes / other.bytes for one, other in zip(with_cards, bare, strict=True))
    least = min(one.us for one in with_cards), min(one.us for one in bare)
    note = f"{least[0]:.0f} µs of processors for an event with them, {least[1]:.0f} µs without, at least"
    return [
        Figure("judging with cards and tallies, beside judging without them", times, "x", digits=3, note=note),
        Figure("bytes written, with and without", bytes, "x", digits=3),
    ]


def _written() -> int:
    told = Path("/proc/self/io").read_text()
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("wchar")))
