"""Contacts as they were judged last, without their histories: one walk along the table, each contact once.

Along the rows as they lie, which no change of a contact moves: whoever changes it meanwhile makes it come neither twice
nor not at all, and a row that is left out costs a look at its first columns. Each function here only reads.
"""

import sqlalchemy as sa

from gateway.kernel.history import StateRow
from gateway.kernel.store import StoreUnusable
from gateway.store.coding import states
from gateway.store.library import Connection
from gateway.store.schema import contacts
from gateway.store.statement import Row, Statement, value

_c = contacts.c
_place = sa.literal_column("contacts.rowid", sa.Integer)
_last = Statement(sa.select(sa.func.max(_place)).select_from(contacts))
_behind = Statement(
    sa.select(_place, _c.id, _c.next_due, _c.state)
    .where(_place > value("after"), _c.updated_at >= value("since"), _c.state.isnot(None))
    .order_by(_place)
    .limit(value("most"))
)


def places(connection: Connection) -> int:
    """The place of the contact that was made last; 0 without any."""
    return (_last.one(connection) or (None,))[0] or 0


def behind(connection: Connection, after: int, since: int, limit: int) -> list[StateRow]:
    """The first contacts behind a place to which something has happened from `since` on."""
    return [_judged(row) for row in _behind.rows(connection, after=after, since=since, most=limit)]


def _judged(row: Row) -> StateRow:
    place, id, next_due, body = row
    try:
        return StateRow(place=place, id=id, next_due=next_due, state=states.decode(body, id))
    except StoreUnusable as error:
        return StateRow(place=place, id=id, next_due=next_due, damage=str(error))
