"""The gateway reads a whole account: by windows alone under Freshdesk's own limits, by webhooks alone that come over
the wire in every shape, and through seconds that have more changes than a page.

The real engine, store and client; the account and its clock are the simulator's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from gateway_freshdesk import Freshdesk

from gateway.plugin import DAY_MS, ContactDeleted, ContactOpened, Permanent
from gateway.testing.stage import Reader, Stage, reader, stage
from gateway.testing.truth import unsaid

Work = Callable[[Stage, Reader, Any], Awaitable[None]]


def read(work: Work, *, page_size: int = 100, limits: bool = False, **settings: Any) -> None:
    """Let a gateway read an account; without `limits` both sides allow any number of requests."""

    async def main() -> None:
        async with stage(Freshdesk, seed=5, page_size=page_size) as on:
            simulator: Any = on.simulator
            values = {**on.values, "backfill_conversations": "all", **settings}
            if not limits:
                simulator.api.limits.account.per_minute = simulator.api.limits.lists.per_minute = None
                values |= {"list_per_minute": 10_000, "requests_per_minute": 100_000}
            async with reader(on, values) as ours:
                await work(on, ours, simulator)

    asyncio.run(main())


def test_a_history_is_read_whole() -> None:
    """Every fact of every kind of ticket, from the lists and their look-ups alone, under the limits of the smallest
    plan: credits run out, and the client waits as it is told. Read again, nothing is new."""

    async def work(on: Stage, ours: Reader, simulator: Any) -> None:
        simulator.seed(54, since=on.clock.now() - 40 * DAY_MS)
        on.clock.pass_(10)
        await ours.sync()
        truth = simulator.truth()
        assert len({type(event) for event in truth}) == 7
        journal = await ours.events()
        assert unsaid(truth, journal) == ""
        assert len(await ours.contacts()) == 54
        assert {asked.status for asked in ours.transport.asked} <= {200, 429}
        on.clock.pass_(120)
        await ours.sync()
        assert await ours.events() == journal

    read(work, limits=True, backfill_days=400)


@pytest.mark.parametrize("shape", ["", "own_body", "form", "basic"])
def test_webhooks_of_every_shape_tell_all(shape: str) -> None:
    """Each act over a socket, with no list ever read: what the webhooks name is looked up, and all is said."""

    async def work(on: Stage, ours: Reader, simulator: Any) -> None:
        if shape:
            simulator.fault(shape)
        for name in sorted(simulator.acts):
            await on.acted(name)
            await ours.deliver(on.wire.taken())
            await ours.settle()
        assert {status for status, _ in ours.answers} == {202}
        assert unsaid(simulator.truth(), await ours.events()) == ""
        assert await ours.inbox("parked") == []
        assert not [asked for asked in ours.transport.asked if asked.path == "/api/v2/tickets"]

    read(work)


def test_a_second_with_more_tickets_than_a_page() -> None:
    """Forty tickets change at once, on pages of five, and the first of each page moves away as soon as it is
    shown: each ends up with its tag."""

    async def work(on: Stage, ours: Reader, simulator: Any) -> None:
        simulator.seed(40, since=on.clock.now() - 3 * DAY_MS)
        await ours.sync()
        simulator.act("bulk")
        on.clock.pass_(61)
        simulator.fault("drift")
        await ours.pull(ours.streams[0])
        simulator.fault("drift", on=False)
        await ours.sync()
        tagged = [row for row in simulator.account.all() if any(tag.startswith("bulk") for tag in row.tags)]
        assert len(tagged) > 30
        found = {contact.strands[0].ref.id: contact.tags for contact in (await ours.contacts()).values() if contact}
        assert [row.id for row in tagged if found[str(row.id)] != tuple(row.tags)] == []

    read(work, page_size=5)


def test_a_second_that_freshdesk_does_not_show_whole_is_said() -> None:
    """Trap 38: more tickets in one second than there are pages: no silence, and no endless loop."""

    async def work(on: Stage, ours: Reader, simulator: Any) -> None:
        await ours.sync()
        simulator.seed(24, since=on.clock.now() - 3 * DAY_MS)
        simulator.act("bulk")
        on.clock.pass_(61)
        simulator.api.pages_max = 3
        with pytest.raises(Permanent, match="changed in the second"):
            await ours.sync()

    read(work, page_size=4, backfill_days=7)


def test_what_is_purged_before_anybody_looks_is_never_known() -> None:
    """No tombstone tells of it. Who was seen before it was purged ends by the list of what is deleted."""

    async def work(on: Stage, ours: Reader, simulator: Any) -> None:
        seen, unseen = simulator.open_ticket(), simulator.open_ticket()
        simulator.delete(unseen)
        simulator.purge(unseen)
        on.wire.taken()
        await ours.sync()
        simulator.delete(seen)
        await ours.sync()
        simulator.purge(seen)
        on.clock.pass_(600)
        await ours.sync()
        events = (await ours.events()).values()
        assert {event.ref.id for event in events if isinstance(event, ContactOpened)} == {str(seen)}
        assert [event.ref.id for event in events if isinstance(event, ContactDeleted)] == [str(seen)]

    read(work)


def test_a_plan_without_ratings_is_read_all_the_same() -> None:
    """Trap 42: it is noted once, and everything else is read; when the plan has them, they come."""

    async def work(on: Stage, ours: Reader, simulator: Any) -> None:
        simulator.fault("plan")
        simulator.open_ticket()
        simulator.set_status(1, "solved")
        simulator.rate(1, 102)
        await ours.sync()
        rating = [event for event in simulator.truth() if event.id == "rating:1"]
        journal = await ours.events()
        assert "rating:1" not in journal
        assert unsaid([event for event in simulator.truth() if event not in rating], journal) == ""
        notes = [found.what for found in await ours.connector.check() if "not available" in found.what]
        assert len(notes) == 1
        simulator.fault("plan", on=False)
        on.clock.pass_(300)
        await ours.sync()
        assert unsaid(rating, await ours.events()) == ""

    read(work)
