"""The life of one universe, from its first instant to the reckoning: which faults, which stories, and what must hold.

Some days with faults; then everything is healed, and the gateway has as long as its schedule of retries asks for; then
the world is looked at. A seed says all of it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from random import Random

import structlog

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.engine import attempt
from gateway.kernel.signing import parse_secret
from gateway.model.instant import DAY_MS
from gateway.plugin import Connector
from tests.simulation.bugs.planted import planted
from tests.simulation.laws import invariants
from tests.simulation.laws.reckoning import reckoned
from tests.simulation.laws.scene import Violation
from tests.simulation.machine.process import Process
from tests.simulation.once import computed_once
from tests.simulation.world import policies, stories, swarm
from tests.simulation.world.endpoints import company
from tests.simulation.world.feed import Feed
from tests.simulation.world.nemesis import JUMPS_MS, Nemesis
from tests.simulation.world.net import SimNet
from tests.simulation.world.operators import enable_all
from tests.simulation.world.people import Desk
from tests.simulation.world.senders import HABITS, Sender
from tests.simulation.world.swarm import DAY_S
from tests.simulation.world.universe import Death, Reset, Universe, Unreachable
from tests.support.points import points
from tests.support.policies import loaded
from tests.support.secrets import secret_of

FEED = "crm"
SENDERS = ("shop", "chat", "mail")
DAYS = (1.0, 1.0, 1.0, 2.0, 2.0, 3.0)
LONG_DAYS = 8.0
"""Where an endpoint is down for days, the story must be longer than that."""

HURRIED_A_DAY = 6.0
"""Contacts a day whose answers are on their way when they fall due."""

QUIET_POLL_S = 600.0
AHEAD_MAX_S = JUMPS_MS[-1] / 1_000 + 3_600.0
"""After so long true time has come to where any wrong clock was."""

PATIENCE_S = 6 * DAY_S
"""So long after the last fault there must be nothing left to do: senders try again for three days, retries have their
waits of up to half a day."""


@dataclass(frozen=True)
class Outcome:
    """What came of a universe. `days`: how many it had the faults of `swarm`; those of healing don't count."""

    seed: int
    days: float
    swarm: swarm.Swarm
    digest: str
    steps: int
    faults: Mapping[str, int]
    figures: Mapping[str, int]
    violations: tuple[Violation, ...]


