"""What judging reads and writes: contacts with their strands, the journal, the ledger. One batch is one transaction.

Each function here is a part of one transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.store import UNOPENED, AskedPast, AskedSaid, Batch, Conflict, ContactRow, JournalEntry, Past
from gateway.model.event import Event
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry, State
from gateway.model.words import ENDED
from gateway.store import assembling, board, contact_checkpoints, fetching, inbox, outbox, questions
from gateway.store.coding import decode_strands, encode_strands, entries, read_event, states, write_event
from gateway.store.library import Connection
from gateway.store.schema import contacts, journal, ledger, strands
from gateway.store.statement import BEFORE_ALL, Row, Statement, each, together, upsert, value

CONTACT_COLUMNS = (
    contacts.c.id,
    contacts.c.version,
    contacts.c.strands,
    contacts.c.state,
    contacts.c.next_due,
    contacts.c.updated_at,
    contacts.c.live_from,
)


_keys, (_of, _type, _object) = each("keys", 3)
_contacts_of = Statement(
    sa.select(strands.c.connector, strands.c.kind, strands.c.ref, *CONTACT_COLUMNS).select_from(
        _keys.join(
            strands, sa.and_(strands.c.connector == _of, strands.c.kind == _type, strands.c.ref == _object)
        ).join(contacts)
    )
)
_due = Statement(
    sa.select(*CONTACT_COLUMNS)
    .where(contacts.c.next_due <= value("until"))
    .order_by(contacts.c.next_due)
    .limit(value("most"))
)
_next_due = Statement(sa.select(sa.func.min(contacts.c.next_due)).where(contacts.c.next_due.isnot(None)))
_ids, (_by, _event) = each("ids", 2)
_events = Statement(
    sa.select(journal.c.connector, journal.c.event, journal.c.body).select_from(
        _ids.join(journal, sa.and_(journal.c.connector == _by, journal.c.event == _event))
    )
)
_history = Statement(
    sa.select(journal.c.connector, journal.c.kind, journal.c.ref, journal.c.received_at, journal.c.body)
    .select_from(
        strands.join(
            journal,
            sa.and_(
                strands.c.connector == journal.c.connector,
                strands.c.kind == journal.c.kind,
                strands.c.ref == journal.c.ref,
            ),
        )
    )
    .where(strands.c.contact == value("contact"), journal.c.at > value("after"))
)
_said = sa.select(ledger.c.entry).where(ledger.c.contact == value("of"), ledger.c.at > value("after"))
_ledger = Statement(_said)
_entry = Statement(_said.where(ledger.c.id == value("entry")))

_add_contact = Statement(
    insert(contacts).on_conflict_do_nothing(),
    ("id", "version", "status", "next_due", "updated_at", "policy_since", "live_from", "strands", "state"),
)
_set_contact = Statement(
    sa.update(contacts)
    .where(contacts.c.id == value("contact"), contacts.c.version == value("loaded"))
    .values({column.name: value(column.name) for column in contacts.c if column.name not in ("id", "live_from")})
)
# An index is written anew for every column that is SET, to the same value too. Most events leave a contact in its
# places, and each place of a contact that has lain for long is a page of its own.
_touch_contact = Statement(
    sa.update(contacts)
    .where(
        contacts.c.id == value("contact"),
        contacts.c.version == value("loaded"),
        *(contacts.c[name].is_(value(name)) for name in ("status", "next_due", "policy_since")),
    )
    .values({name: value(name) for name in ("version", "updated_at", "strands", "state")})
)
_set_strand = Statement(
    insert(strands).on_conflict_do_update(
        index_elements=["connector", "kind", "ref"],
        set_={"contact": sa.literal_column("excluded.contact")},
        where=strands.c.contact != sa.literal_column("excluded.contact"),
    ),
    ("connector", "kind", "ref", "contact"),
)
_set_event = upsert(journal, ("connector", "event"), ("kind", "ref", "at", "received_at", "body"))
_withdraw = Statement(
    sa.delete(journal).where(journal.c.connector == value("told_by"), journal.c.event == value("told"))
)
_set_entry = upsert(ledger, ("contact", "id"), ("at", "entry"))


def contact(row: Row) -> ContactRow:
    """The contact that a row of `CONTACT_COLUMNS` holds."""
    id, version, held, state, next_due, updated_at, live_from = row
    return ContactRow(
        id=id,
        version=version,
        strands=decode_strands(held, id),
        state=None if state is None else states.decode(state, id),
        next_due=next_due,
        updated_at=updated_at,
        live_from=live_from,
    )


def contacts_of(connection: Connection, keys: Sequence[StrandKey]) -> dict[StrandKey, ContactRow]:
    """The contact of each strand that has one; strands of one contact share one value."""
    loaded: dict[str, ContactRow] = {}
    found: dict[StrandKey, ContactRow] = {}
    wanted = together([(key.connector, key.kind, key.id) for key in keys])
    for connector, kind, ref, *row in _contacts_of.rows(connection, keys=wanted):
        key = StrandKey(connector, kind, ref)
        found[key] = loaded.get(row[0]) or loaded.setdefault(row[0], contact(tuple(row)))
    return found


def known_events(connection: Connection, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Event]:
    """Those of the events that the journal has."""
    return {
        (connector, event): read_event(body, f"connector {connector}: {event}")
        for connector, event, body in _events.rows(connection, ids=together(ids))
    }


def history(connection: Connection, contact: str, after: int | None) -> list[JournalEntry]:
    """The events of a contact that happened after an instant; None: all of them."""
    found = _history.rows(connection, contact=contact, after=BEFORE_ALL if after is None else after)
    return [
        JournalEntry(
            strand=StrandKey(connector, kind, ref),
            event=read_event(body, f"contact {contact}"),
            received_at=received_at,
        )
        for connector, kind, ref, received_at, body in found
    ]


def said(connection: Connection, contact: str, ids: Sequence[str] | None, after: int | None) -> dict[str, LedgerEntry]:
    """The ledger of a contact, or its entries of `ids`; of them those `at` later than `after`."""
    which = {"of": contact, "after": BEFORE_ALL if after is None else after}
    if ids is None:
        bodies = _ledger.rows(connection, **which)
    else:
        bodies = [row for id in ids if (row := _entry.one(connection, **which, entry=id)) is not None]
    return {entry.id: entry for entry in (entries.decode(body, contact) for (body,) in bodies)}


def past(connection: Connection, asked: AskedPast) -> Past:
    """What one contact can be judged again from."""
    base = None if asked.before is None else contact_checkpoints.latest(connection, asked.contact, asked.before)
    return Past(base, history(connection, asked.contact, asked.after if base is None else base.as_of))


def said_of(connection: Connection, asked: AskedSaid) -> dict[str, LedgerEntry]:
    """What has been said of one contact, as far as it is asked for."""
    later = {} if asked.after is None else said(connection, asked.contact, None, asked.after)
    missing = [id for id in asked.ids if id not in later]
    return later | said(connection, asked.contact, missing, None) if missing else later


def due(connection: Connection, until: int, limit: int) -> list[ContactRow]:
    """Contacts whose `next_due` has come, the most overdue first."""
    return [contact(row) for row in _due.rows(connection, until=until, most=limit)]


def next_due(connection: Connection) -> int | None:
    """The earliest `next_due` of all."""
    row = _next_due.one(connection)
    return None if row is None else row[0]


class Prepared:
    """A batch as rows, encoded before its transaction begins."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.added = [_contact_values(row) for row in batch.contacts if row.version == 0]
        self.changed = [
            {**_contact_values(row), "contact": row.id, "loaded": row.version} for row in batch.contacts if row.version
        ]
        self.strands = [
            {"connector": strand.connector, "kind": strand.kind, "ref": strand.id, "contact": row.id}
            for row in batch.contacts
            if row.version == 0 or len(row.strands) > 1  # one alone is the one that it was added with
            for strand in row.strands
        ]
        self.journal = [_event_values(entry) for entry in batch.journal]
        self.ledger = [
            {"contact": contact, "id": entry.id, "at": int(entry.at), "entry": entries.encode(entry)}
            for contact, entry in batch.ledger
        ]
        self.assemblies = assembling.prepare(batch.assemblies)
        self.cards = board.prepare(batch.contacts)
        self.checkpoints = contact_checkpoints.rows_of(batch.checkpoints)
        self.notices = outbox.prepare(batch.notices, batch.now)

    def commit(self, connection: Connection) -> None:
        """Write all of it. Raises Conflict if a record's fence or a contact's version has moved."""
        inbox.finish(connection, self.batch.done, self.batch.parked)
        written = _add_contact.many(connection, self.added) if self.added else 0
        written += sum(_change_contact(connection, row) for row in self.changed)
        if written != len(self.batch.contacts):
            raise Conflict("a contact of this batch has been changed by somebody else")
        board.keep(connection, self.cards)
        if self.strands:
            _set_strand.many(connection, self.strands)
        if self.batch.withdrawn:
            _withdraw.many(connection, [{"told_by": by, "told": id} for by, id in self.batch.withdrawn])
        if self.journal:
            _set_event.many(connection, self.journal)
        if self.batch.assemblies:
            assembling.keep(connection, self.batch.assemblies, self.assemblies, self.batch.joined)
        if self.ledger:
            _set_entry.many(connection, self.ledger)
        if self.batch.forgotten:
            contact_checkpoints.forget(connection, self.batch.forgotten)
        if self.checkpoints:
            contact_checkpoints.keep(connection, self.checkpoints)
        if self.batch.fetches:
            fetching.ask(connection, self.batch.fetches, self.batch.now)
        if self.batch.unasked:
            questions.forget(connection, self.batch.unasked)
        if self.batch.questions:
            questions.ask(connection, self.batch.questions, self.batch.now)
        if self.batch.tallies:
            board.count(connection, self.batch.tallies)
        outbox.add(connection, self.notices)


def _change_contact(connection: Connection, row: Mapping[str, Any]) -> int:
    """Write a contact that was loaded; 0 if its version has moved."""
    return _touch_contact.run(connection, **row).rowcount or _set_contact.run(connection, **row).rowcount


def _contact_values(row: ContactRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version + 1,
        "status": UNOPENED if row.state is None else row.state.contact.status,
        "next_due": None if row.next_due is None else int(row.next_due),
        "updated_at": int(row.updated_at),
        "policy_since": _policy_since(row.state),
        "live_from": row.live_from,
        "strands": encode_strands(row.strands),
        "state": None if row.state is None else states.encode(row.state),
    }


def _policy_since(state: State | None) -> int | None:
    """Since when the policy judges that has judged an open contact; None for any other."""
    return None if state is None or state.contact.status in ENDED else int(state.policy_since)


def _event_values(entry: JournalEntry) -> dict[str, Any]:
    return {
        "connector": entry.strand.connector,
        "kind": entry.strand.kind,
        "ref": entry.strand.id,
        "event": entry.event.id,
        "at": int(entry.event.at),
        "received_at": int(entry.received_at),
        "body": write_event(entry.event, entry.body),
    }
