"""Whether the gateway does its work, and the figures that a monitor reads."""

import re
from dataclasses import dataclass

from gateway.engine.gateway import Gateway
from gateway.engine.standing import standing

FAILURES_IN_A_ROW_MIN = 3
"""So many failed steps of a loop are more than a gust: about a second without work."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the gateway is not ready: what ails, and how."""

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
        await gateway.world.store.counts()
    except Exception as error:  # whatever ails the store is what this is asked for
        gateway.world.log.exception("store_ill")
        found.append(Reason("store", type(error).__name__))
    return found


async def metrics(gateway: Gateway) -> str:
    """The figures in Prometheus' text format; the only label is the connector."""
    world = gateway.world
    stands = await standing(gateway.bench.policies, world.store, world.clock.now())
    counts = {**await world.store.counts(), "outdated": stands.left}
    lines: list[str] = []
    for key, (name, words) in _GAUGES.items():
        if key in counts:
            _family(lines, name, "gauge", words, [("", counts[key])])
    links = gateway.links.values()
    healthy = [(link.name, int(link.healthy)) for link in links]
    _family(
        lines, "gateway_connector_healthy", "gauge", "1 while the gateway waits for this connector's news.", healthy
    )
    for key in sorted({key for link in links for key in link.counts if _NAME.fullmatch(key)}):
        values = [(link.name, link.counts[key]) for link in links if key in link.counts]
        _family(lines, f"gateway_connector_{key}_total", "counter", f"{key.capitalize()} since the start.", values)
    return "\n".join(lines) + "\n"


_GAUGES = {
    "contacts": ("gateway_contacts", "Contacts that are kept."),
    "open": ("gateway_contacts_open", "Contacts that have not ended."),
    "outdated": ("gateway_contacts_outdated", "Open contacts that are still to be judged by the policy in force."),
    "inbox_ready": ("gateway_inbox_ready", "Records that wait to be judged."),
    "inbox_parked": ("gateway_inbox_parked", "Records that can't be used as they are."),
    "deliveries_ready": ("gateway_deliveries_ready", "Deliveries that are to be tried."),
    "deliveries_dead": ("gateway_deliveries_dead", "Deliveries that were given up."),
}


def _family(lines: list[str], name: str, kind: str, words: str, values: list[tuple[str, int]]) -> None:
    if values:
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        lines += [
            f'{name}{{connector="{_escaped(label)}"}} {value}' if label else f"{name} {value}"
            for label, value in values
        ]


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
