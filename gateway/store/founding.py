"""Making the tables in a file, and telling whose file it is."""

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from gateway.kernel.failpoint import reached
from gateway.kernel.store import StoreUnusable
from gateway.store.library import Connection
from gateway.store.schema import SCHEMA_VERSION, metadata

_OURS = frozenset({"inbox", "contacts", "journal", "ledger", "policies"})
"""Tables that every version has had: a file of an older version is known by them."""


def check(connection: Connection) -> None:
    """Raise StoreUnusable unless this is a database of ours that this program can read, with every table."""
    if not _is_whole(connection):
        raise StoreUnusable("the database has no tables of ours yet: `gateway run` makes them at its first start")


def _is_whole(connection: Connection) -> bool:
    """Whether everything is there; no where nothing is. Raises StoreUnusable for a file of another program or
    version."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreUnusable(
            f"the database has schema {version}, and this program knows {SCHEMA_VERSION} at most: "
            "it was written by a newer version; run that one, or restore a backup from before the upgrade"
        )
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if version == SCHEMA_VERSION and found >= metadata.tables.keys():
        return True
    if 0 < version < SCHEMA_VERSION and found >= _OURS:
        raise StoreUnusable(
            f"the database has schema {version}: it was made by a development version, before the first release, "
            "and what it holds can't be carried over; start with a new file, and keep this one if it matters"
        )
    if version or found:
        raise StoreUnusable("the database is of another program: give a file that isn't there yet, or one of ours")
    return False


def create(connection: Connection) -> None:
    """Make what is missing, in one transaction. Raises StoreUnusable for a file of another program or version."""
    if _is_whole(connection):
        return
    dialect = sqlite.dialect()
    connection.execute("BEGIN IMMEDIATE")
    try:
        reached("schema.begun")
        for table in metadata.sorted_tables:
            connection.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        reached("schema.before_commit")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    reached("schema.committed")
