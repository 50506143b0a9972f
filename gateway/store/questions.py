"""What enrichers are asked: one row for each strand and enricher. Each function here is a part of one transaction.

The fence is the request together with the attempt: a newer request makes every answer to an older one too late, and so
does a claim after a lease that is over.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.questions import Question, Settled
from gateway.kernel.store import COUNTED_MAX
from gateway.model.identity import StrandKey
from gateway.store import inbox
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import questions
from gateway.store.statement import Statement, value

_q = questions.c
_NEW = (
    *("enricher", "connector", "kind", "ref"),
    *("request", "ttl_ms", "asked_at", "past", "attempt", "tries", "told", "leased"),
)
_ask = Statement(
    insert(questions).on_conflict_do_update(
        index_elements=["enricher", "connector", "kind", "ref"],
        set_={name: sa.literal_column(f"excluded.{name}") for name in (*_NEW[4:], "due", "failure")},
        where=_q.request != sa.literal_column("excluded.request"),
    ),
    (*_NEW, "due", "failure"),
)
_this = sa.and_(
    _q.enricher == value("of"), _q.connector == value("by"), _q.kind == value("type"), _q.ref == value("object")
)
_forget = Statement(sa.delete(questions).where(_this))
_next = Statement(sa.select(sa.func.min(_q.enricher)).where(_q.enricher > value("after")))
_first_due = Statement(sa.select(sa.func.min(_q.due)).where(_q.enricher == value("of"), _q.past == value("past")))
_due = Statement(
    sa.select(_q.connector, _q.kind, _q.ref)
    .where(_q.enricher == value("of"), _q.past == value("past"), _q.due <= value("now"))
    .order_by(_q.due, _q.asked_at)
    .limit(value("most"))
)
_lease = Statement(
    sa.update(questions)
    .where(_this)
    .values(attempt=_q.attempt + 1, leased=1, due=value("until"))
    .returning(_q.request, _q.ttl_ms, _q.asked_at, _q.past, _q.attempt, _q.tries, _q.told)
)
_mine = sa.and_(
    _this,
    _q.request == value("asked"),
    _q.attempt == value("fence"),
    _q.leased == sa.literal_column("1"),
)
_end = Statement(sa.delete(questions).where(_mine))
_postpone = Statement(
    sa.update(questions)
    .where(_mine)
    .values(
        leased=0,
        due=value("until"),
        failure=value("why"),
        tries=_q.tries + value("counts"),
        told=sa.func.max(_q.told, value("tells")),
    )
)
_how_many = Statement(
    sa.select(sa.func.count()).select_from(
        sa.select(_q.ref).where(_q.enricher == value("of")).limit(value("most")).subquery()
    )
)
_release = Statement(sa.update(questions).where(_q.leased == sa.literal_column("1")).values(leased=0, due=0))


def forget(connection: Connection, unasked: Sequence[tuple[StrandKey, str]]) -> None:
    """Remove the questions of these strands to these enrichers."""
    _forget.many(connection, [_place(strand, enricher) for strand, enricher in unasked])


def ask(connection: Connection, asked: Sequence[Question], now: int) -> None:
    """Put questions; the later one of a strand and enricher stays."""
    _ask.many(
        connection,
        [
            {
                "enricher": one.enricher,
                "connector": one.strand.connector,
                "kind": one.strand.kind,
                "ref": one.strand.id,
                "request": one.request,
                "ttl_ms": one.ttl_ms,
                "asked_at": one.asked_at,
                "past": int(one.past),
                "attempt": 0,
                "tries": 0,
                "told": 0,
                "leased": 0,
                "due": now,
                "failure": None,
            }
            for one in asked
        ],
    )


def enrichers_due(connection: Connection, now: int) -> list[str]:
    """The enrichers that have something due: two steps in an index for each that has questions."""
    return [name for name in _names(connection) if any(_is_due(connection, name, past, now) for past in (0, 1))]


def _is_due(connection: Connection, enricher: str, past: int, now: int) -> bool:
    due = _first_due.one(connection, of=enricher, past=past)
    return due is not None and due[0] is not None and due[0] <= now


def _names(connection: Connection) -> list[str]:
    found: list[str] = []
    while (row := _next.one(connection, after=found[-1] if found else "")) is not None and row[0] is not None:
        found.append(row[0])
    return found


def claim(connection: Connection, enricher: str, now: int, lease_ms: int, limit: int) -> list[Question]:
    """Lease what is due of an enricher, what is of the past last, the longest due first."""
    claimed = []
    due = _due.rows(connection, of=enricher, past=0, now=now, most=limit)
    due += _due.rows(connection, of=enricher, past=1, now=now, most=limit - len(due))
    for strand in [StrandKey(*row) for row in due]:
        (row,) = _lease.rows(connection, **_place(strand, enricher), until=now + lease_ms)
        request, ttl_ms, asked_at, past, attempt, tries, told = row
        claimed.append(
            Question(
                strand=strand,
                enricher=enricher,
                request=request,
                ttl_ms=ttl_ms,
                asked_at=asked_at,
                past=bool(past),
                attempt=attempt,
                tries=tries,
                told=bool(told),
            )
        )
    return claimed


def settle(connection: Connection, settled: Sequence[Settled]) -> list[Question]:
    """Write what became of each, and what is told of it; those whose fence has moved."""
    overtaken = []
    records: list[dict[str, Any]] = []
    for one in settled:
        question = one.question
        mine = {**_place(question.strand, question.enricher), "asked": question.request, "fence": question.attempt}
        if one.next_at is None:
            changed = _end.run(connection, **mine)
        else:
            changed = _postpone.run(
                connection,
                **mine,
                until=one.next_at,
                why=storable(one.reason),
                counts=int(one.counted),
                tells=int(one.record is not None),
            )
        if changed.rowcount == 0:
            overtaken.append(question)
        elif one.record is not None:
            records += inbox.rows_of(question.strand.connector, [one.record])
    if records:
        inbox.add(connection, records)
    return overtaken


def waiting(connection: Connection) -> dict[str, int]:
    """How many there are, by enricher."""
    return {name: (_how_many.one(connection, of=name, most=COUNTED_MAX) or (0,))[0] for name in _names(connection)}


def release(connection: Connection) -> None:
    """End every lease: whoever held them is dead."""
    _release.run(connection)


def _place(strand: StrandKey, enricher: str) -> dict[str, str]:
    return {"of": enricher, "by": strand.connector, "type": strand.kind, "object": strand.id}
