"""What the Store port promises of contacts, journal and ledger."""

import asyncio
from functools import partial

import msgspec
import pytest

from gateway.kernel.store import Batch, Conflict, StoreUnusable
from gateway.store import SqliteStore
from tests.store.samples import (
    T0,
    contacts_of,
    entry,
    known_events,
    message,
    next_due,
    opening,
    row,
    sql,
    state,
    strand,
    with_store,
)


def test_a_contact_is_stored_whole_and_its_version_grows() -> None:
    """What is loaded equals what was written; a write from an old version is refused and changes nothing."""

    async def check(store: SqliteStore) -> None:
        first = row("1", next_due=T0 + 60)
        await store.commit(Batch(contacts=(first,), now=T0))
        loaded = (await contacts_of(store, [strand("1"), strand("2")]))[strand("1")]
        assert loaded == msgspec.structs.replace(first, version=1)
        await store.commit(Batch(contacts=(msgspec.structs.replace(loaded, next_due=None),), now=T0))
        with pytest.raises(Conflict):
            await store.commit(Batch(contacts=(loaded,), ledger=((loaded.id, entry("x")),), now=T0))
        with pytest.raises(Conflict):
            await store.commit(Batch(contacts=(first,), now=T0))
        again = (await contacts_of(store, [strand("1")]))[strand("1")]
        assert (again.version, again.next_due) == (2, None)
        assert await store.ledger(loaded.id) == {}

    with_store(check)


def test_of_two_writers_one_wins() -> None:
    """Two batches from the same version in one shared commit: one is written, the other is refused."""

    async def check(store: SqliteStore) -> None:
        first = row("1")
        outcomes = await asyncio.gather(
            *(store.commit(Batch(contacts=(first,), now=T0)) for _ in range(3)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), Conflict, Conflict]

    with_store(check)


def test_strands_lead_to_their_contact_and_can_move() -> None:
    """Every strand of a contact leads to it; a strand that another contact takes over leads there."""

    async def check(store: SqliteStore) -> None:
        both = msgspec.structs.replace(row("1"), strands=(strand("1"), strand("7")))
        await store.commit(Batch(contacts=(both, row("2")), now=T0))
        found = await contacts_of(store, [strand("1"), strand("7"), strand("2")])
        assert found[strand("1")] is found[strand("7")]
        taken = msgspec.structs.replace(found[strand("2")], strands=(strand("2"), strand("7")))
        left = msgspec.structs.replace(found[strand("1")], strands=(strand("1"),))
        await store.commit(Batch(contacts=(taken, left), now=T0))
        found = await contacts_of(store, [strand("1"), strand("7")])
        assert (found[strand("1")].id, found[strand("7")].id) == (left.id, taken.id)

    with_store(check)


def test_history_is_every_event_of_every_strand_once() -> None:
    """A higher revision replaces the event of the same id; another connector's event of that id is another."""

    async def check(store: SqliteStore) -> None:
        ours, other = strand("1"), strand("1", "freshdesk")
        contact = msgspec.structs.replace(row("1"), strands=(ours, other))
        journal = (opening(ours), message(ours, "m1"), message(other, "m1"), opening(strand("2"), "elsewhere"))
        await store.commit(Batch(contacts=(contact, row("2")), journal=journal, now=T0))
        revised = opening(ours, rev=1, subject="help, please")
        await store.commit(Batch(journal=(revised,), now=T0))
        history = await store.history(contact.id)
        assert len(history) == 3
        assert {revised.event, *(entry.event for entry in journal[1:3])} == {entry.event for entry in history}
        assert {entry.strand for entry in history} == {ours, other}
        assert await store.history("con_nobody") == []

    with_store(check)


