"""The tables. `user_version` of the file says which schema it has; `founding` makes them.

`due` is when a row may be claimed: null when nobody may, now or ever. Leasing a row moves its `due` to the end of the
lease, so a lease that is over needs no sweep.
"""

import sqlalchemy as sa

SCHEMA_VERSION = 7

metadata = sa.MetaData()


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, primary_key=key)


def _whole(name: str, *, null: bool = False, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null, primary_key=key)


def _bytes(name: str, *, null: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _table(name: str, *columns: sa.schema.SchemaItem, by_key: bool = False) -> sa.Table:
    """A table; with `by_key` its rows lie in the order of their primary key: for short ones, of which a page has many.
    A row that may be longer than a quarter of a page would have most of itself on a page of its own."""
    return sa.Table(name, metadata, *columns, sqlite_strict=True, sqlite_with_rowid=not by_key)


inbox = _table(
    "inbox",
    _whole("id", key=True),
    _text("connector"),
    _text("form"),
    _text("key", null=True),
    _text("stream", null=True),
    _whole("received_at"),
    _whole("historical"),
    _text("state"),
    _whole("attempt"),
    _whole("replayed_at_attempt"),
    _whole("due", null=True),
    _text("reason", null=True),
    _bytes("body"),
)
sa.Index("inbox_key", inbox.c.connector, inbox.c.key, unique=True, sqlite_where=inbox.c.key.isnot(None))
sa.Index("inbox_waiting", inbox.c.id, sqlite_where=inbox.c.due.isnot(None))
sa.Index(
    "inbox_oldest", inbox.c.connector, inbox.c.historical, inbox.c.received_at, sqlite_where=inbox.c.due.isnot(None)
)
sa.Index("inbox_leased", inbox.c.id, sqlite_where=inbox.c.due > sa.literal_column("0"))
sa.Index("inbox_parked", inbox.c.id, sqlite_where=inbox.c.reason.isnot(None))

cursors = _table(
    "cursors", _text("connector", key=True), _text("stream", key=True), _text("cursor", null=True), by_key=True
)

fetches = _table(
    "fetches",
    _text("connector", key=True),
    _text("kind", key=True),
    _text("ref", key=True),
    _text("reason"),
    _text("failure", null=True),
    _whole("generation"),
    _whole("claimed", null=True),
    _whole("attempt"),
    _whole("tries"),
    _whole("asked_at"),
    _whole("due"),
    _whole("historical"),
    _whole("wanted"),
    by_key=True,
)
sa.Index("fetches_due", fetches.c.connector, fetches.c.historical, fetches.c.due, fetches.c.asked_at)

# What enrichers are asked. `leased`: who claimed it may settle it; `due` is the end of the lease then.
questions = _table(
    "questions",
    _text("enricher", key=True),
    _text("connector", key=True),
    _text("kind", key=True),
    _text("ref", key=True),
    _text("request"),
    _whole("ttl_ms", null=True),
    _whole("asked_at"),
    _whole("past"),
    _whole("attempt"),
    _whole("tries"),
    _whole("told"),
    _whole("leased"),
    _whole("due"),
    _text("failure", null=True),
    by_key=True,
)
sa.Index("questions_due", questions.c.enricher, questions.c.past, questions.c.due, questions.c.asked_at)

# The version at which each object was last fetched whole.
versions = _table(
    "versions",
    _text("connector", key=True),
    _text("kind", key=True),
    _text("ref", key=True),
    _whole("version"),
    by_key=True,
)

syncs = _table(
    "syncs",
    _whole("id", key=True),
    _text("connector"),
    _text("stream"),
    _text("lane"),
    _whole("asked_at"),
    _whole("since", null=True),
    _whole("until", null=True),
    _text("cursor", null=True),
    _whole("reached", null=True),
    _whole("pages"),
    _whole("accepted"),
    _whole("duplicates"),
    _whole("began_at", null=True),
    _whole("ended_at", null=True),
    _text("failure", null=True),
)
sa.Index("syncs_open", syncs.c.connector, syncs.c.stream, sqlite_where=syncs.c.ended_at.is_(None))

# Objects that are told in pieces, and the names by which the next piece finds them.
assemblies = _table(
    "assemblies",
    _text("connector", key=True),
    _text("id", key=True),
    _whole("version"),
    _bytes("names"),
    _bytes("facts"),
    _bytes("told"),
    _whole("received_at"),
)
assembly_names = _table(
    "assembly_names", _text("connector", key=True), _text("name", key=True), _text("assembly"), by_key=True
)

contacts = _table(
    "contacts",
    _text("id", key=True),
    _whole("version"),
    _text("status"),
    _whole("next_due", null=True),
    _whole("updated_at"),
    _whole("policy_since", null=True),
    _whole("live_from"),
    _bytes("strands"),
    _bytes("state", null=True),
)
sa.Index("contacts_due", contacts.c.next_due, sqlite_where=contacts.c.next_due.isnot(None))
sa.Index("contacts_status", contacts.c.status, contacts.c.updated_at)
# `policy_since` is null unless the contact is open: no other is judged anew because a policy has come.
sa.Index(
    "contacts_judged",
    contacts.c.policy_since,
    contacts.c.next_due,
    sqlite_where=contacts.c.policy_since.isnot(None),
)

# What listings show of the open contacts, and what they are chosen and sorted by: few rows, which pages of people read
# whole. Cards of one `facet` lie together: sums by queue, channel, severity and the like walk through the table once
# and sort nothing, and a filter by one of them reads no other's. A card seldom changes its facet, and so its place and
# its entry in the index are seldom written. What is only counted stands before the texts.
cards = _table(
    "cards",
    _text("facet", key=True),
    _text("contact", key=True),
    _whole("version"),
    _whole("rank"),
    _whole("at"),
    _whole("next_at", null=True),
    _whole("severity"),
    _whole("updated_at"),
    _whole("opened_at"),
    _whole("waiting_since", null=True),
    _whole("paused"),
    _text("called"),
    _text("status"),
    _text("rule"),
    _text("assignee"),
    _text("words"),
    _bytes("card"),
    by_key=True,
)
sa.Index("cards_contact", cards.c.contact, unique=True)

# How often something was announced, hour by hour.
tallies = _table(
    "tallies",
    _whole("hour", key=True),
    _text("type", key=True),
    _text("rule", key=True),
    _text("target", key=True),
    _whole("count"),
    by_key=True,
)

strands = _table(
    "strands",
    _text("connector", key=True),
    _text("kind", key=True),
    _text("ref", key=True),
    sa.Column("contact", sa.Text, sa.ForeignKey("contacts.id"), nullable=False),
    by_key=True,
)
sa.Index("strands_contact", strands.c.contact)
sa.Index("strands_ref", strands.c.ref)

journal = _table(
    "journal",
    _text("connector"),
    _text("kind"),
    _text("ref"),
    _text("event"),
    _whole("at"),
    _whole("received_at"),
    _bytes("body"),
)
sa.Index("journal_event", journal.c.connector, journal.c.event, unique=True)
sa.Index("journal_strand", journal.c.connector, journal.c.kind, journal.c.ref, journal.c.at)

ledger = _table("ledger", _text("contact", key=True), _text("id", key=True), _whole("at"), _bytes("entry"), by_key=True)

checkpoints = _table("checkpoints", _text("contact", key=True), _whole("as_of", key=True), _bytes("state"))

notices = _table(
    "notices",
    _text("effect", key=True),
    _text("contact"),
    _text("type"),
    _whole("created_at"),
    _bytes("decision"),
    _bytes("body"),
)
sa.Index("notices_contact", notices.c.contact)

# Of an endpoint's waiting deliveries those with a `due` may be claimed: the first of each contact, and leased ones
# whose lease is over. `next_at` is set as long as a delivery waits in the order of its contact; `replay_due` is the
# `due` of one that goes out once more, outside of that order.
deliveries = _table(
    "deliveries",
    _whole("id", key=True),
    sa.Column("effect", sa.Text, sa.ForeignKey("notices.effect"), nullable=False),
    _text("type"),
    _text("contact"),
    _text("endpoint"),
    _whole("sequence"),
    _text("state"),
    _whole("attempt"),
    _whole("tries"),
    _whole("created_at"),
    _whole("next_at", null=True),
    _whole("due", null=True),
    _whole("replay_due", null=True),
    _whole("last_status", null=True),
    _text("last_error", null=True),
    _whole("delivered_at", null=True),
    _whole("ended_at", null=True),
    sa.UniqueConstraint("effect", "endpoint"),
    sa.UniqueConstraint("endpoint", "sequence"),
)
_d = deliveries.c
sa.Index("deliveries_due", _d.endpoint, _d.due, sqlite_where=_d.due.isnot(None))
sa.Index("deliveries_replay", _d.endpoint, _d.replay_due, sqlite_where=_d.replay_due.isnot(None))
sa.Index("deliveries_pair", _d.endpoint, _d.contact, _d.sequence, sqlite_where=_d.next_at.isnot(None))
sa.Index("deliveries_waiting", _d.endpoint, _d.sequence, sqlite_where=_d.next_at.isnot(None))
sa.Index("deliveries_leased", _d.endpoint, sqlite_where=sa.text("state = 'leased'"))
sa.Index("deliveries_dead", _d.id, sqlite_where=sa.text("state = 'dead'"))
sa.Index("deliveries_contact", _d.contact)
sa.Index("deliveries_made", _d.created_at)
sa.Index("deliveries_ended", _d.ended_at, sqlite_where=_d.ended_at.isnot(None))

# `version` is that of all that stands behind it.
endpoints = _table(
    "endpoints",
    _text("name", key=True),
    _whole("sequence"),
    _whole("version"),
    _whole("failing_since", null=True),
    _whole("failed_at", null=True),
    _whole("failures"),
    _whole("open_until", null=True),
    _whole("opened"),
    _whole("paused_until", null=True),
    _whole("ramp", null=True),
    _whole("disabled_at", null=True),
    _text("disabled_why", null=True),
    _whole("succeeded_at", null=True),
    by_key=True,
)

audit = _table(
    "audit",
    _whole("id", key=True),
    _whole("at"),
    _text("actor"),
    _text("action"),
    _text("object"),
    _text("detail"),
)

attempts = _table(
    "attempts",
    _whole("delivery", key=True),
    _whole("attempt", key=True),
    _whole("at"),
    _whole("status", null=True),
    _text("error", null=True),
    _whole("duration_ms"),
    by_key=True,
)

# Connectors of which nothing is asked until somebody resumes them.
pauses = _table("pauses", _text("connector", key=True), _whole("at"), _text("by"), _text("reason"), by_key=True)

connectors = _table("connectors", _text("name", key=True), _whole("live_from"), by_key=True)

policies = _table(
    "policies",
    _whole("since", key=True),
    _text("hash"),
    _text("name"),
    _whole("stored_at"),
    _text("text"),
    _bytes("calendars"),
    _bytes("facts"),
)

notes = _table("notes", _text("name", key=True), _bytes("body"), by_key=True)

tokens = _table(
    "tokens",
    _text("connector", key=True),
    _whole("generation"),
    _bytes("sealed"),
    _whole("stored_at"),
    _whole("leased_until", null=True),
    _text("refused", null=True),
)

# Tokens of people and programs, as hashes: no other column may tell one.
access_tokens = _table(
    "access_tokens",
    _text("id", key=True),
    _text("name"),
    _text("role"),
    _bytes("token_hash"),
    _bytes("session_hash"),
    _whole("created_at"),
    _text("created_by"),
    _whole("expires_at", null=True),
    _whole("last_used_at", null=True),
    _whole("revoked_at", null=True),
)
sa.Index("access_tokens_name", access_tokens.c.name, unique=True, sqlite_where=access_tokens.c.revoked_at.is_(None))
