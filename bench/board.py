"""What a board costs with very many contacts: the statements behind it, its pages, and a hundred of them open.

A database of a million contacts, 20,000 of them open, is made first (some minutes; kept with `--folder`). Then, in one
process and on one processor: what a listing asks of the store, alone and filtered; the board and a contact's page over
HTTP; and what a hundred open boards cost while contacts change. At last, what cards cost whoever judges.
`python -m bench.board --contacts 100000`.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import ClientSession
from msgspec.structs import replace

from bench import board_cost, machine, server
from bench.board_world import AGENTS, NOW, gateway_on, make, strand_of
from bench.table import Figure, Measured
from gateway.engine.gateway import Gateway
from gateway.engine.listing import listed
from gateway.kernel.board import Wanted
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Batch
from gateway.kernel.values import judge_of, judged_by
from gateway.model.identity import contact_id
from gateway.model.instant import DAY_MS, HOUR_MS
from gateway.rules.card import card_of
from gateway.store.sqlite import SqliteStore
from gateway.web.admin import admin_app
from gateway.web.servers import Servers

CONTACTS, OPEN = 1_000_000, 20_000
PAGE: Final = 50
ASKED: Final = 200
"""Requests of each sort."""

GOAL_MS: Final = 100.0
TOKEN: Final = "a-token-of-this-bench"
BOARDS: Final = 100
BOARDS_GOAL: Final = 10.0
BOARDS_S: Final = 20.0
SETTLE_S: Final = 5.0
"""The boards are open by then."""

CHANGES_S: Final = 20
"""Contacts that change in a second: some 600,000 events in a working day."""

RISK: Final = NOW + HOUR_MS

Asked = Callable[[int], Awaitable[object]]


class Spent(NamedTuple):
    """Milliseconds of the clock for each request, and of the processor for one in the mean."""

    each: tuple[float, ...]
    processor: float

    @property
    def p99(self) -> float:
        """What all but one in a hundred stayed below."""
        return sorted(self.each)[len(self.each) * 99 // 100]


async def spent(asked: Asked, count: int) -> Spent:
    """Ask one after the other."""
    for number in range(3):
        await asked(number)
    each, before = [], time.process_time()
    for number in range(count):
        began = time.perf_counter()
        await asked(number)
        each.append((time.perf_counter() - began) * 1000)
    return Spent(tuple(each), (time.process_time() - before) * 1000 / count)


def questions(gateway: Gateway) -> Sequence[tuple[str, Asked]]:
    """What pages ask of the store."""
    store, policies = gateway.world.store, gateway.bench.policies
    rare = Wanted(assignee=("agent7",), breached=True, severity=(1, 2))
    ended = Wanted(status=("solved",))

    async def deep(number: int) -> object:
        page = await store.cards(Wanted(), order="due", limit=1_000)
        for _ in range(9):
            page = await store.cards(Wanted(), order="due", limit=1_000, after=page.next)
        return page

    return (
        (f"a page of {PAGE} cards by what is due", lambda _: store.cards(Wanted(), order="due", limit=PAGE)),
        ("the same, latest change first", lambda _: store.cards(Wanted(), order="changed", limit=PAGE)),
        ("the same, filtered", lambda n: store.cards(rare_of(rare, n), order="due", limit=PAGE)),
        ("the same, by a text", lambda n: store.cards(Wanted(text=f"({n}"), order="due", limit=PAGE)),
        ("sums of all", lambda _: store.sums(Wanted(), risk_before=RISK)),
        ("sums, filtered", lambda n: store.sums(rare_of(rare, n), risk_before=RISK)),
        ("queues", lambda _: store.queues(risk_before=RISK)),
        ("versions of all cards", lambda _: store.card_versions()),
        ("tallies of 24 hours", lambda _: store.tallies(NOW - DAY_MS)),
        ("a page of solved contacts", lambda _: listed(store, policies, ended, order="changed", limit=PAGE)),
        ("ten pages of 1,000 cards", deep),
    )


def rare_of(wanted: Wanted, number: int) -> Wanted:
    """The question for another agent each time."""
    return Wanted(assignee=(f"agent{number % AGENTS}",), breached=wanted.breached, severity=wanted.severity)


async def pages(gateway: Gateway, open: int) -> Sequence[tuple[str, Spent]]:
    """The board and contacts' pages, over HTTP on the loopback."""
    app = admin_app(gateway, gateway.world.clock, TOKEN)
    served = Servers()
    port = await served.start(app, "127.0.0.1", 0)
    try:
        async with ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:

            async def get(path: str) -> bytes:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    if answer.status != 200:
                        raise SystemExit(f"GET {path} was answered with {answer.status}")
                    return await answer.read()

            def contact(number: int) -> str:
                return contact_id(strand_of(number * 997 % open))

            return (
                ("GET /", await spent(lambda _: get("/"), ASKED)),
                ("GET /contacts/{id}", await spent(lambda number: get(f"/contacts/{contact(number)}"), ASKED)),
            )
    finally:
        await served.stop(1)


