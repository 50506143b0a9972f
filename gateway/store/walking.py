"""Contacts of any status by their latest change, from a place on, however many there are. Each function only reads.

Each status is one range of an index, which holds its rows in the order of their change; the ranges are merged, and what
lies behind the limit is never read. Of several that changed at one instant the one that was kept last comes first.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from heapq import merge
from itertools import islice

import sqlalchemy as sa

from gateway.kernel import place
from gateway.kernel.store import Placed
from gateway.store.coding import storable
from gateway.store.judging import CONTACT_COLUMNS, contact
from gateway.store.library import Connection
from gateway.store.schema import contacts
from gateway.store.statement import Row, Statement, value

_LISTING = "contacts"
_LAST = 2**63 - 1

_c = contacts.c
_row = sa.literal_column("contacts.rowid", sa.Integer)
_of_status = Statement(
    sa.select(*CONTACT_COLUMNS, _row)
    .where(_c.status == value("which"), sa.tuple_(_c.updated_at, _row) < sa.tuple_(value("instant"), value("row")))
    .order_by(_c.updated_at.desc(), _row.desc())
)


def by_change(connection: Connection, statuses: Sequence[str], limit: int, after: str | None) -> list[Placed]:
    """Contacts of these statuses, the latest change first. Raises BadPlace."""
    (instant, row), _ = ((_LAST, _LAST), "") if after is None else place.read(after, _LISTING, 2)
    with ExitStack() as stack:
        ranges = [
            stack.enter_context(closing(_of_status.run(connection, which=storable(status), instant=instant, row=row)))
            for status in dict.fromkeys(statuses)
        ]
        return [_placed(found) for found in islice(merge(*ranges, key=_change, reverse=True), max(limit, 0))]


def _change(row: Row) -> tuple[int, int]:
    return row[5], row[7]


def _placed(row: Row) -> Placed:
    return Placed(contact(row[:7]), place.written(_LISTING, *_change(row)))
