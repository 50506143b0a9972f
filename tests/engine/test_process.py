"""T2: records become events, events become contacts, each fact once, whoever tells it and when."""

import pytest

import gateway.engine.process as process_module
from gateway.engine.turns import BATCH_MAX, BATCH_MIN, LAG_MS
from gateway.kernel.store import Batch, Conflict
from tests.engine.rig import HOUR, MINUTE, T0, Rig, event, opening, reply, run, states

LEASE = process_module.LEASE_MS


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_of_two_tellings_the_higher_revision_stands(order: tuple[int, ...]) -> None:
    """A connector that may correct itself: whatever the order of arrival, the vendor's log beats the push."""
    tellings = [
        opening(tags=["pushed"]),
        opening(rev=1, tags=["fraud"]),
        opening(rev=1, tags=["a lesser content"]),
    ]

    async def story(rig: Rig) -> None:
        for index in order:
            await rig.told(tellings[index])
            await rig.settle()
        contact = await rig.contact(connector="vendor")
        assert contact.state is not None
        assert (contact.state.contact.tags, contact.state.severity) == (("fraud",), 1)
        assert contact.state == (await rig.replayed(contact)).state

    run(story)


def test_a_revision_can_move_an_event_behind_all_others() -> None:
    """What was pushed with a wrong time counts at the time that the vendor's log has, and only there."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        await rig.at(5 * MINUTE)
        await rig.told(reply(5 * MINUTE, id="the reply"))
        await rig.at(20 * MINUTE)
        assert "sla.breached" not in rig.types()
        await rig.told(reply(20 * MINUTE, id="the reply", rev=1))
        await rig.settle()
        assert "sla.breached" in rig.types()
        contact = await rig.contact(connector="vendor")
        assert contact.state == (await rig.replayed(contact)).state

    run(story)


def test_a_conflict_is_met_with_another_try() -> None:
    """A contact that somebody else has changed meanwhile is loaded and judged again, and nothing is said twice."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        commit = rig.store.commit

        async def overtaken(batch: Batch) -> None:
            rig.store.commit = commit  # type: ignore[method-assign]
            contact = await rig.contact()
            await rig.store.commit(Batch(contacts=(contact,), now=rig.clock.now()))
            await rig.store.commit(batch)

        rig.store.commit = overtaken  # type: ignore[method-assign]
        await rig.post(reply(0))
        await rig.settle()
        assert await states(rig) == ["done", "done"]
        assert sorted(rig.types()) == ["contact.opened", "contact.routed", "sla.met"]

    run(story)


def test_endless_conflicts_end_the_step_and_lose_nothing() -> None:
    """After five in a row the step fails; the records are taken up again when their lease is over."""

    async def story(rig: Rig) -> None:
        commit = rig.store.commit
        tries = []

        async def conflicting(batch: Batch) -> None:
            tries.append(batch)
            raise Conflict("always")

        rig.store.commit = conflicting  # type: ignore[method-assign]
        await rig.post(opening())
        with pytest.raises(Conflict):
            await rig.gateway.judge_once()
        assert len(tries) == process_module.CONFLICTS_MAX
        rig.store.commit = commit  # type: ignore[method-assign]
        await rig.settle()
        assert await states(rig) == ["leased"]
        await rig.at(LEASE)
        assert await states(rig) == ["done"]

    run(story)


def test_what_was_taken_up_before_goes_alone() -> None:
    """After a crash each record of the batch under way is a batch of its own; fresh ones go together."""

    async def story(rig: Rig) -> None:
        for ticket in "abc":
            await rig.told(opening(ticket=ticket))
        await rig.store.claim_records(now=T0, lease_ms=LEASE, limit=9)
        rig.clock.at = T0 + LEASE
        for ticket in "def":
            await rig.told(opening(ticket=ticket))
        batches = _batches(rig)
        await rig.settle()
        assert [len(batch.done) for batch in batches] == [1, 1, 1, 3]

    run(story)


