"""Contacts with all that is kept of them, some at a time: what is read by one walk through the whole database.

Each function here is a part of one transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from gateway.kernel.board import Carded
from gateway.kernel.history import Dossier, Size, Stray
from gateway.kernel.store import JournalEntry
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry, State
from gateway.store import board, coding
from gateway.store.judging import CONTACT_COLUMNS, contact
from gateway.store.library import Connection
from gateway.store.schema import assemblies, assembly_names, cards, checkpoints, contacts, journal, ledger, strands
from gateway.store.statement import Row, Statement, each, together, value

_contacts = Statement(sa.select(sa.func.count()).select_from(contacts))
_events = Statement(sa.select(sa.func.count()).select_from(journal))
_behind = Statement(
    sa.select(contacts.c.id).where(contacts.c.id > value("after")).order_by(contacts.c.id).limit(value("most"))
)

_ids, (_id,) = each("ids", 1)
_rows = Statement(
    sa.select(contacts.c.status, contacts.c.policy_since, *CONTACT_COLUMNS).select_from(
        _ids.join(contacts, contacts.c.id == _id)
    )
)
_owned = Statement(
    sa.select(strands.c.contact, strands.c.connector, strands.c.kind, strands.c.ref).select_from(
        _ids.join(strands, strands.c.contact == _id)
    )
)
_told = Statement(
    sa.select(
        strands.c.contact,
        journal.c.connector,
        journal.c.kind,
        journal.c.ref,
        journal.c.received_at,
        journal.c.body,
        journal.c.event,
        journal.c.at,
    ).select_from(
        _ids.join(strands, strands.c.contact == _id).join(
            journal,
            sa.and_(
                strands.c.connector == journal.c.connector,
                strands.c.kind == journal.c.kind,
                strands.c.ref == journal.c.ref,
            ),
        )
    )
)
_said = Statement(
    sa.select(ledger.c.contact, ledger.c.entry, ledger.c.id, ledger.c.at).select_from(
        _ids.join(ledger, ledger.c.contact == _id)
    )
)
_passed = Statement(
    sa.select(checkpoints.c.contact, checkpoints.c.as_of, checkpoints.c.state).select_from(
        _ids.join(checkpoints, checkpoints.c.contact == _id)
    )
)
_shown = Statement(sa.select(*cards.c).select_from(_ids.join(cards, cards.c.contact == _id)))


def size(connection: Connection) -> Size:
    """How many contacts and events there are."""
    (some,), (all,) = _contacts.one(connection) or (0,), _events.one(connection) or (0,)
    return Size(some, all)


def behind(connection: Connection, after: str, limit: int) -> list[str]:
    """The first contacts behind an id, in the order of their ids."""
    return [id for (id,) in _behind.rows(connection, after=after, most=limit)]


def dossiers(connection: Connection, ids: Sequence[str]) -> list[Dossier]:
    """All that is kept of these contacts, in the order asked; one that isn't there is left out."""
    wanted = together([(id,) for id in ids])
    owned: dict[str, set[StrandKey]] = defaultdict(set)
    for of, *parts in _owned.rows(connection, ids=wanted):
        owned[of].add(StrandKey(*parts))
    told: dict[str, list[JournalEntry]] = defaultdict(list)
    odd: dict[str, list[str]] = defaultdict(list)
    for of, connector, kind, ref, received_at, body, id, at in _told.rows(connection, ids=wanted):
        event = coding.read_event(body, f"contact {of}")
        strand = StrandKey(connector, kind, ref)
        if (event.id, event.at, event.ref) != (id, at, strand.ref):
            held = f"event {event.id} of {event.ref.kind} {event.ref.id} at {int(event.at)}"
            odd[of].append(f"the journal's row of event {id} at {at} holds {held}")
        told[of].append(JournalEntry(strand=strand, event=event, received_at=received_at))
    said: dict[str, dict[str, LedgerEntry]] = defaultdict(dict)
    for of, body, id, at in _said.rows(connection, ids=wanted):
        entry = coding.entries.decode(body, of)
        said[of][entry.id] = entry
        if (entry.id, entry.at) != (id, at):
            odd[of].append(f"the ledger's row {id} at {at} holds {entry.id} at {entry.at}")
    passed: dict[str, dict[int, State]] = defaultdict(dict)
    for of, as_of, body in _passed.rows(connection, ids=wanted):
        passed[of][as_of] = coding.checkpoints.decode(body, of, as_of)
    shown = {row[1]: row for row in _shown.rows(connection, ids=wanted)}
    found = {}
    for status, policy_since, *columns in _rows.rows(connection, ids=wanted):
        row = contact(tuple(columns))
        card, odd_card = _card(shown.get(row.id))
        found[row.id] = Dossier(
            row=row,
            status=status,
            policy_since=policy_since,
            strands=frozenset(owned[row.id]),
            journal=told[row.id],
            ledger=said[row.id],
            checkpoints=passed[row.id],
            card=card,
            odd_card=odd_card,
            odd=odd[row.id],
        )
    return [found[id] for id in ids if id in found]


