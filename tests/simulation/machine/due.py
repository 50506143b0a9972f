"""What stands in a database about time: before the next instant, nothing can become due by itself."""

from typing import Any, NamedTuple

# That a row says "not null" and "more than 0" lets SQLite take the small indexes of what waits.
_NEXT = """
SELECT MIN(at), (SELECT COUNT(*) FROM deliveries WHERE due IS NOT NULL AND due <= ?1)
    + (SELECT COUNT(*) FROM deliveries WHERE replay_due IS NOT NULL AND replay_due <= ?1) FROM (
    SELECT MIN(next_due) AS at FROM contacts WHERE next_due IS NOT NULL AND next_due > ?1
    UNION ALL SELECT MIN(due) FROM inbox WHERE due > 0 AND due > ?1
    UNION ALL SELECT MIN(due) FROM deliveries WHERE due IS NOT NULL AND due > ?1
    UNION ALL SELECT MIN(replay_due) FROM deliveries WHERE replay_due IS NOT NULL AND replay_due > ?1
    UNION ALL SELECT MIN(due) FROM fetches WHERE due > ?1
)
"""


class Due(NamedTuple):
    """`next`: the earliest instant at which a contact, a record, a delivery or a look-up is due, after the one asked
    for. `blocked`: deliveries that are due by then already."""

    next: int | None
    blocked: int


def due_after(connection: Any, now: int) -> Due:
    """What is due after an instant, and what is overdue."""
    return Due(*connection.execute(_NEXT, (now,)).fetchone())
