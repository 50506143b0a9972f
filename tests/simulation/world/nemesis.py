"""Everything that is done to the gateway: killed, frozen, told a wrong time, given a full or a dying disk, read anew.

Laws. Each fault is written down before it is done. Each kind has a stream of its own, and times of its own; once
healed, none begins any more, and those that last are over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from gateway.kernel.store import StoreFull, StoreUnusable
from gateway.model.instant import HOUR_MS, MINUTE_MS
from tests.simulation.machine.process import Process, Reset
from tests.simulation.world.operators import REFUSED, Operators
from tests.simulation.world.swarm import DAY_S
from tests.simulation.world.universe import Universe

STEPS_MAX = 3_000
"""A crash comes within so many steps of the process: at any await of what it does then."""

BUSY = ("add_records", "add_page", "commit", "claim_deliveries", "finish_deliveries", "delivery")
BUSY_SHARE = 0.7
"""Of those that die at a point of the code so many die in what is done all the time: in between it counts."""

PASSES_MAX = 4
TRAP_S = 3_600.0
"""A point of the code that isn't passed for so long is not waited for."""

SOON_S = (0.5, 60.0)
LATE_S = (600.0, 6 * 3_600.0)
JUMPS_MS = (1_000, 90_000, 45 * MINUTE_MS, 2 * HOUR_MS, 26 * HOUR_MS)
"""The gateway's clock is set wrong by as much as one of these, forward or back."""


class Nemesis:
    """Does to a universe's gateway what its swarm says. `points` are the names of the code's points."""

    def __init__(self, universe: Universe, points: list[str], policies: list[str]) -> None:
        self._universe = universe
        self._points = points
        self._busy = [point for point in points if point.partition(".")[0] in BUSY]
        self._operators = Operators(universe, policies)
        self._healed = False
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Let every kind of fault have its time."""
        swarm = self._universe.swarm
        self._universe.spawn("keeper", self._keep())
        kinds: dict[str, tuple[float, Callable[[Random], Awaitable[None]]]] = {
            "crash": (swarm.crashes, self._crash),
            "stop": (swarm.stops, self._stop),
            "pause": (swarm.pauses, self._pause),
            "jump": (swarm.jumps, self._jump),
            "full disk": (swarm.full_disks, self._full_disk),
            "failing writes": (swarm.failing_writes, self._failing_writes),
            "failing sync": (swarm.failing_syncs, self._failing_sync),
            **self._operators.kinds(),
        }
        for kind, (per_day, do) in kinds.items():
            if per_day > 0:
                self._tasks.append(self._universe.spawn(kind, self._now_and_then(kind, per_day, do)))

    async def heal(self) -> None:
        """End all of it: from now on nothing is done to the gateway, and it runs."""
        self._healed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        troubles = self._universe.disk.troubles
        troubles.full = troubles.failing_writes = False
        troubles.fail_sync(0)
        process = self._universe.process
        if process is not None:
            process.fuse = process.trap = None
            self._set_clock(process, 0)
            if process.paused:
                process.go_on()
            process.clock.stir()

    async def _now_and_then(self, kind: str, per_day: float, do: Callable[[Random], Awaitable[None]]) -> None:
        dice = self._universe.dice(f"nemesis {kind}")
        while True:
            await self._universe.sleep(dice.expovariate(per_day / DAY_S))
            try:
                await do(dice)
            except REFUSED as error:
                self._universe.trace("in vain", kind, error)

    # ── Ends ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def _keep(self) -> None:
        """Start the gateway again whenever it has ended: mostly soon."""
        universe, dice = self._universe, self._universe.dice("keeper")
        while True:
            await universe.ended()
            late = dice.random() < universe.swarm.long_downtimes and not self._healed
            await universe.sleep(dice.uniform(*(LATE_S if late else SOON_S)))
            try:
                await universe.boot()
            except Reset:
                continue
            except (StoreFull, StoreUnusable) as error:
                universe.fault("cannot start", str(error))
                if universe.process is not None:
                    universe.process.die("it can't start")

    async def _crash(self, dice: Random) -> None:
        """Kill it at some step, or at a point of its code; with it, perhaps, the power goes."""
        universe, process = self._universe, self._universe.process
        if process is None:
            return
        universe.power_fails = cut = dice.random() < universe.swarm.power_cuts
        what = "power cut" if cut else "kill"
        if dice.random() < 0.5:
            process.fuse = dice.randrange(STEPS_MAX)
            universe.fault(what, f"within {process.fuse} steps")
        else:
            points = self._busy if dice.random() < BUSY_SHARE else self._points
            process.trap = (dice.choice(points), dice.randint(1, PASSES_MAX))
            universe.fault(what, f"at {process.trap[0]}, pass {process.trap[1]}")
        try:
            async with asyncio.timeout(TRAP_S):
                await universe.ended()
        except TimeoutError:
            process.die("at last")

    async def _stop(self, _: Random) -> None:
        self._universe.fault("stop")
        await self._universe.shut()

    async def _pause(self, dice: Random) -> None:
        """Let it stand still, as a machine that is frozen does."""
        process = self._universe.process
        if process is None or process.paused:
            return
        seconds = dice.choice((dice.uniform(0.1, 12.0), dice.uniform(10.0, 1_200.0)))
        self._universe.fault("pause", f"{seconds:.1f} s")
        process.pause()
        try:
            await self._universe.sleep(seconds)
        finally:
            if not process.dead and process.paused:
                process.go_on()

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def _jump(self, dice: Random) -> None:
        """Set its clock wrong for a while, and then right again."""
        process = self._universe.process
        if process is None:
            return
        self._set_clock(process, dice.choice(JUMPS_MS) * dice.choice((-1, 1)))
        try:
            await self._universe.sleep(dice.uniform(1.0, 3 * 3_600.0))
        finally:
            if not process.dead:
                self._set_clock(process, 0)

    def _set_clock(self, process: Process, ahead_ms: int) -> None:
        if process.clock.ahead_ms != ahead_ms:
            self._universe.fault("clock", f"{ahead_ms} ms ahead")
            process.clock.ahead_ms = ahead_ms
            process.clock.stir()

    # ── The disk ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def _full_disk(self, dice: Random) -> None:
        await self._trouble("full", dice.uniform(1.0, 1_800.0), "disk full", "disk has room")

    async def _failing_writes(self, dice: Random) -> None:
        await self._trouble("failing_writes", dice.uniform(0.1, 60.0), "disk fails", "disk works")

    async def _trouble(self, what: str, seconds: float, begins: str, ends: str) -> None:
        """Let something be wrong with the disk for a while."""
        troubles = self._universe.disk.troubles
        self._universe.fault(begins, f"{seconds:.0f} s")
        setattr(troubles, what, True)
        try:
            await self._universe.sleep(seconds)
        finally:
            setattr(troubles, what, False)
            self._universe.fault(ends)

    async def _failing_sync(self, dice: Random) -> None:
        self._universe.fault("a sync fails")
        self._universe.disk.troubles.fail_sync(dice.randint(1, 5), reverts=dice.random() < 0.5)
