"""The gateway reads a whole org: by pages alone on its worst day, by webhooks alone that come over the wire, and
through seconds that have more changes than a page.

The real engine, store and client; the org and its clock are the simulator's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from gateway_salesforce import Salesforce
from gateway_salesforce.simulator import SalesforceSimulator
from gateway_salesforce.simulator.api import Api
from gateway_salesforce.simulator.schema import HIDDEN

from gateway.plugin import (
    DAY_MS,
    CallEnded,
    ContactDeleted,
    ContactObserved,
    ContactOpened,
    MessageAdded,
    Transient,
)
from gateway.testing.stage import Reader, Stage, reader, stage
from gateway.testing.truth import unsaid

Work = Callable[[Stage, Reader, SalesforceSimulator], Awaitable[None]]


def read(work: Work, *, page_size: int = 100, grant: str = "client_credentials", **settings: Any) -> None:
    """Let a gateway read an org."""

    async def main() -> None:
        made: Any = partial(SalesforceSimulator, grant=grant, nested_size=3)
        with patch.object(Salesforce, "simulator", staticmethod(lambda given, seed: made(given, seed))):
            async with stage(Salesforce, seed=5, page_size=page_size) as on:
                simulator: Any = on.simulator
                async with reader(on, {**on.values, "requests_per_minute": 100_000, **settings}) as ours:
                    await work(on, ours, simulator)

    asyncio.run(main())


async def patiently(ours: Reader, on: Stage) -> None:
    """Read all there is, as the engine does: what fails for now is tried again a while later."""
    for _ in range(100):
        try:
            await ours.sync()
        except Transient:
            on.clock.pass_(90)
        else:
            return
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("grant", ["jwt_bearer", "client_credentials"])
def test_a_history_is_read_whole(grant: str) -> None:
    """Every fact of every kind of row, by pages alone, with either kind of credentials. Read again, nothing is new."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        simulator.seed(64, since=on.clock.now() - 40 * DAY_MS)
        on.clock.pass_(10)
        await ours.sync()
        truth = simulator.truth()
        assert len({type(event) for event in truth}) >= 10
        journal = await ours.events()
        assert unsaid(truth, journal) == ""
        assert len(await ours.contacts()) == 64
        assert {asked.status for asked in ours.transport.asked} == {200}
        on.clock.pass_(120)
        await ours.sync()
        assert await ours.events() == journal

    read(work, grant=grant, backfill_days=400)


def test_a_history_is_read_whole_on_a_bad_day() -> None:
    """Pages that are short, queries that are 406 or take too long, tokens that die between pages."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        simulator.seed(24, since=on.clock.now() - 9 * DAY_MS)
        on.clock.pass_(10)
        simulator.api.timeout_ms = DAY_MS
        for fault in ("short_pages", "not_acceptable", "query_timeout"):
            simulator.fault(fault)
        told = Api.first

        def last(api: Api, *given: Any) -> Any:
            simulator.fault("revoked")
            return told(api, *given)

        with patch.object(Api, "first", last):  # each page is read by another session than the one before
            await patiently(ours, on)
        assert unsaid(simulator.truth(), await ours.events()) == ""
        assert {asked.status for asked in ours.transport.asked} == {200, 400, 401, 406}

    read(work, page_size=7, backfill_days=400)


@pytest.mark.parametrize("fault", ["", "short_ids", "duplicate", "reorder"])
def test_webhooks_tell_all(fault: str) -> None:
    """Each act over a socket, with no page ever read: what the webhooks name is looked up, and all is said."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        if fault:
            simulator.fault(fault)
        for name in ("open_session", "ring", *sorted(simulator.acts)):
            await on.acted(name)
            await ours.deliver(on.wire.taken())
            await ours.settle()
        assert {status for status, _ in ours.answers} == {202}
        assert unsaid(simulator.truth(), await ours.events()) == ""
        assert await ours.inbox("parked") == []

    read(work)


