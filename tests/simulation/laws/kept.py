"""What a gateway's database holds, read once and whole: what the checkers judge.

It reads the tables themselves: what a listing would leave out or put right is seen as it lies there.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.kernel.board import Carded
from gateway.kernel.store import ContactRow, PolicyRow
from gateway.model.judgement import Effect, LedgerEntry, State
from gateway.rules.notice import numbered
from gateway.store import board, judging
from gateway.store.coding import checkpoints, effects, entries

Connection = Any
"""Of `sqlite3`, or with its face."""

Strand = tuple[str, str, str]
"""Connector, kind and id of a vendor's object."""


@dataclass(frozen=True, slots=True)
class Received:
    """A row of the inbox."""

    id: int
    connector: str
    form: str
    key: str | None
    received_at: int
    state: str
    due: int | None
    reason: str | None
    body: bytes

    @property
    def events(self) -> tuple[str, ...]:
        """The ids of the events that it is or brings; of a thin one none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return ()
        if not isinstance(told, dict):
            return ()
        listed = told.get("events", [told] if "type" in told else [])
        return tuple(event["id"] for event in listed)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the journal."""

    connector: str
    event: str
    strand: Strand
    at: int
    received_at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Decided:
    """A notice: what was decided, and when it was written, by the gateway's clock."""

    effect: Effect
    contact: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery, with its body as it is sent."""

    id: int
    effect: str
    type: str
    contact: str
    endpoint: str
    sequence: int
    state: str
    due: int | None
    replay_due: int | None
    created_at: int
    ended_at: int | None
    last_status: int | None
    last_error: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a delivery whose outcome was kept."""

    attempt: int
    at: int
    status: int | None
    duration_ms: int = 0


@dataclass(frozen=True)
class Kept:
    """All of it."""

    contacts: Mapping[str, ContactRow]
    strands: Mapping[Strand, str]
    journal: tuple[Entry, ...]
    ledger: Mapping[str, Mapping[str, LedgerEntry]]
    inbox: tuple[Received, ...]
    notices: tuple[Decided, ...]
    deliveries: tuple[Sent, ...]
    tries: Mapping[int, tuple[Try, ...]]
    sequences: Mapping[str, int]
    """The last number that each endpoint has given."""

    disabled: frozenset[str]
    """Endpoints that are given up until a person enables them."""

    replays: tuple[tuple[str, str, str], ...]
    """What operators have replayed: action, object, detail."""

    live_from: Mapping[str, int]
    policies: tuple[PolicyRow, ...]
    fetches: tuple[tuple[str, int], ...] = ()
    """Look-ups that are asked for: connector and `due`."""

    columns: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    """Of each contact the columns by which it is found: `status` and `policy_since`."""

    checkpoints: Mapping[str, Mapping[int, State]] = field(default_factory=dict)
    """Of contacts that have any, by their `as_of`."""

    cards: Mapping[str, Carded] = field(default_factory=dict)
    """By the contact of which each is."""

    @cached_property
    def history(self) -> Mapping[str, list[Entry]]:
        """The journal of each contact."""
        found = defaultdict(list)
        for entry in self.journal:
            if entry.strand in self.strands:
                found[self.strands[entry.strand]].append(entry)
        return found

    @cached_property
    def strands_of(self) -> Mapping[str, list[Strand]]:
        """The strands that lead to each contact."""
        found = defaultdict(list)
        for strand, contact in self.strands.items():
            found[contact].append(strand)
        return found

    @cached_property
    def decided(self) -> Mapping[tuple[str, str], list[Decided]]:
        """The notices by contact and cause."""
        found = defaultdict(list)
        for notice in self.notices:
            found[notice.contact, notice.effect.cause].append(notice)
        return found


def read(connection: Connection) -> Kept:
    """Read everything, in the order of the rows."""
    ask = connection.execute
    contacts = {row.id: row for row in _contacts(connection)}
    ledger: dict[str, dict[str, LedgerEntry]] = {id: {} for id in contacts}
    for contact, id, entry in ask("SELECT contact, id, entry FROM ledger ORDER BY contact, id"):
        ledger.setdefault(contact, {})[id] = entries.decode(entry, contact)
    tries = defaultdict(list)
    columns = "delivery, attempt, at, status, duration_ms"
    for delivery, *one in ask(f"SELECT {columns} FROM attempts ORDER BY delivery, attempt"):
        tries[delivery].append(Try(*one))
    passed: dict[str, dict[int, State]] = defaultdict(dict)
    for contact, as_of, state in ask("SELECT contact, as_of, state FROM checkpoints ORDER BY contact, as_of"):
        passed[contact][as_of] = checkpoints.decode(state, contact, as_of)
    endpoints = list(ask("SELECT name, sequence, disabled_at FROM endpoints ORDER BY name"))
    return Kept(
        contacts=contacts,
        strands={
            (connector, kind, ref): contact
            for connector, kind, ref, contact in ask(
                "SELECT connector, kind, ref, contact FROM strands ORDER BY 1, 2, 3"
            )
        },
        journal=tuple(
            Entry(connector, event, (connector, kind, ref), at, received_at, bytes(body))
            for connector, event, kind, ref, at, received_at, body in ask(
                "SELECT connector, event, kind, ref, at, received_at, body FROM journal ORDER BY rowid"
            )
        ),
        ledger=ledger,
        inbox=tuple(
            Received(*row[:-1], bytes(row[-1]))
            for row in ask(
                "SELECT id, connector, form, key, received_at, state, due, reason, body FROM inbox ORDER BY id"
            )
        ),
        notices=tuple(
            Decided(effects.decode(decision), contact, created_at)
            for decision, contact, created_at in ask("SELECT decision, contact, created_at FROM notices ORDER BY rowid")
        ),
        deliveries=tuple(_deliveries(connection)),
        tries={delivery: tuple(found) for delivery, found in tries.items()},
        sequences={name: sequence for name, sequence, _ in endpoints},
        disabled=frozenset(name for name, _, disabled_at in endpoints if disabled_at is not None),
        replays=tuple(ask("SELECT action, object, detail FROM audit WHERE action LIKE 'deliver%.replay' ORDER BY id")),
        live_from=dict(ask("SELECT name, live_from FROM connectors ORDER BY name")),
        policies=tuple(
            PolicyRow(since=since, hash=hash, name=name, stored_at=stored_at, text=text)
            for since, hash, name, stored_at, text in ask(
                "SELECT since, hash, name, stored_at, text FROM policies ORDER BY since"
            )
        ),
        fetches=tuple(ask("SELECT connector, due FROM fetches ORDER BY connector, kind, ref")),
        columns={id: (status, since) for id, status, since in ask("SELECT id, status, policy_since FROM contacts")},
        checkpoints=passed,
        cards={id: board.carded(id, *rest) for id, *rest in ask("SELECT contact, version, card FROM cards ORDER BY 1")},
    )


def _contacts(connection: Connection) -> Iterator[ContactRow]:
    columns = ", ".join(column.name for column in judging.CONTACT_COLUMNS)
    for row in connection.execute(f"SELECT {columns} FROM contacts ORDER BY id"):
        yield judging.contact(row)


def _deliveries(connection: Connection) -> Iterator[Sent]:
    rows = connection.execute(
        "SELECT d.id, d.effect, d.type, d.contact, endpoint, sequence, state, due, replay_due, d.created_at, ended_at,"
        " last_status, last_error, n.body FROM deliveries d LEFT JOIN notices n ON n.effect = d.effect ORDER BY d.id"
    )
    for *columns, body in rows:
        yield Sent(*columns, b"" if body is None else numbered(bytes(body), columns[5]))
