"""Look-ups: asked for by a thin push, made once for all who asked, tried again until they are answered."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

import gateway.engine.fetch as fetch_module
from gateway.engine.fetch import GIVE_UP_AFTER_MS, LEASE_MS, LOOK_UPS_MAX, OF_PAST_MAX, RECORDS_MAX, REFUSALS_MAX
from gateway.kernel.store import Batch, FetchKey, LookUp
from gateway.model.identity import Ref
from gateway.model.instant import DAY_MS, Instant
from gateway.plugin import Fetch, OverBudget, Permanent, RateLimited, Record, Transient, Unauthorized
from gateway.rules.strain import CALM, FAILURES_MAX, Strain
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, Rig, Vendor, curse, opening, run, until
from tests.store.samples import oldest_look_up

Found = Sequence[Record] | Exception


class Known(Vendor):
    """Looks tickets up, and keeps which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.answers: list[Exception] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.hold: asyncio.Event | None = None
        self.gives: Sequence[Any] | None = None

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """The ticket as it is now, unless an answer was told."""
        self.asked.append(ref.id)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.hold is not None:
            await self.hold.wait()
        if self.answers:
            raise self.answers.pop(0)
        if self.gives is not None:
            return self.gives
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
    return await rig.gateway.fetch_once()


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
        rig.clock.at += 36 * SECOND
        assert await fetch(rig) == 1

    run(story)


def test_what_is_refused_for_good_is_given_up_and_seen() -> None:
    """A few times over some minutes, for refusals and for faults of the plugin alike; then it is a parked record with
    its reason. Who replays the record asks again."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        for failure in (Permanent("GET /x: the vendor answered 404", status=404), KeyError("id")):
            known.asked.clear()
            known.answers = [failure] * REFUSALS_MAX
            await push(rig, "7")
            for wait in (0, 30, 60, 120, 240):
                rig.clock.at += wait * SECOND * 6 // 5
                assert await fetch(rig) == 1
            assert await oldest_look_up(rig.store, ["known"]) is None
            rig.clock.at += DAY_MS
            assert await fetch(rig) == 0
            assert known.asked == ["7"] * REFUSALS_MAX
            (parked,) = await rig.parked()
            assert (parked.connector, parked.form) == ("known", "look_up")
            assert parked.reason is not None
            assert parked.reason.startswith("its look-up was given up: ")
            assert ("404" in parked.reason) is isinstance(failure, Permanent)
            assert await rig.store.replay_record(parked.id, rig.clock.now(), "me")
            await rig.settle()
            assert await fetch(rig) == 1
            assert await rig.parked() == []
        await rig.settle()
        await rig.contact("7", connector="known")
        assert rig.link("known").counts["look_ups_given_up"] == 2

    run(story)


def test_what_is_asked_for_again_is_not_given_up() -> None:
    """A push that comes during the last try begins the look-up anew."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [Permanent("404")] * REFUSALS_MAX
        await push(rig, "7")
        for _ in range(REFUSALS_MAX):
            if len(known.answers) == 1:
                known.meanwhile = lambda: push(rig, "7")
            rig.clock.at += 6 * MINUTE
            assert await fetch(rig) == 1
        assert await rig.parked() == []
        assert await fetch(rig) == 1
        await rig.settle()
        await rig.contact("7", connector="known")

    run(story)


def test_a_vendor_that_was_away_for_a_week_is_given_up() -> None:
    """Failures that are the vendor's count no try, credentials that have run out neither; but a look-up that could not
    be made in seven days is parked, so that it is seen."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [Unauthorized("401", status=401) if turn % 2 else Transient("503") for turn in range(99)]
        await push(rig, "7")
        for _ in range(20):
            assert await fetch(rig) == 1
            rig.clock.at += 10 * MINUTE
        known.answers.insert(0, Permanent("404"))
        assert await fetch(rig) == 1
        assert await rig.parked() == []
        rig.clock.at = T0 + GIVE_UP_AFTER_MS
        assert await fetch(rig) == 1
        assert len(await rig.parked()) == 1

    run(story)


def test_a_connector_that_gives_nonsense_is_at_fault() -> None:
    """What is no record is refused as a whole, and the look-up ends like any that its plugin can't make."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.gives = [{"not": "a record"}]
        await push(rig, "7")
        for _ in range(REFUSALS_MAX):
            rig.clock.at += 6 * MINUTE
            assert await fetch(rig) == 1
        assert rig.link("known").last_fault == "TypeError: fetch gives records, and nothing else"
        assert len(await rig.parked()) == 1

    run(story)


