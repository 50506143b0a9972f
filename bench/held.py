"""A database with very many open contacts, made once for all parts that need one.

A hundred contacts go through the gateway itself, by its door; then every row that speaks of one of them is copied
under other ids, as many times as it takes. Whatever the tables are, what a contact leaves in them is copied, but for
the records in the inbox: those are done. `python -m bench.held FILE --contacts N`.
"""

import argparse
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import server
from bench.load import Driver
from bench.requests import Stamp, message, opening, signed, stored_ref
from bench.store import Backlog
from gateway.model.identity import StrandKey, contact_id
from gateway.store.library import driver

PATTERNS = 100
LEFT_OUT = {"inbox"}
DRAIN_S = 60.0
_REF = re.compile(r"held-\d{7}")
_SUBJECT = b"Where is my order?"
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Names:
    """What a contact is called in every row: the vendor's id, and its own."""

    ref: str
    id: str


def names(number: int) -> Names:
    """The names of a stored contact."""
    ref = stored_ref(number)
    return Names(ref, contact_id(StrandKey("bench", "ticket", ref)))


def make(tree: Path, path: Path, contacts: int) -> None:
    """Make the database. Raises SystemExit if the gateway doesn't take the patterns, or they leave no rows."""
    with server.workplace() as folder:
        with server.gateway(tree, folder) as running:
            sender = Driver(running.port, _patterns(), 1)
            load = sender.run(DRAIN_S)
            sender.close()
            if load.accepted != 2 * PATTERNS:
                raise SystemExit(f"the gateway did not take the contacts: {load.statuses}")
            backlog = Backlog(running.database)
            backlog.drained(DRAIN_S)
            backlog.close()
            running.stop()
        shutil.move(folder / "gateway.db", path)
    connection = driver().connect(path, isolation_level=None)
    try:
        _multiply(connection, contacts)
    finally:
        connection.close()


def _patterns() -> Iterator[bytes]:
    """Openings that lie minutes apart, and a message to each."""
    stamp = Stamp()
    stamp.now()
    started = time.time() - PATTERNS * _MINUTE_S
    for part in range(2):
        for number in range(PATTERNS):
            moment = time.gmtime(started + number * _MINUTE_S + part)
            at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", moment).encode()
            ref = stored_ref(number).encode()
            id = b"%b-%d" % (ref, part)
            body = message(id, at, ref, 1, text=_SUBJECT) if part else opening(id, at, ref, subject=_SUBJECT)
            yield signed(id, stamp.second, body)


def _multiply(connection: Any, contacts: int) -> None:
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -262144", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}").fetchall()
    indexes = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL").fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    patterns = [names(number) for number in range(PATTERNS)]
    copies = [(names(number), number % PATTERNS) for number in range(PATTERNS, contacts)]
    by_id = sorted(copies, key=lambda copy: copy[0].id)
    connection.execute("PRAGMA foreign_keys = OFF").fetchall()
    connection.execute("BEGIN")
    found = 0
    for (table,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        rows = {} if table in LEFT_OUT else _rows_of(connection, table, patterns)
        if not rows:
            continue
        found += 1
        # In the order of the table's key, so that each row comes behind the last.
        in_order = by_id if _keyed_by_contact(connection, table, patterns, rows) else copies
        places = ", ".join("?" * len(next(iter(rows.values()))[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", _copied(rows, patterns, in_order))
    connection.execute("COMMIT")
    if not found:
        raise SystemExit("the contacts left no rows")
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()


def _rows_of(connection: Any, table: str, patterns: Sequence[Names]) -> dict[int, list[tuple[Any, ...]]]:
    """The rows of a table that speak of each pattern."""
    known = {name: number for number, one in enumerate(patterns) for name in (one.ref, one.id)}
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute(f"SELECT * FROM {table}"):
        for cell in row:
            if isinstance(cell, str):
                ref = _REF.search(cell)
                number = known.get(ref.group() if ref else cell)
                if number is not None:
                    rows.setdefault(number, []).append(row)
                    break
    return rows


def _keyed_by_contact(
    connection: Any, table: str, patterns: Sequence[Names], rows: dict[int, list[tuple[Any, ...]]]
) -> bool:
    key = [place for place, _, _, _, _, in_key in connection.execute(f"PRAGMA table_info({table})") if in_key == 1]
    number, (row, *_) = next(iter(rows.items()))
    return bool(key) and row[key[0]] == patterns[number].id


def _copied(
    rows: dict[int, list[tuple[Any, ...]]], patterns: Sequence[Names], copies: Sequence[tuple[Names, int]]
) -> Iterator[tuple[Any, ...]]:
    for name, number in copies:
        was = patterns[number]
        ref, id = (was.ref.encode(), name.ref.encode()), (was.id.encode(), name.id.encode())
        for row in rows.get(number, ()):
            yield tuple(
                cell.replace(was.ref, name.ref).replace(was.id, name.id)
                if isinstance(cell, str)
                else cell.replace(*ref).replace(*id)
                if isinstance(cell, bytes)
                else cell
                for cell in row
            )


def main() -> None:
    """Make the database and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--tree", type=Path, default=server.HERE)
    given = parser.parse_args()
    started = time.monotonic()
    make(given.tree, given.file, given.contacts)
    size = given.file.stat().st_size >> 20
    print(f"bench: {given.contacts:,} contacts in {size:,} MiB, {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
