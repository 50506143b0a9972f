"""The part of the SQLite store that is about people's and programs' tokens: the port's `AccessShelf`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from gateway.kernel.access import AccessRow
from gateway.kernel.store import Added
from gateway.store import access
from gateway.store.library import Connection
from gateway.store.writer import Writer

T = TypeVar("T")


class SqliteAccess:
    """See the AccessShelf port for what each method promises. Made whole by `SqliteStore`."""

    writer: Writer[list[dict[str, Any]], Added]

    def _show(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """Run `part` on one snapshot of the database, for people and monitors."""
        raise NotImplementedError

    async def add_access(self, row: AccessRow) -> bool:
        """Keep a new token; False if its name or id is taken."""
        return await self.writer.write("add_access", lambda connection: access.add(connection, row))

    async def access_tokens(self, *, revoked: bool = False) -> list[AccessRow]:
        """Every token that isn't revoked, by name."""
        return await self._show(lambda connection: access.listing(connection, revoked))

    async def revoke_access(self, name: str, now: int, by: str) -> bool:
        """Let a token prove nothing any more; False if there is none."""
        return await self.writer.write("revoke_access", lambda connection: access.revoke(connection, name, now, by))

    async def access_used(self, id: str, now: int) -> None:
        """Note that a token was used."""
        await self.writer.write("access_used", lambda connection: access.used(connection, id, now))
