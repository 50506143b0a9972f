"""The people who run the gateway: they send again what has ended, enable what was given up, and change secrets.

Laws. Each command is written down before it is done, and is one call of what a command line beside the daemon calls.
One that finds the gateway gone, or its disk full, is let be, or typed again; none leaves an endpoint that can't prove
what it gets.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from gateway.kernel.signing import parse_secret
from gateway.kernel.store import StoreFull, StoreUnusable
from gateway.model.instant import HOUR_MS
from gateway.store.sqlite import SqliteStore
from tests.simulation.world.universe import Reset, Universe, Unreachable
from tests.support.secrets import secret_of

BY = "sim"
REFUSED = (Unreachable, Reset, StoreFull, StoreUnusable)
"""How a command may fail through no fault of whoever typed it."""

LISTED = 200
RANGE_MAX_MS = 6 * HOUR_MS
ENDED = (("dead",), ("delivered",), ("dead", "delivered"))

LOOKS_A_DAY = 4.0
"""So often somebody looks whether an endpoint was given up."""

ROTATIONS_A_DAY = 1.0
BETWEEN_S = (3_600.0, 6 * 3_600.0)
"""Between the steps of changing a secret; what was signed before the first has long arrived at the second."""

AGAIN_S = 60.0

Kinds = Mapping[str, tuple[float, Callable[[Random], Awaitable[None]]]]


class Operators:
    """What they do to a universe's gateway now and then, each kind with its rate a day."""

    def __init__(self, universe: Universe, policies: Sequence[str]) -> None:
        self._universe = universe
        self._policies = policies
        self._rotated = 0

    def kinds(self) -> Kinds:
        """Each thing that they do, by its name."""
        swarm = self._universe.swarm
        given_up = swarm.endpoint_gone or swarm.endpoint_down_days
        return {
            "reload": (swarm.reloads, self._reload),
            "replay": (swarm.replays, self._replay),
            "rotate": (ROTATIONS_A_DAY if swarm.replays else 0.0, self._rotate),
            "enable": (LOOKS_A_DAY if given_up else 0.0, lambda _: enable_all(self._universe)),
        }

    async def _reload(self, dice: Random) -> None:
        await self._universe.reload(dice.choice(self._policies))

    # ── What has ended goes once more ────────────────────────────────────────────────────────────────────────────
    async def _replay(self, dice: Random) -> None:
        what = dice.choice((self._delivery, self._delivery, self._range, self._record))
        await what(dice)

    async def _delivery(self, dice: Random) -> None:
        """One delivery, mostly one that has ended."""
        state = dice.choice(("delivered", "dead", None))
        listed = await self._asked("listing", lambda store, _: store.deliveries(limit=LISTED, state=state))
        if listed:
            id = dice.choice(listed).id
            self._universe.fault("replay", f"delivery {id}")
            await self._asked("replay", lambda store, now: store.replay_delivery(id, now, BY))

    async def _range(self, dice: Random) -> None:
        """All that was made for an endpoint, or for all of them, in some hours before now."""
        endpoint = dice.choice((None, *sorted(self._universe.endpoints)))
        states, length_ms = dice.choice(ENDED), dice.randrange(RANGE_MAX_MS)
        self._universe.fault("replay", f"{' and '.join(states)} of {endpoint or 'all'}, {length_ms} ms")

        def replayed(store: SqliteStore, now: int) -> Awaitable[int]:
            return store.replay_deliveries(
                endpoint=endpoint, since=now - length_ms, until=now, states=states, now=now, by=BY
            )

        await self._asked("replay", replayed)

    async def _record(self, dice: Random) -> None:
        """One record, whatever has become of it: what it says is known, and follows once."""
        state = dice.choice(("done", "parked", None))
        listed = await self._asked("listing", lambda store, _: store.inbox(limit=LISTED, state=state))
        if listed:
            id = dice.choice(listed).id
            self._universe.fault("replay", f"record {id}")
            await self._asked("replay", lambda store, now: store.replay_record(id, now, BY))

    # ── Secrets ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def _rotate(self, dice: Random) -> None:
        """A new secret beside the old one; the receiver changes over; the old one goes. Hours lie between."""
        universe = self._universe
        name = dice.choice(sorted(universe.endpoints))
        endpoint = universe.endpoints[name]
        self._rotated += 1
        new = secret_of(f"{name} {self._rotated}")
        await self._sign(name, [new, *endpoint.secrets])
        await universe.sleep(dice.uniform(*BETWEEN_S))
        universe.trace("trusts", name, self._rotated)
        endpoint.trust([new])
        await universe.sleep(dice.uniform(*BETWEEN_S))
        await self._sign(name, [new])

    async def _sign(self, name: str, texts: Sequence[str]) -> None:
        """Let these secrets sign from now on: in the configuration, and in the gateway as soon as it can be told."""
        universe = self._universe
        secrets = tuple(parse_secret(text) for text in texts)
        universe.fault("secrets", f"{name}: {len(secrets)}")
        universe.configured = {**universe.configured, name: replace(universe.configured[name], secrets=secrets)}

        async def taken(process: Any) -> None:
            process.gateway.take_secrets({name: secrets})

        while True:
            try:
                return await universe.ask("secrets", taken)
            except (Unreachable, Reset):
                await universe.sleep(AGAIN_S)

    async def _asked(self, name: str, work: Callable[[SqliteStore, int], Awaitable[Any]]) -> Any:
        return await self._universe.ask(name, lambda process: work(process.store, process.clock.now()))


async def enable_all(universe: Universe) -> None:
    """Let endpoints that were given up have their deliveries again. Raises Unreachable and Reset."""
    states = await universe.ask("states", lambda process: process.store.endpoint_states())
    for name in sorted(states):
        if states[name].health.disabled_at is not None:
            universe.fault("enabled", name)
            await universe.ask(
                "enable", lambda process, name=name: process.store.enable_endpoint(name, process.clock.now(), BY)
            )
