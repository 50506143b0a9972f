"""T3: notices go to their endpoints, signed, until they are there or given up.

Laws. The claim is written before the try, its outcome after it: a crash in between sends the same body again under the
same `webhook-id`. One notice of a contact is in flight to an endpoint at a time; the store sees to that. Outcomes that
can't be stored are kept until they can. Claims and outcomes of one step share one transaction where the store can.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from gateway.engine.attempt import Endpoint, Landed, attempt, undeliverable
from gateway.engine.lane import UNCONFIGURED_ROOM, Change, Lane
from gateway.engine.supervise import POLL_S
from gateway.engine.world import World
from gateway.kernel.ports import Task
from gateway.kernel.store import Conflict, Delivery, EndpointState, Notice, Performed
from gateway.rules import pace
from gateway.rules.operator import about_endpoint, operator_body, operator_effect, told_of

LEASE_MS = 10_000
"""What nobody renews is taken up by another after so long."""

RENEW_MS = 3_000
"""What is held is renewed so often: a stop of seconds takes nobody's lease."""

IN_FLIGHT_MAX = 512
"""Deliveries under way in one process; where endpoints ask for more together, each has the same part of it."""

LINGER_S = 0.01
"""Outcomes wait so long for each other, as long as their endpoint has something to do meanwhile."""

REFRESH_MS = 1_000
"""How endpoints stand is read again so often: a command may have enabled one."""

HASTENED_MAX = 500
CONFLICTS_MAX = 5

__all__ = ["Endpoint", "Performer"]