@pytest.mark.parametrize("version", [-1, 1 << 62, 10**30, 1.5, True, "7"])
def test_a_version_that_is_no_number_of_the_store_s_is_a_fault(version: Any) -> None:
    """In an answer or in a wish: one record or look-up is refused, nothing is asked for again and again."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.gives = [Record(body=b"[]", version=version, received_at=Instant(T0))]
        await push(rig, "7")
        assert await fetch(rig) == 1
        assert rig.link("known").last_fault.startswith("ValueError: a version is a whole number")
        known.normalize = lambda record: iter([Fetch(Ref("ticket", "8"), "x", version)])  # type: ignore[method-assign]
        await push(rig, "8")
        (parked,) = await rig.parked()
        assert "version" in (parked.reason or "")

    run(story)


def test_a_look_up_brings_so_many_records_at_most() -> None:
    """More are a fault of the plugin's, and none of them is stored."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.gives = [Record(body=b"[]", received_at=Instant(T0))] * (RECORDS_MAX + 1)
        await push(rig, "7")
        assert await fetch(rig) == 1
        assert rig.link("known").last_fault == f"ValueError: a look-up brings {RECORDS_MAX} records at most"
        assert [row.form for row in await rig.store.inbox(limit=9)] == ["push"]

    run(story)


def test_a_look_up_in_the_inbox_that_names_nothing_is_parked() -> None:
    """A record of that form whose body is none of ours asks for nothing."""

    async def story(rig: Rig) -> None:
        await with_known(rig)
        for body in (b"", b"[]", b"{}", b'{"kind": "ticket"}', b'{"kind": 1, "id": "7", "reason": ""}'):
            await rig.store.add_records("known", [Record(body=body, form="look_up", received_at=Instant(T0))])
        await rig.settle()
        assert len(await rig.parked()) == 5
        assert await fetch(rig) == 0

    run(story)


def test_a_vendor_that_fails_is_left_alone() -> None:
    """After several failures in a row no more look-ups are made and no try is burnt; they hold back no time. One of
    them shows after a growing wait whether the vendor is back; then all the others go."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [Transient("503") for _ in range(FAILURES_MAX + LOOK_UPS_MAX)]
        tickets = [str(number) for number in range(20)]
        await push(rig, *tickets)
        while await fetch(rig):
            pass
        asked = len(known.asked)
        assert FAILURES_MAX <= asked < FAILURES_MAX + LOOK_UPS_MAX
        assert await oldest_look_up(rig.store, ["known"]) is None
        await push(rig, "more")
        assert await fetch(rig) == 1
        assert await oldest_look_up(rig.store, ["known"]) is None
        assert len(known.asked) == asked
        known.answers = [Transient("503")]
        rig.clock.at = rig.link("known").strain.alone_until
        while await fetch(rig):
            pass
        assert len(known.asked) == asked + 1
        rig.clock.at = rig.link("known").strain.alone_until
        assert await fetch(rig) == 1
        assert rig.link("known").strain == CALM
        rig.clock.at += 10 * MINUTE
        while await fetch(rig):
            pass
        assert set(known.asked) == {*tickets, "more"}
        await rig.settle()
        assert len(await rig.store.contacts(limit=99)) == 21
        assert await rig.parked() == []

    run(story)


def test_an_answer_about_the_object_shows_that_the_vendor_works() -> None:
    """A 404 between failures ends their row: the vendor is not left alone for what it says of one object."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        failures: list[Exception] = [Transient("503") for _ in range(FAILURES_MAX - 1)]
        known.answers = [*failures, Permanent("404"), *failures]
        for number in range(len(known.answers)):
            await push(rig, str(number))
            assert await fetch(rig) == 1
        assert rig.link("known").strain == Strain(FAILURES_MAX - 1)

    run(story)


