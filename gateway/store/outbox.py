"""The outbox: notices with their body once, and one delivery of each to each endpoint.

Law of order: of the waiting deliveries of one (endpoint, contact) only the first made has a `due`; when it is through,
the next one gets its own. So what can be claimed is one range of one index, however much waits behind.
Each function here is a part of one transaction.
"""

from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.store import Conflict, Delivery, Notice, Outcome
from gateway.store.coding import effects, storable
from gateway.store.library import Connection
from gateway.store.schema import attempts, deliveries, notices
from gateway.store.statement import Row, Statement, value, word

_d = deliveries.c
_pair = (_d.endpoint == value("to"), _d.contact == value("about"), _d.next_at.isnot(None))

_add_notice = Statement(
    insert(notices).on_conflict_do_nothing(), ("effect", "contact", "type", "created_at", "decision", "body")
)
_others: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(deliveries).where(*_pair)
_new = (
    "effect", "type", "contact", "endpoint", "state", "attempt", "replayed_at_attempt", "created_at", "next_at", "due",
)  # fmt: skip
_add_delivery = Statement(
    insert(deliveries)
    .from_select(
        _new,
        sa.select(
            value("effect"),
            value("type"),
            value("about"),
            value("to"),
            word("ready"),
            sa.literal_column("0"),
            sa.literal_column("0"),
            value("now"),
            value("now"),
            sa.case((sa.exists(_others), sa.null()), else_=value("now")),
        ).where(sa.true()),
    )
    .on_conflict_do_nothing(),
)
_next_endpoint = Statement(sa.select(sa.func.min(_d.endpoint)).where(_d.endpoint > value("after"), _d.due.isnot(None)))
_due_of = Statement(
    sa.select(_d.due, _d.id)
    .where(_d.endpoint == value("to"), _d.due <= value("now"))
    .order_by(_d.due)
    .limit(value("most"))
)
_lease = Statement(
    sa.update(deliveries)
    .where(_d.id == value("row"))
    .values(state=word("leased"), attempt=_d.attempt + 1, due=value("until"), next_at=value("until"))
)
_shown = (
    _d.id, _d.effect, _d.type, _d.contact, _d.endpoint, _d.state, _d.attempt, _d.replayed_at_attempt, _d.created_at,
    _d.next_at, _d.last_status, _d.last_error, _d.delivered_at,
)  # fmt: skip
_whole = Statement(
    sa.select(*_shown, notices.c.body).select_from(deliveries.join(notices)).where(_d.id == value("row"))
)
_finish = Statement(
    sa.update(deliveries)
    .where(_d.id == value("row"), _d.attempt == value("fence"), _d.state == word("leased"))
    .values(
        state=value("became"),
        next_at=value("again"),
        due=sa.null(),
        last_status=value("answered"),
        last_error=value("failed"),
        delivered_at=value("through"),
    )
    .returning(_d.endpoint, _d.contact)
)
_head = sa.select(sa.func.min(_d.id)).where(*_pair).scalar_subquery()
_elect = Statement(
    sa.update(deliveries)
    .where(*_pair, _d.state == word("ready"))
    .values(due=sa.case((_d.id == _head, _d.next_at), else_=sa.null()))
)
_busy = Statement(sa.select(_d.id).where(*_pair, _d.state == word("leased")))
_add_attempt = Statement(insert(attempts), ("delivery", "attempt", "at", "status", "error", "duration_ms"))
_attempts = Statement(
    sa.select(attempts.c.attempt, attempts.c.at, attempts.c.status, attempts.c.error, attempts.c.duration_ms)
    .where(attempts.c.delivery == value("of"))
    .order_by(attempts.c.attempt)
)
_replay = Statement(
    sa.update(deliveries)
    .where(_d.id == value("row"), _d.state != word("leased"))
    .values(
        state=word("ready"),
        replayed_at_attempt=_d.attempt,
        next_at=value("now"),
        due=sa.null(),
        delivered_at=sa.null(),
    )
    .returning(_d.endpoint, _d.contact)
)
_exists = Statement(sa.select(_d.id).where(_d.id == value("row")))
_release = Statement(sa.update(deliveries).where(_d.next_at.isnot(None), _d.state == word("leased")).values(due=0))

_latest = sa.select(*_shown).order_by(_d.id.desc()).limit(value("most"))
_states: dict[str | None, tuple[sa.ColumnElement[bool], ...]] = {
    None: (),
    "ready": (_d.next_at.isnot(None), _d.state == word("ready")),
    "leased": (_d.next_at.isnot(None), _d.state == word("leased")),
    "delivered": (_d.state == word("delivered"),),
    "dead": (sa.literal_column("state = 'dead'", sa.Boolean),),
}
_listings = {state: Statement(_latest.where(*terms)) for state, terms in _states.items()}
_listings_of = {
    state: Statement(_latest.where(_d.contact == value("about"), *terms)) for state, terms in _states.items()
}


class PreparedNotices(NamedTuple):
    """Notices as rows, encoded before their transaction begins."""

    notices: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]