def test_a_second_with_more_cases_than_a_page() -> None:
    """Forty cases change at once, on pages of five: each ends up as it was changed."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        cases = [simulator.open_ticket(channel="web") for _ in range(40)]
        on.clock.pass_(10)
        await ours.sync()
        simulator.bulk_update(cases, reason="Flood")
        on.clock.pass_(30)
        await ours.sync()
        reasons = [contact.fields["reason"] for contact in (await ours.contacts()).values() if contact]
        assert reasons == ["Flood"] * 40
        assert unsaid(simulator.truth(), await ours.events()) == ""

    read(work, page_size=5)


def test_a_case_with_more_on_it_than_is_told_with_it() -> None:
    """What is nested and not all is asked for: a look-up tells every letter and comment."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        case = simulator.open_ticket()
        for number in range(8):
            simulator.agent_comment(case, f"Letter {number}")
            simulator.agent_comment(case, f"Note {number}", public=False)
            simulator.set_status(case, "pending" if number % 2 else "open")
        await simulator.settled()
        await ours.deliver(on.wire.taken()[-1:])
        await ours.settle()
        events = await ours.events()
        assert unsaid(simulator.truth(), events) == ""
        assert sum(isinstance(event, MessageAdded) for event in events.values()) == 17

    read(work)


def test_an_org_that_lacks_objects_and_hides_fields_is_read_all_the_same() -> None:
    """What isn't there is said by the check, and everything else is read; when it is there, it comes."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        simulator.fault("missing_objects")
        simulator.fault("hidden_fields")
        case, call = simulator.open_ticket(), simulator.ring()
        simulator.set_status(case, "closed")
        simulator.hang_up(call)
        on.clock.pass_(10)
        await ours.sync()
        journal = await ours.events()
        assert ("Case", "Priority") in HIDDEN
        cases = [event for event in simulator.truth() if event.ref.kind == "case"]
        assert unsaid([event for event in cases if not isinstance(event, ContactObserved)], journal) == ""
        assert {event.ref.kind for event in journal.values()} == {"case"}
        said = " ".join(found.what for found in await ours.connector.check())
        assert "VoiceCall" in said
        simulator.fault("missing_objects", on=False)
        simulator.fault("hidden_fields", on=False)
        on.clock.pass_(2 * 3_600)
        simulator.answer(simulator.ring())
        on.clock.pass_(10)
        ours.restart()
        await ours.sync()
        assert (
            unsaid([event for event in simulator.truth() if event.ref.kind == "call"][-3:], await ours.events()) == ""
        )

    read(work)


def test_what_is_purged_before_anybody_looks_is_never_known() -> None:
    """No row tells of it. Who was seen before ends by the stream of what is deleted, if that looks before the purge."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        seen, unseen = simulator.open_ticket(), simulator.open_ticket()
        simulator.delete(unseen)
        simulator.purge(unseen)
        on.clock.pass_(10)
        await ours.sync()
        simulator.delete(seen)
        on.clock.pass_(10)
        await ours.sync()
        simulator.purge(seen)
        on.clock.pass_(700)
        await ours.sync()
        events = (await ours.events()).values()
        assert {event.ref.id for event in events if isinstance(event, ContactOpened)} == {seen}
        assert [event.ref.id for event in events if isinstance(event, ContactDeleted)] == [seen]

    read(work)


@pytest.mark.parametrize("turned", [False, True])
def test_what_was_written_on_a_case_that_is_merged_is_the_other_ones(turned: bool) -> None:
    """Though it was read as the first one's before: it is said once, of where it stands now."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        cases = [simulator.open_ticket(), simulator.open_ticket()]
        source, target = reversed(cases) if turned else cases
        simulator.agent_comment(source, "A letter")
        simulator.agent_comment(source, "A note", public=False)
        on.clock.pass_(10)
        await ours.sync()
        simulator.merge(source, target)
        on.clock.pass_(10)
        await ours.sync()
        said = [event for event in (await ours.events()).values() if isinstance(event, MessageAdded)]
        assert [event.ref.id for event in said] == [target] * 4
        assert unsaid(simulator.truth(), await ours.events()) == ""

    read(work)


def test_a_call_that_goes_on_is_not_over() -> None:
    """Its end is told when it comes, once."""

    async def work(on: Stage, ours: Reader, simulator: SalesforceSimulator) -> None:
        call = simulator.ring()
        simulator.answer(call)
        on.clock.pass_(20)
        await ours.sync()
        assert not [event for event in (await ours.events()).values() if isinstance(event, CallEnded)]
        simulator.hang_up(call)
        on.clock.pass_(20)
        await ours.sync()
        ended = [event for event in (await ours.events()).values() if isinstance(event, CallEnded)]
        assert [(event.ref.id, event.at) for event in ended] == [(call, on.clock.now() - 20_000)]

    read(work)
