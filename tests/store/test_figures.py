"""What monitors are told of the store: bounded counts, read along indexes."""

from gateway.kernel.store import Batch, Waiting
from gateway.store import SqliteStore, figures
from tests.store.samples import LEASE, T0, record, row, with_store


def test_what_waits_is_told_by_connector() -> None:
    """With its oldest receipt; what is leased waits still, what is done or parked doesn't."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("shop", [record("1", at=T0 + 5), record("2", at=T0), record("3", at=T0 + 9)])
        await store.add_records("phone", [record("1", at=T0 + 7)])
        claimed = await store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        first, second = (row.id for row in claimed if row.connector == "shop" and row.record.key in ("1", "2"))
        await store.commit(Batch(done=((first, 1),), parked=((second, 1, "odd"),), now=T0))
        told = await store.figures(T0)

        assert told.records == {"phone": Waiting(count=1, oldest=T0 + 7), "shop": Waiting(count=1, oldest=T0 + 9)}
        assert told.parked == 1

    with_store(check)


def test_contacts_are_due_from_their_time_on() -> None:
    """The oldest of them by its `next_due`; none before, and none that nothing is due for."""

    async def check(store: SqliteStore) -> None:
        contacts = (row("1", next_due=T0), row("2", next_due=T0 + 10), row("3"))
        await store.commit(Batch(contacts=contacts, now=T0))

        assert (await store.figures(T0 - 1)).contacts_due == Waiting()
        assert (await store.figures(T0)).contacts_due == Waiting(count=1, oldest=T0)
        assert (await store.figures(T0 + 10)).contacts_due == Waiting(count=2, oldest=T0)

    with_store(check)


def test_commits_and_what_shares_them_are_counted() -> None:
    """From the start of the process on."""

    async def check(store: SqliteStore) -> None:
        before = await store.figures(T0)
        await store.add_records("shop", [record("1")])
        after = await store.figures(T0)

        assert (after.commits - before.commits, after.writes - before.writes) == (1, 1)

    with_store(check)


def test_counts_end_at_their_bound() -> None:
    """However much there is, a count takes no longer."""

    async def check(store: SqliteStore) -> None:
        await store.add_records("shop", [record() for _ in range(20)])

        assert figures._records._count.one(store.writer.connection, of="shop", most=7) == (7,)

    with_store(check)


def test_monitors_walk_indexes_only() -> None:
    """No plan reads a table row by row."""

    async def check(store: SqliteStore) -> None:
        asked: list[str] = []
        connection = store.writer.connection
        connection.set_trace_callback(asked.append)
        await store.add_records("shop", [record()])
        await store.figures(T0)
        connection.set_trace_callback(None)
        reads = [sql for sql in asked if sql.startswith("SELECT")]
        steps = [step[3] for sql in reads for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]

        of_tables = [step for step in steps if step.startswith(("SCAN", "SEARCH")) and "anon_" not in step]

        assert len(of_tables) >= 5
        assert [step for step in of_tables if " USING " not in step] == []

    with_store(check)
