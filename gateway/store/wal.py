"""Moving the write-ahead log into the database file, beside the writer.

PASSIVE on a thread of its own never stops anybody, but can't shorten a log that is always written; when the log is too
long, the writer itself makes one bounded RESTART.
"""

import asyncio
from functools import partial
from typing import Any

import structlog

from gateway.kernel.failpoint import reached
from gateway.kernel.ports import Spawn
from gateway.store.connections import BUSY_MS, PAGE_BYTES
from gateway.store.library import Connection

PASSIVE_PAGES = (4 << 20) // PAGE_BYTES
"""Pages in the log, not yet in the file, that are worth a passive checkpoint."""

RESTART_PAGES = (32 << 20) // PAGE_BYTES
"""Pages of the log at which the writer stops for a restart."""

RESTART_BUSY_MS = 50
"""How long a restart waits for readers."""

_log = structlog.get_logger("gateway.store")


class WalCheckpoints:
    """Watches the log after each transaction."""

    def __init__(self, spawn: Spawn, driver: Any, writer: tuple[Connection, str], own: tuple[Connection, str]) -> None:
        self._spawn = spawn
        self._error: type[Exception] = driver.Error
        self._writer, self._writer_thread = writer
        self._connection, self._thread = own
        self._idle = asyncio.Event()
        self._idle.set()
        self._pages = self._behind = 0
        self._restart_at = RESTART_PAGES
        self.passive = 0
        self.restarts = 0
        self.failures = 0
        self._failing = False

    @property
    def pages(self) -> int:
        """The pages in the log, as measured last."""
        return self._pages

    def measure(self) -> None:
        """Note how many pages the log has, and how many of them the file lacks. Runs on the writer's thread."""
        _, self._pages, moved = self._pragma(self._writer, "NOOP")
        self._behind = self._pages - moved

    async def watch(self) -> None:
        """Start what the length of the log calls for."""
        if self._pages >= self._restart_at:
            await self._spawn.call(self._writer_thread, self._restart)
        elif self._behind >= PASSIVE_PAGES and self._idle.is_set():
            self._idle.clear()
            self._spawn.task("store-checkpoint", self._passive())

    async def settled(self) -> None:
        """Come back when no passive checkpoint runs."""
        await self._idle.wait()

    async def _passive(self) -> None:
        try:
            reached("passive_checkpoint.begun")
            await self._spawn.call(self._thread, partial(self._pragma, self._connection, "PASSIVE"))
            reached("passive_checkpoint.ended")
            self.passive += 1
        finally:
            self._idle.set()

    def _restart(self) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {RESTART_BUSY_MS}").fetchall()
        reached("restart_checkpoint.begun")
        try:
            busy, pages, _ = self._pragma(self._writer, "RESTART")
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {BUSY_MS}").fetchall()
        reached("restart_checkpoint.ended")
        self.restarts += 1
        self._pages = 0
        # A reader that stays would make every transaction wait: try again only when the log has grown by a quarter.
        self._restart_at = pages + RESTART_PAGES // 4 if busy else RESTART_PAGES

    def _pragma(self, connection: Connection, mode: str) -> tuple[int, int, int]:
        try:
            busy, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except self._error as error:  # a full or failing disk: the log keeps everything, and the next one tries again
            self.failures += 1
            if not self._failing:  # told once: it is tried at every transaction, and the disk may be full of logs
                _log.warning("a checkpoint has failed", mode=mode, reason=str(error))
            self._failing = True
            return 1, 0, 0
        if mode != "NOOP":
            self._failing = False
        return busy, pages, moved
