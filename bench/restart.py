"""Started again after kill -9, with very many contacts and a long backlog: when it takes webhooks, and what it needs.

While the gateway is dead, deadlines pass. Most of those contacts have a reply that came in time and lies at the very
end of the backlog: none of them may be told as a breach. A few have none: each of them must be told.
`python -m bench.restart --help`.
"""

import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import server
from bench.load import Driver
from bench.options import Options, run_alone
from bench.receiver import receiver
from bench.requests import Stamp, opening, requests, signed
from bench.server import WITHIN_S
from bench.stage import contacts_held
from bench.store import Backlog
from bench.table import Figure

RECORDS = 100_000
REPLIED, FORGOTTEN = 1_000, 50
"""Contacts whose deadline passes meanwhile, with a reply in the backlog and without."""

LOAD_S = 2.0
PATIENCE_S = 300.0
TOLD_S = 10.0
"""What is due is told so long after the end of the backlog, at the latest."""

_KNOCK_S = 0.01


@dataclass(frozen=True, slots=True)
class Restart:
    """What a restart took: seconds to the first 2xx and to the end of the backlog, the most memory, and breaches told
    falsely, rightly, and not at all."""

    first_s: float
    drained_s: float
    backlog: int
    memory_mb: float
    false: int
    missed: int


def _names(kind: str, count: int) -> list[str]:
    return [f"{kind}-{number}" for number in range(count)]


def _openings(now: float) -> Iterator[bytes]:
    stamp = Stamp()
    stamp.now()
    at = (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".000Z").encode()
    for ref in [*_names("replied", REPLIED), *_names("forgotten", FORGOTTEN)]:
        id = ref.encode()
        yield signed(id, stamp.second, opening(id, at, id, tags=b',"soon"'))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _killed_under_load(options: Options, folder: Path, count: int) -> float:
    """Run a gateway that opens the contacts and dies under load, then let the backlog grow; the last deadline."""
    with server.gateway(options.tree, folder) as running:
        opened = time.time()
        driver = Driver(running.port, _openings(opened), 8)
        load = driver.run(WITHIN_S)
        driver.close()
        if load.accepted != REPLIED + FORGOTTEN:
            raise SystemExit(f"the gateway did not take the contacts: {load.statuses}")
        looks = Backlog(running.database)
        looks.drained(PATIENCE_S)
        looks.close()
        driver = Driver(running.port, requests("before", stored=options.contacts), 64)

        def kill_in_time(spent: float) -> bool:
            if spent >= LOAD_S:
                running.kill()
            return spent < LOAD_S

        driver.run(2 * LOAD_S, watch=kill_in_time)
        driver.close()
    arguments = ["--contacts", str(options.contacts), "--replied", *_names("replied", REPLIED)]
    database = str(folder / "gateway.db")
    server.run_in(options.tree, "bench.waiting", "records", database, str(count), *arguments, ends_with=-signal.SIGKILL)
    return opened + WITHIN_S


def _first_answer(port: int, started: float) -> float:
    """Knock until a webhook is answered with 2xx; seconds since `started`."""
    stamp = Stamp()
    number = 0
    while time.monotonic() - started < PATIENCE_S:
        number += 1
        id = b"knock-%d" % number
        request = signed(id, int(time.time()), opening(id, stamp.now(), id))
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                if connection.recv(65_536)[9:10] == b"2":
                    return time.monotonic() - started
        except OSError:
            pass
        time.sleep(_KNOCK_S)
    raise SystemExit("the gateway did not come back")


def _told(looks: Backlog) -> set[str]:
    """Whose breach is told, once all that must be are, or patience ends."""
    ends = time.monotonic() + TOLD_S
    while True:
        found = looks.rows(
            "SELECT strands.ref FROM notices JOIN strands ON strands.contact = notices.contact "
            "WHERE notices.type = 'sla.breached'"
        )
        told = {ref for (ref,) in found}
        if time.monotonic() > ends or told.issuperset(_names("forgotten", FORGOTTEN)):
            return told
        time.sleep(0.05)


def _round(options: Options) -> Restart:
    count = RECORDS // 10 if options.quick else RECORDS
    port = _free_port()
    with contacts_held(options) as path, receiver() as received, server.workplace(path, received.port, port) as folder:
        due = _killed_under_load(options, folder, count)
        if time.time() > due:
            options.tell("the machine is too slow: the deadlines passed before the replies were there")
        time.sleep(max(0.0, due + 1 - time.time()))
        looks = Backlog(str(folder / "gateway.db"))
        backlog = looks.waiting()
        looks.close()
        started = time.monotonic()
        process = server.launch(options.tree, folder)
        running = server.Server(process, port, folder)
        try:
            first = _first_answer(port, started)
            options.tell(f"first 2xx after {first:.1f} s, {backlog:,} records behind")
            looks = Backlog(running.database)
            looks.drained(PATIENCE_S)
            drained = time.monotonic() - started
            told = _told(looks)
            looks.close()
            false = len(told & set(_names("replied", REPLIED)))
            missed = len(set(_names("forgotten", FORGOTTEN)) - told)
            return Restart(first, drained, backlog, running.memory_mb("VmHWM"), false, missed)
        finally:
            running.kill()


def rows(options: Options) -> list[Figure]:
    """The rows of the restart: one round, since it takes its time."""
    found = _round(options)
    note = (
        f"{options.contacts:,} contacts, {found.backlog:,} records of backlog, killed under load; the backlog was "
        f"decided {found.drained_s:.0f} s after the start. {REPLIED:,} deadlines passed meanwhile whose replies lie at "
        f"the end of the backlog, and {FORGOTTEN} without a reply: of these {FORGOTTEN - found.missed} were told"
    )
    what = "restart after kill -9"
    return [
        Figure(f"{what}: first 2xx", (found.first_s,), "s", 10, "at most", 1, note=note),
        Figure(f"{what}: memory at most, until the backlog is decided", (found.memory_mb,), "MB", 400, "at most", 0),
        Figure(
            f"{what}: false breaches",
            () if found.missed else (float(found.false),),
            goal=0,
            bound="at most",
            digits=0,
            absent=f"{found.missed} true breaches were not told",
        ),
    ]


if __name__ == "__main__":
    sys.exit(run_alone(__doc__, rows))