async def changing(gateway: Gateway, seconds: float, beginning: int) -> float:
    """Change contacts at a steady rate; how much of one processor this process took meanwhile."""
    store, loop = gateway.world.store, asyncio.get_running_loop()
    rows = await store.contacts_by_change(("open", "new"), limit=2_000, after=None)
    chosen = [one.row for one in rows[beginning::2]]
    policies = await gateway.bench.policies.to_read_by(judged_by(chosen))
    cards = {row.id: card_of(row.state, judge_of(row, policies)) for row in chosen if row.state is not None}
    began, used = loop.time(), time.process_time()
    for number in range(int(seconds * CHANGES_S)):
        await asyncio.sleep(max(0.0, began + number / CHANGES_S - loop.time()))
        row = chosen[number % len(chosen)]
        await store.commit(Batch(contacts=(replace(row, card=cards[row.id]),), now=NOW))
        chosen[number % len(chosen)] = replace(row, version=row.version + 1)
    return (time.process_time() - used) / (loop.time() - began)


async def boards(gateway: Gateway, seconds: float) -> Figure:
    """What open boards add to a gateway whose contacts change."""
    served = Servers()
    port = await served.start(admin_app(gateway, gateway.world.clock, TOKEN), "127.0.0.1", 0)
    try:
        bare = await changing(gateway, seconds, 0)
        command = ("-m", "bench.board_boards", str(port), TOKEN, str(BOARDS), str(seconds + 2 * SETTLE_S))
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=subprocess.PIPE, cwd=server.HERE
        )
        await asyncio.sleep(SETTLE_S)
        watched = await changing(gateway, seconds, 1)
        out, _ = await process.communicate()
    finally:
        await served.stop(1)
    told = json.loads(out)
    note = (
        f"{CHANGES_S} changes a second; {bare:.1%} of a processor without boards, {watched:.1%} with them; "
        f"{told['answers'] / (seconds + 2 * SETTLE_S):.0f} answers a second of "
        f"{told['bytes'] // told['answers']:,} bytes, {told['events']:,} events"
    )
    share = (watched - bare) * 100
    return Figure(f"{BOARDS} open boards, beside none", (share,), "% of a core", BOARDS_GOAL, "at most", 1, note)


async def measured(path: Path, contacts: int, open: int) -> list[Figure]:
    """All figures."""
    spawn = LoopSpawn()
    store = await SqliteStore.open(str(path), spawn, exclusive=True)
    found: list[tuple[str, Spent, bool]] = []
    try:
        gateway = await gateway_on(store, spawn)
        for what, asked in questions(gateway):
            found.append((what, await spent(asked, ASKED if what != "ten pages of 1,000 cards" else 10), False))
        found += [(what, one, True) for what, one in await pages(gateway, open)]
        last = await boards(gateway, BOARDS_S)
    finally:
        await store.close()
        await spawn.close()
    return [*(_figure(what, one, goal=goal and contacts >= CONTACTS) for what, one, goal in found), last]


def _figure(what: str, one: Spent, *, goal: bool) -> Figure:
    note = f"median {statistics.median(one.each):.1f} ms, {one.processor:.1f} ms of processors in the mean"
    return Figure(f"{what}, 99th percentile", (one.p99,), "ms", GOAL_MS if goal else None, "at most", 1, note)


def main() -> None:
    """Make the database, unless one is there; measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    parser.add_argument("--open", type=int, default=OPEN, help="how many of them are open")
    parser.add_argument("--folder", type=Path, help="keeps the database here, and uses the one that is there")
    parser.add_argument("--json", action="store_true", help="every value, instead of the table")
    given = parser.parse_args()
    facts = machine.facts(server.HERE)
    with tempfile.TemporaryDirectory(prefix="bench-board-") as temporary:
        path = (given.folder or Path(temporary)).resolve() / "board.db"
        if not path.exists():
            began = time.monotonic()
            make(path, given.contacts, min(given.open, given.contacts))
            size = path.stat().st_size >> 20
            print(f"bench: made {size:,} MB in {time.monotonic() - began:.0f} s", file=sys.stderr)
        server.pin(server.SERVER_CPU)
        found = Measured(facts, asyncio.run(measured(path, given.contacts, min(given.open, given.contacts))))
    found.figures.extend(board_cost.figures())
    print(json.dumps(found.values(), indent=2) if given.json else found.text(), end="")


if __name__ == "__main__":
    main()
