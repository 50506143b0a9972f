"""The running engine: its loops, what wakes them, and the order in which they start and stop."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.engine.backfill import Backfiller
from gateway.engine.backlog import Backlog
from gateway.engine.checkup import Checkup, EnricherCheckup
from gateway.engine.enrich import POLL_S as ENRICH_POLL_S
from gateway.engine.enrich import Enrichers
from gateway.engine.fetch import POLL_S as FETCH_POLL_S
from gateway.engine.fetch import Fetcher
from gateway.engine.judge import Bench
from gateway.engine.listen import Listener, keep_heard
from gateway.engine.perform import Endpoint, Performer
from gateway.engine.policies import Taken
from gateway.engine.policy_reading import PolicyReading
from gateway.engine.process import process
from gateway.engine.pull import Puller
from gateway.engine.receive import Answer, receive, unavailable
from gateway.engine.rejudge import Rejudging
from gateway.engine.retain import Retention
from gateway.engine.supervise import HELD_POLL_S, POLL_S, Loop
from gateway.engine.tick import HELD_BACK_IN_BURST_MS, HELD_BACK_MAX_MS, Watermark, tick
from gateway.engine.turns import Courtesy
from gateway.engine.watch import Watch
from gateway.engine.world import EnricherLinks, Link, Links, World
from gateway.kernel.signing import Secret
from gateway.kernel.store import Outlook
from gateway.plugin import Listens, Pulls, Record, Request, Stream
from gateway.policy.load import Loaded

GATHER_S = 0.05
"""After a batch that wasn't full: what comes in meanwhile shares the next one, and its cost."""