def _card(row: Row | None) -> tuple[Carded | None, str]:
    """The card that a row holds, and in words where its columns say something else."""
    if row is None:
        return None, ""
    found = dict(zip((column.name for column in cards.c), row, strict=True))
    card = board.carded(found["contact"], found["version"], found["card"])
    told = board.columns_of(card.id, card.version, card.card)
    odd = sorted(name for name in told if name != "card" and told[name] != found[name])
    return card, f"the columns of its card aren't what the card says: {', '.join(odd)}" if odd else ""


# ── What belongs to nobody ───────────────────────────────────────────────────────────────────────────────────────────


def _without_contact(table: sa.Table, columns: Sequence[sa.Column[Any]]) -> Statement:
    lonely = sa.select(*columns).distinct().select_from(table.outerjoin(contacts, contacts.c.id == table.c.contact))
    return Statement(lonely.where(contacts.c.id.is_(None)).limit(value("most")))


def _as_strand(row: Row) -> str:
    return f"{row[0]}:{row[1]}:{row[2]}"


_j = journal.c
_n = assembly_names.c
_SORTS: tuple[tuple[str, Statement, Callable[[Row], str]], ...] = (
    (
        "journal",
        Statement(
            sa.select(_j.connector, _j.kind, _j.ref, _j.event)
            .select_from(
                journal.outerjoin(
                    strands,
                    sa.and_(strands.c.connector == _j.connector, strands.c.kind == _j.kind, strands.c.ref == _j.ref),
                )
            )
            .where(strands.c.contact.is_(None))
            .limit(value("most"))
        ),
        lambda row: f"event {row[3]} of {_as_strand(row)} belongs to no contact",
    ),
    (
        "journal",
        Statement(
            sa.select(_j.connector, _j.event, sa.func.count())
            .group_by(_j.connector, _j.event)
            .having(sa.func.count() > sa.literal_column("1"))
            .limit(value("most"))
        ),
        lambda row: f"event {row[1]} of connector {row[0]} is kept {row[2]} times",
    ),
    (
        "strands",
        _without_contact(strands, (strands.c.connector, strands.c.kind, strands.c.ref, strands.c.contact)),
        lambda row: f"strand {_as_strand(row)} is of contact {row[3]}, which isn't there",
    ),
    (
        "ledger",
        _without_contact(ledger, (ledger.c.contact,)),
        lambda row: f"something has been said of contact {row[0]}, which isn't there",
    ),
    (
        "cards",
        _without_contact(cards, (cards.c.contact,)),
        lambda row: f"there is a card of contact {row[0]}, which isn't there",
    ),
    (
        "checkpoints",
        _without_contact(checkpoints, (checkpoints.c.contact,)),
        lambda row: f"there is a checkpoint of contact {row[0]}, which isn't there",
    ),
    (
        "assembly_names",
        Statement(
            sa.select(_n.connector, _n.name)
            .select_from(
                assembly_names.outerjoin(
                    assemblies, sa.and_(assemblies.c.connector == _n.connector, assemblies.c.id == _n.assembly)
                )
            )
            .where(assemblies.c.id.is_(None))
            .limit(value("most"))
        ),
        lambda row: f"the name {row[1]} of connector {row[0]} is of an object that isn't there",
    ),
    (
        "assemblies",
        Statement(
            sa.select(assemblies.c.connector, assemblies.c.id)
            .select_from(
                assemblies.outerjoin(
                    assembly_names, sa.and_(_n.connector == assemblies.c.connector, _n.name == assemblies.c.id)
                )
            )
            .where(_n.assembly.is_distinct_from(assemblies.c.id))
            .limit(value("most"))
        ),
        lambda row: f"the object {row[1]} of connector {row[0]} isn't found by its first name",
    ),
)


def strays(connection: Connection, limit: int) -> list[Stray]:
    """Rows that belong to nobody, and events that are kept twice; at most `limit` of each sort."""
    return [
        Stray(table, words(row)) for table, statement, words in _SORTS for row in statement.rows(connection, most=limit)
    ]
