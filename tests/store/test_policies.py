"""What the Store port promises of policies, and of the contacts that an older one has judged."""

import asyncio
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.store import Batch, StoreUnusable
from gateway.store import SqliteStore, outdated, policies
from tests.store.samples import T0, in_memory, plan, policy_row, row, sql, strand, with_store


def test_a_policy_comes_back_as_it_came() -> None:
    """Text, calendars and types byte for byte, under exactly its instant; a listing has none of them."""

    async def check(store: SqliteStore) -> None:
        assert (await store.policies(), await store.policy(T0)) == ([], None)
        given = policy_row(T0, T0, text="name: «Ünï» 🦉\0\r\n" * 5_000)
        await store.put_in_force(given)
        assert await store.policy(T0) == given
        assert (await store.policy(T0 - 1), await store.policy(T0 + 1)) == (None, None)
        assert await store.policies() == [msgspec.structs.replace(given, text="", calendars=b"", facts=b"")]
        await store.put_in_force(policy_row(T0, T0, text="\udcff"))
        half = await store.policy(T0)
        assert half is not None
        assert half.text == "\\udcff"

    with_store(check)


def test_a_policy_takes_the_place_of_those_not_yet_in_force() -> None:
    """What is in force at its coming stays; what would come later goes; one of the same instant is replaced."""

    async def check(store: SqliteStore) -> None:
        await store.put_in_force(policy_row(T0, T0, "a"))
        await store.put_in_force(policy_row(T0 + 100, T0 + 10, "b"))
        await store.put_in_force(policy_row(T0 + 50, T0 + 20, "c"))
        assert [(one.since, one.hash) for one in await store.policies()] == [(T0, "a"), (T0 + 50, "c")]
        await store.put_in_force(policy_row(T0 + 90, T0 + 50, "d"))
        assert [one.hash for one in await store.policies()] == ["a", "c", "d"]
        await store.put_in_force(policy_row(T0 + 50, T0 + 50, "e"))
        assert [(one.since, one.hash) for one in await store.policies()] == [(T0, "a"), (T0 + 50, "e")]
        replaced = await store.policy(T0 + 50)
        assert replaced == policy_row(T0 + 50, T0 + 50, "e")

    with_store(check)


def test_a_policy_that_cannot_be_kept_withdraws_none() -> None:
    """Removing and adding are one transaction."""

    async def check(store: SqliteStore) -> None:
        await store.put_in_force(policy_row(T0 + 100, T0, "a"))
        with pytest.raises(OverflowError):
            await store.put_in_force(policy_row(2**63, T0, "b"))
        assert [one.hash for one in await store.policies()] == ["a"]

    with_store(check)


def test_a_damaged_policy_is_told_with_its_instant() -> None:
    """Text that is no text is StoreUnusable, which names the policy; the listing and the others can be read."""

    async def check(store: SqliteStore) -> None:
        await store.put_in_force(policy_row(T0, T0, "a"))
        await store.put_in_force(policy_row(T0 + 10, T0 + 10, "b"))
        await store.writer.write(
            "spoil", partial(sql, f"UPDATE policies SET text = CAST(x'ff' AS TEXT) WHERE since = {T0}")
        )
        with pytest.raises(StoreUnusable, match=f"damaged: the text of the policy of {T0} can't be read"):
            await store.policy(T0)
        assert await store.policy(T0 + 10) == policy_row(T0 + 10, T0 + 10, "b")
        assert len(await store.policies()) == 2

    with_store(check)


def test_a_name_that_is_no_text_is_told_without_its_bytes() -> None:
    """Who asks hears that the database is damaged, and where; what stands there reaches no terminal."""

    async def check(store: SqliteStore) -> None:
        await store.put_in_force(policy_row(T0, T0))
        await store.writer.write("spoil", partial(sql, "UPDATE policies SET name = CAST(x'1b5b33316dff' AS TEXT)"))
        with pytest.raises(StoreUnusable, match="the database is damaged: .* column 'name'; restore") as found:
            await store.policies()
        assert "\x1b" not in str(found.value)

    with_store(check)


def test_outdated_are_open_contacts_of_older_policies() -> None:
    """The soonest due first, over all older policies; without a due instant last; ended and unopened ones never."""

    async def check(store: SqliteStore) -> None:
        rows = {
            "later": row("1", policy_since=T0, next_due=T0 + 500),
            "soonest": row("2", policy_since=T0 + 10, next_due=T0 + 100, status="pending"),
            "soon": row("3", policy_since=T0, next_due=T0 + 200, status="new"),
            "idle": row("4", policy_since=T0, status="on_hold"),
            "current": row("5", policy_since=T0 + 20, next_due=T0),
            "announced": row("6", policy_since=T0 + 30, next_due=T0),
            "unopened": row("7", status=None, next_due=T0),
            **{end: row(end, policy_since=T0, status=end, next_due=T0) for end in ("solved", "closed", "merged")},
        }
        await store.commit(Batch(contacts=tuple(rows.values()), now=T0))
        names = {contact.id: name for name, contact in rows.items()}

        async def found(since: int, limit: int = 99) -> list[str]:
            return [names[contact.id] for contact in await store.outdated(since, limit)]

        assert await found(T0 + 20) == ["soonest", "soon", "later", "idle"]
        assert await found(T0 + 20, 2) == ["soonest", "soon"]
        assert await found(T0 + 10) == ["soon", "later", "idle"]
        assert await found(T0) == await found(T0 + 20, 0) == []
        assert [await store.outdated_count(T0 + after) for after in (0, 10, 20, 21, 99)] == [0, 3, 4, 5, 6]

    with_store(check)


