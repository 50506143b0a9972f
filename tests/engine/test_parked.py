"""What can't be used is parked alone, with its reason, and can be replayed when the cause is mended."""

import asyncio
import json
from pathlib import Path

import pytest

import gateway.engine.process as process_module
from gateway.engine.world import FAULTS_IN_A_ROW_MAX
from gateway.kernel.failpoint import listen
from gateway.kernel.store import Batch, StoreFull
from gateway.model.instant import DAY_MS, Instant
from gateway.plugin import Record
from tests.engine.rig import MINUTE, T0, Rig, Vendor, curse, event, opening, reply, run, states

LEASE = process_module.LEASE_MS


class Death(BaseException):
    """The end of a process."""


def test_what_cant_be_normalized_is_parked_alone() -> None:
    """The rest of the batch goes on; the parked record keeps its body and says why."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        await rig.store.add_records("vendor", [Record(body=b"{}", received_at=Instant(T0))])
        await rig.told(opening(ticket="2"))
        await rig.settle()
        (parked,) = await rig.parked()
        assert (parked.reason, parked.body) == ("not a list", b"{}")
        assert await states(rig) == ["done", "parked", "done"]
        assert rig.link("vendor").healthy

    run(story)


@pytest.mark.parametrize("at", [-T0 + 946_684_799_999, 2 * DAY_MS], ids=["1999", "in two days"])
def test_an_event_out_of_any_sensible_time_is_parked(at: int) -> None:
    """Before the year 2000, or more than 24 h ahead of its receipt: a vendor's mistake, never judged."""

    async def story(rig: Rig) -> None:
        await rig.told(event("call.held", at, ticket="3"))
        await rig.settle()
        (parked,) = await rig.parked()
        assert "is dated" in (parked.reason or "")
        assert await rig.store.contacts(limit=9) == []

    run(story)


@pytest.mark.parametrize("deadline", ["1999-12-31T23:59:59Z", "2099-01-01T00:00:00Z"])
def test_a_deadline_out_of_any_sensible_time_is_parked(deadline: str) -> None:
    """It would be a clock that nobody can keep, or that nobody sees the end of."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(deadline=deadline))
        await rig.settle()
        (parked,) = await rig.parked()
        assert "`deadline` lies" in (parked.reason or "")
        assert await rig.store.contacts(limit=9) == []

    run(story)


@pytest.mark.parametrize("at", [-T0 + 946_684_800_000, DAY_MS], ids=["2000", "in 24 hours"])
def test_an_event_at_the_edge_is_taken(at: int) -> None:
    """The first instant of 2000 and exactly 24 h ahead are still taken."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(at))
        await rig.settle()
        assert await rig.parked() == []
        await rig.contact(connector="vendor")

    run(story)


def test_another_content_under_one_id_is_parked_for_the_strict_connector() -> None:
    """In one batch or long after: the first telling stands, the contradiction is parked, again after a replay too."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(subject="first"))
        await rig.post(opening(subject="second"))
        await rig.post(reply(MINUTE))
        await rig.settle()
        await rig.post(opening(subject="third"))
        await rig.settle()
        assert await states(rig) == ["done", "parked", "done", "parked"]
        assert {row.reason for row in await rig.parked()} == {
            "event 1/contact.opened@0 says something else than before under the same id"
        }
        contact = await rig.contact()
        assert contact.state is not None and contact.state.contact.subject == "first"
        for row in await rig.parked():
            assert await rig.store.replay_record(row.id, rig.clock.now(), "me")
        await rig.settle()
        assert await states(rig) == ["done", "parked", "done", "parked"]

    run(story)


def test_a_connector_that_raises_on_its_records_is_ill_alone() -> None:
    """Its records are parked with what it raised, the others' are judged; a success makes it well."""

    async def story(rig: Rig) -> None:
        vendor = rig.connectors["vendor"]
        assert isinstance(vendor, Vendor)
        vendor.broken = True
        for ticket in range(FAULTS_IN_A_ROW_MAX):
            assert rig.link("vendor").healthy
            await rig.told(opening(ticket=str(ticket)))
            await rig.post(opening(ticket=str(ticket)))
            await rig.settle()
        assert not rig.link("vendor").healthy
        assert {row.reason for row in await rig.parked()} == {"the connector raised RuntimeError: broken"}
        assert len(await rig.store.contacts(limit=99)) == FAULTS_IN_A_ROW_MAX
        vendor.broken = False
        for row in await rig.parked():
            assert await rig.store.replay_record(row.id, rig.clock.now(), "me")
        await rig.settle()
        assert await rig.parked() == []
        assert len(await rig.store.contacts(limit=99)) == 2 * FAULTS_IN_A_ROW_MAX
        assert rig.link("vendor").healthy

    run(story)


