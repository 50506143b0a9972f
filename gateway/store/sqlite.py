"""The Store on one SQLite file: one connection that writes on one thread, one that reads on another.

What came back from a write is on the disk. Commands may open the file beside a running daemon; a second daemon may not.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from gateway.kernel.assemblies import Assembly
from gateway.kernel.ports import Clock, Spawn
from gateway.kernel.recorded import Recorded
from gateway.kernel.store import (
    Added,
    AskedPast,
    AskedSaid,
    Batch,
    Chronicle,
    ContactRow,
    Figures,
    JournalEntry,
    Known,
    Listed,
    Outlook,
    Past,
    Placed,
    PolicyRow,
)
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry
from gateway.model.record import InboxRow, Record
from gateway.store import (
    assembling,
    chronicle,
    connections,
    durable_log,
    fetching,
    figures,
    founding,
    inbox,
    judging,
    latest,
    library,
    listing,
    notes,
    outdated,
    performing,
    policies,
    questions,
    recorded,
    walking,
)
from gateway.store.library import Connection, snapshot
from gateway.store.lock import DaemonLock, daemon_pid
from gateway.store.sqlite_access import SqliteAccess
from gateway.store.sqlite_board import SqliteBoard
from gateway.store.sqlite_outbox import SqliteOutbox
from gateway.store.sqlite_questions import SqliteQuestions
from gateway.store.sqlite_reading import SqliteReading
from gateway.store.sqlite_tokens import SqliteTokens
from gateway.store.wal import WalCheckpoints
from gateway.store.writer import Writer

__all__ = ["SqliteStore", "daemon_pid"]

T = TypeVar("T")

WRITE_THREAD = "store-write"
READ_THREAD = "store-read"
SHOW_THREAD = "store-show"
"""Reads for people and monitors: a long one keeps nobody from judging."""

CHECKPOINT_THREAD = "store-checkpoint"


class SqliteStore(SqliteAccess, SqliteOutbox, SqliteReading, SqliteQuestions, SqliteTokens, SqliteBoard):
    """See the Store port for what each method promises. Make it with `open`."""

    def __init__(
        self,
        spawn: Spawn,
        driver: Any,
        path: str,
        clock: Clock | None = None,
        rewrite_log: Callable[[], None] | None = None,
    ) -> None:
        self._spawn = spawn
        self._lock: DaemonLock | None = None
        self._memory = path == connections.MEMORY
        connection = connections.open_writer(driver, path)
        self._open = [connection]
        if rewrite_log is not None:
            durable_log.make_durable(connection, path, rewrite_log)
        founding.create(connection)
        self._read_thread = WRITE_THREAD if self._memory else READ_THREAD
        self._reader = connection if self._memory else self._opened(connections.open_reader(driver, path))
        self._show_thread = WRITE_THREAD if self._memory else SHOW_THREAD
        self._shower = connection if self._memory else self._opened(connections.open_reader(driver, path))
        self.writer = Writer(connection, driver, spawn, WRITE_THREAD, inbox.add_all, clock)
        self.wal: WalCheckpoints | None = None
        if not self._memory:
            own = self._opened(connections.open_checkpointer(driver, path))
            self.wal = WalCheckpoints(spawn, driver, (connection, WRITE_THREAD), (own, CHECKPOINT_THREAD))
            self.writer.measure = self.wal.measure
            self.writer.after = self.wal.watch

    @classmethod
    async def open(cls, path: str, spawn: Spawn, *, exclusive: bool, clock: Clock | None = None) -> "SqliteStore":
        """Open the file, and make it if it isn't there; `:memory:` is a database of this process alone.

        `exclusive` is the daemon's: StoreBusy if another daemon has it, and leases of the last one end. With a `clock`,
        small groups of added records gather for a moment before they are committed. Raises
        StoreUnusable where the library, the file, its log or its schema can't be used.

        The log is made durable first. A command beside a daemon needn't: that one has done it, and as long as it lives
        its index says where the log ends. A command that finds no daemon may be the first after a crash.
        """
        driver = library.driver()
        lock = rewrite_log = None
        if path != connections.MEMORY:
            connections.prepare_file(path)
            lock = DaemonLock(path) if exclusive else None
        try:
            if path != connections.MEMORY and (exclusive or daemon_pid(path) is None):
                rewrite_log = partial(durable_log.rewrite, path)
            store = await cls.on(driver, path, spawn, exclusive=exclusive, clock=clock, rewrite_log=rewrite_log)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        store._lock = lock
        return store

    @classmethod
    async def on(
        cls,
        driver: Any,
        path: str,
        spawn: Spawn,
        *,
        exclusive: bool,
        clock: Clock | None = None,
        rewrite_log: Callable[[], None] | None = None,
    ) -> "SqliteStore":
        """The same with a driver that finds the file by itself; who else may open it is for the caller to know.

        `rewrite_log` is what `durable_log.rewrite` does, where the driver finds its files; None: the log is believed.
        """
        try:
            store = await spawn.call(WRITE_THREAD, lambda: cls(spawn, driver, path, clock, rewrite_log))
        except driver.Error as error:
            if (known := library.named(error)) is not error:
                raise known from error
            raise
        if exclusive:
            await store.writer.write("open", _release)
        return store

    def _opened(self, connection: Connection) -> Connection:
        self._open.append(connection)
        return connection

    async def _read(self, part: Callable[[Connection], T]) -> T:
        """Run `part` on one snapshot of the database."""
        return await self._spawn.call(self._read_thread, partial(snapshot, self._reader, part))

    async def _show(self, part: Callable[[Connection], T]) -> T:
        """The same for people and monitors, beside what the engine reads."""
        return await self._spawn.call(self._show_thread, partial(snapshot, self._shower, part))

    # ── T1: what came in ─────────────────────────────────────────────────────────────────────────────────────────
    async def add_records(self, connector: str, records: Sequence[Record]) -> Added:
        """Put records into the inbox; returns after the commit. Raises StoreFull."""
        return await self.writer.add("add_records", inbox.rows_of(connector, records))

    # ── T2: judging ──────────────────────────────────────────────────────────────────────────────────────────────
    async def claim_records(self, *, now: int, lease_ms: int, limit: int) -> list[InboxRow]:
        """The oldest rows that may be claimed, leased."""
        return await self.writer.write(
            "claim_records", lambda connection: inbox.claim(connection, now, lease_ms, limit)
        )

    async def waits_beyond(self, most: int) -> bool:
        """Whether more records wait."""
        return await self._read(lambda connection: inbox.waits_beyond(connection, most))

    async def history(self, contact: str, after: int | None = None) -> list[JournalEntry]:
        """Every event of a contact, or those that happened after an instant."""
        return await self._read(lambda connection: judging.history(connection, contact, after))

    async def ledger(
        self, contact: str, ids: Sequence[str] | None = None, after: int | None = None
    ) -> dict[str, LedgerEntry]:
        """What has been said of a contact: all of it, or only the entries of `ids`, or `at` later than `after`."""
        return await self._read(lambda connection: judging.said(connection, contact, ids, after))

    async def assemblies(self, names: Sequence[tuple[str, str]]) -> list[Assembly]:
        """The objects that have any of these names, each once."""
        return await self._read(lambda connection: assembling.named(connection, names))

    async def known(self, strands: Sequence[StrandKey], events: Sequence[tuple[str, str]]) -> Known:
        """Contacts and events on one snapshot."""
        return await self._read(
            lambda connection: Known(judging.contacts_of(connection, strands), judging.known_events(connection, events))
        )

    async def pasts(self, asked: Sequence[AskedPast]) -> list[Past]:
        """Checkpoints and what happened after them."""
        return await self._read(lambda connection: [judging.past(connection, one) for one in asked])

    async def said(self, asked: Sequence[AskedSaid]) -> list[dict[str, LedgerEntry]]:
        """Entries of the ledger."""
        return await self._read(lambda connection: [judging.said_of(connection, one) for one in asked])

    async def commit(self, batch: Batch) -> None:
        """Write a batch whole. Raises Conflict or StoreFull."""
        await self.writer.write("commit", judging.Prepared(batch).commit)

    async def due_contacts(self, *, until: int, limit: int) -> list[ContactRow]:
        """Contacts whose `next_due` is at or before `until`, the most overdue first."""
        return await self._read(lambda connection: judging.due(connection, until, limit))

    async def outlook(self, *, now: int, connectors: Sequence[str]) -> Outlook:
        """What waits to be judged."""
        return await self._read(
            lambda connection: Outlook(
                inbox.claimable(connection, now),
                inbox.oldest_waiting(connection, connectors),
                fetching.oldest(connection, connectors),
                judging.next_due(connection),
            )
        )

    # ── What is in force, and since when ─────────────────────────────────────────────────────────────────────────
    async def started(self, connectors: Sequence[str], now: int) -> dict[str, int]:
        """`live_from` of each connector."""
        return await self.writer.write("started", lambda connection: notes.started(connection, connectors, now))

    async def policies(self) -> list[PolicyRow]:
        """Every policy that is or was in force, or will be, the earliest first, without texts and calendars."""
        return await self._read(policies.listing)

    async def policy(self, since: int) -> PolicyRow | None:
        """The policy that judges from exactly this instant on, whole."""
        return await self._read(lambda connection: policies.one(connection, since))

    async def put_in_force(self, policy: PolicyRow) -> None:
        """Keep a policy in place of those that are not in force yet at its `stored_at`."""
        await self.writer.write("put_in_force", lambda connection: policies.put_in_force(connection, policy))

    async def outdated(self, since: int, limit: int) -> list[ContactRow]:
        """Open contacts that a policy of before `since` has judged, the soonest `next_due` first."""
        return await self._read(lambda connection: outdated.soonest(connection, since, limit))

    async def outdated_count(self, since: int) -> int:
        """How many contacts `outdated` would give without a limit."""
        return await self._read(lambda connection: outdated.count(connection, since))

    async def note(self, name: str, body: bytes) -> None:
        """Keep a small value under a name. Raises ValueError for one that is too large."""
        await self.writer.write("note", lambda connection: notes.note(connection, name, body))

    async def noted(self, name: str) -> bytes | None:
        """What was last kept under a name."""
        return await self._read(lambda connection: notes.noted(connection, name))

    # ── For people ───────────────────────────────────────────────────────────────────────────────────────────────
    async def contacts(self, *, limit: int, status: str | None = None, order: str = "next_due") -> list[ContactRow]:
        """A listing."""
        return await self._show(lambda connection: listing.contacts_listed(connection, limit, status, order))

    async def contacts_by_change(self, statuses: Sequence[str], *, limit: int, after: str | None) -> list[Placed]:
        """Contacts of these statuses, the latest change first. Raises BadPlace."""
        return await self._show(lambda connection: walking.by_change(connection, statuses, limit, after))

    async def find_contact(self, name: str) -> ContactRow | None:
        """A contact by any of its names."""
        return await self._show(lambda connection: listing.find(connection, name))

    async def chronicle(
        self, contact: str, *, limit: int, before: str | None = None, until: int | None = None
    ) -> Chronicle:
        """What happened last to a contact. Raises BadPlace."""
        place = chronicle.place(before, until)
        return await self._show(lambda connection: chronicle.part(connection, contact, limit, place))

    async def find_escalation(self, id: str) -> ContactRow | None:
        """The contact that an escalation was raised for."""
        return await self._show(lambda connection: listing.find_escalation(connection, id))

    async def inbox(
        self, *, limit: int, state: str | None = None, connector: str | None = None, after: int | None = None
    ) -> list[Listed]:
        """A listing, latest first."""
        return await self._show(partial(latest.received, limit=limit, state=state, connector=connector, after=after))

    async def record(self, id: int) -> Listed | None:
        """One row of the inbox."""
        return await self._show(lambda connection: inbox.one(connection, id))

    async def replay_record(self, id: int, now: int, by: str) -> bool:
        """Make a parked or done record ready again; False if there is none."""
        return await self.writer.write("replay_record", lambda connection: inbox.replay(connection, id, now, by))

    async def counts(self) -> dict[str, int]:
        """How much there is."""
        return await self._show(listing.counts)

    async def figures(self, now: int) -> Figures:
        """How it stands at this instant."""
        pages = self.wal.pages if self.wal else 0
        return await self._show(
            lambda connection: Figures(
                records=figures.records(connection),
                parked=figures.parked(connection),
                contacts_due=figures.due(connection, now),
                dead=figures.dead(connection),
                commits=self.writer.commits,
                writes=self.writer.writes,
                commit_failures=self.writer.failures,
                wal_bytes=pages * connections.PAGE_BYTES,
            )
        )

    async def recorded(self, *, after: str, since: int, limit: int) -> list[Recorded]:
        """Contacts with their histories, by id."""
        return await self._show(lambda connection: recorded.batch(connection, after, since, limit))

    async def recorded_count(self, since: int) -> int:
        """How many contacts `recorded` would give in all."""
        return await self._show(lambda connection: recorded.count(connection, since))

    async def live_from(self) -> Mapping[str, int]:
        """Since when each connector is live."""
        return await self._show(recorded.live_from)

    async def close(self) -> None:
        """Finish what is queued, and let go of the database."""
        await self.writer.drained()
        if self.wal is not None:
            await self.wal.settled()
            await self._spawn.call(READ_THREAD, _nothing)
            await self._spawn.call(SHOW_THREAD, _nothing)
        await self._spawn.call(WRITE_THREAD, self._close)
        if self._lock is not None:
            self._lock.release()

    def _close(self) -> None:
        for connection in reversed(self._open):
            connection.close()


def _release(connection: Connection) -> None:
    inbox.release(connection)
    fetching.release(connection)
    questions.release(connection)
    performing.release(connection)


def _nothing() -> None:
    """Runs behind everything that is queued on its thread."""
