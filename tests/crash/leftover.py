"""What lies in the database file, read beside whoever has it: nothing is recovered, moved or written by looking."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gateway.model.instant import MINUTE_MS
from gateway.store import library
from tests.acceptance.kept import verified
from tests.acceptance.process import now_ms

T = TypeVar("T")

SOON_MS = 10 * MINUTE_MS
"""What is due later than this is not waited for."""

LEASES = """
SELECT 'record', id, attempt FROM inbox WHERE due > 0
UNION ALL SELECT 'delivery', id, attempt FROM deliveries WHERE state = 'leased' AND (due > 0 OR replay_due > 0)
UNION ALL SELECT 'look-up', ref, attempt FROM fetches WHERE claimed IS NOT NULL
UNION ALL SELECT 'question', request, attempt FROM questions WHERE leased
"""

WAITING = """
SELECT 'records', count(*) FROM inbox WHERE due IS NOT NULL
UNION ALL SELECT 'look-ups', count(*) FROM fetches
UNION ALL SELECT 'questions', count(*) FROM questions
UNION ALL SELECT 'deliveries', count(*) FROM deliveries WHERE next_at IS NOT NULL OR state = 'leased'
UNION ALL SELECT 'contacts', count(*) FROM contacts WHERE next_due <= ?
UNION ALL SELECT 'outdated', count(*) FROM contacts WHERE policy_since < (SELECT max(since) FROM policies)
UNION ALL SELECT 'runs over the past', count(*) FROM syncs WHERE ended_at IS NULL
UNION ALL SELECT 'rows', ? - coalesce(max(cast(cursor AS INTEGER)), 0) FROM cursors
"""

GIVEN_UP = "SELECT id FROM inbox WHERE state = 'parked' AND reason LIKE 'taken up % and never finished%'"


def given_up(database: Path) -> list[int]:
    """The records of which a gateway thinks that they are what kills it."""
    return _looked(database, lambda connection: [row[0] for row in connection.execute(GIVEN_UP)], [])


def breaker_is_open(database: Path, endpoint: str) -> bool:
    """Whether an endpoint is left alone for now."""
    asked = "SELECT count(*) FROM endpoints WHERE name = ? AND open_until IS NOT NULL"
    return bool(_looked(database, lambda connection: connection.execute(asked, (endpoint,)).fetchone()[0], 0))


def leases(database: Path) -> set[tuple[str, object, int]]:
    """What is leased, by its fencing number. Nothing where there is no schema yet."""
    return _looked(database, lambda connection: {*connection.execute(LEASES)}, set())


def waiting(database: Path, rows: int) -> dict[str, int]:
    """How much waits of each kind; the stream has so many `rows`."""
    asked = (now_ms() + SOON_MS, rows)
    return _looked(database, lambda connection: dict(connection.execute(WAITING, asked).fetchall()), {"schema": 1})


def half_known(database: Path) -> list[str]:
    """Objects in pieces of which not all is known that was told: every call begins, is answered, and ends."""
    asked = "SELECT id, facts FROM assemblies"
    kept = _looked(database, lambda connection: connection.execute(asked).fetchall(), [])
    return [id for id, facts in kept if json.loads(facts)["at"].keys() != {"begin", "answer", "end"}]


def sound(database: Path) -> str:
    """What SQLite finds when it checks the whole file: `ok`."""
    return _looked(database, lambda connection: connection.execute("PRAGMA integrity_check").fetchone()[0], "no file")


def unlike_its_journal(database: Path) -> list[str]:
    """Where what is stored isn't what the journal says, as `gateway db verify` finds it. Nothing without a schema."""
    tables = "SELECT count(*) FROM sqlite_schema"
    return verified(database) if _looked(database, lambda found: found.execute(tables).fetchone()[0], 0) else []


def _looked(database: Path, look: Callable[[Any], T], nothing: T) -> T:
    driver = library.driver()
    try:
        connection = driver.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
    except driver.OperationalError:
        return nothing
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        return look(connection)
    except driver.OperationalError as error:
        if "no such table" in str(error) or "unable to open" in str(error):
            return nothing
        raise
    finally:
        connection.close()