def test_history_after_an_instant_is_what_happened_later() -> None:
    """Later than the instant, not at it; an event that a higher revision moved counts where it happens now."""

    async def check(store: SqliteStore) -> None:
        key = strand("1")
        contact = row("1")
        journal = (opening(key), message(key, "m1", T0 + 1), message(key, "m2", T0 + 2))
        await store.commit(Batch(contacts=(contact,), journal=journal, now=T0))

        async def after(instant: int | None) -> list[str]:
            return sorted(entry.event.id for entry in await store.history(contact.id, instant))

        assert await after(None) == await after(T0 - 1) == ["m1", "m2", "opening"]
        assert await after(T0) == ["m1", "m2"]
        assert await after(T0 + 1) == ["m2"]
        assert await store.history(contact.id, after=T0 + 2) == []
        await store.commit(Batch(journal=(message(key, "m1", T0 + 9),), now=T0))
        assert await after(T0 + 2) == ["m1"]

    with_store(check)


def test_the_ledger_after_an_instant_is_what_was_due_later() -> None:
    """Later than the instant, not at it, of all entries or of some; an entry moves with its instant."""

    async def check(store: SqliteStore) -> None:
        entries = [entry("a", at=T0), entry("b", at=T0 + 1), entry("c", at=T0 + 2)]
        await store.commit(Batch(ledger=tuple(("c1", one) for one in entries), now=T0))
        assert await store.ledger("c1", after=T0 - 1) == await store.ledger("c1")
        assert list(await store.ledger("c1", after=T0)) == ["b", "c"]
        assert list(await store.ledger("c1", ["a", "b"], after=T0)) == ["b"]
        assert await store.ledger("c1", after=T0 + 2) == {}
        await store.commit(Batch(ledger=(("c1", entry("a", at=T0 + 5)),), now=T0))
        assert list(await store.ledger("c1", after=T0 + 2)) == ["a"]

    with_store(check)


def test_known_events_are_those_of_the_journal() -> None:
    """Asked by (connector, id); what is not there is left out."""

    async def check(store: SqliteStore) -> None:
        key = strand("1")
        await store.commit(Batch(contacts=(row("1"),), journal=(opening(key), message(key, "m1")), now=T0))
        asked = [("zendesk", "m1"), ("zendesk", "m2"), ("freshdesk", "m1"), ("zendesk", "opening")]
        assert await known_events(store, asked) == {
            ("zendesk", "m1"): message(key, "m1").event,
            ("zendesk", "opening"): opening(key).event,
        }
        assert await known_events(store, []) == {}

    with_store(check)


