"""An end to deliveries: what has waited too long is given up, what has ended long ago is removed, a few at a time.

Each function here is a part of one transaction.
"""

import sqlalchemy as sa

from gateway.store import endpoints, performing
from gateway.store.library import Connection
from gateway.store.schema import attempts, deliveries, notices
from gateway.store.statement import Statement, value, word

GIVEN_UP = "given up after seven days"

_d = deliveries.c
_first = (
    sa.select(_d.id, _d.contact, _d.created_at, _d.state)
    .where(_d.endpoint == value("to"), _d.next_at.isnot(None))
    .order_by(_d.sequence)
    .limit(value("most"))
    .subquery()
)
_too_old = Statement(
    sa.select(_first.c.id, _first.c.contact).where(
        _first.c.created_at < value("before"), _first.c.state == word("ready")
    )
)
_give_up = Statement(
    sa.update(deliveries)
    .where(_d.id == value("row"))
    .values(state=word("dead"), next_at=sa.null(), due=sa.null(), last_error=value("why"), ended_at=value("now"))
)
_ended = Statement(
    sa.select(_d.id, _d.effect)
    .where(_d.ended_at < value("before"), _d.state != word("leased"))
    .order_by(_d.ended_at)
    .limit(value("most"))
)
_remove_attempts = Statement(sa.delete(attempts).where(attempts.c.delivery == value("row")))
_remove = Statement(sa.delete(deliveries).where(_d.id == value("row")))
_left: sa.Select[tuple[int]] = sa.select(_d.id).where(_d.effect == value("of"))
_remove_notice = Statement(sa.delete(notices).where(notices.c.effect == value("of"), ~sa.exists(_left)))


def expire(connection: Connection, made_before: int, now: int, limit: int) -> int:
    """Give up the first waiting of each endpoint, as far as they were made before an instant; at most `limit`."""
    given_up = 0
    for name in endpoints.names(connection):
        found = _too_old.rows(connection, to=name, before=made_before, most=limit - given_up)
        if found:
            _give_up.many(connection, [{"row": id, "why": GIVEN_UP, "now": now} for id, _ in found])
            performing.elect(connection, dict.fromkeys((name, contact) for _, contact in found))
        given_up += len(found)
        if given_up >= limit:
            break
    return given_up


def remove(connection: Connection, ended_before: int, limit: int) -> int:
    """Remove what ended before an instant, the longest ended first; at most `limit` deliveries."""
    found = _ended.rows(connection, before=ended_before, most=limit)
    if found:
        rows = [{"row": id} for id, _ in found]
        _remove_attempts.many(connection, rows)
        _remove.many(connection, rows)
        _remove_notice.many(connection, [{"of": effect} for effect in dict.fromkeys(effect for _, effect in found)])
    return len(found)
