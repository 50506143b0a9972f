"""What the doctor sees in the database: whether it is sound, which policy is in force there, and what waits in it."""

from collections.abc import Callable, Collection, Iterator, Sequence

from gateway.cli.doctor.finding import Finding, bad, note, ok
from gateway.cli.endpoint_views import why
from gateway.cli.table import relative
from gateway.daemon.reload import Reloaded, last_reload
from gateway.daemon.setup import Examined, Setup, examine_database, running_daemon
from gateway.engine.policies import Policies
from gateway.engine.standing import Standing, standing
from gateway.kernel.ports import Clock
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import COUNTED_MAX, EndpointRow, Figures, Store, StoreUnusable, Waiting
from gateway.kernel.values import everyone

CHECK_S = 20.0
"""The check of the content ends after so long, wherever it is then."""

WAL_BYTES_MAX = 128 * 1024 * 1024
"""A log longer than this is not being moved into the file."""

WAITING_MAX_MS = 60_000
"""A record that a running gateway has not judged after so long is behind."""

AHEAD_MAX_MS = 60_000
_MIB = 1024 * 1024


def soundness(setup: Setup, clock: Clock, told: Callable[[str], None]) -> tuple[list[Finding], bool]:
    """Examine the file; whether it can be used at all."""
    began = clock.monotonic()
    next_told = began + 1

    def go_on() -> bool:
        nonlocal next_told
        now = clock.monotonic()
        if now >= next_told:
            told(f"checking the database: {now - began:.0f} s of at most {CHECK_S:.0f} s")
            next_told = now + 1
        return now < began + CHECK_S

    found = examine_database(setup.config, go_on)
    if found.unusable:
        return [bad("database", found.unusable, "see whose the file is; a backup may have to be restored")], False
    return list(_soundness(found)), found.schema == found.expected_schema and not found.problems


def _soundness(found: Examined) -> Iterator[Finding]:
    yield ok("sqlite", f"the library is SQLite {found.library}")
    if found.schema != found.expected_schema:
        told = f"{found.path} has schema {found.schema}, and this program needs {found.expected_schema}"
        yield bad("database", told, "run the version that made it, or start with a new file")
    elif found.problems is None:
        told = f"{found.path} opens, {found.file_bytes // _MIB} MiB; its check was ended after {CHECK_S:.0f} s"
        yield note("database", told, "for all of it: sqlite3 FILE 'PRAGMA quick_check', with SQLite 3.51.3 or later")
    elif found.problems:
        told = f"{found.path} is damaged: {'; '.join(found.problems)}"
        yield bad("database", told, "stop the gateway, keep the file, and restore a backup")
    else:
        yield ok("database", f"{found.path} opens and is sound: schema {found.schema}, {found.file_bytes // _MIB} MiB")
    if found.wal_bytes > WAL_BYTES_MAX:
        told = f"the write-ahead log has {found.wal_bytes // _MIB} MiB"
        yield bad("database", told, "some program reads the database without an end: stop it, and the log gets short")


async def inside(setup: Setup, store: Store, now: int) -> list[Finding]:
    """What is in force, and what waits."""
    process, cannot = _process(setup)
    stands = await standing(await Policies.open(store, InlineSpawn()), store, now)
    figures = await store.figures(now)
    return [
        *cannot,
        *_daemon(process),
        *_in_force(setup, stands, await last_reload(store), running=process is not None),
        *_clock(stands, now),
        *_waiting(figures, now, running=process is not None),
        *_endpoints(everyone(setup.config.endpoints, await store.endpoints()), setup.config.endpoints, now),
        *_dead(figures),
    ]


def _process(setup: Setup) -> tuple[int | None, list[Finding]]:
    try:
        return running_daemon(setup.config), []
    except StoreUnusable as error:
        return None, [bad("gateway", str(error), "run this as the user of the gateway")]


def _daemon(process: int | None) -> Iterator[Finding]:
    if process is None:
        yield note("gateway", "no gateway runs on this database", "`gateway run` starts one")
    else:
        yield ok("gateway", f"runs, process {process}")