def test_records_of_a_connector_that_is_gone_wait_for_its_return() -> None:
    """They are parked with what to do, and judged when the connector is configured and they are replayed."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(), name="gone")
        await rig.settle()
        (parked,) = await rig.parked()
        assert parked.reason == "no connector gone is configured; configure it and replay the record"
        rig.connectors["gone"] = Vendor()
        await rig.restart()
        assert await rig.store.replay_record(parked.id, rig.clock.now(), "me")
        await rig.settle()
        await rig.contact(connector="gone")
        assert await states(rig) == ["done"]

    run(story)


def test_our_own_events_need_no_connector() -> None:
    """Events that the gateway itself has put into the inbox are understood without any plugin's help."""

    async def story(rig: Rig) -> None:
        bodies = [json.dumps({"events": [opening()]}).encode(), b'{"events": [{"type": "nonsense"}]}', b"[]", b"{"]
        await rig.store.add_records(
            "events", [Record(body=body, form="events", received_at=Instant(T0)) for body in bodies]
        )
        await rig.settle()
        assert await states(rig) == ["done", "parked", "parked", "parked"]
        await rig.contact()

    run(story)


@pytest.mark.parametrize("cursed", [1, 7])
def test_rules_that_raise_on_a_contact_park_its_records_only(cursed: int) -> None:
    """However many such contacts a batch has, all others are judged, and a replay after the fix judges the rest."""

    async def story(rig: Rig) -> None:
        curse(rig)
        for ticket in range(cursed):
            await rig.told(opening(ticket=f"cursed {ticket}", tags=["cursed"]))
            await rig.told(opening(ticket=f"sound {ticket}"), reply(MINUTE, ticket=f"cursed {ticket}"))
            await rig.told(opening(ticket=f"free {ticket}"))
        await rig.settle()
        assert await states(rig) == ["parked", "parked", "done"] * cursed
        assert all("raised ZeroDivisionError: cursed" in (row.reason or "") for row in await rig.parked())
        assert len(await rig.store.contacts(limit=99)) == cursed
        await rig.restart()
        for row in await rig.parked():
            assert await rig.store.replay_record(row.id, rig.clock.now(), "me")
        await rig.settle()
        assert await rig.parked() == []
        assert len(await rig.store.contacts(limit=99)) == 3 * cursed

    run(story)


def test_only_the_oldest_of_those_never_finished_is_given_up() -> None:
    """After five claims the oldest is parked with what to do; those that stood behind it are judged."""

    async def story(rig: Rig) -> None:
        for ticket in "abc":
            await rig.told(opening(ticket=ticket))
        for _ in range(process_module.ATTEMPTS_MAX):
            await rig.store.claim_records(now=rig.clock.now(), lease_ms=LEASE, limit=9)
            rig.clock.at += LEASE
        await rig.settle()
        (parked,) = await rig.parked()
        assert parked.reason == "taken up 5 times and never finished; replay it when the cause is mended"
        assert await states(rig) == ["parked", "done", "done"]
        assert await rig.store.replay_record(parked.id, rig.clock.now(), "me")
        await rig.settle()
        assert await states(rig) == ["done", "done", "done"]

    run(story)


def test_who_stands_behind_is_not_blamed(tmp_path: Path) -> None:
    """Five deaths that are no record's fault, during a backlog: what the first of it was claimed with was never tried
    alone, and is judged."""
    deaths = [*["commit.begun"] * 4, "commit.committed"]

    def die(point: str) -> None:
        if deaths and point == deaths[0]:
            raise Death(deaths.pop(0))

    async def story(rig: Rig) -> None:
        for ticket in "abc":
            await rig.told(opening(ticket=ticket))
        listen(die)
        while deaths:
            with pytest.raises(asyncio.CancelledError):
                await rig.gateway.judge_once()
            await rig.restart()
        await rig.settle()
        assert await states(rig) == ["done", "done", "done"]

    try:
        run(story, tmp_path / "gateway.db")
    finally:
        listen(None)


def test_five_claims_are_borne() -> None:
    """A record that was taken up four times and not finished is still judged at the fifth."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        for _ in range(process_module.ATTEMPTS_MAX - 1):
            await rig.store.claim_records(now=rig.clock.now(), lease_ms=LEASE, limit=9)
            rig.clock.at += LEASE
        await rig.settle()
        assert await states(rig) == ["done"]

    run(story)


def test_a_full_disk_gives_no_record_up() -> None:
    """What failed before this process's eyes killed nobody, however often; it is judged when there is room again."""

    async def story(rig: Rig) -> None:
        commit = rig.store.commit

        async def full(batch: Batch) -> None:
            raise StoreFull("no space left")

        rig.store.commit = full  # type: ignore[method-assign]
        await rig.told(opening())
        for _ in range(process_module.ATTEMPTS_MAX + 2):
            with pytest.raises(StoreFull):
                await rig.gateway.judge_once()
            rig.clock.at += LEASE
        rig.store.commit = commit  # type: ignore[method-assign]
        await rig.settle()
        assert await states(rig) == ["done"]

    run(story)
