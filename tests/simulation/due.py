"""The next instant that stands in a database: before it, nothing can become due by itself."""

from typing import Any

# That a row says "not null" and "more than 0" lets SQLite take the small indexes of what waits.
_NEXT = """
SELECT MIN(at) FROM (
    SELECT MIN(next_due) AS at FROM contacts WHERE next_due IS NOT NULL AND next_due > ?1
    UNION ALL SELECT MIN(due) FROM inbox WHERE due > 0 AND due > ?1
    UNION ALL SELECT MIN(due) FROM deliveries WHERE due IS NOT NULL AND due > ?1
    UNION ALL SELECT MIN(replay_due) FROM deliveries WHERE replay_due IS NOT NULL AND replay_due > ?1
    UNION ALL SELECT MIN(due) FROM fetches WHERE due > ?1
)
"""


def next_due(connection: Any, now: int) -> int | None:
    """The earliest instant after `now` at which a contact, a record, a delivery or a look-up is due."""
    (at,) = connection.execute(_NEXT, (now,)).fetchone()
    return None if at is None else int(at)
