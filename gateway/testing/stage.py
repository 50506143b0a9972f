"""One story of the kit: the connector's simulator with a told clock, and a real gateway that reads from it.

A `Stage` is the vendor's side, a `Reader` ours: the real engine, the real store (in memory), the real HTTP client over
the kit's transport. Nothing runs by itself; the story says what happens, and moves the clock.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar

import structlog
from pydantic import BaseModel
from structlog.testing import LogCapture

from gateway.engine.backfill import backfill_page
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.listen import keep_heard
from gateway.engine.policies import Policies
from gateway.engine.pull import Pulled, begin, pull_once
from gateway.engine.world import Link, World
from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.rng import SeededRng
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import ContactRow, Listed, PolicyRow, SyncRow
from gateway.model.contact import Contact
from gateway.plugin import (
    DAY_MS,
    HOUR_MS,
    Connector,
    Context,
    Event,
    Listens,
    Record,
    Request,
    Simulator,
    Stream,
    Transient,
    VendorHttp,
)
from gateway.plugin.account import open_account
from gateway.policy.kept import pack_calendars
from gateway.policy.load import Loaded, load_policy
from gateway.rules.timeline import FROM_THE_BEGINNING
from gateway.store import SqliteStore
from gateway.testing.clock import StoryClock
from gateway.testing.ear import STEPS, Gathering, KitEar, Listening, Sent, gathering_for
from gateway.testing.settings import token_urls, validated
from gateway.testing.transport import KitTransport
from gateway.testing.wire import Wire

Kept = TypeVar("Kept")

NAME: Final = "kit"
"""The connector's name in every story."""

PAGE_SIZE: Final = 4
"""Objects on a page of the simulated API, where the simulator has a `page_size` that can be set."""

WAITS_MAX: Final = 200
_MANY: Final = 100_000
_POLICY: Final = """
version: 1
name: kit
queues:
  general: {team: kit, tier: 1}
routing:
  - {id: default, queue: general}
"""


@lru_cache(maxsize=1)
def _policy() -> Loaded:
    return load_policy(_POLICY, "policy.yaml")


class Stuck(Exception):
    """A story didn't come to its end: a vendor that never lets the connector go on."""


class NoNet:
    """Nothing goes out: the kit's gateway has no receivers."""

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Never an answer."""
        raise NetError("the kit sends nothing")


@dataclass(slots=True)
class Stage:
    """The vendor's side of a story."""

    kind: type[Connector]
    simulator: Simulator
    clock: StoryClock
    wire: Wire
    values: Mapping[str, Any]
    """The settings that point a connector at the simulator, secrets as text."""

    streams: tuple[Stream, ...] = ()
    gathering: Gathering | None = None
    """Where packets arrive, for a connector that listens."""

    async def acted(self, *names: str) -> None:
        """Let these acts happen, a few seconds apart, and their webhooks arrive."""
        for name in names:
            self.simulator.act(name)
            self.clock.pass_(3)
        await self.simulator.settled()
        if self.gathering is not None:
            await self.gathering.gather()

    def sent(self) -> list[Sent]:
        """What was sent to where the connector listens, since the last call."""
        return [] if self.gathering is None else self.gathering.taken()

    def shown(self) -> None:
        """Let so much time pass that every change of until now is shown by the vendor's streams."""
        self.clock.pass_(max((stream.lag_s for stream in self.streams), default=0.0) + 2)


@asynccontextmanager
async def stage(kind: Any, *, seed: int = 1, objects: int = 0, page_size: int = PAGE_SIZE) -> AsyncIterator[Stage]:
    """A simulated account with so many objects from the last hours."""
    clock = StoryClock()
    wire = Wire(clock)
    simulator: Simulator = kind.simulator(None, seed)
    if hasattr(simulator, "page_size"):
        simulator.page_size = page_size
    url = await wire.start() if hasattr(kind, "receive") else None
    try:
        values = await simulator.start(clock.now, url)
        try:
            if objects:
                simulator.seed(objects, since=clock.now() - 6 * HOUR_MS)
            made = Stage(kind, simulator, clock, wire, values)
            made.streams = tuple(getattr(kind, "streams", ()))
            made.shown()
            async with _gathering(made) if hasattr(kind, "listen") else nullcontext():
                yield made
        finally:
            await simulator.stop()
    finally:
        await wire.stop()


