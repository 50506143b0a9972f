"""What the Store port promises of checkpoints: states of contacts to start again from."""

import re
from functools import partial

import pytest

from gateway.kernel.store import Batch, Conflict, StoreUnusable
from gateway.model.judgement import State
from gateway.store import SqliteStore, contact_checkpoints
from tests.store.samples import T0, checkpoint, entry, opening, plan, row, sql, state, strand, with_store


def kept(settled: int, **fields: object) -> State:
    return state(strand("1"), settled=settled, **fields)


def test_a_checkpoint_is_the_latest_before_an_instant() -> None:
    """Strictly before it, of this contact alone, and whole; None where there is none."""

    async def check(store: SqliteStore) -> None:
        early, late, other = kept(T0 + 10), kept(T0 + 20, huge=10**40), kept(T0 + 15, other=True)
        await store.commit(Batch(checkpoints=(("c1", early), ("c1", late), ("c2", other)), now=T0))
        assert await checkpoint(store, "c1", T0 + 10) is None
        assert await checkpoint(store, "c1", T0 + 11) == early
        assert await checkpoint(store, "c1", T0 + 20) == early
        assert await checkpoint(store, "c1", T0 + 21) == await checkpoint(store, "c1", 2**62) == late
        assert await checkpoint(store, "c2", 2**62) == other
        assert await checkpoint(store, "c3", 2**62) is None

    with_store(check)


def test_its_instant_is_that_of_the_last_event_or_what_time_did_later() -> None:
    """A checkpoint lies under `as_of` of its state; another one of the same instant replaces it."""

    async def check(store: SqliteStore) -> None:
        by_event = kept(T0 - 5)
        await store.commit(Batch(checkpoints=(("c1", by_event),), now=T0))
        assert await checkpoint(store, "c1", T0) is None
        assert await checkpoint(store, "c1", T0 + 1) == by_event
        by_time = kept(T0)
        await store.commit(Batch(checkpoints=(("c1", by_time),), now=T0))
        assert await checkpoint(store, "c1", T0 + 1) == by_time

    with_store(check)


def test_what_no_longer_holds_is_forgotten_first() -> None:
    """Those at or after the instant go, of this contact alone; then the batch's own are kept, later ones too."""

    async def check(store: SqliteStore) -> None:
        first = tuple((contact, kept(T0 + at)) for contact in ("c1", "c2") for at in (10, 20, 30))
        await store.commit(Batch(checkpoints=first, now=T0))
        new = kept(T0 + 40, new=True)
        await store.commit(Batch(forgotten=(("c1", T0 + 20),), checkpoints=(("c1", new),), now=T0))
        assert await checkpoint(store, "c1", T0 + 40) == kept(T0 + 10)
        assert await checkpoint(store, "c1", T0 + 41) == new
        assert await checkpoint(store, "c2", T0 + 41) == kept(T0 + 30)
        await store.commit(Batch(forgotten=(("c1", 0), ("c2", T0 + 30), ("c9", 0)), now=T0))
        assert await checkpoint(store, "c1", 2**62) is None
        assert await checkpoint(store, "c2", 2**62) == kept(T0 + 20)

    with_store(check)


def test_a_refused_batch_leaves_checkpoints_as_they_were() -> None:
    """They are written and forgotten with the rest of the batch, or not at all."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(contacts=(row("1"),), checkpoints=(("c1", kept(T0 + 10)),), now=T0))
        lost = Batch(contacts=(row("1"),), forgotten=(("c1", 0),), checkpoints=(("c1", kept(T0 + 20)),), now=T0)
        with pytest.raises(Conflict):
            await store.commit(lost)
        assert await checkpoint(store, "c1", 2**62) == kept(T0 + 10)

    with_store(check)


def test_a_batch_without_checkpoints_never_touches_them() -> None:
    """Most batches have none: they run no statement for them."""

    async def check(store: SqliteStore) -> None:
        said: list[str] = []
        store.writer.connection.set_trace_callback(said.append)
        contact = row("1")
        batch = Batch(contacts=(contact,), journal=(opening(strand("1")),), ledger=((contact.id, entry("a")),), now=T0)
        await store.commit(batch)
        assert any("INTO contacts" in statement for statement in said)
        assert not [statement for statement in said if "checkpoints" in statement]
        await store.commit(Batch(forgotten=(("c1", 0),), now=T0))
        assert len([statement for statement in said if "checkpoints" in statement]) == 1

    with_store(check)


def test_a_damaged_checkpoint_is_told_with_its_contact_and_instant() -> None:
    """Whoever repairs it learns which one it is; the one before it can still be read."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(checkpoints=(("c1", kept(T0 + 10)), ("c1", kept(T0 + 20))), now=T0))
        for damage in ("x''", "x'c1'", "x'7b'", "zeroblob(100)", "substr(state, 1, length(state) - 1)"):
            await store.writer.write(
                "spoil", partial(sql, f"UPDATE checkpoints SET state = {damage} WHERE as_of = {T0 + 20}")
            )
            place = re.escape(f"the checkpoint of contact c1 at {T0 + 20} can't be read")
            with pytest.raises(StoreUnusable, match=f"the database is damaged: {place}"):
                await checkpoint(store, "c1", T0 + 21)
        assert await checkpoint(store, "c1", T0 + 20) == kept(T0 + 10)

    with_store(check)


def test_checkpoints_are_ranges_of_their_key() -> None:
    """Neither the latest nor what is forgotten needs a walk over the table, or a sort."""

    async def check(store: SqliteStore) -> None:
        for statement in (contact_checkpoints._latest, contact_checkpoints._forget):
            (step,) = plan(store, statement)
            assert re.fullmatch(r"SEARCH checkpoints USING INDEX \w+ \(contact=\? AND as_of[<>]\?\)", step), step

    with_store(check)
