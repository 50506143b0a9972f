"""What is kept: the implementations of the Store port. SQLite is the embedded one.

Statements are SQLAlchemy Core, compiled once; they run on the driver's own connection, on threads that Spawn lends.
Processes that only read what another one has found need none of that: it is imported when it is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.store.sqlite import SqliteStore, daemon_pid

__all__ = ["SqliteStore", "daemon_pid"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gateway.store import sqlite

    return getattr(sqlite, name)