def live(
    seed: int,
    *,
    bug: str | None = None,
    without: Collection[str] = (),
    days: float | None = None,
    death: Death | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """Let the universe of a seed live. `bug` is planted into it, the faults of `without` are left out; `death` is how
    the first process ends, where that is to be known."""
    with _silent_modules(), computed_once(), planted(bug):
        life = _Life(seed, without, days, death, tell)
        try:
            return life.lived()
        finally:
            life.universe.close()


class _Life:
    def __init__(
        self,
        seed: int,
        without: Collection[str],
        days: float | None,
        death: Death | None,
        tell: Callable[[str], None] | None,
    ) -> None:
        dice = Random(f"universe {seed}")
        faults = swarm.drawn(dice)
        chosen = dice.choice(DAYS)
        self.days = days or (LONG_DAYS if faults.endpoint_down_days > 1 else chosen)
        start = stories.first_instant(dice, (policies.DAY_ZONE, policies.NIGHT_ZONE), days=self.days)
        faults = faults.without(without)
        self.universe = Universe(seed, start, faults, death=death, tell=tell)
        self.end = start + round(self.days * DAY_MS)
        self.policies = [policies.text(policies.first()), policies.text(policies.second())]
        self.universe.policy = loaded(self.policies[0])
        self.seed = seed
        self._people(dice)

    def _people(self, dice: Random) -> None:
        """Everybody who is there."""
        universe = self.universe
        secret = secret_of("endpoints")
        names = list(policies.ENDPOINTS)
        dice.shuffle(names)
        self.endpoints = company(universe, names, [secret])
        universe.endpoints = self.endpoints
        universe.configured = {
            name: attempt.Endpoint(
                name, self.endpoints[name].url, (parse_secret(secret),), policies.SUBSCRIPTIONS[name]
            )
            for name in policies.ENDPOINTS
        }
        universe.net = SimNet(universe)
        told_by, told_of = (*SENDERS, FEED), universe.dice("stories")
        plans = stories.tell(told_of, told_by, universe.start, self.end, hurried_a_day=HURRIED_A_DAY)
        habits = sorted(HABITS)
        self.senders = {
            name: Sender(universe, name, dice.choice(habits), secret_of(name), plans[name]) for name in SENDERS
        }
        self.feed = Feed(universe, FEED, plans[FEED], every_s=600.0)
        universe.connectors = self._connectors
        self.desk = Desk(universe, self.senders)

    def _connectors(self) -> Mapping[str, Connector]:
        """The connectors of a new process."""
        posted = {
            name: EventsConnector(name, EventsSettings(secret=[secret_of(name)]), None)  # type: ignore[arg-type]
            for name in SENDERS
        }
        return {**posted, FEED: self.feed.connector()}

    def lived(self) -> Outcome:
        """Live, and reckon."""
        universe = self.universe
        violations = universe.loop.run_until_complete(self._story())
        return Outcome(
            seed=self.seed,
            days=self.days,
            swarm=universe.swarm,
            digest=universe.loop.digest,
            steps=universe.loop.steps,
            faults=Counter(fault.kind for fault in universe.witness.faults),
            figures=self._figures(),
            violations=tuple(violations),
        )

    async def _story(self) -> list[Violation]:
        universe = self.universe
        nemesis = Nemesis(universe, _points(), self.policies)
        nemesis.begin()
        try:
            await universe.boot()
        except Reset:
            universe.trace("died while it started")
        for sender in self.senders.values():
            universe.spawn(sender.name, sender.run())
        universe.spawn("desk", self.desk.run())
        await universe.sleep(self.days * DAY_S)
        universe.trace("healed")
        await nemesis.heal()
        for one in (*self.endpoints.values(), *self.senders.values(), self.feed):
            one.recover()
        if universe.swarm.jumps:
            # What was judged by a clock that was ahead is judged further than now: true time must come there first.
            await universe.sleep(AHEAD_MAX_S)
        left = await self._quiet()
        found = [Violation("quiet", left)] if left else []
        if not left or (universe.process is not None and universe.process.ready):
            found += await universe.ask("reckoning", self._reckoned)
        return [*self._own_failures(), *found]

    async def _quiet(self) -> str:
        """Wait until nothing is left to do; what is left after all patience."""
        universe, left = self.universe, "it never ran"
        for _ in range(round(PATIENCE_S / QUIET_POLL_S)):
            await universe.sleep(QUIET_POLL_S)
            try:
                await enable_all(self.universe)
                counts = await universe.ask("counts", lambda process: process.store.counts())
                due = await universe.ask("due", _due_now)
            except (Unreachable, Reset):
                continue
            waits = [f"{sender.name} still tells" for sender in self.senders.values() if not sender.idle]
            waits += [] if self.feed.idle else [f"{FEED} still has rows"]
            waits += [f"{name}: {counts[name]}" for name in ("inbox_ready", "deliveries_ready") if counts[name]]
            # Whoever looks at the very instant at which something falls due comes too early.
            waits += ["a contact is due"] if due else []
            left = ", ".join(waits)
            if not left:
                return ""
        return f"{left}, {PATIENCE_S / DAY_S:g} days after the last fault"

    def _own_failures(self) -> list[Violation]:
        universe = self.universe
        found = [Violation("log", said) for said in universe.witness.errors]
        found += [Violation("simulation", repr(failure)) for failure in universe.failures]
        found += [Violation("I4", f"{one.name}: {wrong}") for one in self.endpoints.values() for wrong in one.wrongs]
        return found

    async def _reckoned(self, process: Process) -> list[Violation]:
        """Every law, by what was seen and what is kept."""
        universe = self.universe
        known = {secret for endpoint in self.endpoints.values() for secret in endpoint.known}
        secrets = [secret.removeprefix("whsec_") for secret in sorted({*map(secret_of, SENDERS), *known})]
        return [
            *reckoned(universe, process, secrets, universe.logged),
            *invariants.back_to_base({}, {"requests under way": universe.net.under_way}),
        ]

    def _figures(self) -> Mapping[str, int]:
        witness = self.universe.witness
        ids = Counter((heard.endpoint, heard.id) for heard in witness.heard)
        return {
            "told": len(witness.told),
            "acknowledged": sum(told.acked_at is not None for told in witness.told.values()),
            "heard": len(witness.heard),
            "doubled": sum(count - 1 for count in ids.values()),
            "lives": len(self.universe.lives),
            "steps": sum(process.steps for process in self.universe.lives),
        }


@contextmanager
def _silent_modules() -> Iterator[None]:
    """What modules log by themselves is dropped: a universe has the gateway's own log."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: object) -> str:
    raise structlog.DropEvent


async def _due_now(process: Process) -> bool:
    return bool(await process.store.due_contacts(until=process.clock.now(), limit=1))


@cache
def _points() -> list[str]:
    return list(points())
