"""Time is an event: how far it may pass, who holds it back, and what it brings."""

from typing import Any

import pytest

import gateway.engine.tick as tick_module
from gateway.engine.tick import HELD_BACK_IN_BURST_MS, HELD_BACK_MAX_MS, Watermark, tick
from gateway.engine.world import FAULTS_IN_A_ROW_MAX
from gateway.kernel.store import Batch, Conflict, FetchKey, LookUp, Outlook
from gateway.model.identity import Ref
from gateway.model.instant import format_instant
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, Rig, curse, event, judge_by, opening, reply, run
from tests.store.samples import next_due
from tests.support.policies import loaded

DEADLINE = 15 * MINUTE


async def take_away(rig: Rig) -> None:
    """Take up what waits in the inbox, as if by a worker that is slow, so that it goes on waiting."""
    assert await rig.store.claim_records(now=rig.clock.now(), lease_ms=24 * HOUR, limit=99)


async def watermark(rig: Rig) -> int:
    """How far time may pass in the running gateway, from T0."""
    _, instant = await rig.gateway._look()
    return instant - T0


def test_a_breach_comes_at_its_very_instant() -> None:
    """Nothing at the deadline itself, which a reply may still meet; everything in the first millisecond after it, dated
    with the deadline; and nothing more ever after."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(DEADLINE - 1)
        assert rig.clock.at == T0 + DEADLINE
        assert "sla.breached" not in rig.types()
        assert await next_due(rig.store) == T0 + DEADLINE
        await rig.end_millisecond()
        assert rig.types()[-2:] == ["sla.breached", "escalation.raised"]
        for body in rig.bodies("sla.breached", "escalation.raised"):
            assert (body["time"], body["data"]["late_by_s"]) == (format_instant(T0 + DEADLINE), 0.001)
        await rig.at(DEADLINE + 30 * MINUTE)
        assert await next_due(rig.store) is None
        said = rig.types()
        await rig.at(48 * HOUR)
        assert rig.types() == said

    run(story)


@pytest.mark.parametrize("late_ms", [0, 1])
def test_at_the_deadline_a_reply_is_in_time_and_after_it_is_not(late_ms: int) -> None:
    """The events of an instant come before what time does in it."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        rig.clock.at = T0 + DEADLINE + late_ms
        await rig.post(reply(DEADLINE + late_ms))
        await rig.settle()
        await rig.end_millisecond()
        assert ("sla.breached" in rig.types()) == bool(late_ms)

    run(story)


def test_a_reply_may_come_until_the_millisecond_of_the_deadline_is_over() -> None:
    """The engine has looked at the very deadline, and nothing waited: what is received in that millisecond after it
    prevents the breach all the same."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + DEADLINE
        await rig.settle()
        await rig.post(reply(DEADLINE))
        await rig.settle()
        await rig.end_millisecond()
        assert rig.types() == ["contact.opened", "contact.routed", "sla.warned", "sla.met"]

    run(story)


def test_a_reply_at_the_deadline_that_is_received_after_it_corrects_the_breach() -> None:
    """A millisecond later nobody could know: the breach is announced, and taken back once."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + DEADLINE + 1
        await rig.settle()
        (breach,) = rig.bodies("sla.breached")
        assert breach["time"] == format_instant(T0 + DEADLINE)
        await rig.post(reply(DEADLINE))
        await rig.settle()
        await rig.at(HOUR)
        (correction,) = rig.bodies("sla.corrected")
        assert correction["data"]["corrects"] == breach["id"]
        assert rig.types().count("sla.met") == rig.types().count("sla.breached") == 1

    run(story)


def test_a_record_that_waits_holds_time_back_for_five_seconds() -> None:
    """In running, a healthy connector's unprocessed record keeps time at its receipt, but no longer than that."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + DEADLINE - SECOND
        await rig.settle()
        await rig.told(event("call.held", 0, ticket="2"))
        await take_away(rig)
        await rig.at(DEADLINE)
        assert await watermark(rig) == DEADLINE - SECOND - 1
        assert "sla.breached" not in rig.types()
        for early_ms, said in ((1, False), (0, True)):
            rig.clock.at = T0 + DEADLINE + HELD_BACK_MAX_MS - early_ms
            await rig.settle()
            assert ("sla.breached" in rig.types()) == said

    run(story)


def test_a_reply_that_waits_at_the_very_deadline_is_in_time() -> None:
    """Received and dated at the instant of the deadline, and behind other records: time doesn't overtake it."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        rig.clock.at = T0 + DEADLINE
        for ticket in range(100):
            await rig.told(event("call.held", 0, ticket=f"other {ticket}"))
        await rig.post(reply(DEADLINE))
        await rig.settle()
        await rig.end_millisecond()
        assert rig.types() == ["contact.opened", "contact.routed", "sla.warned", "sla.met"]

    run(story)


