"""What is kept: the implementations of the Store port. SQLite is the embedded one.

Statements are SQLAlchemy Core, compiled once; they run on the driver's own connection, on threads that Spawn lends.
"""

from gateway.store.sqlite import SqliteStore, daemon_pid

__all__ = ["SqliteStore", "daemon_pid"]
