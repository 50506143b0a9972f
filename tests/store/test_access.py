"""The shelf of people's tokens."""

import asyncio
from pathlib import Path

import pytest

from gateway.kernel.access import TOKENS_MAX, USED_EVERY_MS, AccessRow, new_token, row_of, session_of
from gateway.kernel.rng import SeededRng
from gateway.store import SqliteStore
from tests.store.samples import T0, on_file, with_store


def made(name: str, seed: int = 1, *, at: int = T0, expires_at: int | None = None) -> AccessRow:
    """A new token's row."""
    return row_of(new_token(SeededRng(seed)), name, "viewer", created_at=at, created_by="me", expires_at=expires_at)


async def _names(store: SqliteStore, *, revoked: bool = False) -> list[str]:
    return [row.name for row in await store.access_tokens(revoked=revoked)]


def test_what_is_kept_comes_back() -> None:
    """Whole, by name; a name and an id are one token's as long as it isn't revoked."""

    async def test(store: SqliteStore) -> None:
        assert await store.access_tokens() == []
        assert await store.add_access(made("ben", 2, expires_at=T0 + 9))
        assert await store.add_access(made("anna"))
        assert not await store.add_access(made("anna", 3))
        assert not await store.add_access(made("carl", 1))
        assert await store.access_tokens() == [made("anna"), made("ben", 2, expires_at=T0 + 9)]

    with_store(test)


def test_a_revoked_token_is_kept_as_that() -> None:
    """Its name can be given anew, and it is listed behind the others only if somebody asks."""

    async def test(store: SqliteStore) -> None:
        await store.add_access(made("anna"))
        assert not await store.revoke_access("ben", T0, "boss")
        assert await store.revoke_access("anna", T0 + 1, "boss")
        assert not await store.revoke_access("anna", T0 + 2, "boss")
        assert await store.access_tokens() == []
        assert await store.add_access(made("anna", 2))
        now, past = await store.access_tokens(revoked=True)
        assert (now.revoked_at, past.revoked_at, past.id) == (None, T0 + 1, made("anna").id)

    with_store(test)


def test_the_name_of_an_expired_token_is_free() -> None:
    """Not a moment earlier."""

    async def test(store: SqliteStore) -> None:
        await store.add_access(made("anna", expires_at=T0 + 5))
        assert not await store.add_access(made("anna", 2, at=T0 + 4))
        assert await store.add_access(made("anna", 2, at=T0 + 5))
        assert await _names(store, revoked=True) == ["anna", "anna"]

    with_store(test)


def test_a_use_is_noted_once_an_hour() -> None:
    """So that looking hardly writes; a clock that was ahead is put right; a revoked token isn't used."""

    async def test(store: SqliteStore) -> None:
        row = made("anna")
        await store.add_access(row)
        noted = []
        for now in (T0, T0 + USED_EVERY_MS - 1, T0 + USED_EVERY_MS, T0 - 5):
            await store.access_used(row.id, now)
            noted.append((await store.access_tokens())[0].last_used_at)
        assert noted == [T0, T0, T0 + USED_EVERY_MS, T0 - 5]
        await store.revoke_access("anna", T0, "boss")
        await store.access_used(row.id, T0 + 9 * USED_EVERY_MS)
        assert (await store.access_tokens(revoked=True))[0].last_used_at == T0 - 5

    with_store(test)


def test_deeds_are_noted() -> None:
    """Who made and revoked which token, and never a hash of it."""

    async def test(store: SqliteStore) -> None:
        row = made("anna", expires_at=T0 + 5)
        await store.add_access(row)
        await store.add_access(made("anna", 2, at=T0 + 5))
        await store.revoke_access("anna", T0 + 6, "boss")
        deeds = [(deed.action, deed.object, deed.actor) for deed in await store.audit(9)]
        assert deeds == [
            ("token.revoked", "token:anna", "boss"),
            ("token.created", "token:anna", "me"),
            ("token.revoked", "token:anna", "me"),
            ("token.created", "token:anna", "me"),
        ]
        assert row.token_hash.hex() not in str(await store.audit(9))

    with_store(test)


def test_there_is_an_end_to_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are known at once, so there can't be any number; revoked ones don't count."""
    monkeypatch.setattr("gateway.store.access.TOKENS_MAX", 2)
    assert TOKENS_MAX == 1_000

    async def test(store: SqliteStore) -> None:
        await store.add_access(made("a"))
        await store.add_access(made("b", 2))
        with pytest.raises(ValueError, match="2 tokens already"):
            await store.add_access(made("c", 3))
        await store.revoke_access("a", T0, "boss")
        assert await store.add_access(made("c", 3))

    with_store(test)


def test_the_file_tells_no_token(tmp_path: Path) -> None:
    """Nothing in the database, its log included, opens anything."""
    token = new_token(SeededRng(1))

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            await store.add_access(row_of(token, "anna", "admin", created_at=T0, created_by="me"))

    asyncio.run(run())
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())

    assert b"anna" in written
    assert token[13:].encode() not in written
    assert session_of(token)[13:].encode() not in written