def _in_force(setup: Setup, stands: Standing, told: Reloaded | None, *, running: bool) -> Iterator[Finding]:
    """Whether the gateway judges by the policy that the file has."""
    policy, present = setup.policy.policy, stands.present
    if told is not None and told.outcome in ("refused", "failed"):
        why = "; ".join(told.problems[:3])
        yield bad("policy", f"the last reload was {told.outcome}: {why}", "mend it, then `gateway reload`")
    hashes = {row.hash for row in (present, stands.to_come) if row is not None}
    if present is not None and policy.hash not in hashes:
        what = f"the policy in force is {present.name} ({present.hash}), the file has {policy.name} ({policy.hash})"
        if running:
            yield bad("policy", what, "`gateway reload` lets the file's come into force")
        else:
            yield note("policy", what, "the file's comes into force at the next start")
    elif present is not None:
        yield ok("policy", f"the policy in force is that of the file ({present.hash})")
    if stands.left:
        yield note("policy", f"{stands.left} open contacts are still to be judged by it")


def _clock(stands: Standing, now: int) -> Iterator[Finding]:
    """What the database knows already lies behind us."""
    latest = max((row.stored_at for row in (stands.present, stands.to_come) if row), default=0)
    if latest > now + AHEAD_MAX_MS:
        what = f"the clock is behind: the database has a policy that came {relative(latest, now)}"
        yield bad("clock", what, "set the machine's clock, by NTP best: deadlines and signatures follow it")


def _waiting(figures: Figures, now: int, *, running: bool) -> Iterator[Finding]:
    for connector, waiting in figures.records.items():
        what = f"{counted(waiting)} of {connector} wait to be judged, the oldest came {relative(waiting.oldest, now)}"
        if not running:
            yield note("inbox", what, "a gateway that runs takes them up")
        elif waiting.oldest is not None and waiting.oldest < now - WAITING_MAX_MS:
            yield bad("inbox", what, "the gateway's log says what keeps it from judging")
    if figures.parked:
        what = f"{figures.parked} records are parked: they could not be understood"
        yield bad(
            "inbox", what, "`gateway inbox list --state parked` says why; `gateway inbox replay ID` after mending"
        )
    if not figures.records and not figures.parked:
        yield ok("inbox", "nothing waits")
    due = figures.contacts_due
    if running and due.oldest is not None and due.oldest < now - WAITING_MAX_MS:
        what = f"{due.count} contacts are due and not judged, the first since {relative(due.oldest, now)}"
        yield bad("judging", what, "the gateway's log says what keeps it from judging")


def _endpoints(rows: Sequence[EndpointRow], configured: Collection[str], now: int) -> Iterator[Finding]:
    """How each receiver stands, and what waits for it."""
    for row in rows:
        area, standing = f"endpoint {row.name}", row.health.standing(now)
        oldest = f", the oldest {relative(row.oldest_waiting_at, now)}" if row.waiting else ""
        waits = f"{row.waiting} deliveries wait{oldest}"
        because = why(row, configured, now)
        if row.name not in configured:
            if row.waiting:
                yield bad(area, f"{waits}, and it is not configured any more", "put it back into gateway.yaml")
        elif standing == "disabled":
            what = f"disabled {relative(row.health.disabled_at, now)}: {row.health.disabled_why}; {waits}"
            yield bad(area, what, f"mend the receiver, then `gateway endpoints enable {row.name}`")
        elif standing == "open" or (standing == "failing" and row.waiting):
            what = f"failing since {relative(row.health.failing_since, now)}: {because}; {waits}"
            yield bad(area, what, f"see the receiver; `gateway endpoints test {row.name}` tries it")
        elif standing == "paused":
            yield note(area, f"{because}; {waits}")
        else:
            yield ok(
                area, f"takes what it gets; {waits}" if row.health.succeeded_at else f"nothing has failed; {waits}"
            )


def _dead(figures: Figures) -> Iterator[Finding]:
    if figures.dead:
        what = f"{figures.dead} deliveries were given up"
        hint = "`gateway deliveries list --state dead` says why; `gateway deliveries replay` sends them again"
        yield bad("deliveries", what, hint)


def counted(waiting: Waiting) -> str:
    """How many, with a word where there are more than are counted."""
    return f"{waiting.count} or more" if waiting.count >= COUNTED_MAX else str(waiting.count)
