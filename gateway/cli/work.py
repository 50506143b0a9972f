"""What commands share that need the configuration and the store. Import it inside a command: it is heavy."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from gateway.cli.failures import FOUND, UNAVAILABLE, Failed
from gateway.cli.options import choices
from gateway.config import Config, load_config
from gateway.daemon.setup import Setup, load_setup, open_history, open_store
from gateway.kernel.history import History
from gateway.kernel.log import configure
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import ContactRow, Store

T = TypeVar("T")


def read_setup(config: Path) -> Setup:
    """The configuration with all that it refers to. Raises Problems."""
    return load_setup(config, os.environ)


def read_config(config: Path) -> Config:
    """The configuration alone: what is shown out of the database needs no policy file to be right. Raises Problems."""
    return load_config(config, os.environ)


def log_to_stderr(default: str = "warning", *, json: bool | None = None) -> None:
    """Send logs to standard error, from the level that was asked for up."""
    configure(json, choices.log_level or default)


def with_store(config: Path, work: Callable[[Config, Store], Awaitable[T]]) -> T:
    """Run `work` on the store, beside a running daemon or without one. Raises Failed where there is no database yet."""
    log_to_stderr()
    settled = _with_database(config)
    return asyncio.run(on_store(settled, lambda store: work(settled, store)))


def _with_database(config: Path) -> Config:
    """The configuration, whose database is there."""
    settled = read_config(config)
    if not settled.database.exists():
        raise Failed(
            UNAVAILABLE, f"there is no database {settled.database} yet", "`gateway run` makes it at its first start"
        )
    return settled


def with_history(config: Path, work: Callable[[History], Awaitable[T]]) -> T:
    """Run `work` on a database that is only read. Raises Failed where there is none yet."""
    log_to_stderr()
    settled = _with_database(config)

    async def run() -> T:
        spawn = LoopSpawn()
        try:
            history = await open_history(settled, spawn)
            try:
                return await work(history)
            finally:
                await history.close()
        finally:
            await spawn.close()

    return asyncio.run(run())


async def on_store(config: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open the store beside whoever has it, making it if need be, run `work` on it, and close it."""
    spawn = LoopSpawn()
    try:
        store = await open_store(config, exclusive=False, spawn=spawn)
        try:
            return await work(store)
        finally:
            await store.close()
    finally:
        await spawn.close()


async def the_contact(store: Store, name: str) -> ContactRow:
    """The contact of that name. Raises Failed if there is none, or more than one."""
    row = await store.find_contact(name)
    if row is None:
        raise nobody(name)
    return row


def nobody(name: str) -> Failed:
    """What to tell where no contact has this name, or more than one has."""
    return Failed(
        FOUND,
        f"no contact is named {name[:200]!r}, or more than one is",
        "give its id, the beginning of it, or connector:kind:id; `gateway contacts list` shows them",
    )