def test_after_a_start_the_backlog_holds_time_back_until_it_is_through() -> None:
    """However long it takes: the bound of five seconds counts only once the backlog has been drained."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + DEADLINE - SECOND
        await rig.settle()
        await rig.told(event("call.held", 0, ticket="2"))
        await rig.restart(at=rig.clock.at + 1)
        await take_away(rig)
        for hours in (1, 2, 3):
            await rig.at(hours * HOUR)
            assert await watermark(rig) == DEADLINE - SECOND - 1
        assert "sla.breached" not in rig.types()
        (row,) = await rig.store.inbox(limit=2, state="leased")
        await rig.store.commit(Batch(done=((row.id, row.attempt),), now=rig.clock.now()))
        await rig.settle()
        assert "sla.breached" in rig.types()

    run(story)


def test_what_comes_after_the_start_is_no_backlog() -> None:
    """A start with an empty inbox is drained at once: what waits later holds back five seconds."""

    async def story(rig: Rig) -> None:
        mark = Watermark(started_at=T0)
        rig.clock.at = T0 + MINUTE
        await rig.told(event("call.held", 0))
        outlook = await rig.store.outlook(now=rig.clock.at, connectors=["vendor"])
        assert mark.passes_to(rig.clock.at, outlook) == T0 + MINUTE - 1
        assert mark.passes_to(T0 + HOUR, outlook) == T0 + HOUR - HELD_BACK_MAX_MS

    run(story)


def test_a_reply_behind_a_burst_is_no_breach() -> None:
    """While judging lets a crowd go first, and until it has caught up, time waits for what the crowd may bring."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + DEADLINE - SECOND
        await rig.settle()
        await rig.post(reply(DEADLINE - SECOND))
        await take_away(rig)
        rig.gateway._courtesy._owing = True
        rig.clock.at += HELD_BACK_IN_BURST_MS - SECOND
        assert await watermark(rig) == DEADLINE - SECOND - 1
        rig.clock.at += 2 * SECOND
        assert await watermark(rig) == rig.clock.at - T0 - HELD_BACK_IN_BURST_MS
        rig.gateway._courtesy._owing = False
        rig.clock.at += SECOND
        assert await watermark(rig) == rig.clock.at - T0 - HELD_BACK_MAX_MS

    run(story)


def test_a_request_on_its_way_to_the_disk_holds_time_back() -> None:
    """Between its receipt and its commit a reply is nowhere to be found, and has come all the same."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(DEADLINE)
        receipt = T0 + DEADLINE - SECOND
        rig.gateway._arriving.update({1: receipt, 2: receipt + 1})
        assert T0 + await watermark(rig) == receipt - 1
        rig.clock.at = T0 + DEADLINE + HELD_BACK_MAX_MS
        assert await watermark(rig) == DEADLINE

    run(story)


def test_a_request_that_is_kept_while_the_inbox_is_read_holds_time_back() -> None:
    """It was on its way when the look at the inbox began: what the look doesn't see yet isn't forgotten."""

    async def story(rig: Rig) -> None:
        receipt = rig.clock.at = T0 + DEADLINE
        outlook = rig.store.outlook

        async def overtaken(**asked: Any) -> Outlook:
            seen = await outlook(**asked)
            del rig.gateway._arriving[1]
            return seen

        rig.store.outlook = overtaken  # type: ignore[method-assign]
        rig.gateway._arriving[1] = receipt
        assert T0 + await watermark(rig) == receipt - 1

    run(story)


def test_a_look_up_holds_time_back_until_it_fails() -> None:
    """A thin push has come when its record came: what its look-up brings was said by then. Never for over 5 s."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + DEADLINE - SECOND
        await rig.settle()
        key = FetchKey("vendor", Ref("ticket", "9"))
        await rig.store.commit(Batch(fetches=(LookUp(key, "thin", rig.clock.at),), now=rig.clock.at))
        await rig.at(DEADLINE)
        assert await watermark(rig) == DEADLINE - SECOND - 1
        assert "sla.breached" not in rig.types()
        (row,) = await rig.store.claim_fetches(connector=key.connector, now=rig.clock.at, lease_ms=SECOND, limit=1)
        assert await watermark(rig) == DEADLINE - SECOND - 1
        await rig.store.postpone_fetch(row, rig.clock.at + HOUR, "503")
        await rig.settle()
        assert await watermark(rig) == DEADLINE
        assert "sla.breached" in rig.types()

    run(story)


