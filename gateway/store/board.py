"""Cards of the open contacts and tallies of what was announced: kept in the transaction that judges, read by people.

Each function here is a part of one transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.board import Carded, Tally
from gateway.kernel.chosen import called, next_due_of, rank_of, words_of
from gateway.kernel.store import ContactRow
from gateway.model.instant import HOUR_MS
from gateway.model.words import ENDED
from gateway.rules.card import Card
from gateway.store.coding import cards as card_coding
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import cards, contacts, tallies
from gateway.store.statement import Statement, each, together, upsert, value

_c = cards.c
_keep = upsert(cards, ("facet", "contact"), [column.name for column in _c if column.name not in ("facet", "contact")])
_leave = Statement(sa.delete(cards).where(_c.contact == value("contact"), _c.facet != value("facet")))
_move = Statement(sa.update(cards).where(_c.contact == value("of")).values(version=value("version")))
_drop = Statement(sa.delete(cards).where(_c.contact == value("of")))
_versions = Statement(sa.select(_c.contact, _c.version))
_ids, (_id,) = each("ids", 1)
_some = Statement(sa.select(_c.contact, _c.version, _c.card).select_from(_ids.join(cards, _c.contact == _id)))
_now = Statement(sa.select(contacts.c.id, contacts.c.version).select_from(_ids.join(contacts, contacts.c.id == _id)))

_t = tallies.c
_count = Statement(
    insert(tallies).on_conflict_do_update(
        index_elements=["hour", "type", "rule", "target"],
        set_={"count": _t["count"] + sa.literal_column("excluded.count")},
    ),
    [column.name for column in _t],
)
_since = Statement(sa.select(*_t).where(_t.hour > value("before")).order_by(_t.hour, _t.type, _t.rule, _t.target))
_remove = Statement(
    sa.delete(tallies).where(_t.hour == sa.select(sa.func.min(_t.hour)).scalar_subquery(), _t.hour < value("before"))
)


class PreparedCards(NamedTuple):
    """What is to be written of a batch's contacts: cards, new versions of cards that stay, and whose cards go."""

    kept: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    dropped: list[dict[str, Any]]


def prepare(contacts: Iterable[ContactRow]) -> PreparedCards:
    """The rows of a batch's contacts: one that is open has a card, any other none."""
    prepared = PreparedCards([], [], [])
    for row in contacts:
        if row.state is None or row.state.contact.status in ENDED:
            if row.version:
                prepared.dropped.append({"of": row.id})
        elif row.card is None:
            prepared.moved.append({"of": row.id, "version": row.version + 1})
        else:
            prepared.kept.append(columns_of(row.id, row.version + 1, row.card))
    return prepared


class Facet(NamedTuple):
    """What the cards of one place in the table have in common."""

    queue: str
    channel: str
    team: str
    kind: str
    severity: int
    connectors: tuple[str, ...]


def facet_of(card: Card) -> str:
    """The facet of a card as it is written, the queue first."""
    connectors = sorted({ref.connector for ref in card.refs})
    return msgspec.json.encode((card.queue, card.channel, card.team, card.kind, card.severity, connectors)).decode()


def read_facet(text: str) -> Facet:
    """The facet that is written so."""
    return msgspec.json.decode(text, type=Facet)


def columns_of(contact: str, version: int, card: Card) -> dict[str, Any]:
    """A card as a row."""
    rank, at = rank_of(card)
    return {
        "facet": facet_of(card),
        "contact": contact,
        "version": version,
        "rank": rank,
        "at": at,
        "next_at": next_due_of(card),
        "severity": card.severity,
        "updated_at": card.updated_at,
        "opened_at": card.opened_at,
        "waiting_since": card.waiting_since,
        "paused": int(card.paused),
        "called": called(card),
        "status": card.status,
        "rule": card.due.rule if card.due else "",
        "assignee": storable(card.assignee or ""),
        "words": storable(words_of(card)),
        "card": card_coding.encode(card),
    }


def keep(connection: Connection, prepared: PreparedCards) -> None:
    """Write what was prepared."""
    if prepared.kept:
        _put(connection, prepared.kept, [row for row in prepared.kept if row["version"] > 1])
    if prepared.moved:
        _move.many(connection, prepared.moved)
    if prepared.dropped:
        _drop.many(connection, prepared.dropped)


def _put(connection: Connection, rows: Sequence[dict[str, Any]], known: Sequence[dict[str, Any]]) -> None:
    """Write rows; those that are `known` may lie in another place."""
    _leave.many(connection, [{"contact": row["contact"], "facet": row["facet"]} for row in known])
    _keep.many(connection, rows)


def put(connection: Connection, rows: Sequence[ContactRow]) -> None:
    """Write the cards of contacts whose version hasn't moved."""
    now: dict[str, int] = dict(_now.rows(connection, ids=together([(row.id,) for row in rows])))
    there = [(row, row.card) for row in rows if row.card is not None and now.get(row.id) == row.version]
    made = [columns_of(row.id, row.version, card) for row, card in there]
    _put(connection, made, made)


def versions(connection: Connection) -> dict[str, int]:
    """The version of every card, by its contact."""
    return dict(_versions.rows(connection))


def some(connection: Connection, contacts: Sequence[str]) -> list[Carded]:
    """The cards of these contacts, of those that have one."""
    wanted = together([(storable(id),) for id in dict.fromkeys(contacts)])
    return [carded(*row) for row in _some.rows(connection, ids=wanted)]


def carded(contact: str, version: int, body: bytes) -> Carded:
    """A card as it is listed. Raises StoreUnusable for bytes that nobody can have written."""
    return Carded(id=contact, version=version, card=card_coding.decode(body, contact))


# ── Tallies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def count(connection: Connection, counted: Sequence[Tally]) -> None:
    """Count what was announced."""
    names = Tally.__struct_fields__
    _count.many(connection, [{name: getattr(tally, name) for name in names} for tally in counted])


def counted_since(connection: Connection, since: int) -> list[Tally]:
    """What was announced in the hours that end after an instant."""
    names = [column.name for column in _t]
    rows = _since.rows(connection, before=since - HOUR_MS)
    return [Tally(**dict(zip(names, row, strict=True))) for row in rows]


def remove_counted(connection: Connection, before: int) -> int:
    """Remove the oldest hour if it began before an instant; how many rows it had."""
    return max(_remove.run(connection, before=before).rowcount, 0)
