"""Open contacts by what is wanted of them: pages of cards, sums, and queues.

What is wanted is asked in any combination: a statement is made for each that comes, of the conditions that it needs,
and kept. Each function here only reads, in one walk through the small table of cards; none looks at a contact.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from gateway.kernel import place
from gateway.kernel.board import CARDS_MAX, CardPage, Order, QueueRow, Sums, Wanted
from gateway.kernel.chosen import BREACHED, DUE, NOTHING_DUE, key_of, searched
from gateway.store.board import Facet, carded, read_facet
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import cards
from gateway.store.statement import Statement, value, word

STATEMENTS_MAX: Final = 128
"""Statements of each kind that are kept."""

_LEAST, _MOST = -(2**63), 2**63 - 1

_c = cards.c
_breached = _c.rank == sa.literal_column(str(BREACHED))
_undue = _c.rank == sa.literal_column(str(NOTHING_DUE))
_at_risk = sa.and_(_c.rank == sa.literal_column(str(DUE)), _c.at < value("risk_before"))


def _in(name: str) -> sa.ColumnElement[bool]:
    return _c[name].in_(sa.select(sa.func.json_each(value(name)).table_valued("value").c.value))


_PLAIN: Final = ("status", "assignee", "rule")
_TERMS: Final[dict[str, Callable[[], sa.ColumnElement[bool]]]] = {
    **{name: partial(_in, name) for name in ("facet", *_PLAIN)},
    "breached": lambda: _breached == value("breached"),
    "called": lambda: _c.called == value("called"),
    "any_call": lambda: _c.called != value("any_call"),
    "due_before": lambda: sa.and_(~_undue, _c.at < value("due_before")),
    "due_from": lambda: sa.and_(~_undue, _c.at >= value("due_from")),
    "text": lambda: sa.func.instr(_c.words, value("text")) > sa.literal_column("0"),
}


def _asked(wanted: Wanted, facets: Iterable[str]) -> dict[str, Any]:
    """The conditions that are needed, each with its parameter; `facets` are all that there are."""
    asked: dict[str, Any] = {}
    if any((wanted.queue, wanted.team, wanted.channel, wanted.kind, wanted.severity, wanted.connector)):
        asked["facet"] = _texts(text for text in facets if _has(read_facet(text), wanted))
    for name in _PLAIN:
        if words := getattr(wanted, name):
            asked[name] = _texts(words)
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


def _has(facet: Facet, wanted: Wanted) -> bool:
    """Whether the cards of a facet are wanted, as far as that says."""
    return (
        (not wanted.queue or facet.queue in wanted.queue)
        and (not wanted.team or facet.team in wanted.team)
        and (not wanted.channel or facet.channel in wanted.channel)
        and (not wanted.kind or facet.kind in wanted.kind)
        and (not wanted.severity or facet.severity in wanted.severity)
        and (not wanted.connector or not set(facet.connectors).isdisjoint(wanted.connector))
    )


def _texts(words: Iterable[str]) -> str:
    """The words as one parameter."""
    return msgspec.json.encode([storable(word) for word in words]).decode()


def _bounded(instant: int) -> int:
    return min(max(instant, _LEAST), _MOST)


def _conditions(names: tuple[str, ...]) -> Iterator[sa.ColumnElement[bool]]:
    return (_TERMS[name]() for name in names)


_next_facet = Statement(sa.select(sa.func.min(_c.facet)).where(_c.facet > value("last")))


def _facets(connection: Connection) -> Iterator[str]:
    """Every facet that a card has: a jump in the table for each."""
    last = ""
    while (row := _next_facet.one(connection, last=last)) is not None and row[0] is not None:
        last = row[0]
        yield last


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
    asked = _asked(wanted, _facets(connection))
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


class _Group(NamedTuple):
    """The cards of one facet, of those that are wanted: how many there are of which sort, and the earliest instants."""

    facet: str
    open: int
    breached: int
    at_risk: int
    paused: int
    escalated: int
    unacknowledged: int
    waiting: int
    longest_since: int | None
    soonest_due: int | None
    unassigned: int


def _how_many(term: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.func.sum(term)


@lru_cache(STATEMENTS_MAX)
def _grouped(names: tuple[str, ...]) -> Statement:
    return Statement(
        sa.select(
            _c.facet,
            sa.func.count(),
            _how_many(_breached),
            _how_many(_at_risk),
            _how_many(_c.paused),
            _how_many(_c.called != word("none")),
            _how_many(_c.called == word("active")),
            sa.func.count(_c.waiting_since),
            sa.func.min(_c.waiting_since),
            sa.func.min(_c.next_at),
            _how_many(_c.assignee == word("")),
        )
        .where(*_conditions(names))
        .group_by(_c.facet)
    )


_counts = Statement(sa.select(_c.facet, sa.func.count()).group_by(_c.facet))


def _groups(connection: Connection, asked: Mapping[str, Any], risk_before: int) -> list[_Group]:
    rows = _grouped(tuple(asked)).rows(connection, **asked, risk_before=_bounded(risk_before))
    return [_Group(*row) for row in rows]


def sums(connection: Connection, wanted: Wanted, risk_before: int) -> Sums:
    """Sums over the cards that are wanted, and how many of all have which word."""
    if wanted == Wanted():
        groups = _groups(connection, {}, risk_before)
        counts = {group.facet: group.open for group in groups}
    else:
        counts = dict(_counts.rows(connection))
        groups = _groups(connection, _asked(wanted, counts), risk_before)
    breached: Counter[int] = Counter()
    for group in groups:
        breached[read_facet(group.facet).severity] += group.breached
    gravest = min((severity for severity, count in breached.items() if count), default=None)
    return Sums(
        open=sum(group.open for group in groups),
        breached=sum(breached.values()),
        breached_gravest=0 if gravest is None else breached[gravest],
        gravest=gravest,
        at_risk=sum(group.at_risk for group in groups),
        paused=sum(group.paused for group in groups),
        escalated=sum(group.escalated for group in groups),
        unacknowledged=sum(group.unacknowledged for group in groups),
        words=_words(counts),
    )


def _words(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """How many open contacts have which word of each field."""
    found: dict[str, Counter[str]] = {name: Counter() for name in ("queue", "team", "channel", "severity", "connector")}
    for text, count in counts.items():
        facet = read_facet(text)
        for name in ("queue", "team", "channel", "severity"):
            found[name][str(getattr(facet, name))] += count
        for connector in facet.connectors:
            found["connector"][connector] += count
    return {name: dict(counter) for name, counter in found.items()}


def queues(connection: Connection, risk_before: int) -> list[QueueRow]:
    """Every queue by channel."""
    found: dict[tuple[str, str], list[_Group]] = {}
    for group in _groups(connection, {}, risk_before):
        found.setdefault(read_facet(group.facet)[:2], []).append(group)
    return [_queue(queue, channel, found[queue, channel]) for queue, channel in sorted(found)]


def _queue(queue: str, channel: str, groups: Sequence[_Group]) -> QueueRow:
    return QueueRow(
        queue=queue,
        team=max(read_facet(group.facet).team for group in groups),
        channel=channel,
        open=sum(group.open for group in groups),
        waiting=sum(group.waiting for group in groups),
        longest_since=min((group.longest_since for group in groups if group.longest_since is not None), default=None),
        breached=sum(group.breached for group in groups),
        at_risk=sum(group.at_risk for group in groups),
        soonest_due=min((group.soonest_due for group in groups if group.soonest_due is not None), default=None),
        unassigned=sum(group.unassigned for group in groups),
        paused=sum(group.paused for group in groups),
    )