def test_a_contact_judged_anew_is_not_outdated() -> None:
    """Its state tells by which policy; so does its end, and a reopen."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(contacts=(row("1", policy_since=T0),), now=T0))
        (old,) = await store.outdated(T0 + 1, 9)
        assert (old.version, old.strands) == (1, (strand("1"),))
        ended = msgspec.structs.replace(row("1", policy_since=T0, status="solved"), version=1)
        await store.commit(Batch(contacts=(ended,), now=T0))
        assert (await store.outdated(T0 + 1, 9), await store.outdated_count(T0 + 1)) == ([], 0)
        reopened = msgspec.structs.replace(row("1", policy_since=T0), version=2)
        await store.commit(Batch(contacts=(reopened,), now=T0))
        assert await store.outdated_count(T0 + 1) == 1
        judged = msgspec.structs.replace(row("1", policy_since=T0 + 1), version=3)
        await store.commit(Batch(contacts=(judged,), now=T0))
        assert (await store.outdated(T0 + 1, 9), await store.outdated_count(T0 + 1)) == ([], 0)

    with_store(check)


CONTACTS = st.lists(
    st.tuples(
        st.sampled_from(["new", "open", "pending", "on_hold", "solved", "deleted", None]),
        st.integers(-2, 4),
        st.none() | st.integers(-3, 9),
    ),
    max_size=30,
)


@given(CONTACTS, st.integers(-3, 6), st.integers(0, 12))
def test_outdated_is_what_a_walk_over_all_would_find(
    given: list[tuple[str | None, int, int | None]], since: int, limit: int
) -> None:
    """For any contacts, the merged ranges of the index are the sorted whole, cut at the limit."""

    async def story() -> None:
        async with in_memory() as store:
            rows = [
                row(str(number), status=status, policy_since=judged, next_due=due)
                for number, (status, judged, due) in enumerate(given)
            ]
            await store.commit(Batch(contacts=tuple(rows), now=T0))
            wanted = sorted(
                (due is None, due or 0)
                for status, judged, due in given
                if status in ("new", "open", "pending", "on_hold") and judged < since
            )
            found = await store.outdated(since, limit)
            assert [(one.next_due is None, one.next_due or 0) for one in found] == wanted[:limit]
            assert len({one.id for one in found}) == len(found)
            assert await store.outdated_count(since) == len(wanted)

    asyncio.run(story())


def test_outdated_contacts_are_ranges_of_one_index() -> None:
    """Finding an older policy, reading its contacts in their order, and counting: no walk over a table, no sort."""
    searches = {
        outdated._next_older: "(policy_since>? AND policy_since<?)",
        outdated._judged_by: "(policy_since=?)",
        outdated._count: "(policy_since<?)",
    }

    async def check(store: SqliteStore) -> None:
        for statement, place in searches.items():
            (step,) = plan(store, statement)
            assert step.startswith("SEARCH contacts USING "), step
            assert step.endswith(f"INDEX contacts_judged {place}"), step
        (step,) = plan(store, policies._one)
        assert step == "SEARCH policies USING INTEGER PRIMARY KEY (rowid=?)"
        assert plan(store, policies._listing) == ["SCAN policies"]

    with_store(check)


def test_only_what_is_given_is_read() -> None:
    """With a thousand older contacts, the first two cost the steps of two, not of a thousand."""

    async def steps_of(store: SqliteStore, limit: int) -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        store.writer.connection.set_progress_handler(step, 1)
        await store.outdated(T0, limit)
        store.writer.connection.set_progress_handler(None, 1)
        return count

    async def check(store: SqliteStore) -> None:
        few = [row(f"few {number}", policy_since=number % 3, next_due=T0 + number) for number in range(6)]
        await store.commit(Batch(contacts=tuple(few), now=T0))
        before = await steps_of(store, 2)
        more = [row(str(number), policy_since=number % 3, next_due=T0 + number) for number in range(1_000)]
        await store.commit(Batch(contacts=tuple(more), now=T0))
        assert await steps_of(store, 2) <= 2 * before < await steps_of(store, 1_000) / 2

    with_store(check)