@dataclass(slots=True)
class Gateway:
    """Everything between the doors and the store. `start` it, give it requests, `stop` it."""

    world: World
    links: Links
    bench: Bench
    endpoints: Mapping[str, Endpoint]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Connectors of the configuration that can't work here, and why."""

    enrichers: EnricherLinks = field(default_factory=dict)
    enrichers_left_out: Mapping[str, str] = field(default_factory=dict)
    """The same of enrichers."""

    loops: list[Loop] = field(default_factory=list)
    pullers: dict[str, dict[str, Puller]] = field(default_factory=dict)
    """By connector and stream, once it is started."""

    listeners: dict[str, Listener] = field(default_factory=dict)
    """By connector, once it is started."""

    reading: PolicyReading = field(init=False)
    """The policy in force, for people: as it stands, and tried out."""

    _performer: Performer = field(init=False)
    _watermark: Watermark = field(init=False)
    _arriving: dict[int, int] = field(default_factory=dict)
    _innocent: set[int] = field(default_factory=set)
    _judging: Loop = field(init=False)
    _performing: Loop = field(init=False)
    _backlog: Backlog = field(default_factory=Backlog)
    _fetcher: Fetcher = field(init=False)
    _fetching: Loop = field(init=False)
    _enrichers: Enrichers = field(init=False)
    _enriching: Loop = field(init=False)
    _asking: dict[str, list[Loop]] = field(default_factory=dict)
    _past: dict[str, Loop] = field(default_factory=dict)
    _rejudging: Rejudging = field(default_factory=Rejudging)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _courtesy: Courtesy = field(init=False)
    _next_due: int | None = None
    _oldest: int | None = None
    _full: bool = False
    """The last batch of records was as large as it may be: there are more."""

    _stopping: bool = False

    def __post_init__(self) -> None:
        self.reading = PolicyReading(self.bench.policies, self.world.store, self.world.spawn)
        self._watermark = Watermark(self.world.clock.now())
        self._courtesy = Courtesy(self.world.clock, self._arriving)
        self._judging = Loop(self.world, "judge", self._judge)
        self._performing = Loop(self.world, "perform", self._perform)
        self._fetching = Loop(self.world, "fetch", self._fetch)
        self._fetcher = Fetcher(self.world, self.links, self._fetching.nudge)
        self._enriching = Loop(self.world, "enrich", self._enrich)
        self._enrichers = Enrichers(self.world, self.enrichers, self._enriching.nudge)
        self._performer = Performer(self.world, self.endpoints, self._performing.nudge, self.bench.source)

    def start(self) -> None:
        """Start every loop."""
        self.loops = [
            self._judging,
            self._performing,
            self._fetching,
            self._enriching,
            Loop(self.world, "retain", Retention(self.world).step),
        ]
        self.loops.append(Loop(self.world, "watch", Watch(self.world, self.links).step))
        for link in self.links.values():
            asking = self._asking[link.name] = [Loop(self.world, f"check {link.name}", Checkup(self.world, link).step)]
            if isinstance(link.connector, Listens):
                listener = self.listeners[link.name] = Listener(self.world, link, link.connector, self._keep)
                self.loops.append(Loop(self.world, f"listen {link.name}", listener.step))
            if isinstance(link.connector, Pulls):
                pullers = {stream.name: self._puller(link, stream) for stream in link.connector.streams}
                self.pullers[link.name] = pullers
                asking += [
                    Loop(self.world, f"pull {link.name}/{name}", puller.step) for name, puller in pullers.items()
                ]
                past = Backfiller(self.world, link, pullers, lambda: self._stopping)
                self._past[link.name] = Loop(self.world, f"backfill {link.name}", past.step)
                asking.append(self._past[link.name])
            self.loops += asking
        for enricher in self.enrichers.values():
            checkup = EnricherCheckup(self.world, enricher)
            self.loops.append(Loop(self.world, f"check enricher {enricher.name}", checkup.step))
        for loop in self.loops:
            loop.start()

    async def stop(self) -> None:
        """Stop taking up work, finish what is under way. A slow one keeps no other from ending meanwhile.

        Who can't wait cancels this: deliveries are then cut off with no outcome.
        """
        self._stopping = True
        for listener in self.listeners.values():
            listener.end()
        for loop in self.loops:
            loop.end()
        try:
            for loop in reversed(self.loops):
                await loop.stop()
            await self._performer.finish()
            await self._fetcher.finish()
            await self._enrichers.finish()
        except asyncio.CancelledError:
            self._performer.cut_off()
            self._fetcher.cut_off()
            self._enrichers.cut_off()
            raise

    async def receive(self, connector: str, request: Request) -> Answer | None:
        """Answer a vendor's request; None for a connector that doesn't exist."""
        link = self.links.get(connector)
        if link is None:
            return None
        if self._backlog.full:
            return unavailable("the gateway has too much to judge; send it again later")
        self._arriving[id(request)] = request.received_at
        self._courtesy.entered()
        try:
            return await receive(self.world, link, request)
        finally:
            del self._arriving[id(request)]
            self._judging.nudge()

    async def _keep(self, link: Link, records: Sequence[Record]) -> bool:
        """Store what a connector has heard; False where it is to be offered again."""
        if self._backlog.full:
            return False
        oldest = min((int(record.received_at) for record in records), default=self.world.clock.now())
        self._arriving[id(records)] = oldest
        try:
            return await keep_heard(self.world, link, records)
        finally:
            del self._arriving[id(records)]
            self._judging.nudge()

    def take_up(self) -> None:
        """Somebody has put something into the inbox: judge it now, without waiting for the poll."""
        self._judging.nudge()

    def deliver(self) -> None:
        """Somebody has let deliveries be due: send them now."""
        self._performing.nudge()

    def wake(self, connector: str) -> None:
        """A person has resumed a connector: ask its vendor again, without waiting for the polls."""
        for loop in self._asking.get(connector, ()):
            loop.nudge()
        self._fetching.nudge()

    def take_wishes(self, connector: str) -> None:
        """Somebody has asked for a run over a stream of this connector: begin it now."""
        if connector in self._past:
            self._past[connector].nudge()

    async def follow(self, loaded: Loaded) -> Taken:
        """Let a checked policy come into force between two steps of judging; open contacts follow in the background."""
        taken = await self.bench.policies.follow(self.world, loaded, self._turn)
        self._judging.nudge()
        return taken

    def take_secrets(self, secrets: Mapping[str, tuple[Secret, ...]]) -> None:
        """Sign for these endpoints with these secrets, from the next try on, all at once."""
        changed = {
            name: replace(endpoint, secrets=secrets[name])
            for name, endpoint in self.endpoints.items()
            if name in secrets
        }
        self.endpoints = {**self.endpoints, **changed}
        self._performer.take_endpoints(self.endpoints)

    async def judge_once(self) -> int:
        """Take up what waits in the inbox, then what time has brought, then whom a new policy takes over; how much
        there was.

        Records first: they may say that nothing is late.
        """
        async with self._turn:
            records = contacts = 0
            self._full = False
            outlook, watermark = await self._look()
            if outlook.claimable:
                turns = self._courtesy.turns(outlook.received)
                records = await process(self.world, self.links, self.bench, watermark, turns, self._innocent)
                self._full = records == turns.batch
                outlook, watermark = await self._look()
            if outlook.next_due is not None and outlook.next_due <= watermark:
                contacts = await tick(self.world, self.bench, watermark)
                outlook, _ = await self._look()
            judged = records + contacts > 0
            followed = await self._rejudging.step(self.world, self.bench, watermark, judged=judged)
            coming = self.bench.policies.to_come(watermark)
            instants = (outlook.next_due, None if coming is None else coming.since)
            self._next_due = min((at for at in instants if at is not None), default=None)
            self._oldest = outlook.received
            await self._backlog.watch(self.world, outlook)
        return records + contacts + followed

    async def _look(self) -> tuple[Outlook, int]:
        """What waits, and how far time may pass."""
        # Before the store is asked: what is committed meanwhile may be in neither.
        now, under_way = self.world.clock.now(), min(self._arriving.values(), default=None)
        healthy = [name for name, link in self.links.items() if link.healthy]
        outlook = await self.world.store.outlook(now=now, connectors=healthy)
        longest_ms = HELD_BACK_IN_BURST_MS if self._courtesy.owes(outlook.received) else HELD_BACK_MAX_MS
        watermark = self._watermark.passes_to(now, outlook, under_way, longest_ms)
        self.world.meters.judged_to = watermark
        return outlook, watermark

    async def perform_once(self) -> int:
        """Send off the deliveries that are due, and wait for them; how many there were."""
        taken = await self._performer.advance()
        await self._performer.landed()
        return taken

    async def fetch_once(self) -> int:
        """Send off the look-ups that are due, and wait for them; how many there were, put off ones among them."""
        moved = await self._fetcher.step()
        await self._fetcher.finish()
        return moved

    async def enrich_once(self) -> int:
        """Ask enrichers what is due, and wait for their answers; how many questions, put off ones among them."""
        moved = await self._enrichers.step()
        await self._enrichers.finish()
        return moved

    def _puller(self, link: Link, stream: Stream) -> Puller:
        return Puller(self.world, link, stream, lambda: self._stopping)

    async def _judge(self) -> float:
        began = self.world.clock.monotonic()
        taken_up = await self.judge_once()
        worked_s = self.world.clock.monotonic() - began
        if not taken_up:
            return self._until_due_s()
        self._performing.nudge()
        self._fetching.nudge()
        self._enriching.nudge()
        if self._stopping:
            return 0.0
        if not self._full:
            await self.world.clock.sleep(min(GATHER_S, self._until_due_s()))
        await self._courtesy.rest(worked_s, self._oldest)
        return 0.0

    def _until_due_s(self) -> float:
        """How long judging may wait: until the next instant that it knew of when it last looked is over; never longer
        than a poll."""
        if self._next_due is None:
            return POLL_S
        # What is over already is held back by something that waits: look again soon, but not without a pause.
        ahead_s = (self._next_due + 1 - self.world.clock.now()) / 1000
        return min(POLL_S, ahead_s) if ahead_s > 0 else HELD_POLL_S

    async def _perform(self) -> float:
        return await self._performer.step()

    async def _fetch(self) -> float:
        return 0.0 if await self._fetcher.step() else FETCH_POLL_S

    async def _enrich(self) -> float:
        return 0.0 if await self._enrichers.step() else ENRICH_POLL_S
