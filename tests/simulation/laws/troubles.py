"""When something was wrong with the gateway, told from the faults of a run: what may excuse lateness or a second try.

Instants are true ones. A trouble lasts a while longer than its fault: whoever waits between tries comes back later.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.simulation.world.witness import Fault

AFTER_MS = 30_000
"""After a trouble the gateway's loops wait ten seconds at most, and leases last ten."""

STARTS = {"down": "up", "disk full": "disk has room", "disk fails": "disk works"}
"""Faults that last until another one is written down."""

SHORT = ("kill", "power cut", "stop", "a sync fails", "cannot start", "crash")
"""Faults of an instant. The process may be back soon or late: `down` and `up` tell."""

ARMED = ("kill", "power cut")
WRONG_MS = 120_000
"""A clock that is wrong by less is within the five minutes that signatures allow, whatever a sender's own clock and the
way add to it."""

ARMED_MS = 3_600_000
"""A kill that is to come at some step comes within an hour; where `down` tells when it came, that counts alone."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something was wrong from an instant to another. `long`: for a while; it may have cost more than one outcome.
    `kept`: the disk took nothing, and all that was to be written was kept in memory."""

    start: int
    end: int
    long: bool = True
    kept: bool = False


@dataclass(frozen=True)
class Troubles:
    """All of a run. `skew_ms` is by how much the gateway's clock was ever wrong; `jumped_at`: when it first jumped."""

    known: tuple[Trouble, ...]
    skew_ms: int = 0
    jumped_at: int | None = None
    slow: bool = False
    """Calls to the disk take seconds, at any time."""

    def between(self, start: int, end: int) -> list[Trouble]:
        """Those that touch a stretch of time."""
        return [trouble for trouble in self.known if trouble.start <= end and start <= trouble.end]

    def lasting(self, start: int, end: int) -> int:
        """How much of a stretch of time was troubled."""
        total, reached = 0, start
        for trouble in sorted(self.between(start, end), key=lambda one: one.start):
            first, last = max(trouble.start, reached), min(trouble.end, end)
            total += max(0, last - first)
            reached = max(reached, last)
        return total


def troubles(faults: Iterable[Fault], until: int, *, ahead_ms: int = 0, slow: bool = False) -> Troubles:
    """What the faults of a run come to. `ahead_ms`: by how much its clock was wrong from the start."""
    faults = sorted(faults, key=lambda fault: fault.at)
    armed_ms = 0 if any(fault.kind == "down" for fault in faults) else ARMED_MS
    found: list[Trouble] = []
    begun: dict[str, int] = {}
    skews = [ahead_ms]
    jumped_at = None
    for fault in faults:
        if fault.kind in STARTS:
            begun.setdefault(STARTS[fault.kind], fault.at)
        elif fault.kind in begun:
            up = fault.kind == "up"
            found.append(Trouble(begun.pop(fault.kind), fault.at + AFTER_MS, long=not up, kept=not up))
        elif fault.kind == "pause":
            found.append(Trouble(fault.at, fault.at + round(_number(fault.detail) * 1_000) + AFTER_MS))
        elif fault.kind in SHORT:
            end = fault.at + (armed_ms if fault.kind in ARMED else 0) + AFTER_MS
            found.append(Trouble(fault.at, end, long=False, kept=fault.kind == "a sync fails"))
        elif fault.kind == "clock":
            skews.append(round(_number(fault.detail)))
            jumped_at = fault.at if jumped_at is None else jumped_at
            found.append(Trouble(fault.at, fault.at + AFTER_MS))
    found += [Trouble(start, until + AFTER_MS, kept=end != "up") for end, start in begun.items()]
    return Troubles(tuple(found), max(map(abs, skews)), jumped_at, slow)


def wrong_clocks(faults: Iterable[Fault]) -> list[Trouble]:
    """When a process's wall clock was wrong by more than `WRONG_MS`; a new process has a right one."""
    found: list[Trouble] = []
    since = None
    for fault in sorted(faults, key=lambda fault: fault.at):
        if fault.kind not in ("clock", "down"):
            continue
        wrong = fault.kind == "clock" and abs(_number(fault.detail)) > WRONG_MS
        if since is not None:
            found.append(Trouble(since, fault.at))
        since = fault.at if wrong else None
    return found if since is None else [*found, Trouble(since, sys.maxsize)]


def _number(detail: str) -> float:
    number = re.search(r"-?[0-9]+(\.[0-9]+)?", detail)
    return float(number[0]) if number else 0.0


def doubled(faults: Sequence[Fault], endpoint: str, id: str) -> int:
    """How often the network has given an endpoint a request twice."""
    return sum(fault.kind == "net.doubled" and {endpoint, id} <= set(fault.detail.split()) for fault in faults)