def test_what_comes_before_its_opening_is_kept_and_judged_with_it() -> None:
    """A strand without an opening is listed as unopened and says nothing; the opening brings it to life."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + 20 * MINUTE
        await rig.post(reply(10 * MINUTE))
        await rig.settle()
        (unopened,) = await rig.store.contacts(limit=9, status="unopened")
        assert (unopened.state, unopened.next_due, rig.types()) == (None, None, [])
        await rig.post(opening())
        await rig.settle()
        assert rig.types() == ["contact.opened", "contact.routed", "sla.warned", "sla.met"]
        assert await rig.store.contacts(limit=9, status="unopened") == []
        contact = await rig.contact()
        assert (contact.id, contact.state) == (unopened.id, (await rig.replayed(contact)).state)

    run(story)


def test_an_event_in_the_future_waits_for_its_time() -> None:
    """It counts for `next_due`, changes nothing before, and is judged at its instant."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(), event("status.changed", 5 * MINUTE, to="solved"))
        await rig.settle()
        contact = await rig.contact()
        assert contact.state is not None
        assert (contact.next_due, contact.state.contact.status) == (T0 + 5 * MINUTE, "new")
        await rig.at(5 * MINUTE - 1)
        assert "contact.solved" not in rig.types()
        await rig.at(5 * MINUTE)
        assert rig.types() == ["contact.opened", "contact.routed", "contact.solved"]
        contact = await rig.contact()
        assert (contact.next_due, contact.state) == (None, (await rig.replayed(contact)).state)

    run(story)


def test_an_event_that_waited_comes_before_a_later_one() -> None:
    """What was known ahead is judged in its place, even if the next record is taken up before any tick."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(), reply(14 * MINUTE))
        await rig.settle()
        rig.clock.at = T0 + 20 * MINUTE
        await rig.post(event("contact.observed", 20 * MINUTE, subject="Later"))
        await rig.settle()
        assert rig.types() == ["contact.opened", "contact.routed", "sla.warned", "sla.met"]
        contact = await rig.contact()
        assert contact.state == (await rig.replayed(contact)).state

    run(story)


def test_an_opening_in_the_future_waits_for_its_time() -> None:
    """Until then the contact is unopened, and falls due at the opening."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(HOUR))
        await rig.settle()
        assert ((await rig.contact()).next_due, rig.types()) == (T0 + HOUR, [])
        await rig.at(HOUR)
        assert rig.types() == ["contact.opened", "contact.routed"]

    run(story)


def test_an_event_told_twice_is_judged_once() -> None:
    """The same fact in two records, in one batch or later, is one event."""

    async def story(rig: Rig) -> None:
        for _ in range(2):
            await rig.told(opening(), opening())
            await rig.told(opening(), reply(0))
            await rig.settle()
        contact = await rig.contact(connector="vendor")
        assert len(await rig.store.history(contact.id)) == 2
        assert sorted(rig.types()) == ["contact.opened", "contact.routed", "sla.met"]

    run(story)


def test_a_batch_has_a_bound() -> None:
    """One step takes up no more than its maximum, the oldest first."""

    async def story(rig: Rig) -> None:
        batches = _batches(rig)
        for most, waited in ((BATCH_MIN, 0), (BATCH_MAX, LAG_MS + 1)):
            batches.clear()
            for ticket in range(most + 1):
                await rig.told(opening(ticket=f"{most} {ticket}"))
            rig.clock.at += waited
            await rig.settle()
            assert [len(batch.done) for batch in batches] == [most, 1]

    run(story)


def _batches(rig: Rig) -> list[Batch]:
    """Every batch of records that is committed from now on."""
    commit = rig.store.commit
    batches: list[Batch] = []

    async def noting(batch: Batch) -> None:
        if batch.done or batch.parked:
            batches.append(batch)
        await commit(batch)

    rig.store.commit = noting  # type: ignore[method-assign]
    return batches
