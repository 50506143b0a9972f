"""Open contacts that an older policy has judged: the soonest due of them, and how many.

One index of open contacts serves both. Few policies are older, and each is one range of it: their instants are found
one after the other, and the ranges, each in its order, are merged; what lies behind the limit is never read.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from heapq import merge
from itertools import islice

import sqlalchemy as sa

from gateway.kernel.store import ContactRow
from gateway.store.judging import CONTACT_COLUMNS, contact
from gateway.store.library import Connection
from gateway.store.schema import contacts
from gateway.store.statement import BEFORE_ALL, Row, Statement, value

_since = contacts.c.policy_since
_next_older = Statement(sa.select(sa.func.min(_since)).where(_since > value("last"), _since < value("newest")))
_judged_by = Statement(
    sa.select(*CONTACT_COLUMNS).where(_since == value("older")).order_by(contacts.c.next_due.nulls_last())
)
_count = Statement(sa.select(sa.func.count()).where(_since < value("newest")))


def soonest(connection: Connection, since: int, limit: int) -> list[ContactRow]:
    """Those that a policy of before `since` has judged, the soonest `next_due` first, those without last."""
    with ExitStack() as stack:
        ranges = [
            stack.enter_context(closing(_judged_by.run(connection, older=older))) for older in _older(connection, since)
        ]
        return [contact(row) for row in islice(merge(*ranges, key=_urgency), limit)]


def count(connection: Connection, since: int) -> int:
    """How many there are."""
    row = _count.one(connection, newest=since)
    return 0 if row is None else row[0]


def _older(connection: Connection, since: int) -> Iterator[int]:
    """Instants of the policies of before `since` that have judged an open contact."""
    last: int | None = BEFORE_ALL
    while last is not None:
        row = _next_older.one(connection, last=last, newest=since)
        last = None if row is None else row[0]
        if last is not None:
            yield last


def _urgency(row: Row) -> tuple[bool, int]:
    next_due: int | None = row[4]
    return next_due is None, next_due or 0
