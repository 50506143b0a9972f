"""The part of the SQLite store that is about what is read from vendors: the port's `Reading`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from gateway.kernel.reading import ALL, Pause, Waits
from gateway.kernel.store import Added, FetchRow, SyncRow
from gateway.model.record import InboxRow, Record
from gateway.store import fetching, inbox, pauses, syncs
from gateway.store.library import Connection
from gateway.store.writer import Writer

T = TypeVar("T")


class SqliteReading:
    """See the Reading port for what each method promises. Made whole by `SqliteStore`."""

    writer: Writer[list[dict[str, Any]], Added]

    def _read(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """Run `part` on one snapshot of the database."""
        raise NotImplementedError

    def _show(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """The same for people and monitors, beside what the engine reads."""
        raise NotImplementedError

    async def add_page(self, connector: str, stream: str, records: Sequence[Record], cursor: str | None) -> Added:
        """A pulled page: its rows and the cursor behind them."""
        rows = inbox.rows_of(connector, records)
        return await self.writer.write(
            "add_page", lambda connection: inbox.add_page(connection, connector, stream, rows, cursor)
        )

    async def cursor(self, connector: str, stream: str) -> str | None:
        """Where the stream was left; None before its first page."""
        return await self._read(lambda connection: inbox.cursor_of(connection, connector, stream))

    async def finish_fetch(self, row: FetchRow, records: Sequence[Record]) -> None:
        """What a look-up brought. Raises Conflict."""
        rows = inbox.rows_of(row.key.connector, records)
        version = max((record.version for record in records if record.version is not None), default=None)
        await self.writer.write("finish_fetch", lambda connection: fetching.finish(connection, row, rows, version))

    async def postpone_fetch(self, row: FetchRow, next_at: int, reason: str, *, counted: bool = True) -> None:
        """A look-up that failed: try again at `next_at`. Raises Conflict."""
        await self.writer.write(
            "postpone_fetch", lambda connection: fetching.postpone(connection, row, next_at, reason, counted)
        )

    async def put_off_fetches(self, *, connector: str, now: int, until: int, reason: str, limit: int) -> int:
        """Let look-ups of a connector that are due wait until an instant; how many."""
        return await self.writer.write(
            "put_off_fetches", lambda connection: fetching.put_off(connection, connector, now, until, reason, limit)
        )

    async def give_up_fetch(self, row: FetchRow, record: Record, reason: str) -> None:
        """A look-up that is not tried again becomes a parked record. Raises Conflict."""
        (parked,) = inbox.rows_of(row.key.connector, [record])
        await self.writer.write("give_up_fetch", lambda connection: fetching.give_up(connection, row, parked, reason))

    async def look_ups_due(self, now: int) -> list[str]:
        """The connectors that have look-ups which are due."""
        return await self._read(lambda connection: fetching.connectors_due(connection, now))

    async def look_ups(self, connectors: Sequence[str]) -> dict[str, Waits]:
        """What waits to be looked up, by connector."""
        return await self._show(lambda connection: fetching.waiting(connection, connectors))

    async def claim_fetches(
        self, *, connector: str, now: int, lease_ms: int, limit: int, past: int = ALL
    ) -> list[FetchRow]:
        """Look-ups of a connector that are due, leased, the longest due first."""
        return await self.writer.write(
            "claim_fetches", lambda connection: fetching.claim(connection, connector, now, lease_ms, limit, past)
        )

    async def arrivals(self, *, connector: str, before: int | None, limit: int) -> list[InboxRow]:
        """The records of a connector that came before a row, the latest first."""
        return await self._show(lambda connection: inbox.arrivals(connection, connector, before, limit))

    # ── Runs over the past, and those that were asked for ────────────────────────────────────────────────────────
    async def ask_sync(self, wanted: SyncRow) -> SyncRow:
        """Keep a wish, or find the run that fulfils it already."""
        return await self.writer.write("ask_sync", lambda connection: syncs.ask(connection, wanted))

    async def first_backfill(self, wanted: SyncRow) -> None:
        """Keep a wish unless its stream has ever had a backfill."""
        await self.writer.write("first_backfill", lambda connection: syncs.first_backfill(connection, wanted))

    async def syncs(self, *, connector: str | None = None, ended: bool = False, limit: int = 100) -> list[SyncRow]:
        """Runs that are not over, or all, the latest first."""
        return await self._read(lambda connection: syncs.listing(connection, connector, ended=ended, limit=limit))

    async def sync(self, id: int) -> SyncRow | None:
        """One run."""
        return await self._show(lambda connection: syncs.one(connection, id))

    async def add_backfill_page(self, was: SyncRow, now: SyncRow, records: Sequence[Record]) -> Added:
        """A page of a backfill, and how far the run has come. Raises Conflict."""
        rows = inbox.rows_of(was.connector, records)
        return await self.writer.write(
            "add_backfill_page", lambda connection: syncs.add_page(connection, was, now, rows)
        )

    async def note_sync(self, row: SyncRow) -> None:
        """Keep how a run stands that brought no page. Raises Conflict."""
        await self.writer.write("note_sync", lambda connection: syncs.note(connection, row))

    # ── Pausing ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def pause_connector(self, pause: Pause) -> bool:
        """Pause a connector; False where it is paused already."""
        return await self.writer.write("pause_connector", lambda connection: pauses.begin(connection, pause))

    async def resume_connector(self, connector: str, now: int, by: str) -> bool:
        """Let a connector work again; False where it isn't paused."""
        return await self.writer.write(
            "resume_connector", lambda connection: pauses.end(connection, connector, now, by)
        )

    async def pauses(self) -> dict[str, Pause]:
        """Every connector that is paused."""
        return await self._read(pauses.listing)
