"""The part of the SQLite store that people look at: the port's `Board`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from gateway.kernel.board import Carded, CardPage, Order, QueueRow, Sums, Tally, Wanted
from gateway.kernel.store import Added, ContactRow
from gateway.store import board, choosing
from gateway.store.library import Connection
from gateway.store.writer import Writer

T = TypeVar("T")


class SqliteBoard:
    """See the Board port for what each method promises. Made whole by `SqliteStore`."""

    writer: Writer[list[dict[str, Any]], Added]

    def _show(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """Run `part` on one snapshot of the database, for people and monitors."""
        raise NotImplementedError

    async def cards(self, wanted: Wanted, *, order: Order, limit: int, after: str | None = None) -> CardPage:
        """A page of open contacts. Raises BadPlace."""
        return await self._show(lambda connection: choosing.page(connection, wanted, order, limit, after))

    async def sums(self, wanted: Wanted, *, risk_before: int) -> Sums:
        """Sums over the open contacts that are wanted."""
        return await self._show(lambda connection: choosing.sums(connection, wanted, risk_before))

    async def queues(self, *, risk_before: int) -> list[QueueRow]:
        """Every queue that has an open contact."""
        return await self._show(lambda connection: choosing.queues(connection, risk_before))

    async def card_versions(self) -> dict[str, int]:
        """The version of every open contact's card."""
        return await self._show(board.versions)

    async def cards_of(self, contacts: Sequence[str]) -> list[Carded]:
        """The cards of these contacts, of those that are open."""
        return await self._show(lambda connection: board.some(connection, contacts))

    async def tallies(self, since: int) -> list[Tally]:
        """What was announced in the hours that end after an instant."""
        return await self._show(lambda connection: board.counted_since(connection, since))

    async def change_mark(self) -> object:
        """What stays equal as long as nothing is committed: SQLite counts what others commit, the writer its own."""
        (others,) = await self._show(lambda connection: connection.execute("PRAGMA data_version").fetchone())
        return others, self.writer.commits

    async def put_cards(self, rows: Sequence[ContactRow]) -> None:
        """Keep the cards of contacts that are as they were loaded."""
        await self.writer.write("put_cards", lambda connection: board.put(connection, rows))

    async def remove_tallies(self, before: int) -> int:
        """Remove the oldest hour of tallies, if it began before an instant; how many rows it had."""
        return await self.writer.write("remove_tallies", lambda connection: board.remove_counted(connection, before))
