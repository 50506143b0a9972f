"""The tokens that are known now: all of them, read together and kept for a moment.

So nobody who tries texts costs more than one short read of the database in AGAIN_S, however many they send, and a
token that was revoked is refused KNOWN_S seconds later at most, here and in whatever other process runs.
"""

import asyncio
from typing import Literal

from gateway.engine.world import World
from gateway.kernel.access import USED_EVERY_MS, AccessRow, Who, proof_of, proves
from gateway.kernel.store import StoreFull

KNOWN_S = 2.0
"""So long what was read is believed."""

AGAIN_S = 0.1
"""For a token that isn't among what was read, it is read again after so long: it may be new."""

Unproved = Literal["missing", "wrong", "expired"]
"""Why nobody is known by what was shown."""


class Known:
    """The tokens of one gateway: at most TOKENS_MAX are kept in memory, as hashes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows: dict[str, AccessRow] = {}
        self._read_s: float | None = None
        self._noted: dict[str, int] = {}
        self._turn = asyncio.Lock()

    async def who(self, shown: str | None) -> Who | Unproved:
        """Whose token, or browser's value, a text is. Raises StoreUnusable."""
        proof = proof_of(shown)
        if proof is None:
            return "wrong"
        row = await self._row(proof.id)
        if not proves(proof, row) or row is None:
            return "wrong"
        now = self._world.clock.now()
        if row.expired(now):
            return "expired"
        self._note(row, now)
        return Who(row.name, row.role)

    async def _row(self, id: str) -> AccessRow | None:
        asked_s = self._world.clock.monotonic()
        if self._is_old(id, asked_s):
            async with self._turn:
                # Whoever waited for somebody else's reading has what it brought.
                if self._is_old(id, asked_s):
                    await self._read(asked_s)
        return self._rows.get(id)

    def _is_old(self, id: str, now_s: float) -> bool:
        if self._read_s is None:
            return True
        return now_s - self._read_s >= (KNOWN_S if id in self._rows else AGAIN_S)

    async def _read(self, now_s: float) -> None:
        rows = await self._world.store.access_tokens()
        self._rows = {row.id: row for row in rows}
        self._noted = {id: at for id, at in self._noted.items() if id in self._rows}
        self._read_s = now_s

    def _note(self, row: AccessRow, now: int) -> None:
        """Have the use noted, beside the answer and seldom."""
        last = self._noted.get(row.id, row.last_used_at)
        if last is not None and 0 <= now - last < USED_EVERY_MS:
            return
        self._noted[row.id] = now
        self._world.spawn.task("access-used", self._used(row.id, now))

    async def _used(self, id: str, now: int) -> None:
        try:
            await self._world.store.access_used(id, now)
        except StoreFull:
            return  # who looks in an hour tries again; nobody is kept from looking by a full disk
