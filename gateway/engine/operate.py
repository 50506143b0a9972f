"""What people do to a running gateway, for the pages and the API: each deed with the name of who does it.

Laws. A deed is an event in the inbox, or it is audited. Each comes back within a bounded time, and what can't be done
raises CantAct, which says why in a word and in a sentence. The loops that a deed is for are told of it. Commands beside
the gateway call the same functions below, with a store of their own.
"""

from dataclasses import dataclass
from typing import Final

from gateway.engine import pausing
from gateway.engine.acknowledge import acknowledge
from gateway.engine.acting import Acted, CantAct, actor
from gateway.engine.gateway import Gateway
from gateway.engine.pull import wish
from gateway.engine.resolve import resolve
from gateway.engine.trial import Tried, try_endpoint
from gateway.kernel.outbox import DeliveryState, Replayed
from gateway.kernel.reading import Pause, SyncRow
from gateway.kernel.store import Store
from gateway.plugin import Pulls

DEAD: Final[tuple[DeliveryState, ...]] = ("dead",)
ID_MAX: Final = 2**63 - 1
REPLAYED_MAX: Final = 10_000
"""Deliveries that are replayed at once; a command replays more, and asks before it does."""


@dataclass(frozen=True, slots=True)
class Operating:
    """The deeds. `by` is who does it, in at most 200 characters of one line; every method raises CantAct."""

    gateway: Gateway

    @property
    def _store(self) -> Store:
        return self.gateway.world.store

    def _now(self) -> int:
        return self.gateway.world.clock.now()

    # ── Contacts ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def acknowledge(self, name: str, by: str) -> Acted:
        """Acknowledge an escalation by its id, or a contact by any name, with its active escalations."""
        acted = await acknowledge(self._store, name, by, self._now())
        self.gateway.take_up()
        return acted

    async def resolve(self, name: str, by: str, reason: str = "") -> Acted:
        """Resolve an escalation by its id, or all of a contact that are going on, for good."""
        acted = await resolve(self._store, name, by, self._now(), reason)
        self.gateway.take_up()
        return acted

    # ── Connectors ───────────────────────────────────────────────────────────────────────────────────────────────
    async def pause(self, connector: str, by: str, reason: str = "") -> Pause:
        """Ask a connector's vendor for nothing until somebody resumes it; what is under way ends. Audited."""
        names = [*self.gateway.links, *self.gateway.left_out]
        kept = await pausing.pause(self._store, names, connector, by, self._now(), reason)
        if connector in self.gateway.links:
            self.gateway.links[connector].pause = kept
        return kept

    async def resume(self, connector: str, by: str) -> None:
        """Let a connector work again, at once. Audited."""
        names = [*self.gateway.links, *self.gateway.left_out]
        await pausing.resume(self._store, names, connector, by, self._now())
        if connector in self.gateway.links:
            self.gateway.links[connector].pause = None
        self.gateway.wake(connector)

    async def sync(self, connector: str, by: str, stream: str = "") -> list[SyncRow]:
        """Pull what is new of every stream, or of one, now: the runs, which the store's `sync` tells on. Audited."""
        who = actor(by)
        link = self.gateway.links[pausing.known(self.gateway.links, connector)]
        if not isinstance(link.connector, Pulls):
            raise CantAct("unable", f"{connector} is not pulled: its vendor calls us")
        streams = [one.name for one in link.connector.streams]
        meant = [pausing.known(streams, stream, "stream")] if stream else streams
        if await pausing.rests(self.gateway.world, link):
            raise CantAct("unable", f"{connector} can't be pulled: {pausing.because(link)}; resume it first")
        now = self._now()
        runs = [await self._store.ask_sync(wish(connector, name, now)) for name in meant]
        await self._note(now, who, "connector.sync", connector, ", ".join(meant))
        self.gateway.take_wishes(connector)
        return runs

    # ── Endpoints, deliveries and records ────────────────────────────────────────────────────────────────────────
    async def test_endpoint(self, endpoint: str, by: str) -> Tried:
        """Send a signed `endpoint.test` notice, by the way of every delivery, and wait for the answer, at most 15 s."""
        who, world = actor(by), self.gateway.world
        configured = self.gateway.endpoints[pausing.known(self.gateway.endpoints, endpoint, "endpoint")]
        tried = await try_endpoint(world.net, world.clock, world.rng, configured, self.gateway.bench.source)
        became = f"answered {tried.status}" if tried.status is not None else tried.error
        await self._note(self._now(), who, "endpoint.test", endpoint, became)
        return tried

    async def enable_endpoint(self, endpoint: str, by: str) -> None:
        """Let an endpoint have its deliveries again. Audited."""
        if not await self._store.enable_endpoint(endpoint, self._now(), actor(by)):
            raise CantAct("missing", f"there is no endpoint {endpoint[:100]!r}")
        self.gateway.deliver()

    async def replay_delivery(self, id: int, by: str) -> Replayed:
        """Let an ended delivery go out once more. Audited."""
        became = await self._store.replay_delivery(id, self._now(), actor(by)) if 0 <= id <= ID_MAX else None
        if became is None:
            raise CantAct("missing", f"there is no delivery {id}")
        self.gateway.deliver()
        return became

    async def replay_dead(self, endpoint: str, since: int, by: str) -> int:
        """Let all that was given up of an endpoint's deliveries made since an instant go out once more; how many.

        REPLAYED_MAX at most: where there are more, none. Audited."""
        who, now = actor(by), self._now()
        states = await self._store.endpoint_states()
        pausing.known([*self.gateway.endpoints, *states], endpoint, "endpoint")
        found = await self._store.ended_count(
            endpoint=endpoint, since=since, until=now, states=DEAD, most=REPLAYED_MAX + 1
        )
        if found > REPLAYED_MAX:
            words = f"more than {REPLAYED_MAX:,} deliveries to {endpoint} were given up since then"
            raise CantAct("many", f"{words}: name a later instant, or use `gateway deliveries replay`")
        if not found:
            return 0
        replayed = await self._store.replay_deliveries(
            endpoint=endpoint, since=since, until=now, states=DEAD, now=now, by=who
        )
        self.gateway.deliver()
        return replayed

    async def replay_record(self, id: int, by: str) -> None:
        """Take a record up again: a parked one after its cause was mended. Audited."""
        if not (0 <= id <= ID_MAX and await self._store.replay_record(id, self._now(), actor(by))):
            raise CantAct("missing", f"there is no record {id}")
        self.gateway.take_up()

    async def _note(self, at: int, who: str, action: str, object: str, detail: str) -> None:
        await self._store.write_audit(at=at, actor=who, action=action, object=object, detail=detail)