def prepare(new: Sequence[Notice], now: int) -> PreparedNotices:
    """The rows of notices, and of their deliveries in the order of the notices."""
    return PreparedNotices(
        [
            {
                "effect": notice.effect.id,
                "contact": notice.contact,
                "type": notice.effect.type,
                "created_at": now,
                "decision": effects.encode(notice.effect),
                "body": notice.body,
            }
            for notice in new
        ],
        [
            {
                "effect": notice.effect.id,
                "type": notice.effect.type,
                "about": notice.contact,
                "to": endpoint,
                "now": now,
            }
            for notice in new
            for endpoint in notice.endpoints
        ],
    )


def add(connection: Connection, new: PreparedNotices) -> None:
    """Add notices and deliveries; one whose id is known is there already, and stays as it is."""
    if new.notices:
        _add_notice.many(connection, new.notices)
    if new.deliveries:
        _add_delivery.many(connection, new.deliveries)


def _endpoints(connection: Connection) -> Iterator[str]:
    """Every endpoint that has something waiting: a jump in the index for each."""
    after = ""
    while (row := _next_endpoint.one(connection, after=after)) is not None and row[0] is not None:
        after = row[0]
        yield after


def claim(connection: Connection, now: int, lease_ms: int, limit: int, busy: Sequence[str]) -> list[Delivery]:
    """Lease what is due, the longest due first, nothing for an endpoint in `busy`."""
    shut = frozenset(busy)
    found = [
        row
        for endpoint in _endpoints(connection)
        if endpoint not in shut
        for row in _due_of.rows(connection, to=endpoint, now=now, most=limit)
    ]
    claimed = [id for _, id in nsmallest(limit, found)]
    if claimed:
        _lease.many(connection, [{"row": id, "until": now + lease_ms} for id in claimed])
    return [_delivery(row) for id in claimed for row in _whole.rows(connection, row=id)]


def finish(connection: Connection, outcome: Outcome) -> None:
    """Write the attempt and the delivery's next state, and let the next one of its pair go. Raises Conflict."""
    retry = outcome.state == "ready"
    changed = _finish.rows(
        connection,
        row=outcome.delivery,
        fence=outcome.attempt,
        became=outcome.state,
        again=(outcome.at if outcome.next_at is None else outcome.next_at) if retry else None,
        answered=outcome.status,
        failed=None if outcome.error is None else storable(outcome.error),
        through=outcome.at if outcome.state == "delivered" else None,
    )
    if not changed:
        raise Conflict(f"try {outcome.attempt} of delivery {outcome.delivery} is not the one that holds it")
    _add_attempt.run(
        connection,
        delivery=outcome.delivery,
        attempt=outcome.attempt,
        at=outcome.at,
        status=outcome.status,
        error=None if outcome.error is None else storable(outcome.error),
        duration_ms=outcome.duration_ms,
    )
    endpoint, contact = changed[0]
    _elect.run(connection, to=endpoint, about=contact)


def replay(connection: Connection, id: int, now: int) -> bool:
    """Make a delivery due, with a fresh count of tries; one that is under way stays as it is."""
    changed = _replay.rows(connection, row=id, now=now)
    if not changed:
        return _exists.one(connection, row=id) is not None
    endpoint, contact = changed[0]
    if _busy.one(connection, to=endpoint, about=contact) is None:
        _elect.run(connection, to=endpoint, about=contact)
    return True


def release(connection: Connection) -> None:
    """End every lease: whoever held them is dead."""
    _release.run(connection)


def tries(connection: Connection, delivery: int) -> list[dict[str, Any]]:
    """Every try of a delivery, in order."""
    names = ("attempt", "at", "status", "error", "duration_ms")
    return [dict(zip(names, row, strict=True)) for row in _attempts.rows(connection, of=delivery)]


def one(connection: Connection, id: int) -> Delivery | None:
    """One delivery, with its body."""
    row = _whole.one(connection, row=id)
    return None if row is None else _delivery(row)


def listing(connection: Connection, limit: int, state: str | None, contact: str | None) -> list[Delivery]:
    """The latest deliveries, without bodies. Raises ValueError for a state that doesn't exist."""
    if state not in _listings:
        raise ValueError(f"{state!r} is no state of a delivery: ready, leased, delivered or dead")
    if contact is None:
        return [_delivery(row) for row in _listings[state].rows(connection, most=limit)]
    return [_delivery(row) for row in _listings_of[state].rows(connection, most=limit, about=contact)]


def _delivery(row: Row) -> Delivery:
    (id, effect, type, contact, endpoint, state, attempt, replayed_at, created_at, next_at, status, error, through,
     *body) = row  # fmt: skip
    return Delivery(
        id=id,
        effect=effect,
        type=type,
        contact=contact,
        endpoint=endpoint,
        state=state,
        attempt=attempt,
        tries=attempt - replayed_at,
        created_at=created_at,
        next_at=next_at,
        body=body[0] if body else b"",
        last_status=status,
        last_error=error,
        delivered_at=through,
    )
