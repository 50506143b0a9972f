"""A breach noticed and its effect committed, beside very many open clocks: five hundred are due within one second.

The instant of the commit is when the notice can be read from the database by somebody else, who looks every two
milliseconds; the instants due are those of the clocks. `python -m bench.breach --help`.
"""

import statistics
import sys
import time
from collections.abc import Iterator

from bench import server
from bench.load import Driver, percentile
from bench.options import Options, run_alone
from bench.receiver import Received
from bench.requests import opening, signed
from bench.server import WITHIN_S
from bench.stage import beside_contacts
from bench.store import Backlog
from bench.table import Figure

DUE = 500
AHEAD_S = 6.0
"""So long before the first deadline the contacts are opened."""

Noticed = tuple[str, float, float]
"""Id of a notice, the instant at which its clock was due, and that at which it could be read."""

LOOK_S = 0.002
PATIENCE_S = 20.0


def _openings(run: str, first: float, apart_s: float) -> Iterator[bytes]:
    """Contacts that are due from the instant `first` on, each so long after the one before it."""
    for number in range(DUE):
        opened = first - WITHIN_S + number * apart_s
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(opened)) + f".{int(opened * 1000) % 1000:03d}Z"
        id = f"{run}-{number}".encode()
        yield signed(id, int(time.time()), opening(id, at.encode(), id, tags=b',"soon"'))


def _noticed(looks: Backlog, before: int, first: float) -> list[tuple[str, float]]:
    """Id of each notice and the instant at which it could be read."""
    seen: list[tuple[str, float]] = []
    after = before
    ends = first + 1 + PATIENCE_S
    while len(seen) < DUE and time.time() < ends:
        for row, effect in looks.rows("SELECT rowid, effect FROM notices WHERE rowid > ? ORDER BY rowid", after):
            seen.append((effect, time.time()))
            after = row
        time.sleep(LOOK_S)
    return seen


def _number(looks: Backlog, effect: str) -> int:
    """Which of the contacts a notice tells of."""
    ((ref,),) = looks.rows(
        "SELECT strands.ref FROM notices JOIN strands ON strands.contact = notices.contact WHERE notices.effect = ?",
        effect,
    )
    return int(ref.rpartition("-")[2])


def _round(running: server.Server, number: int, apart_s: float) -> list[Noticed]:
    """One second in which many are due: id, instant due, and instant read, of each notice."""
    looks = Backlog(running.database)
    try:
        before = looks.number("SELECT max(rowid) FROM notices")
        first = float(int(time.time() + AHEAD_S))
        driver = Driver(running.port, _openings(f"soon{number}", first, apart_s), 8)
        load = driver.run(AHEAD_S)
        driver.close()
        if load.accepted != DUE:
            raise SystemExit(f"the gateway did not take the contacts: {load.statuses}")
        seen = _noticed(looks, before, first)
        return [(effect, first + _number(looks, effect) * apart_s, at) for effect, at in seen]
    finally:
        looks.close()


def rows(options: Options) -> list[Figure]:
    """The row of the breach: all at one instant, and spread over the second."""
    rounds: dict[float, list[list[Noticed]]] = {0.0: [], 1 / DUE: []}
    with beside_contacts(options) as (running, received):
        for number in range(2 * options.rounds):
            apart_s = (0.0, 1 / DUE)[number % 2]
            busy, cpu = server.core_busy_s(), running.cpu_s()
            rounds[apart_s].append(_round(running, number, apart_s))
            others = server.others_share(busy, running.cpu_s() - cpu)
            options.tell(f"{len(rounds[apart_s][-1])} of {DUE} breaches noticed; others took {others:.0%}")
        memory = running.memory_mb()
    return [
        _figure("all at one instant", options, rounds[0.0], received, memory),
        _figure("spread over the second", options, rounds[1 / DUE], received, memory),
    ]


def _figure(how: str, options: Options, rounds: list[list[Noticed]], received: Received, memory: float) -> Figure:
    found = [[(at - due) * 1000 for _, due, at in one] for one in rounds]
    told = [
        (received.first[effect] - due) * 1000 for one in rounds for effect, due, _ in one if effect in received.first
    ]
    missing = sum(DUE - len(one) for one in rounds)
    early = min((min(one, default=0.0) for one in found), default=0.0) < 0
    last = max((max(one, default=0.0) for one in found), default=0.0)
    return Figure(
        f"breach noticed and its effect committed, {DUE} due in one second, {how}, p99",
        () if missing or early else tuple(percentile(one, 0.99) for one in found),
        unit="ms",
        goal=300,
        bound="at most",
        digits=0,
        absent=f"{missing} breaches were not noticed" if missing else "a breach was noticed before its time",
        note=f"{options.contacts:,} open clocks beside them; p50 "
        f"{statistics.median(percentile(one, 0.5) for one in found):.0f} ms, the last {last:.0f} ms; at the receiver "
        f"p99 {percentile(told, 0.99):.0f} ms ({len(told):,} of {DUE * len(rounds):,} had come by the end); "
        f"{memory:,.0f} MB",
    )


if __name__ == "__main__":
    sys.exit(run_alone(__doc__, rows))
