"""Values for the store's tests: small, valid, and made by one call each."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from gateway.kernel.spawn import InlineSpawn, LoopSpawn
from gateway.kernel.store import AskedPast, ContactRow, JournalEntry, Notice, PolicyRow
from gateway.model.contact import Contact, Strand
from gateway.model.event import ContactOpened, Event, MessageAdded, Person
from gateway.model.identity import Ref, StrandKey, contact_id
from gateway.model.instant import Instant
from gateway.model.judgement import Effect, LedgerEntry, State
from gateway.model.record import Record
from gateway.store import SqliteStore
from gateway.store.library import Connection
from gateway.store.statement import Statement

T0 = 1_772_442_000_000
LEASE = 8_000


def record(key: str | None = None, body: bytes = b"{}", at: int = T0) -> Record:
    return Record(body=body, key=key, received_at=Instant(at))


def strand(id: str = "1", connector: str = "zendesk", kind: str = "ticket") -> StrandKey:
    return StrandKey(connector, kind, id)


def state(key: StrandKey, status: str = "open", *, policy_since: int = 0, settled: int = 0, **fields: object) -> State:
    contact = Contact(
        kind="ticket",
        channel="email",
        direction="inbound",
        opened_at=Instant(T0),
        updated_at=Instant(T0),
        strands=(Strand(key.connector, key.ref, status),),
        fields=fields,
    )
    return State(
        contact=contact,
        opened_by="opening",
        owner=str(key),
        position=(T0, 0, 0, "opening"),
        settled=settled,
        policy="p1",
        policy_since=policy_since,
    )


def row(
    id: str = "1", *, version: int = 0, status: str | None = "open", next_due: int | None = None, updated_at: int = T0,
    policy_since: int = 0, connector: str = "zendesk",
) -> ContactRow:  # fmt: skip
    key = strand(id, connector)
    return ContactRow(
        id=contact_id(key),
        version=version,
        strands=(key,),
        state=None if status is None else state(key, status, policy_since=policy_since),
        next_due=next_due,
        updated_at=updated_at,
    )


def opening(key: StrandKey, id: str = "opening", rev: int = 0, subject: str = "help") -> JournalEntry:
    event = ContactOpened(at=Instant(T0), ref=key.ref, id=id, rev=rev, kind="ticket", channel="email", subject=subject)
    return JournalEntry(strand=key, event=event, received_at=T0 + 5)


def message(key: StrandKey, id: str, at: int = T0 + 1) -> JournalEntry:
    event = MessageAdded(at=Instant(at), ref=key.ref, id=id, author=Person("customer"), text="héllo 🦉\0")
    return JournalEntry(strand=key, event=event, received_at=T0 + 6)


def entry(id: str, times: int = 1, at: int = T0) -> LedgerEntry:
    return LedgerEntry(id=id, type="sla.breached", at=at, rule="r", policy="p1", times=times)


def notice(id: str, contact: str = "con_a", endpoints: tuple[str, ...] = ("helpdesk",)) -> Notice:
    effect = Effect(id=id, cause=f"cause of {id}", type="sla.breached", at=T0, detail={"clock": 1})
    return Notice(effect=effect, contact=contact, body=b'{"id":"%s"}' % id.encode(), endpoints=endpoints)


def policy_row(since: int, stored_at: int = T0, hash: str = "p1", text: str = "policy: 1") -> PolicyRow:
    return PolicyRow(
        since=since, hash=hash, name="orion", stored_at=stored_at, text=text, calendars=b"\x00\xff", facts=b"\xff\x00"
    )


def fetch_ref(id: str = "42") -> Ref:
    return Ref("ticket", id)


@contextlib.asynccontextmanager
async def on_file(path: Path, *, exclusive: bool = True) -> AsyncIterator[SqliteStore]:
    """A store on a file, with threads of its own."""
    spawn = LoopSpawn()
    try:
        store = await SqliteStore.open(str(path), spawn, exclusive=exclusive)
        try:
            yield store
        finally:
            await store.close()
    finally:
        await spawn.close()


@contextlib.asynccontextmanager
async def in_memory() -> AsyncIterator[SqliteStore]:
    """A store in memory, whose calls run inline."""
    spawn = InlineSpawn()
    store = await SqliteStore.open(":memory:", spawn, exclusive=True)
    try:
        yield store
    finally:
        await store.close()
        await spawn.close()


def with_store(test: Callable[[SqliteStore], Awaitable[None]]) -> None:
    """Run `test` on a fresh store in memory."""

    async def run() -> None:
        async with in_memory() as store:
            await test(store)

    asyncio.run(run())


def sql(statement: str, connection: Connection) -> None:
    """A part of a transaction that a test needs and the port doesn't have."""
    connection.execute(statement)


def plan(store: SqliteStore, statement: Statement) -> list[str]:
    """The steps in which SQLite runs a statement."""
    names = {name: 0 for name in statement.parameters}
    return [step[3] for step in store.writer.connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", names)]


async def contacts_of(store: SqliteStore, strands: Sequence[StrandKey]) -> Mapping[StrandKey, ContactRow]:
    """The contact of each strand that has one."""
    return (await store.known(strands, [])).contacts


async def known_events(store: SqliteStore, ids: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Event]:
    """Those of the events that the journal has."""
    return (await store.known([], ids)).events


async def checkpoint(store: SqliteStore, contact: str, before: int) -> State | None:
    """The state that a contact would be judged again from."""
    (past,) = await store.pasts([AskedPast(contact, before)])
    return past.base


async def next_due(store: SqliteStore) -> int | None:
    """The earliest `next_due` of all."""
    return (await store.outlook(now=T0, connectors=[])).next_due


async def oldest_waiting(store: SqliteStore, connectors: Sequence[str]) -> int | None:
    """Receipt of the oldest record of these connectors that isn't through."""
    return (await store.outlook(now=T0, connectors=connectors)).received


async def oldest_look_up(store: SqliteStore, connectors: Sequence[str]) -> int | None:
    """The earliest `asked_at` of the look-ups of these connectors that have not failed yet."""
    return (await store.outlook(now=T0, connectors=connectors)).asked
