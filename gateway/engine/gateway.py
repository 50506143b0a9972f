"""The running engine: its loops, what wakes them, and the order in which they start and stop."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.engine.fetch import fetch_due
from gateway.engine.judge import Bench
from gateway.engine.perform import Endpoint, Performer
from gateway.engine.policies import Taken
from gateway.engine.process import process
from gateway.engine.pull import Puller
from gateway.engine.receive import Answer, receive
from gateway.engine.rejudge import Rejudging
from gateway.engine.retain import Retention
from gateway.engine.supervise import HELD_POLL_S, POLL_S, Loop
from gateway.engine.tick import Watermark, tick
from gateway.engine.world import Link, Links, World
from gateway.kernel.signing import Secret
from gateway.plugin import Pulls, Request, Stream
from gateway.policy.load import Loaded


@dataclass(slots=True)
class Gateway:
    """Everything between the doors and the store. `start` it, give it requests, `stop` it."""

    world: World
    links: Links
    bench: Bench
    endpoints: Mapping[str, Endpoint]
    loops: list[Loop] = field(default_factory=list)
    _performer: Performer = field(init=False)
    _watermark: Watermark = field(init=False)
    _arriving: dict[int, int] = field(default_factory=dict)
    _innocent: set[int] = field(default_factory=set)
    _judging: Loop = field(init=False)
    _performing: Loop = field(init=False)
    _rejudging: Rejudging = field(default_factory=Rejudging)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._watermark = Watermark(self.world.clock.now())
        self._judging = Loop(self.world, "judge", self._judge)
        self._performing = Loop(self.world, "perform", self._perform)
        self._performer = Performer(self.world, self.endpoints, self._performing.nudge, self.bench.source)

    def start(self) -> None:
        """Start every loop."""
        self.loops = [self._judging, self._performing, Loop(self.world, "retain", Retention(self.world).step)]
        if any(link.fetches for link in self.links.values()):
            self.loops.append(Loop(self.world, "fetch", self._fetch))
        for link in self.links.values():
            if isinstance(link.connector, Pulls):
                self.loops.extend(
                    Loop(self.world, f"pull {link.name}/{stream.name}", self._puller(link, stream).step)
                    for stream in link.connector.streams
                )
        for loop in self.loops:
            loop.start()

    async def stop(self) -> None:
        """Stop taking up work, finish what is under way. A slow one keeps no other from ending meanwhile.

        Who can't wait cancels this: deliveries are then cut off with no outcome.
        """
        self._stopping = True
        for loop in self.loops:
            loop.end()
        try:
            for loop in reversed(self.loops):
                await loop.stop()
            await self._performer.finish()
        except asyncio.CancelledError:
            self._performer.cut_off()
            raise

    async def receive(self, connector: str, request: Request) -> Answer | None:
        """Answer a vendor's request; None for a connector that doesn't exist."""
        link = self.links.get(connector)
        if link is None:
            return None
        self._arriving[id(request)] = request.received_at
        try:
            return await receive(self.world, link, request)
        finally:
            del self._arriving[id(request)]
            self._judging.nudge()

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
            records = await process(self.world, self.links, self.bench, await self._may_pass_to(), self._innocent)
            watermark = await self._may_pass_to()
            contacts = await tick(self.world, self.bench, watermark)
            followed = await self._rejudging.step(self.world, self.bench, watermark)
        return records + contacts + followed

    async def _may_pass_to(self) -> int:
        watermark = await self._watermark.read(self.world, self.links, self._arriving.values())
        self.world.meters.judged_to = watermark
        return watermark

    async def perform_once(self) -> int:
        """Send off the deliveries that are due, and wait for them; how many there were."""
        taken = await self._performer.advance()
        await self._performer.landed()
        return taken

    def _puller(self, link: Link, stream: Stream) -> Puller:
        return Puller(self.world, link, stream, lambda: self._stopping)

    async def _judge(self) -> float:
        if await self.judge_once():
            self._performing.nudge()
            return 0.0
        due = await self.world.store.next_due()
        if due is None:
            return POLL_S
        # What is due already is held back by something that waits: look again soon, but not without a pause.
        ahead_s = (due - self.world.clock.now()) / 1000
        return min(POLL_S, max(0.001, ahead_s)) if ahead_s > 0 else HELD_POLL_S

    async def _perform(self) -> float:
        return await self._performer.step()

    async def _fetch(self) -> float:
        return 0.0 if await fetch_due(self.world, self.links) else POLL_S
