"""The part of the SQLite store that is about tokens: the port's `TokenShelf`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from gateway.kernel.store import Added
from gateway.kernel.tokens import TokenRow
from gateway.store import tokens
from gateway.store.library import Connection
from gateway.store.writer import Writer

T = TypeVar("T")


class SqliteTokens:
    """See the TokenShelf port for what each method promises. Made whole by `SqliteStore`."""

    writer: Writer[list[dict[str, Any]], Added]

    def _read(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """Run `part` on one snapshot of the database."""
        raise NotImplementedError

    async def tokens(self, connector: str) -> TokenRow | None:
        """What is kept of a connector."""
        return await self._read(lambda connection: tokens.one(connection, connector))

    async def keep_tokens(self, connector: str, sealed: bytes, now: int) -> int:
        """Keep what a person has granted; its generation."""
        return await self.writer.write(
            "keep_tokens", lambda connection: tokens.keep(connection, connector, sealed, now)
        )

    async def lease_tokens(self, connector: str, generation: int, *, now: int, until: int) -> bool:
        """Whether the caller, and nobody else, may renew these tokens until an instant."""
        return await self.writer.write(
            "lease_tokens", lambda connection: tokens.lease(connection, connector, generation, now, until)
        )

    async def renew_tokens(self, connector: str, generation: int, sealed: bytes, now: int) -> bool:
        """Keep new tokens; False if others have been kept meanwhile."""
        return await self.writer.write(
            "renew_tokens", lambda connection: tokens.renew(connection, connector, generation, sealed, now)
        )

    async def release_tokens(self, connector: str, generation: int, until: int, refused: str | None = None) -> None:
        """Give back a lease without new tokens."""
        await self.writer.write(
            "release_tokens", lambda connection: tokens.release(connection, connector, generation, until, refused)
        )
