"""The History on one SQLite file: a connection that can't write, on a thread of its own."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gateway.kernel.history import Dossier, Size, StateRow, Stray
from gateway.kernel.ports import Spawn
from gateway.kernel.store import PolicyRow, StoreUnusable
from gateway.store import connections, dossiers, founding, judged, library, listing, policies
from gateway.store.library import Connection, snapshot

T = TypeVar("T")

THREAD = "history"


class SqliteHistory:
    """See the History port for what each method promises. Make it with `open`."""

    def __init__(self, spawn: Spawn, connection: Connection) -> None:
        self._spawn = spawn
        self._connection = connection

    @classmethod
    async def open(cls, path: str, spawn: Spawn) -> "SqliteHistory":
        """Open the file at `path`, which exists, beside whoever has it. Raises StoreUnusable where it can't be read by
        this program."""
        return cls(spawn, await spawn.call(THREAD, lambda: _opened(library.driver(), path)))

    async def _read(self, part: Callable[[Connection], T]) -> T:
        return await self._spawn.call(THREAD, lambda: snapshot(self._connection, part))

    async def size(self) -> Size:
        """How many contacts and events there are."""
        return await self._read(dossiers.size)

    async def policies(self) -> list[PolicyRow]:
        """Every policy, the earliest first, without texts and calendars."""
        return await self._read(policies.listing)

    async def policy(self, since: int) -> PolicyRow | None:
        """The policy that judges from exactly this instant on, whole."""
        return await self._read(lambda connection: policies.one(connection, since))

    async def contact_ids(self, after: str, limit: int) -> list[str]:
        """The first contacts behind an id."""
        return await self._read(lambda connection: dossiers.behind(connection, after, limit))

    async def find(self, name: str) -> str | None:
        """The id of a contact by any of its names."""
        row = await self._read(lambda connection: listing.find(connection, name))
        return None if row is None else row.id

    async def dossiers(self, ids: Sequence[str]) -> list[Dossier]:
        """All that is kept of these contacts."""
        return await self._read(lambda connection: dossiers.dossiers(connection, ids))

    async def places(self) -> int:
        """The place of the contact that was made last."""
        return await self._read(judged.places)

    async def judged(self, after: int, since: int, limit: int) -> list[StateRow]:
        """The first contacts behind a place to which something has happened from `since` on."""
        return await self._read(lambda connection: judged.behind(connection, after, since, limit))

    async def strays(self, limit: int) -> list[Stray]:
        """Rows that belong to nobody, and events that are kept twice."""
        return await self._read(lambda connection: dossiers.strays(connection, limit))

    async def close(self) -> None:
        """Let go of the database."""
        await self._spawn.call(THREAD, self._connection.close)


def _opened(driver: Any, path: str) -> Connection:
    try:
        connection = connections.open_examiner(driver, path)
        try:
            founding.check(connection)
        except BaseException:
            connection.close()
            raise
    except driver.Error as error:
        if isinstance(known := library.named(error), StoreUnusable):
            raise known from None
        raise StoreUnusable(f"the database {path} can't be read: {error}") from None
    return connection