@dataclass(slots=True)
class Performer:
    """What is in flight, a lane for each endpoint. `wake` is called when a step has something to do sooner than said;
    `source` is who sends the notices."""

    world: World
    endpoints: Mapping[str, Endpoint]
    wake: Callable[[], None]
    source: str = ""
    lanes: dict[str, Lane] = field(default_factory=dict)
    _tasks: list[Task] = field(default_factory=list)
    _refreshed_at: int | None = None
    _renewed_at: int = 0
    _found: bool = False

    async def step(self) -> float:
        """Write what has landed, and send off what is due and has room; the seconds until the next step."""
        await self.advance()
        return self._wait_s()

    async def advance(self) -> int:
        """One step; how many deliveries were taken up."""
        now = self.world.clock.now()
        await self._refresh(now)
        settled, claimed = await asyncio.gather(self._settle(), self._claim(now), return_exceptions=True)
        if isinstance(claimed, list):
            self._take(claimed, now)
        self._staff(now)
        for failure in (settled, claimed):
            if isinstance(failure, BaseException):
                raise failure
        await self._renew(now)
        await self._hasten(now)
        return len(claimed) if isinstance(claimed, list) else 0

    def take_endpoints(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Send to these from the next try on; what their lanes hold and have under way stays."""
        self.endpoints = endpoints
        for name, lane in self.lanes.items():
            lane.endpoint = endpoints.get(name)

    async def landed(self) -> None:
        """Wait for all that is held to be tried, and write what came of it."""
        while any(not task.done() for task in self._tasks):
            for task in self._tasks:
                await task
        await self._settle()

    async def finish(self) -> None:
        """Give back what has not been tried, wait for what is in flight, and write what came of it."""
        returned = tuple(one for lane in self.lanes.values() for one in lane.give_back())
        if returned:
            await self.world.store.finish_deliveries(Performed(returned=returned, now=self.world.clock.now()))
        await self.landed()

    def cut_off(self) -> None:
        """End what is in flight with no outcome: it is no fault of a receiver's, and the next start tries again."""
        for task in self._tasks:
            task.cancel()

    async def _refresh(self, now: int) -> None:
        """Read how endpoints stand, and make lanes for those that are new."""
        if self._refreshed_at is not None and 0 <= now - self._refreshed_at < REFRESH_MS:
            return
        if self._refreshed_at is None:
            states = await self.world.store.register_endpoints(list(self.endpoints))
        else:
            states = await self.world.store.endpoint_states()
        self._refreshed_at = now
        self._place(states)

    def _place(self, states: Mapping[str, EndpointState]) -> None:
        asked = sum(endpoint.concurrency for endpoint in self.endpoints.values())
        share = IN_FLIGHT_MAX if asked <= IN_FLIGHT_MAX else max(1, IN_FLIGHT_MAX // len(self.endpoints))
        for name, state in states.items():
            lane = self.lanes.get(name)
            endpoint = self.endpoints.get(name)
            if lane is None or lane.endpoint is not endpoint:
                limit = UNCONFIGURED_ROOM if endpoint is None else min(endpoint.concurrency, share)
                self.lanes[name] = Lane(state, endpoint, limit)
            else:
                lane.state = state

    async def _claim(self, now: int) -> list[Delivery]:
        room = {name: room for name, lane in self.lanes.items() if (room := lane.room(now)) > 0}
        if not room:
            return []
        probes = frozenset(name for name in room if self.lanes[name].probing(now))
        store = self.world.store
        if not self._found and not await store.deliveries_due(now=now, room=room, probes=probes):
            return []
        claimed = await store.claim_deliveries(now=now, lease_ms=LEASE_MS, room=room, probes=probes)
        self._found = bool(claimed)
        return claimed

    def _take(self, claimed: Sequence[Delivery], now: int) -> None:
        by_endpoint: defaultdict[str, list[Delivery]] = defaultdict(list)
        for delivery in claimed:
            by_endpoint[delivery.endpoint].append(delivery)
        for name, some in by_endpoint.items():
            self.lanes[name].take(some, now)

    def _staff(self, now: int) -> None:
        """Put somebody to work wherever something is held and may go."""
        self._tasks = [task for task in self._tasks if not task.done()]
        for lane in self.lanes.values():
            if lane.waiting and not lane.held_up:
                for _ in range(min(len(lane.waiting), lane.allowed(now) - lane.workers)):
                    lane.workers += 1
                    self._tasks.append(self.world.spawn.task(f"deliver to {lane.name}", self._work(lane)))

    async def _work(self, lane: Lane) -> None:
        """Send what a lane holds, one after the other, as long as its endpoint bears so many at once."""
        try:
            while lane.waiting and not lane.held_up and lane.workers <= lane.allowed(self.world.clock.now()):
                delivery = lane.waiting.popleft()
                lane.flying[delivery.id] = delivery
                try:
                    landed = await self._try(lane, delivery)
                finally:
                    held = lane.flying.pop(delivery.id)
                lane.land(landed, held.attempt)
                if not lane.waiting or landed.answer != "delivered":
                    self.wake()
        finally:
            lane.workers -= 1

    async def _try(self, lane: Lane, delivery: Delivery) -> Landed:
        if lane.endpoint is None:
            return undeliverable(delivery, self.world.clock.now())
        return await attempt(self.world, lane.endpoint, delivery)

    async def _settle(self) -> None:
        """Write what has landed. Raises StoreFull: what has landed is then kept."""
        for _ in range(CONFLICTS_MAX):
            lanes = [lane for lane in self.lanes.values() if lane.begin_settling()]
            if not lanes:
                return
            changes = [change for lane in lanes for change in lane.changes]
            # Read now: what has landed must not be written down as of an instant before it.
            performed = self._performed(lanes, changes, self.world.clock.now())
            try:
                overtaken = await self.world.store.finish_deliveries(performed)
            except Conflict:
                for lane in lanes:
                    lane.keep()
                self._place(await self.world.store.endpoint_states())
                continue
            except BaseException:
                for lane in lanes:
                    lane.keep()
                raise
            for lane in lanes:
                lane.settled()
            self._tell(changes, overtaken)
            return
        raise Conflict("how endpoints stand is changed again and again by somebody else")

    def _performed(self, lanes: Sequence[Lane], changes: Sequence[Change], now: int) -> Performed:
        return Performed(
            outcomes=tuple(one.outcome for lane in lanes for one in lane.settling),
            returned=tuple(one for lane in lanes if not lane.allowed(now) for one in lane.give_back()),
            endpoints=tuple(
                replace(lane.state, health=lane.health) for lane in lanes if lane.health != lane.state.health
            ),
            closed=tuple(lane.name for lane in lanes if lane.closes()),
            notices=tuple(notice for change in changes if (notice := self._notice(change)) is not None),
            now=now,
        )

    def _notice(self, change: Change) -> Notice | None:
        told = told_of(change.type, change.endpoint, {name: one.notices for name, one in self.endpoints.items()})
        if not told:
            return None
        effect = operator_effect(change.type, change.endpoint, change.health, change.at)
        body = operator_body(effect, change.endpoint, change.health, self.source)
        about = about_endpoint(change.endpoint)
        return Notice(effect=effect, contact=about, body=msgspec.json.encode(body), endpoints=told)

    def _tell(self, changes: Sequence[Change], overtaken: Sequence[int]) -> None:
        for change in changes:
            log = self.world.log.info if change.type == "endpoint.recovered" else self.world.log.warning
            log(
                change.type.replace(".", "_"),
                endpoint=change.endpoint,
                failures=change.health.failures,
                failing_since=change.health.failing_since,
                disabled_why=change.health.disabled_why,
            )
        for id in overtaken:
            self.world.log.warning("delivery_overtaken", delivery=id)

    async def _renew(self, now: int) -> None:
        if 0 <= now - self._renewed_at < RENEW_MS:
            return
        self._renewed_at = now
        held = [one for lane in self.lanes.values() for one in lane.held()]
        if held:
            await self.world.store.renew_deliveries(held, now + LEASE_MS)

    async def _hasten(self, now: int) -> None:
        """Let the rest of what failed at an endpoint be due, now that it is back."""
        for lane in self.lanes.values():
            if lane.hastening:
                hastened = await self.world.store.hasten_deliveries(lane.name, now, HASTENED_MAX)
                lane.hastening = hastened == HASTENED_MAX

    def _wait_s(self) -> float:
        now = self.world.clock.now()
        waits = [POLL_S]
        for lane in self.lanes.values():
            if lane.hastening:
                return 0.0
            if lane.waiting or lane.landed:
                waits.append(LINGER_S)
            if lane.pace is not None and (wait_ms := pace.wait_ms(lane.pace, now)) > 0:
                waits.append(max(0.001, wait_ms / 1000))
        return min(waits)