@asynccontextmanager
async def _gathering(on: Stage) -> AsyncIterator[None]:
    """Open what the connector opens where it listens."""
    settings = validated(on.kind, on.values)
    transport = KitTransport(on.clock)
    http = open_account(on.kind, settings, clock=on.clock, rng=SeededRng(1), transport=transport)
    try:
        connector = on.kind(NAME, settings, Context(http))
        if isinstance(connector, Listens):
            on.gathering = await gathering_for(connector, on.clock)
        yield
    finally:
        if on.gathering is not None:
            await on.gathering.close()
        await http.aclose()


@dataclass(slots=True)
class Reader:
    """Our side of a story."""

    stage: Stage
    settings: BaseModel
    transport: KitTransport
    http: VendorHttp
    link: Link
    links: dict[str, Link]
    store: SqliteStore
    gateway: Gateway
    log: LogCapture
    listening: Listening | None = None
    """The connector at work on its sockets, if it listens."""

    full: bool = False
    """Whether the store takes nothing of what is heard."""

    answers: list[tuple[int, bytes]] = field(default_factory=list)
    """What the vendor's webhooks were answered."""

    @property
    def connector(self) -> Any:
        """The connector under test."""
        return self.link.connector

    @property
    def world(self) -> World:
        """The gateway's own world."""
        return self.gateway.world

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What this connector pulls."""
        return tuple(getattr(self.connector, "streams", ()))

    async def pull(self, stream: Stream) -> Pulled:
        """Pull what is new of a stream to its end, waiting as the vendor asks. Raises what `pull` raises, and Stuck."""
        await begin(self.world, self.link, stream)
        return await self.patiently(lambda: pull_once(self.world, self.link, stream))

    async def read_past(self) -> None:
        """Read the past of every stream to its end. Raises what `pull` raises, and Stuck."""
        while runs := [run for run in await self.store.syncs(connector=NAME) if run.lane == "backfill"]:
            await self.patiently(lambda run=runs[0]: self.past_page(run))  # type: ignore[misc]

    async def past_page(self, run: SyncRow) -> SyncRow:
        """Read one page of a run over the past."""
        stream = next(stream for stream in self.streams if stream.name == run.stream)
        return await backfill_page(self.world, self.link, stream, run)

    async def sync(self) -> None:
        """Every stream to its end, what is new and then the past; then what came."""
        for stream in self.streams:
            await self.pull(stream)
        await self.read_past()
        await self.settle()

    def restart(self) -> None:
        """Another instance of the connector takes over, as after the end of a process."""
        self.links[NAME] = self.link = Link(NAME, self.stage.kind(NAME, self.settings, Context(self.http)))

    async def patiently(self, work: Callable[[], Awaitable[Kept]]) -> Kept:
        """Do it, again and again as long as the vendor asks to wait. Raises what it raises, and Stuck."""
        for _ in range(WAITS_MAX):
            try:
                return await work()
            except Transient as error:
                if error.retry_after_s is None:
                    raise
                self.stage.clock.pass_(max(error.retry_after_s, 1.0))
        raise Stuck(f"the vendor asked to wait {WAITS_MAX} times for one thing")

    async def deliver(self, requests: Sequence[Request]) -> None:
        """Hand webhooks to the gateway."""
        for request in requests:
            answer = await self.gateway.receive(NAME, request)
            if answer is not None:
                self.answers.append((answer.status, answer.body))

    async def hear(self, sent: Sequence[Sent], *, steps: int = STEPS) -> None:
        """Let the connector hear something, and offer what it makes of it; steps of a quarter of a second pass."""
        if self.listening is not None:
            await self.listening.hear(sent, steps=steps)

    async def listen_again(self) -> None:
        """The connector is told to end, and another instance listens in its place."""
        if self.listening is not None:
            await self.listening.end()
            self.restart()
            ear = self.listening.ear
            self.listening = Listening(self.connector, KitEar(ear.gathering, self.stage.clock, self.keep))
            await self.listening.begin()

    async def keep(self, records: Sequence[Record]) -> bool:
        """Store what the connector has heard, unless the store is full."""
        return not self.full and await keep_heard(self.world, self.link, records)

    async def settle(self) -> None:
        """Judge and look up until there is nothing left to do, waiting where the vendor wants it."""
        await self._steps()
        for _ in range(WAITS_MAX):
            failed = self.link.counts.get("fetch_failed", 0) + self.link.counts.get("look_ups_put_off", 0)
            if not failed:
                return
            self.link.counts["fetch_failed"] = self.link.counts["look_ups_put_off"] = 0
            self.stage.clock.pass_(90)
            await self._steps()

    async def _steps(self) -> None:
        while await self.gateway.judge_once() or await self.gateway.fetch_once():
            pass

    async def rows(self) -> list[ContactRow]:
        """Every contact."""
        return await self.store.contacts(limit=_MANY)

    async def contacts(self) -> dict[str, Contact | None]:
        """What is known of every contact, by its id; None of one whose opening isn't known."""
        return {row.id: row.state.contact if row.state else None for row in await self.rows()}

    async def events(self, name: str = NAME) -> dict[str, Event]:
        """The journal, by the events' ids."""
        found: dict[str, Event] = {}
        for row in await self.rows():
            for entry in await self.store.history(row.id):
                if entry.strand.connector == name:
                    found[entry.event.id] = entry.event
        return found

    async def inbox(self, state: str | None = None) -> list[Listed]:
        """The records, the oldest first."""
        return (await self.store.inbox(limit=_MANY, state=state))[::-1]


