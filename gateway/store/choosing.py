"""Open contacts by what is wanted of them: pages of cards, sums, and queues.

What is wanted is asked in any combination: a statement is made for each that comes, of the conditions that it needs,
and kept. Each function here only reads, in one walk through the small table of cards; none looks at a contact.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.kernel import place
from gateway.kernel.board import CARDS_MAX, CardPage, Order, QueueRow, Sums, Wanted
from gateway.kernel.chosen import BREACHED, DUE, NOTHING_DUE, key_of, searched
from gateway.store.board import carded
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import cards
from gateway.store.statement import Row, Statement, value

STATEMENTS_MAX: Final = 128
"""Statements of each kind that are kept."""

_LEAST, _MOST = -(2**63), 2**63 - 1

_c = cards.c
_breached = _c.rank == sa.literal_column(str(BREACHED))
_undue = _c.rank == sa.literal_column(str(NOTHING_DUE))
_at_risk = sa.and_(_c.rank == sa.literal_column(str(DUE)), _c.at < value("risk_before"))
_none = sa.literal_column("''", sa.String)

_WORDS: Final = ("queue", "team", "channel", "severity", "connector")


def _in(column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    return column.in_(sa.select(sa.func.json_each(value(name)).table_valued("value").c.value))


def _connector() -> sa.ColumnElement[bool]:
    found = sa.func.json_each(value("connector")).table_valued("value").c.value
    return sa.exists(sa.select(sa.literal_column("1")).where(sa.func.instr(_c.connectors, found) > 0))


_PLAIN: Final = ("status", "queue", "team", "channel", "kind", "severity", "assignee", "rule")
_TERMS: Final[dict[str, Callable[[], sa.ColumnElement[bool]]]] = {
    **{name: partial(_in, _c[name], name) for name in _PLAIN},
    "connector": _connector,
    "breached": lambda: _breached == value("breached"),
    "called": lambda: _c.called == value("called"),
    "any_call": lambda: _c.called != value("any_call"),
    "due_before": lambda: sa.and_(~_undue, _c.at < value("due_before")),
    "due_from": lambda: sa.and_(~_undue, _c.at >= value("due_from")),
    "text": lambda: sa.func.instr(_c.words, value("text")) > sa.literal_column("0"),
}


def _asked(wanted: Wanted) -> dict[str, Any]:
    """The conditions that are needed, each with its parameter."""
    asked: dict[str, Any] = {}
    for name in _PLAIN:
        if words := getattr(wanted, name):
            asked[name] = _texts(words)
    if wanted.connector:
        asked["connector"] = _texts(tuple(f"\n{name}\n" for name in wanted.connector))
    if wanted.breached is not None:
        asked["breached"] = int(wanted.breached)
    if wanted.escalated == "any":
        asked["any_call"] = "none"
    elif wanted.escalated is not None:
        asked["called"] = wanted.escalated
    if wanted.due_before is not None:
        asked["due_before"] = _bounded(wanted.due_before)
    if wanted.due_from is not None:
        asked["due_from"] = _bounded(wanted.due_from)
    if wanted.text:
        asked["text"] = storable(searched(wanted.text))
    return asked


def _texts(words: Iterable[str | int]) -> str:
    """The words as one parameter."""
    return msgspec.json.encode([storable(word) if isinstance(word, str) else word for word in words]).decode()


def _bounded(instant: int) -> int:
    return min(max(instant, _LEAST), _MOST)


def _conditions(names: tuple[str, ...]) -> Iterator[sa.ColumnElement[bool]]:
    return (_TERMS[name]() for name in names)


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_ORDERED: Final[dict[Order, tuple[sa.UnaryExpression[Any] | sa.Column[Any], ...]]] = {
    "due": (_c.rank, _c.at, _c.severity, _c.contact),
    "changed": (_c.updated_at.desc(), _c.contact),
    "opened": (_c.opened_at.desc(), _c.contact),
}


def _behind(order: Order) -> sa.ColumnElement[bool]:
    """What comes behind a place."""
    if order == "due":
        place = sa.tuple_(value("rank"), value("at"), value("gravity"), value("id"))
        return sa.tuple_(_c.rank, _c.at, _c.severity, _c.contact) > place
    column = _c.updated_at if order == "changed" else _c.opened_at
    same = sa.and_(column == value("instant"), _c.contact > value("id"))
    return sa.or_(column < value("instant"), same)


@lru_cache(STATEMENTS_MAX)
def _page(order: Order, names: tuple[str, ...], behind: bool) -> Statement:
    found = sa.select(_c.contact, _c.version, _c.card).where(*_conditions(names))
    if behind:
        found = found.where(_behind(order))
    return Statement(found.order_by(*_ORDERED[order]).limit(value("most")))


def page(connection: Connection, wanted: Wanted, order: Order, limit: int, after: str | None) -> CardPage:
    """A page of cards. Raises BadPlace."""
    most = min(max(limit, 1), CARDS_MAX)
    asked = _asked(wanted)
    here = {} if after is None else _place(after, order)
    rows = _page(order, tuple(asked), after is not None).rows(connection, **asked, **here, most=most + 1)
    found = tuple(carded(*row) for row in rows[:most])
    if len(rows) <= most:
        return CardPage(rows=found)
    last = found[-1]
    first, *others, id = key_of(last.card, last.id, order)
    return CardPage(rows=found, next=place.written(order, first, *others, id=id))


def _place(after: str, order: Order) -> dict[str, Any]:
    (first, second, third), id = place.read(after, order, 3)
    if order == "due":
        return {"rank": first, "at": second, "gravity": third, "id": id}
    return {"instant": -first, "id": id}


# ── Sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _how_many(term: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(term), sa.literal_column("0"))


@lru_cache(STATEMENTS_MAX)
def _sums(names: tuple[str, ...]) -> Statement:
    unacknowledged = _c.called == sa.literal_column("'active'")
    return Statement(
        sa.select(
            sa.func.count(),
            _how_many(_breached),
            _how_many(_at_risk),
            _how_many(_c.paused),
            _how_many(_c.called != sa.literal_column("'none'")),
            _how_many(unacknowledged),
        )
        .select_from(cards)
        .where(*_conditions(names))
    )


@lru_cache(STATEMENTS_MAX)
def _gravest(names: tuple[str, ...]) -> Statement:
    found = sa.select(_c.severity, sa.func.count()).where(*_conditions(names), _breached)
    return Statement(found.group_by(_c.severity).order_by(_c.severity).limit(sa.literal_column("1")))


_words = Statement(sa.select(_c.queue, _c.team, _c.channel, _c.severity, _c.connectors))


def sums(connection: Connection, wanted: Wanted, risk_before: int) -> Sums:
    """Sums over the cards that are wanted, and how many have which word."""
    asked = _asked(wanted)
    names = tuple(asked)
    row = _sums(names).one(connection, **asked, risk_before=_bounded(risk_before)) or (0,) * 6
    open, breached, at_risk, paused, escalated, unacknowledged = row
    gravest = _gravest(names).one(connection, **asked) if breached else None
    return Sums(
        open=open,
        breached=breached,
        breached_gravest=gravest[1] if gravest else 0,
        gravest=gravest[0] if gravest else None,
        at_risk=at_risk,
        paused=paused,
        escalated=escalated,
        unacknowledged=unacknowledged,
        words=words(connection),
    )


def words(connection: Connection) -> dict[str, dict[str, int]]:
    """How many open contacts have which word of each field."""
    found: dict[str, Counter[str]] = {name: Counter() for name in _WORDS}
    for row, count in Counter(_words.rows(connection)).items():
        *fields, connectors = row
        for name, word in zip(_WORDS, fields, strict=False):
            found[name][str(word)] += count
        for connector in connectors.split("\n")[1:-1]:
            found["connector"][connector] += count
    return {name: dict(counts) for name, counts in found.items()}


# ── Queues ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_queues = Statement(
    sa.select(
        _c.queue,
        sa.func.max(_c.team),
        _c.channel,
        sa.func.count(),
        sa.func.count(_c.waiting_since),
        sa.func.min(_c.waiting_since),
        _how_many(_breached),
        _how_many(_at_risk),
        sa.func.min(_c.next_at),
        _how_many(_c.assignee == _none),
        _how_many(_c.paused),
    )
    .group_by(_c.queue, _c.channel)
    .order_by(_c.queue, _c.channel)
)


def queues(connection: Connection, risk_before: int) -> list[QueueRow]:
    """Every queue by channel."""
    return [_queue(row) for row in _queues.rows(connection, risk_before=_bounded(risk_before))]


def _queue(row: Row) -> QueueRow:
    return QueueRow(**dict(zip(QueueRow.__struct_fields__, row, strict=True)))
