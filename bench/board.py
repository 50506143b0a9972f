"""What a board costs with very many contacts: the statements behind it, its pages, and a hundred of them open.

A database of a million contacts, 20,000 of them open, is made first (some minutes; kept with `--folder`). Then, in one
process and on one processor: what a listing asks of the store, alone and filtered; the board and a contact's page over
HTTP. `python -m bench.board --contacts 100000`.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import ClientSession

from bench import machine, server
from bench.board_world import AGENTS, NOW, gateway_on, make, strand_of
from bench.table import Figure, Measured
from gateway.engine.gateway import Gateway
from gateway.engine.listing import listed
from gateway.kernel.board import Wanted
from gateway.kernel.spawn import LoopSpawn
from gateway.model.identity import contact_id
from gateway.model.instant import DAY_MS, HOUR_MS
from gateway.store.sqlite import SqliteStore
from gateway.web.admin import admin_app
from gateway.web.servers import Servers

CONTACTS, OPEN = 1_000_000, 20_000
PAGE: Final = 50
ASKED: Final = 200
"""Requests of each sort."""

GOAL_MS: Final = 100.0
TOKEN: Final = "a token of this bench"
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
    finally:
        await store.close()
        await spawn.close()
    return [_figure(what, one, goal=goal and contacts >= CONTACTS) for what, one, goal in found]


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
        found = Measured(facts, asyncio.run(measured(path, given.contacts, min(given.open, given.contacts))))
    print(json.dumps(found.values(), indent=2) if given.json else found.text(), end="")


if __name__ == "__main__":
    main()