def test_an_ill_connector_holds_back_nothing() -> None:
    """Its records may wait for ever; time goes on, at a start too."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + MINUTE
        await rig.settle()
        await rig.told(event("call.held", 0, ticket="2"))
        await rig.restart(at=rig.clock.at + 1)
        await take_away(rig)
        rig.clock.at = T0 + DEADLINE + 1
        assert await watermark(rig) == MINUTE - 1
        for _ in range(FAULTS_IN_A_ROW_MAX):
            rig.link("vendor").fault(RuntimeError("down"))
        assert await watermark(rig) == DEADLINE
        rig.link("vendor").worked()
        assert await watermark(rig) == DEADLINE + 1 - HELD_BACK_MAX_MS

    run(story)


def test_time_that_was_let_pass_never_comes_back() -> None:
    """A breach that was announced while a record was held back for too long stands when that record holds back more
    after a restart, and something else makes the contact be judged anew."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(10 * MINUTE)
        await rig.told(event("call.held", 0, ticket="2"))
        await take_away(rig)
        await rig.at(DEADLINE + HELD_BACK_MAX_MS)
        said = rig.types()
        assert "sla.breached" in said
        await rig.restart(at=T0 + 20 * MINUTE)
        await rig.post(event("contact.observed", MINUTE, subject="Late"))
        await rig.settle()
        assert rig.types() == said

    run(story)


def test_records_that_are_through_hold_back_nothing() -> None:
    """Done and parked records, and those of a connector that isn't configured any more, keep no time."""

    async def story(rig: Rig) -> None:
        await rig.told({"type": "nonsense"})
        await rig.told(opening())
        await rig.settle()
        await rig.told(opening(), name="gone")
        rig.clock.at = T0 + HOUR
        assert await watermark(rig) == HOUR - 1

    run(story)


def test_rules_that_raise_on_a_contact_postpone_it_alone() -> None:
    """The other contacts that are due are judged; this one is tried again after its wait, and then is right."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(), event("contact.observed", DEADLINE, tags=["cursed"]))
        await rig.post(opening(ticket="2"))
        await rig.at(DEADLINE - 1)
        curse(rig)
        rig.clock.at = T0 + DEADLINE + 1
        await rig.settle()
        breached = [body["subject"] for body in rig.bodies("sla.breached")]
        assert breached == [(await rig.contact("2")).id]
        assert (await rig.contact()).next_due == rig.clock.at + tick_module.FAILED_WAIT_MS
        judge_by(rig, loaded(rig.policy).policy)
        await rig.at(DEADLINE + 1 + tick_module.FAILED_WAIT_MS)
        assert [body["subject"] for body in rig.bodies("sla.breached")] == [*breached, (await rig.contact()).id]
        assert await rig.parked() == []

    run(story)


def test_a_contact_that_was_changed_meanwhile_is_judged_at_the_next_tick() -> None:
    """A conflict costs one tick and says nothing twice."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        commit = rig.store.commit

        async def overtaken(batch: Batch) -> None:
            rig.store.commit = commit  # type: ignore[method-assign]
            raise Conflict("overtaken")

        rig.store.commit = overtaken  # type: ignore[method-assign]
        rig.clock.at = T0 + DEADLINE + 1
        assert await tick(rig.world, rig.gateway.bench, T0 + DEADLINE) == 1
        await rig.settle()
        assert rig.types().count("sla.breached") == 1

    run(story)


def test_what_is_most_overdue_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick has a bound; whoever has waited longest is judged first."""

    async def story(rig: Rig) -> None:
        for ticket, at in (("late", 2 * MINUTE), ("early", 0), ("middle", MINUTE)):
            await rig.at(at)
            await rig.post(opening(at, ticket=ticket))
        await rig.settle()
        monkeypatch.setattr(tick_module, "BATCH_MAX", 1)
        await rig.at(HOUR)
        order = [body["data"]["contact"]["refs"][0]["id"] for body in rig.bodies("sla.breached")]
        assert order == ["early", "middle", "late"]

    run(story)
