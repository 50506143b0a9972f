"""What the Store port promises of questions to enrichers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from gateway.kernel.questions import Question, Settled
from gateway.kernel.store import Batch
from gateway.store import SqliteStore, questions
from tests.store.samples import LEASE, T0, oldest_waiting, on_file, plan, record, strand, with_store


def question(id: str = "1", request: str = "msg_1", enricher: str = "payments", at: int = T0) -> Question:
    return Question(strand=strand(id), enricher=enricher, request=request, ttl_ms=60_000, asked_at=at)


async def ask(store: SqliteStore, *asked: Question, now: int = T0) -> None:
    await store.commit(Batch(questions=asked, now=now))


async def claim(store: SqliteStore, now: int = T0, limit: int = 9, enricher: str = "payments") -> list[Question]:
    return await store.claim_questions(enricher=enricher, now=now, lease_ms=LEASE, limit=limit)


async def keys(store: SqliteStore) -> Sequence[str | None]:
    return [listed.key for listed in await store.inbox(limit=9)][::-1]


def test_a_question_is_claimed_answered_and_gone() -> None:
    """Its answer lies in the inbox of its strand's connector when it is over; nobody waits for it before."""

    async def check(store: SqliteStore) -> None:
        await ask(store, question())
        assert await oldest_waiting(store, ["zendesk"]) is None
        assert await store.questions_due(T0 - 1) == []
        assert await store.questions_due(T0) == ["payments"]
        (mine,) = await claim(store)
        assert mine == replace(question(), attempt=1)
        assert (await store.questions_due(T0), await claim(store)) == ([], [])
        assert await store.settle_questions([Settled(question=mine, record=record("answer"))]) == []
        assert await store.settle_questions([Settled(question=mine, record=record("twice"))]) == [mine]
        assert await keys(store) == ["answer"]
        assert (await store.inbox(limit=9))[0].connector == "zendesk"
        assert await store.questions_waiting() == {}

    with_store(check)


def test_a_newer_question_takes_the_place_of_the_older_one() -> None:
    """The same again changes nothing, a newer one begins anew; an answer to the older one comes too late."""

    async def check(store: SqliteStore) -> None:
        await ask(store, question())
        (first,) = await claim(store)
        await ask(store, question(), now=T0 + 1)
        assert await claim(store) == []
        await ask(store, question(request="msg_2", at=T0 + 2), now=T0 + 2)
        (second,) = await claim(store, T0 + 2)
        assert second == replace(question(request="msg_2", at=T0 + 2), attempt=1)
        late = Settled(question=first, record=record("late"))
        later = replace(late, next_at=T0 + 3)
        answer = Settled(question=second, record=record("answer"))
        assert await store.settle_questions([late, later, answer]) == [first, first]
        assert await keys(store) == ["answer"]

    with_store(check)


def test_what_nobody_wants_to_know_any_more_is_forgotten() -> None:
    """A question is removed before those of the same batch are put; an answer to it comes too late."""

    async def check(store: SqliteStore) -> None:
        await ask(store, question(), question(enricher="loyalty"))
        (first,) = await claim(store)
        await store.commit(Batch(unasked=((strand(), "payments"), (strand("2"), "payments")), now=T0))
        assert await store.questions_waiting() == {"loyalty": 1}
        assert await store.settle_questions([Settled(question=first, record=record("late"))]) == [first]
        both = Batch(unasked=((strand(), "loyalty"),), questions=(question(request="msg_3", enricher="loyalty"),))
        await store.commit(both)
        assert [one.request for one in await claim(store, enricher="loyalty")] == ["msg_3"]
        assert await keys(store) == []

    with_store(check)


def test_a_question_that_is_put_off_keeps_what_was_told() -> None:
    """Tries grow where one has failed; once it is told that there is no answer, that stays so."""

    async def check(store: SqliteStore) -> None:
        await ask(store, question())
        (mine,) = await claim(store)
        told = Settled(question=mine, record=record("no"), next_at=T0 + 5, reason="down\ud800", counted=True)
        assert await store.settle_questions([told]) == []
        assert await claim(store, T0 + 4) == []
        (mine,) = await claim(store, T0 + 5)
        assert (mine.attempt, mine.tries, mine.told) == (2, 1, True)
        assert await store.settle_questions([Settled(question=mine, next_at=T0 + 6, reason="left alone")]) == []
        (mine,) = await claim(store, T0 + 6)
        assert (mine.attempt, mine.tries, mine.told) == (3, 1, True)
        assert await keys(store) == ["no"]

    with_store(check)


def test_a_lease_that_is_over_is_somebody_elses() -> None:
    """Whoever had it comes too late; those that wait are claimed by enricher, the longest due first."""

    async def check(store: SqliteStore) -> None:
        await ask(store, question("1"), now=T0)
        await ask(store, question("2"), question("3", at=T0 - 1), question("4", enricher="loyalty"), now=T0 - 1)
        assert await store.questions_due(T0) == ["loyalty", "payments"]
        assert await store.questions_waiting() == {"loyalty": 1, "payments": 3}
        slow = await claim(store, limit=2)
        assert [one.strand.id for one in slow] == ["3", "2"]
        quick = await claim(store, T0 + LEASE)
        assert [(one.strand.id, one.attempt) for one in quick] == [("1", 1), ("3", 2), ("2", 2)]
        assert await store.settle_questions([Settled(question=one) for one in slow]) == slow
        assert await store.settle_questions([Settled(question=one) for one in quick]) == []
        assert await store.questions_waiting() == {"loyalty": 1}

    with_store(check)


def test_a_start_ends_leases(tmp_path: Path) -> None:
    """Who held them is dead: what it had claimed is due at once."""

    async def run() -> None:
        async with on_file(tmp_path / "gateway.db") as store:
            await ask(store, question())
            await claim(store)
        async with on_file(tmp_path / "gateway.db") as store:
            assert [one.attempt for one in await claim(store, T0)] == [2]

    asyncio.run(run())


def test_what_is_due_is_found_along_the_index() -> None:
    """However many wait, nothing is gone through or sorted."""

    async def check(store: SqliteStore) -> None:
        for statement in (questions._next, questions._first_due, questions._due):
            (step,) = plan(store, statement)
            assert step.startswith("SEARCH questions USING")

    with_store(check)
