"""The tokens that are known: how soon a new one works and a revoked one doesn't, and what it costs to ask."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.kernel.access import USED_EVERY_MS, AccessRow, Who, new_token, row_of, session_of
from gateway.kernel.rng import SeededRng
from gateway.kernel.store import StoreFull
from gateway.web.known import AGAIN_S, KNOWN_S, Known
from tests.web.worlds import NOW, S, Whole, run

ANNA, BEN, NOBODY = (new_token(SeededRng(seed)) for seed in (1, 2, 3))


async def keep(whole: Whole, token: str, name: str, expires_at: int | None = None) -> None:
    """A token is made, maybe by another process."""
    row = row_of(token, name, "operator", created_at=NOW, created_by="me", expires_at=expires_at)
    assert await whole.store.add_access(row)


def counted(whole: Whole, name: str) -> list[Any]:
    """Every call of a method of the store from now on; it does what it did."""
    calls: list[Any] = []
    real: Callable[..., Coroutine[Any, Any, Any]] = getattr(whole.store, name)

    async def call(*given: Any, **options: Any) -> Any:
        calls.append(given)
        return await real(*given, **options)

    setattr(whole.store, name, call)
    return calls


def test_a_revoked_token_is_refused_within_seconds() -> None:
    """As token and as browser's value, at KNOWN_S at the latest."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna")
        known = Known(whole.gateway.world)
        assert await known.who(ANNA) == await known.who(session_of(ANNA)) == Who("anna", "operator")
        await whole.store.revoke_access("anna", NOW, "boss")
        whole.clock.at += round(KNOWN_S * S)
        assert [await known.who(text) for text in (ANNA, session_of(ANNA))] == ["wrong", "wrong"]
        assert KNOWN_S <= 5

    run(work)


def test_a_new_token_works_at_once() -> None:
    """As soon as nobody has asked in vain for a moment."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna")
        known = Known(whole.gateway.world)
        assert await known.who(ANNA) == Who("anna", "operator")
        await keep(whole, BEN, "ben")
        whole.clock.at += round(AGAIN_S * S) + 1
        assert await known.who(BEN) == Who("ben", "operator")

    run(work)


def test_an_expired_token_is_refused_at_its_instant() -> None:
    """Without any reading."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna", NOW + 500)
        known = Known(whole.gateway.world)
        found = []
        for at in (NOW, NOW + 499, NOW + 500):
            whole.clock.at = at
            found.append(await known.who(ANNA))
        assert found == [Who("anna", "operator"), Who("anna", "operator"), "expired"]

    run(work)


def test_trying_costs_one_reading_in_a_while() -> None:
    """However many tokens are tried, at the same time or one after the other; what has no token's form costs none."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna")
        known, reads = Known(whole.gateway.world), counted(whole, "access_tokens")
        assert [await known.who(text) for text in (None, "", "x" * 10**6, "ogt_" * 99)] == ["wrong"] * 4
        assert reads == []
        tried = [new_token(SeededRng(seed)) for seed in range(100, 300)]
        found = await asyncio.gather(*(known.who(token) for token in [*tried, ANNA]))
        assert found == [*["wrong"] * 200, Who("anna", "operator")]
        for token in tried:
            await known.who(token)
        assert len(reads) == 1
        whole.clock.at += round(AGAIN_S * S) + 1
        await asyncio.gather(*(known.who(token) for token in tried))
        assert len(reads) == 2

    run(work)


def test_only_who_proves_it_learns_anything() -> None:
    """The id of a token that is there tells no more than another."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna", NOW)
        known = Known(whole.gateway.world)
        assert await known.who(ANNA) == "expired"
        assert await known.who(ANNA[:13] + NOBODY[13:]) == "wrong"
        assert await known.who(NOBODY[:4] + ANNA[4:12] + NOBODY[12:]) == "wrong"

    run(work)


def test_a_use_is_noted_beside_the_answer_and_seldom() -> None:
    """Looking hardly ever writes, and a full disk keeps nobody from looking."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna")
        known, writes = Known(whole.gateway.world), counted(whole, "access_used")
        for at in (NOW, NOW + 5 * S, NOW + USED_EVERY_MS - 1, NOW + USED_EVERY_MS):
            whole.clock.at = at
            assert isinstance(await known.who(ANNA), Who)
            await whole.store.writer.drained()
            await asyncio.sleep(0)
            await whole.store.writer.drained()
        (row,) = await whole.store.access_tokens()
        assert ([given[1] for given in writes], row.last_used_at) == ([NOW, whole.clock.at], whole.clock.at)

        async def full(id: str, now: int) -> None:
            raise StoreFull("nothing was stored")

        whole.store.access_used = full  # type: ignore[method-assign]
        whole.clock.at += USED_EVERY_MS
        assert isinstance(await known.who(ANNA), Who)
        await asyncio.sleep(0)

    run(work)


def test_all_tokens_at_once_are_few() -> None:
    """What is kept in memory is a row each, and nothing that proves one."""

    async def work(whole: Whole) -> None:
        await keep(whole, ANNA, "anna")
        known = Known(whole.gateway.world)
        await known.who(ANNA)
        rows: dict[str, AccessRow] = known._rows
        assert [row.name for row in rows.values()] == ["anna"]
        assert ANNA[13:] not in str(vars(known))

    run(work)