def test_a_ledger_entry_replaces_the_one_of_its_id() -> None:
    """The ledger belongs to its contact, and can be asked for some ids only."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(ledger=(("c1", entry("a")), ("c1", entry("b")), ("c2", entry("a"))), now=T0))
        await store.commit(Batch(ledger=(("c1", entry("a", times=2)),), now=T0))
        assert await store.ledger("c1") == {"a": entry("a", times=2), "b": entry("b")}
        assert await store.ledger("c1", ["b", "z"]) == {"b": entry("b")}
        assert await store.ledger("c1", []) == {}
        assert await store.ledger("c2") == {"a": entry("a")}

    with_store(check)


def test_due_contacts_come_most_overdue_first() -> None:
    """At or before `until`; a contact without a due instant never comes."""

    async def check(store: SqliteStore) -> None:
        assert await next_due(store) is None
        rows = (row("1", next_due=T0 + 3), row("2", next_due=T0 + 1), row("3", next_due=T0 + 2), row("4"))
        await store.commit(Batch(contacts=rows, now=T0))
        assert await next_due(store) == T0 + 1
        due = await store.due_contacts(until=T0 + 2, limit=9)
        assert [found.id for found in due] == [rows[1].id, rows[2].id]
        assert len(await store.due_contacts(until=T0 + 9, limit=1)) == 1

    with_store(check)


def test_numbers_that_fit_no_database_survive() -> None:
    """A custom field of a vendor may hold any whole number: the contact comes back as it was."""

    async def check(store: SqliteStore) -> None:
        huge = state(strand("1"), huge=10**40, least=-(2**63), text="\0")
        contact = msgspec.structs.replace(row("1"), state=huge)
        await store.commit(Batch(contacts=(contact,), now=T0))
        assert (await contacts_of(store, [strand("1")]))[strand("1")].state == huge

    with_store(check)


def test_listings_sort_and_filter() -> None:
    """`open` is all that has not ended; those that nothing is due for come last, or all by their latest change."""

    async def check(store: SqliteStore) -> None:
        rows = {
            "a": row("a", next_due=T0 + 2, updated_at=T0 + 1),
            "b": row("b", next_due=T0 + 1, updated_at=T0 + 2, status="new"),
            "c": row("c", updated_at=T0 + 3, status="pending"),
            "d": row("d", updated_at=T0 + 4, status="solved"),
            "e": row("e", updated_at=T0 + 5, status=None),
        }
        await store.commit(Batch(contacts=tuple(rows.values()), now=T0))
        names = {contact.id: name for name, contact in rows.items()}

        async def listed(**how: object) -> str:
            return "".join(names[found.id] for found in await store.contacts(**{"limit": 9, **how}))

        assert await listed() == "baedc"
        assert await listed(limit=4) == "baed"
        assert await listed(order="updated_at") == "edcba"
        assert await listed(status="open") == "bac"
        assert await listed(status="open", order="updated_at") == "cba"
        assert await listed(status="unopened") == "e"
        assert await listed(status="solved") == "d"
        assert await listed(status="new", limit=1) == "b"
        counts = await store.counts()
        assert (counts["contacts"], counts["open"]) == (5, 3)
        for wrong in ({"status": "odd"}, {"order": "odd"}):
            with pytest.raises(ValueError, match="'odd' is no"):
                await store.contacts(limit=1, **wrong)

    with_store(check)


def test_a_contact_is_found_by_any_of_its_names() -> None:
    """By id, a unique beginning, `connector:kind:id`, or a vendor's id; nothing is found where a name means two."""

    async def check(store: SqliteStore) -> None:
        one, two, odd = row("42"), row("42", connector="freshdesk"), row("a:b:c:d")
        await store.commit(Batch(contacts=(one, two, odd, row("7")), now=T0))

        async def found(name: str) -> str | None:
            contact = await store.find_contact(name)
            return None if contact is None else contact.id

        assert await found(one.id) == one.id
        assert await found(one.id[:12]) == one.id
        assert await found("zendesk:ticket:42") == one.id
        assert await found("freshdesk:ticket:42") == two.id
        assert await found("7") == row("7").id
        assert await found("zendesk:ticket:a:b:c:d") == odd.id
        assert await found("a:b:c:d") == odd.id
        for nobody in ("42", "con_", "", "zendesk:ticket:43", "%", "'", "\0"):
            assert await found(nobody) is None

    with_store(check)


def test_bytes_that_nobody_wrote_are_told_with_their_place() -> None:
    """A damaged state, list of strands, event or entry is StoreUnusable, which names its owner; others can be read."""

    async def check(store: SqliteStore) -> None:
        key, broken, sound = strand("1"), row("1"), row("2")
        new = Batch(contacts=(broken, sound), journal=(opening(key),), ledger=((broken.id, entry("a")),), now=T0)
        await store.commit(new)
        reads = {
            "UPDATE journal SET body = x'7b'": lambda: store.history(broken.id),
            "UPDATE journal SET body = x'5b5d'": lambda: known_events(store, [("zendesk", "opening")]),
            "UPDATE ledger SET entry = x'c1'": lambda: store.ledger(broken.id),
            f"UPDATE contacts SET state = x'80' WHERE id = '{broken.id}'": lambda: contacts_of(store, [key]),
            f"UPDATE contacts SET strands = x'ff' WHERE id = '{broken.id}'": lambda: store.find_contact(broken.id),
        }
        for damage, read in reads.items():
            await store.writer.write("spoil", partial(sql, damage))
            owner = "zendesk: opening" if "5b5d" in damage else broken.id
            with pytest.raises(StoreUnusable, match=f"damaged: .* {owner} can't be read .* restore a backup"):
                await read()
        assert len(await contacts_of(store, [strand("2")])) == 1

    with_store(check)