@asynccontextmanager
async def reader(
    on: Stage, values: Mapping[str, Any] | None = None, *, since: int | None = None
) -> AsyncIterator[Reader]:
    """A gateway with one connector, on a store of its own. `values` instead of the stage's settings."""
    settings = validated(on.kind, on.values if values is None else values)
    spawn, log = InlineSpawn(), LogCapture()
    store = await SqliteStore.open(":memory:", spawn, exclusive=True)
    transport = KitTransport(on.clock, token_urls(on.kind, settings))
    rng = SeededRng(1)
    http = open_account(on.kind, settings, clock=on.clock, rng=rng, transport=transport)
    try:
        connector = on.kind(NAME, settings, Context(http))
        logger = structlog.wrap_logger(None, processors=[log])
        world = World(on.clock, rng, NoNet(), spawn, store, logger)
        link = Link(NAME, connector)
        links = {NAME: link}
        made = await _gateway(world, links, on.clock.now() - 30 * DAY_MS if since is None else since)
        found = Reader(on, settings, transport, http, link, links, store, made, log)
        if on.gathering is not None and isinstance(connector, Listens):
            found.listening = Listening(connector, KitEar(on.gathering, on.clock, found.keep))
            await found.listening.begin()
        try:
            yield found
        finally:
            if found.listening is not None:
                await found.listening.end()
    finally:
        await http.aclose()
        await spawn.close()
        await store.close()


async def _gateway(world: World, links: Mapping[str, Link], since: int) -> Gateway:
    """A gateway that has been in force since an instant."""
    loaded = _policy()
    policy = loaded.policy
    row = PolicyRow(
        since=FROM_THE_BEGINNING,
        hash=policy.hash,
        name=policy.name,
        stored_at=0,
        text=_POLICY,
        calendars=pack_calendars(policy.calendars),
    )
    await world.store.put_in_force(row)
    policies = await Policies.open(world.store, world.spawn)
    await policies.follow(world, loaded, asyncio.Lock())
    bench = Bench(
        policies=policies,
        live_from=await world.store.started(list(links), since),
        subscriptions={},
        source=NAME,
        admin_url="",
        dry=True,
    )
    return Gateway(world, links, bench, {})
