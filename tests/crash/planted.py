"""Bugs to be planted in the kennel: each breaks one promise, and the harness must find it.

Each is a patch of the real code, made before the first child is forked.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from gateway.kernel.questions import Question, Settled
from gateway.kernel.store import Added, Batch
from gateway.model.record import Record
from gateway.store import sqlite
from gateway.store.lock import DaemonLock
from gateway.store.sqlite import SqliteStore


def ack_before_commit() -> None:
    """A sender is answered while its records are still on their way to the disk."""
    kept = SqliteStore.add_records
    under_way: set[asyncio.Task[Added]] = set()

    async def add_records(store: SqliteStore, connector: str, records: Sequence[Record]) -> Added:
        task = asyncio.get_running_loop().create_task(kept(store, connector, records))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return Added(len(records), 0)

    SqliteStore.add_records = add_records


def outbox_apart() -> None:
    """What follows from a batch is written in a transaction of its own, behind the batch."""
    kept = SqliteStore.commit

    async def commit(store: SqliteStore, batch: Batch) -> None:
        await kept(store, replace(batch, notices=()))
        if batch.notices:
            await kept(store, Batch(notices=batch.notices, now=batch.now))

    SqliteStore.commit = commit


def facts_apart() -> None:
    """What is known of an object in pieces is written in a transaction of its own, behind what follows from it."""
    kept = SqliteStore.commit

    async def commit(store: SqliteStore, batch: Batch) -> None:
        await kept(store, replace(batch, assemblies=(), joined=()))
        if batch.assemblies:
            await kept(store, Batch(assemblies=batch.assemblies, joined=batch.joined, now=batch.now))

    SqliteStore.commit = commit


def questions_apart() -> None:
    """What enrichers are asked is written in a transaction of its own, behind the batch that asks."""
    kept = SqliteStore.commit

    async def commit(store: SqliteStore, batch: Batch) -> None:
        await kept(store, replace(batch, questions=()))
        if batch.questions:
            await kept(store, Batch(questions=batch.questions, now=batch.now))

    SqliteStore.commit = commit


def answer_behind() -> None:
    """A question ends before what was answered is kept."""
    kept = SqliteStore.settle_questions

    async def settle_questions(store: SqliteStore, settled: Sequence[Settled]) -> list[Question]:
        overtaken = await kept(store, [replace(one, record=None) for one in settled])
        for one in settled:
            if one.record is not None and one.question not in overtaken:
                await store.add_records(one.question.strand.connector, [one.record])
        return overtaken

    SqliteStore.settle_questions = settle_questions


def nothing_is_withdrawn() -> None:
    """What isn't told of an object any more stays in the journal."""
    kept = SqliteStore.commit

    async def commit(store: SqliteStore, batch: Batch) -> None:
        await kept(store, replace(batch, withdrawn=()))

    SqliteStore.commit = commit


def cursor_first() -> None:
    """A stream's cursor moves before the page behind it is kept."""
    kept = SqliteStore.add_page

    async def add_page(
        store: SqliteStore, connector: str, stream: str, records: Sequence[Record], cursor: str | None
    ) -> Added:
        await kept(store, connector, stream, [], cursor)
        return await kept(store, connector, stream, records, cursor)

    SqliteStore.add_page = add_page


def open_door() -> None:
    """A daemon doesn't lock its database."""

    def unlocked(lock: Any, path: str) -> None:
        lock._file = lock._pid_file = -1

    DaemonLock.__init__ = unlocked


def leases_stay() -> None:
    """A start doesn't end the leases of the process that died."""
    sqlite._release = lambda connection: None


BUGS: dict[str, Callable[[], None]] = {
    patch.__name__: patch
    for patch in (
        ack_before_commit,
        outbox_apart,
        facts_apart,
        questions_apart,
        answer_behind,
        nothing_is_withdrawn,
        cursor_first,
        open_door,
        leases_stay,
    )
}
"""Each by its name."""

AIMED: Final = dict.fromkeys(("facts_apart", "questions_apart"), "commit.committed")
"""Where the kills are aimed that look for bugs which too few of the others meet: between two transactions that should
be one."""
