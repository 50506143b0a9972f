"""How much a range of deliveries holds: what a replay would take, and from which number on they are still kept.

Each function here only reads.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from gateway.store.library import Connection
from gateway.store.schema import deliveries
from gateway.store.statement import Statement, value, word

_d = deliveries.c
_STATES = ("delivered", "dead")


def _count(state: str, *terms: sa.ColumnElement[bool]) -> Statement:
    made = (_d.created_at >= value("since"), _d.created_at < value("until"))
    found: sa.Select[Any] = (
        sa.select(sa.literal_column("1")).select_from(deliveries).where(_d.state == word(state), *made, *terms)
    )
    return Statement(sa.select(sa.func.count()).select_from(found.limit(value("most")).subquery()))


_counts = {state: _count(state) for state in _STATES}
_counts_of = {state: _count(state, _d.endpoint == value("to")) for state in _STATES}
_first = Statement(sa.select(sa.func.min(_d.sequence)).where(_d.endpoint == value("to")))


def ended(
    connection: Connection, endpoint: str | None, since: int, until: int, states: Collection[str], most: int
) -> int:
    """How many deliveries that were made in [since, until) have ended in one of `states`, up to `most` of each."""
    statements = _counts if endpoint is None else _counts_of
    made: dict[str, object] = {"since": since, "until": until, "most": most}
    if endpoint is not None:
        made["to"] = endpoint
    rows = (statements[state].one(connection, **made) for state in _STATES if state in states)
    return sum(int(row[0]) for row in rows if row is not None)


def oldest_kept(connection: Connection, endpoint: str) -> int | None:
    """The lowest number of an endpoint's deliveries that are still kept; None if there is none."""
    row = _first.one(connection, to=endpoint)
    return None if row is None else row[0]
