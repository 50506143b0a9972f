"""The reckoning of a universe: its scene put together, and everything that must hold checked in it."""

from collections.abc import Iterable

from tests.simulation.laws import invariants, kept
from tests.simulation.laws.scene import Scene, Violation
from tests.simulation.laws.troubles import troubles
from tests.simulation.machine.process import Process
from tests.simulation.world import policies
from tests.simulation.world.stories import CARDS
from tests.simulation.world.universe import Universe

PARKED = {"crashes": "times and never finished", "jumps": "more than 24 h ahead of its receipt"}
"""For which reasons the faults of a swarm may have records parked: the gateway died over them again and again, or its
clock was a day behind."""

LONG_UP_MS = 3_600_000
"""A process that is up for so long holds no lease of another one."""


def scene_of(universe: Universe, process: Process) -> Scene:
    """What there is to see of a universe now."""
    now = universe.now()
    faults = universe.witness.faults
    return Scene(
        universe.witness,
        kept.read(process.store.writer.connection),
        now,
        troubles(faults, now, slow=universe.swarm.slow_disk > 0),
        policies.SUBSCRIPTIONS,
        tuple(reason for fault, reason in PARKED.items() if fault in universe.swarm.on),
    )


def reckoned(
    universe: Universe, process: Process, secrets: Iterable[str], logged: Iterable[str] = ()
) -> list[Violation]:
    """Everything that is broken in a universe in which nothing is left to do."""
    scene = scene_of(universe, process)
    connection = process.store.writer.connection
    return [
        *invariants.violations(scene),
        *invariants.leases_are_young(connection, scene.now, scene.now - LONG_UP_MS),
        *invariants.secrets_are_nowhere([*secrets, *CARDS], connection, logged),
    ]
