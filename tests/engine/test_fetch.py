"""Look-ups: asked for by a thin push, made once for all who asked, tried again until they are answered."""

import json
from collections.abc import Awaitable, Callable, Sequence

from gateway.engine.fetch import LEASE_MS, fetch_due
from gateway.model.identity import Ref
from gateway.model.instant import Instant
from gateway.plugin import RateLimited, Record, Transient
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, Rig, Vendor, curse, opening, run

Found = Sequence[Record] | Exception


class Known(Vendor):
    """Looks tickets up, and keeps which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.answers: list[Exception] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """The ticket as it is now, unless an answer was told."""
        self.asked.append(ref.id)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.answers:
            raise self.answers.pop(0)
        body = json.dumps([opening(ticket=ref.id)]).encode()
        return [Record(body=body, form="fetched", received_at=Instant(now))]


async def with_known(rig: Rig) -> Known:
    """Let the gateway have a connector that looks up."""
    known = Known()
    rig.connectors["known"] = known
    await rig.restart()
    return known


async def push(rig: Rig, *tickets: str) -> None:
    """A thin push that names these tickets, judged."""
    await rig.told(*({"fetch": ticket} for ticket in tickets), name="known")
    await rig.settle()


async def fetch(rig: Rig) -> int:
    """Make the look-ups that are due."""
    return await fetch_due(rig.world, rig.gateway.links)


def test_a_thin_push_becomes_a_contact() -> None:
    """What the look-up brings is a record in the inbox, and is judged like any other."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        await push(rig, "7")
        assert await rig.store.contacts(limit=9) == []
        assert await fetch(rig) == 1
        await rig.settle()
        await rig.contact("7", connector="known")
        assert (known.asked, rig.link("known").counts) == (["7"], {"fetched": 1})
        assert await fetch(rig) == 0

    run(story)


def test_requests_for_one_object_coalesce() -> None:
    """However many pushes name a ticket before the look-up, it is made once."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        for _ in range(3):
            await push(rig, "7", "7", "8")
        assert await fetch(rig) == 2
        assert await fetch(rig) == 0
        assert sorted(known.asked) == ["7", "8"]

    run(story)


def test_what_is_asked_for_while_it_is_looked_up_is_looked_up_again() -> None:
    """A push that comes during the look-up may be newer than its answer; what was found is kept all the same."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.meanwhile = lambda: push(rig, "7")
        await push(rig, "7")
        assert await fetch(rig) == 1
        await rig.settle()
        await rig.contact("7", connector="known")
        assert await fetch(rig) == 1
        assert await fetch(rig) == 0
        assert known.asked == ["7", "7"]

    run(story)


def test_a_failure_backs_off() -> None:
    """Longer each time up to five minutes, as long as the vendor asks at least; the connector stays well."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [Transient("no answer") for _ in range(9)] + [RateLimited("slow", retry_after_s=3_600.0)]
        await push(rig, "7")
        for least in (2, 4, 8, 16, 32, 64, 128, 256, 300, 3_600):
            assert await fetch(rig) == 1
            rig.clock.at += least * SECOND - 1
            assert await fetch(rig) == 0
            rig.clock.at += least * SECOND // 5 + 1
        assert rig.link("known").healthy
        assert await fetch(rig) == 1
        await rig.settle()
        await rig.contact("7", connector="known")
        assert await fetch(rig) == 0

    run(story)


def test_a_push_doesnt_shorten_the_wait_after_a_failure() -> None:
    """A vendor that is down isn't asked more often because more happens there."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [RateLimited("slow", retry_after_s=60.0)]
        await push(rig, "7")
        await fetch(rig)
        await push(rig, "7")
        assert await fetch(rig) == 0
        rig.clock.at += 73 * SECOND
        assert await fetch(rig) == 1

    run(story)


def test_a_connector_that_raises_is_at_fault_alone() -> None:
    """Its look-up waits; the others of the batch are made."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [KeyError("id")]
        await push(rig, "7", "8")
        assert await fetch(rig) == 2
        assert len(known.asked) == 2
        assert rig.link("known").last_fault == "KeyError: 'id'"
        assert rig.link("known").faults_in_a_row == 0
        await rig.settle()
        assert len(await rig.store.contacts(limit=9)) == 1
        rig.clock.at += 3 * SECOND
        assert await fetch(rig) == 1

    run(story)


def test_a_parked_record_asks_for_nothing() -> None:
    """What it wanted to know is asked for when it is replayed, not before."""

    async def story(rig: Rig) -> None:
        await with_known(rig)
        curse(rig)
        await rig.told(opening(tags=["cursed"]), {"fetch": "7"}, name="known")
        await rig.settle()
        (parked,) = await rig.parked()
        assert await fetch(rig) == 0
        await rig.restart()
        assert await rig.store.replay_record(parked.id)
        await rig.settle()
        assert await fetch(rig) == 1

    run(story)


def test_a_look_up_that_nobody_can_make_waits() -> None:
    """A connector that can't look up, or is gone, loses no request."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        await push(rig, "7")
        del rig.connectors["known"]
        await rig.restart()
        assert await fetch(rig) == 1
        rig.connectors["known"] = known
        await rig.restart(at=T0 + MINUTE)
        assert await fetch(rig) == 1
        assert known.asked == ["7"]

    run(story)


def test_a_look_up_that_was_overtaken_writes_nothing() -> None:
    """Whoever comes back after the lease is over, when another has it, is too late."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)

        async def another() -> None:
            rig.clock.at += LEASE_MS
            assert await fetch(rig) == 1

        known.meanwhile = another
        await push(rig, "7")
        assert await fetch(rig) == 1
        assert known.asked == ["7", "7"]
        rows = [row for row in await rig.store.inbox(limit=9) if row.form == "fetched"]
        assert len(rows) == 1

    run(story)


def test_the_gateway_looks_up_by_itself() -> None:
    """Started, it takes the push, looks the ticket up, and judges what comes back."""

    async def story(rig: Rig) -> None:
        await with_known(rig)
        await rig.told({"fetch": "7"}, name="known")
        rig.gateway.start()
        while not await rig.store.contacts(limit=9):
            await rig.clock.sleep(0)
        await rig.gateway.stop()
        await rig.at(HOUR)
        assert "sla.breached" in rig.types()

    run(story)
