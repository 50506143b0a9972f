"""Checkpoints of contacts: states to start again from, so that a late event needs no judging from the opening on.

Each function here is a part of one transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from gateway.model.judgement import State
from gateway.store import coding
from gateway.store.library import Connection
from gateway.store.schema import checkpoints
from gateway.store.statement import Statement, upsert, value

_of_contact = checkpoints.c.contact == value("of")
_keep = upsert(checkpoints, ("contact", "as_of"), ("state",))
_forget = Statement(sa.delete(checkpoints).where(_of_contact, checkpoints.c.as_of >= value("instant")))
_latest = Statement(
    sa.select(checkpoints.c.as_of, checkpoints.c.state)
    .where(_of_contact, checkpoints.c.as_of < value("before"))
    .order_by(checkpoints.c.as_of.desc())
    .limit(sa.literal_column("1"))
)


def rows_of(kept: Iterable[tuple[str, State]]) -> list[dict[str, Any]]:
    """The rows to keep for the states of contacts."""
    return [
        {"contact": contact, "as_of": int(state.as_of), "state": coding.checkpoints.encode(state)}
        for contact, state in kept
    ]


def forget(connection: Connection, forgotten: Sequence[tuple[str, int]]) -> None:
    """Remove the checkpoints of each contact whose `as_of` is at or after the instant."""
    _forget.many(connection, [{"of": contact, "instant": int(instant)} for contact, instant in forgotten])


def keep(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Add checkpoints; one of the same contact and `as_of` is replaced."""
    _keep.many(connection, rows)


def latest(connection: Connection, contact: str, before: int) -> State | None:
    """The latest checkpoint of a contact whose `as_of` lies before an instant."""
    row = _latest.one(connection, of=contact, before=before)
    return None if row is None else coding.checkpoints.decode(row[1], contact, row[0])
