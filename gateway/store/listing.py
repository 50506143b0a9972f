"""What people ask for: contacts by what is due or what changed, a contact by any of its names, and how much there is.

Each function here only reads.
"""

import sqlalchemy as sa

from gateway.kernel.store import UNOPENED, ContactRow
from gateway.model.words import ENDED, LIVES
from gateway.store.judging import CONTACT_COLUMNS, contact
from gateway.store.library import Connection
from gateway.store.schema import cards, contacts, deliveries, inbox, notices, strands
from gateway.store.statement import Row, Statement, value, word

OPEN = tuple(status for status in LIVES if status not in ENDED)
STATUSES = (*LIVES, UNOPENED)

_c = contacts.c
_this_status = _c.status == value("which")
_by_change = _c.updated_at.desc()
_changed = Statement(sa.select(*CONTACT_COLUMNS).where(_this_status).order_by(_by_change).limit(value("most")))
_undue = Statement(
    sa.select(*CONTACT_COLUMNS).where(_this_status, _c.next_due.is_(None)).order_by(_by_change).limit(value("most"))
)


def _soonest(statuses: tuple[str, ...]) -> Statement:
    words = [word(status) for status in statuses]
    # The unary plus keeps SQLite from walking the index of statuses, and sorting all that it finds there.
    status = sa.literal_column("+contacts.status", sa.String)
    return Statement(
        sa.select(*CONTACT_COLUMNS)
        .where(_c.next_due.isnot(None), status.in_(words))
        .order_by(_c.next_due)
        .limit(value("most"))
    )


# `open` is the group, never the status alone: it comes last.
_groups: dict[str | None, tuple[str, ...]] = {None: STATUSES, **{one: (one,) for one in STATUSES}, "open": OPEN}
_due = {name: _soonest(statuses) for name, statuses in _groups.items()}

_by_id = Statement(sa.select(*CONTACT_COLUMNS).where(_c.id == value("name")))
_by_beginning = Statement(
    sa.select(*CONTACT_COLUMNS).where(_c.id >= value("name"), _c.id < value("beyond")).limit(sa.literal_column("2"))
)
_by_strand = Statement(
    sa.select(strands.c.contact).where(
        strands.c.connector == value("of"), strands.c.kind == value("type"), strands.c.ref == value("object")
    )
)
_by_ref = Statement(
    sa.select(strands.c.contact).distinct().where(strands.c.ref == value("object")).limit(sa.literal_column("2"))
)
_by_notice = Statement(
    sa.select(notices.c.contact).where(
        notices.c.effect == value("escalation"), notices.c.type == word("escalation.raised")
    )
)
_by_escalation = Statement(
    sa.select(cards.c.contact)
    .where(cards.c.called != word("none"), sa.func.instr(cards.c.card, value("escalation")) > 0)
    .limit(sa.literal_column("1"))
)
# A million contacts needn't be gone through. None is ever removed, so the last row's number is how many there are; and
# an open one alone has a policy that would judge it again.
_counts = {
    "contacts": Statement(sa.select(sa.func.max(sa.literal_column("contacts.rowid"))).select_from(contacts)),
    "open": Statement(sa.select(sa.func.count()).select_from(contacts).where(_c.policy_since.isnot(None))),
    "inbox_ready": Statement(sa.select(sa.func.count()).select_from(inbox).where(inbox.c.due.isnot(None))),
    "inbox_parked": Statement(sa.select(sa.func.count()).select_from(inbox).where(inbox.c.reason.isnot(None))),
    "deliveries_ready": Statement(
        sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.next_at.isnot(None))
    ),
    "deliveries_dead": Statement(sa.select(sa.func.count()).select_from(deliveries).where(sa.text("state = 'dead'"))),
}


def contacts_listed(connection: Connection, limit: int, status: str | None, order: str) -> list[ContactRow]:
    """Contacts of a status; `next_due`: those that nothing is due for come last, latest change first."""
    if status not in _groups:
        raise ValueError(f"{status!r} is no status of a contact: {', '.join(STATUSES)}")
    if order == "updated_at":
        rows = _latest(connection, _changed, status, limit)
    elif order == "next_due":
        rows = _due[status].rows(connection, most=limit)
        if len(rows) < limit:
            rows += _latest(connection, _undue, status, limit - len(rows))
    else:
        raise ValueError(f"{order!r} is no order of contacts: next_due or updated_at")
    return [contact(row) for row in rows]


def _latest(connection: Connection, statement: Statement, status: str | None, limit: int) -> list[Row]:
    """The latest of several statuses: each is one range of an index."""
    rows = [row for one in _groups[status] for row in statement.rows(connection, which=one, most=limit)]
    return sorted(rows, key=lambda row: (-row[5], row[0]))[:limit]


def find(connection: Connection, name: str) -> ContactRow | None:
    """A contact by id, a unique beginning of it, `connector:kind:id`, or a vendor's id that is unique."""
    row = _by_id.one(connection, name=name)
    if row is None:
        row = _by_vendor_name(connection, name)
    if row is None and name:
        begun = _by_beginning.rows(connection, name=name, beyond=name + "\U0010ffff")
        row = begun[0] if len(begun) == 1 else None
    return None if row is None else contact(row)


def find_escalation(connection: Connection, id: str) -> ContactRow | None:
    """The contact of an escalation: by the notice that raised it, else the open one whose card shows it."""
    told = _by_notice.one(connection, escalation=id) or _by_escalation.one(connection, escalation=id.encode())
    row = _by_id.one(connection, name=told[0]) if told else None
    return None if row is None else contact(row)


def _by_vendor_name(connection: Connection, name: str) -> Row | None:
    parts = name.split(":", 2)
    found: list[Row] = []
    if len(parts) == 3:
        found = _by_strand.rows(connection, of=parts[0], type=parts[1], object=parts[2])
    if not found:
        found = _by_ref.rows(connection, object=name)
    return _by_id.one(connection, name=found[0][0]) if len(found) == 1 else None


def counts(connection: Connection) -> dict[str, int]:
    """How much there is of what people watch."""
    return {name: (statement.one(connection) or (0,))[0] or 0 for name, statement in _counts.items()}
