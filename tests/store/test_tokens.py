"""The shelf of tokens: whose turn it is to renew them, and what is kept of it."""

import asyncio
from pathlib import Path

from gateway.kernel.tokens import TokenRow
from gateway.store import SqliteStore
from tests.store.samples import LEASE, T0, on_file, with_store


async def _row(store: SqliteStore) -> TokenRow:
    row = await store.tokens("a")
    assert row is not None
    return row


def test_what_is_kept_is_each_connectors_own() -> None:
    """Another grant takes the place of the last, under the next generation."""

    async def test(store: SqliteStore) -> None:
        assert await store.tokens("a") is None
        assert (await store.keep_tokens("a", b"1", T0), await store.keep_tokens("b", b"\0\xff", T0)) == (1, 1)
        assert await store.keep_tokens("a", b"2", T0 + 1) == 2
        assert await _row(store) == TokenRow(connector="a", generation=2, sealed=b"2", stored_at=T0 + 1)
        other = await store.tokens("b")
        assert other is not None
        assert other.sealed == b"\0\xff"

    with_store(test)


def test_one_has_the_lease() -> None:
    """Until it ends or is given back by who has it; never of an older generation, nor of a connector without tokens."""

    async def test(store: SqliteStore) -> None:
        assert not await store.lease_tokens("a", 1, now=T0, until=T0 + LEASE)
        await store.keep_tokens("a", b"1", T0)
        assert not await store.lease_tokens("a", 2, now=T0, until=T0 + LEASE)
        assert await store.lease_tokens("a", 1, now=T0, until=T0 + LEASE)
        for now in (T0, T0 + LEASE - 1):
            assert not await store.lease_tokens("a", 1, now=now, until=now + LEASE)
        await store.release_tokens("a", 1, T0 + LEASE - 1)
        assert (await _row(store)).leased_until == T0 + LEASE
        await store.release_tokens("a", 1, T0 + LEASE)
        assert await store.lease_tokens("a", 1, now=T0 + 1, until=T0 + 1 + LEASE)
        assert await store.lease_tokens("a", 1, now=T0 + 1 + LEASE, until=T0 + 1 + 2 * LEASE)

    with_store(test)


def test_new_tokens_take_the_place_of_those_they_were_given_for() -> None:
    """Whoever has the lease by then, as a vendor renews once; but not of what has been kept since."""

    async def test(store: SqliteStore) -> None:
        await store.keep_tokens("a", b"1", T0)
        await store.lease_tokens("a", 1, now=T0, until=T0 + LEASE)
        assert await store.renew_tokens("a", 1, b"2", T0 + 1)
        assert await _row(store) == TokenRow(connector="a", generation=2, sealed=b"2", stored_at=T0 + 1)
        assert not await store.renew_tokens("a", 1, b"late", T0 + 2)
        assert not await store.renew_tokens("b", 1, b"nobody's", T0 + 2)
        assert (await _row(store)).sealed == b"2"

    with_store(test)


def test_refused_tokens_are_leased_to_nobody(tmp_path: Path) -> None:
    """Before others are kept; a start of the daemon changes nothing of it."""

    async def run() -> None:
        path = tmp_path / "gateway.db"
        async with on_file(path) as store:
            await store.keep_tokens("a", b"1", T0)
            await store.lease_tokens("a", 1, now=T0, until=T0 + LEASE)
            await store.release_tokens("a", 1, T0 + LEASE, "invalid_grant \ud800")
        async with on_file(path) as store:
            assert (await _row(store)).refused == "invalid_grant \\ud800"
            assert not await store.lease_tokens("a", 1, now=T0 + 9 * LEASE, until=T0 + 10 * LEASE)
            await store.keep_tokens("a", b"2", T0)
            assert (await _row(store)).refused is None
            assert await store.lease_tokens("a", 2, now=T0, until=T0 + LEASE)

    asyncio.run(run())
