"""Whether the gateway does its work."""

from dataclasses import dataclass

from gateway.engine.enricher_states import ailing
from gateway.engine.gateway import Gateway

FAILURES_IN_A_ROW_MIN = 3
"""So many failed steps of a loop are more than a gust: about a second without work."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What ails, and how."""

    what: str
    why: str


async def reasons(gateway: Gateway) -> list[Reason]:
    """All that keeps the gateway from its work; nothing when it is ready."""
    found = [
        Reason(f"connector {link.name}", f"{link.faults_in_a_row} faults in a row, the last: {link.last_fault}")
        for link in gateway.links.values()
        if not link.healthy
    ]
    found += [
        Reason(f"loop {loop.name}", f"{loop.failures} failures in a row, the last: {loop.failure}")
        for loop in gateway.loops
        if loop.failures >= FAILURES_IN_A_ROW_MIN
    ]
    if not gateway.loops:
        found.append(Reason("engine", "it has not started"))
    try:
        await gateway.world.store.endpoint_states()
    except Exception as error:  # whatever ails the store is what this is asked for
        gateway.world.log.exception("store_ill")
        found.append(Reason("store", type(error).__name__))
    return found


def beside(gateway: Gateway) -> list[Reason]:
    """What ails and keeps the gateway from nothing: nobody waits for an enricher."""
    return [Reason(f"enricher {name}", why) for name, why in ailing(gateway)]