def test_what_a_vendor_asks_for_is_kept_by_all_its_look_ups() -> None:
    """A 429 with Retry-After stops them all, for a day at most, whatever a plugin says; and no other connector's."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        for asked, least in ((3_600.0, HOUR), (1e300, DAY_MS), (float("inf"), DAY_MS)):
            known.answers = [RateLimited("slow", retry_after_s=asked)]
            await push(rig, f"{least}-{asked}")
            assert await fetch(rig) == 1
            await push(rig, f"{asked}")
            assert await fetch(rig) == 1
            alone_ms = rig.link("known").strain.alone_until - rig.clock.at
            assert alone_ms == least
            rig.clock.at += 2 * DAY_MS
            while await fetch(rig):
                pass
        for nonsense in (float("nan"), -5.0, "soon", None, True):
            known.answers = [RateLimited("slow", retry_after_s=nonsense)]  # type: ignore[arg-type]
            await push(rig, f"{nonsense}")
            assert await fetch(rig) == 1
            assert rig.link("known").strain.alone_until == 0
            rig.clock.at += HOUR
            assert await fetch(rig) == 1

    run(story)


def test_a_connector_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up has a deadline as a whole; one that is over it is a failure of the vendor's."""
    monkeypatch.setattr(fetch_module, "DEADLINE_S", 0.01)

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        ended: list[bool] = []

        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        known.meanwhile = hang
        await push(rig, "7")
        assert await fetch(rig) == 1
        assert ended == [True]
        assert rig.link("known").strain.failures == 1
        rig.clock.at += 3 * SECOND
        assert await fetch(rig) == 1
        await rig.settle()
        await rig.contact("7", connector="known")

    run(story)


def test_a_slow_vendor_delays_no_other() -> None:
    """While one connector's look-ups hang, as many as it may have, those of another are made; the end waits for all."""

    async def story(rig: Rig) -> None:
        slow, quick = Known(), Known()
        rig.connectors |= {"slow": slow, "quick": quick}
        await rig.restart()
        let_go = asyncio.Event()
        slow.hold = let_go
        for number in range(30):
            await rig.told({"fetch": f"s{number}"}, name="slow")
            await rig.told({"fetch": f"q{number}"}, name="quick")
        await rig.settle()
        rig.gateway.start()
        await until(lambda: len(quick.asked) == 30)
        assert len(slow.asked) == LOOK_UPS_MAX
        ending = asyncio.ensure_future(rig.gateway.stop())
        await until(lambda: len(slow.asked) >= LOOK_UPS_MAX)
        let_go.set()
        await ending
        assert len(slow.asked) == LOOK_UPS_MAX
        rows = await rig.store.inbox(limit=999)
        assert sum(row.form == "fetched" for row in rows) == 30 + LOOK_UPS_MAX

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
        assert await rig.store.replay_record(parked.id, rig.clock.now(), "me")
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
        assert await fetch(rig) == 0
        rig.connectors["known"] = Vendor()
        await rig.restart()
        assert await fetch(rig) == 1
        assert await oldest_look_up(rig.store, ["known"]) is None
        rig.connectors["known"] = known
        await rig.restart(at=T0 + 10 * MINUTE)
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


async def ask(rig: Rig, *numbers: int, historical: bool) -> None:
    """Let look-ups be asked for, by a backfill or not."""
    asked = [LookUp(FetchKey("known", Ref("ticket", str(number))), "x", T0, None, historical) for number in numbers]
    await rig.store.commit(Batch(fetches=tuple(asked), now=T0))


def test_what_the_past_asks_for_leaves_room_for_what_is_live() -> None:
    """However many look-ups a backfill has under way, and however slow they are, a live one sets off at once."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.hold = asyncio.Event()
        await ask(rig, *range(9), historical=True)
        rig.gateway.start()
        await until(lambda: len(known.asked) == OF_PAST_MAX)
        await ask(rig, 70, historical=False)
        rig.gateway._fetching.nudge()
        await until(lambda: "70" in known.asked)
        assert len(known.asked) == OF_PAST_MAX + 1
        known.hold.set()
        await rig.gateway.stop()

    run(story)


def test_with_the_budget_spent_the_look_ups_behind_are_left_alone() -> None:
    """One finds out that there is no room; the thousands behind it aren't taken up and put back one by one."""

    async def story(rig: Rig) -> None:
        known = await with_known(rig)
        known.answers = [OverBudget("/x", retry_after_s=20.0) for _ in range(OF_PAST_MAX)]
        await ask(rig, *range(9), historical=True)
        assert await fetch(rig) == OF_PAST_MAX
        assert await fetch(rig) == 0
        await ask(rig, 70, historical=False)
        assert await fetch(rig) == 1
        rig.clock.at += 20 * SECOND
        assert await fetch(rig) == OF_PAST_MAX
        known.answers = [OverBudget("/x", retry_after_s=float("nan"))]
        assert await fetch(rig) == OF_PAST_MAX

    run(story)
