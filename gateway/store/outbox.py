"""The outbox: notices with their body once, and one delivery of each to each endpoint, numbered.

Law of order: of the waiting deliveries of one (endpoint, contact) only the first made has a `due`; when it is through,
the next one gets its own. So what can be claimed is one range of one index, however much waits behind.
Each function here is a part of one transaction; what is done with deliveries: `performing`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.outbox import Delivery, Notice
from gateway.rules.notice import numbered
from gateway.rules.retry import NO_REFUSAL, REFUSED
from gateway.store import endpoints
from gateway.store.coding import effects, read_body, write_body
from gateway.store.library import Connection
from gateway.store.schema import attempts, deliveries, notices
from gateway.store.statement import Row, Statement, value, word

_d = deliveries.c

_add_notice = Statement(
    insert(notices).on_conflict_do_nothing(), ("effect", "contact", "type", "created_at", "decision", "body")
)
_others: sa.Select[Any] = (
    sa.select(sa.literal_column("1"))
    .select_from(deliveries)
    .where(_d.endpoint == value("to"), _d.contact == value("about"), _d.next_at.isnot(None))
)
_new = (
    "effect", "type", "contact", "endpoint", "sequence", "state", "attempt", "tries", "created_at", "next_at", "due",
)  # fmt: skip
_add_delivery = Statement(
    insert(deliveries).from_select(
        _new,
        sa.select(
            value("effect"),
            value("type"),
            value("about"),
            value("to"),
            value("number"),
            word("ready"),
            sa.literal_column("0"),
            sa.literal_column("0"),
            value("now"),
            value("now"),
            sa.case((sa.exists(_others), sa.null()), else_=value("now")),
        ).where(sa.true()),
    ),
)
_known = Statement(sa.select(_d.id).where(_d.effect == value("effect"), _d.endpoint == value("to")))

SHOWN = (
    _d.id, _d.effect, _d.type, _d.contact, _d.endpoint, _d.sequence, _d.state, _d.attempt, _d.tries, _d.replay_due,
    _d.created_at, _d.next_at, _d.last_status, _d.last_error, _d.delivered_at, _d.ended_at,
)  # fmt: skip
WHOLE = sa.select(*SHOWN, notices.c.body).select_from(deliveries.join(notices))
"""Rows that `delivery` reads: of SHOWN without the body, of WHOLE with it."""

_one = Statement(WHOLE.where(_d.id == value("row")))
_after = Statement(
    WHOLE.where(_d.endpoint == value("to"), _d.sequence > value("after")).order_by(_d.sequence).limit(value("most"))
)
_attempts = Statement(
    sa.select(attempts.c.attempt, attempts.c.at, attempts.c.status, attempts.c.error, attempts.c.duration_ms)
    .where(attempts.c.delivery == value("of"))
    .order_by(attempts.c.attempt)
)
_refusals = Statement(
    sa.select(sa.func.count()).where(
        attempts.c.delivery == value("of"),
        attempts.c.status >= REFUSED.start,
        attempts.c.status < REFUSED.stop,
        *(attempts.c.status != status for status in NO_REFUSAL),
    )
)


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
                "body": write_body(notice.body),
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
    """Add notices and deliveries, each with the next number of its endpoint; one that is known stays as it is."""
    if not new.notices:
        return
    rows = new.deliveries
    if _add_notice.many(connection, new.notices) != len(new.notices):
        # A number that is given to nobody would be a gap.
        told = {(row["effect"], row["to"]): row for row in rows}.values()
        rows = [row for row in told if _known.one(connection, effect=row["effect"], to=row["to"]) is None]
    if rows:
        numbers = endpoints.next_numbers(connection, Counter(row["to"] for row in rows))
        _add_delivery.many(connection, [{**row, "number": next(numbers[row["to"]])} for row in rows])


def tries(connection: Connection, id: int) -> list[dict[str, Any]]:
    """Every try of a delivery, in order."""
    names = ("attempt", "at", "status", "error", "duration_ms")
    return [dict(zip(names, row, strict=True)) for row in _attempts.rows(connection, of=id)]


def refusals(connection: Connection, id: int) -> int:
    """How many tries of a delivery were refused."""
    row = _refusals.one(connection, of=id)
    return 0 if row is None else row[0]


def one(connection: Connection, id: int) -> Delivery | None:
    """One delivery, with its body."""
    row = _one.one(connection, row=id)
    return None if row is None else delivery(row)


def after(connection: Connection, endpoint: str, number: int, limit: int) -> list[Delivery]:
    """The deliveries of an endpoint behind a number, in order, with their bodies."""
    return [delivery(row) for row in _after.rows(connection, to=endpoint, after=number, most=limit)]


def delivery(row: Row) -> Delivery:
    """The delivery that a row of SHOWN or of WHOLE holds; its body is as it is sent."""
    (id, effect, type, contact, endpoint, sequence, state, attempt, tries, replay_due, created_at, next_at, status,
     error, through, ended_at, *body) = row  # fmt: skip
    return Delivery(
        id=id,
        effect=effect,
        type=type,
        contact=contact,
        endpoint=endpoint,
        sequence=sequence,
        state=state,
        attempt=attempt,
        tries=tries,
        replay=replay_due is not None,
        created_at=created_at,
        next_at=next_at,
        body=numbered(read_body(body[0], effect), sequence) if body else b"",
        last_status=status,
        last_error=error,
        delivered_at=through,
        ended_at=ended_at,
    )
