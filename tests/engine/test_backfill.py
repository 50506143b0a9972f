"""Reading the past: page by page beside what is new, to where that begins, from where it was left, and quietly."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

import gateway.engine.backfill as backfill_module
from gateway.engine.backfill import IDLE_S, SPENT, Backfiller, Broken, backfill, backfill_page, pull_all
from gateway.engine.pull import Pulled, Puller, wish
from gateway.kernel.budget import Budget
from gateway.kernel.lane import lane
from gateway.kernel.store import Conflict, SyncRow
from gateway.model.instant import DAY_MS, HOUR_MS, Instant
from gateway.plugin import Event, Fetch, Limit, OverBudget, Page, Permanent, Record, Ref, Stream, Transient
from gateway.store.syncs import LIVE_KEPT
from tests.engine.rig import MINUTE, T0, Rig, Vendor, opening, reply, run

SIZE = 2
STREAM = Stream("tickets", every_s=60.0, backfill_s=DAY_MS / 1000)


class Past(Vendor):
    """A vendor with tickets opened so many minutes ago, in order; pages of SIZE. `fails` is raised once each."""

    def __init__(self, *minutes_ago: int, fails: Sequence[Exception] = ()) -> None:
        super().__init__()
        self.streams = (STREAM,)
        self.opened = sorted(T0 - ago * MINUTE for ago in minutes_ago)
        self.fails = list(fails)
        self.asked: list[tuple[str, str | None, float]] = []

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """The tickets behind a cursor, which is the place of the next one; first those of the stream's reach."""
        self.asked.append((lane(), cursor, stream.backfill_s))
        if self.fails:
            raise self.fails.pop(0)
        since = now - stream.backfill_s * 1000
        start = sum(at < since for at in self.opened) if cursor is None else int(cursor)
        rows = [self.row(place) for place in range(start, min(start + SIZE, len(self.opened)))]
        end = start + len(rows)
        return Page(rows, str(end), end < len(self.opened), self.opened[end - 1] if rows else now)

    def row(self, place: int) -> Record:
        """One ticket."""
        event = opening(self.opened[place] - T0, str(place))
        return Record(body=json.dumps([event]).encode(), form="row", key=f"row {place}", received_at=Instant(T0))


async def with_past(rig: Rig, vendor: Past) -> None:
    """Let the vendor be asked by the gateway."""
    rig.connectors["past"] = vendor
    await rig.restart()


def puller_of(rig: Rig) -> Puller:
    """Who pulls what is new."""
    return Puller(rig.world, rig.link("past"), STREAM)


async def read_past(rig: Rig, puller: Puller | None = None) -> Backfiller:
    """Pull what is new once, and then all of the past."""
    puller = puller or puller_of(rig)
    await puller.once()
    filler = Backfiller(rig.world, rig.link("past"), {"tickets": puller})
    while await filler.step() == 0.0:
        pass
    return filler


async def the_run(rig: Rig) -> SyncRow:
    """The only run."""
    (found,) = await rig.store.syncs(ended=True)
    return found


def test_the_past_is_read_beside_what_is_new() -> None:
    """What is new has its own cursor from the first pull on; the run ends where the new begins, and is noted."""

    async def story(rig: Rig) -> None:
        vendor = Past(0, 10, 20, 30, 40)
        await with_past(rig, vendor)
        await read_past(rig)
        assert vendor.asked[0] == ("live", None, 0.0)
        assert {asked[0] for asked in vendor.asked[1:]} == {"backfill"}
        assert (await the_run(rig)).ended_at is not None
        await rig.settle()
        assert len(await rig.store.contacts(limit=9)) == 5

    run(story)


def test_nothing_lies_between_the_past_and_what_is_new() -> None:
    """The first pull fails, and the next one comes an hour later: what is new begins where the past was said to end."""

    async def story(rig: Rig) -> None:
        vendor = Past(10, 20, -30, -50, fails=[Transient("down")])
        await with_past(rig, vendor)
        puller = puller_of(rig)
        with pytest.raises(Transient):
            await puller.once()
        rig.clock.at += HOUR_MS
        await read_past(rig, puller)
        assert [reach_s for asked, cursor, reach_s in vendor.asked if asked == "live" and cursor is None] == [
            0.0,
            3600.0,
        ]
        await rig.settle()
        assert len(await rig.store.contacts(limit=9)) == 4

    run(story)


def test_events_of_the_past_are_marked() -> None:
    """Those that the backfill brought are historical, those of the live lane aren't."""

    async def story(rig: Rig) -> None:
        await with_past(rig, Past(0, 10))
        await read_past(rig)
        await rig.settle()
        marks = {}
        for row in await rig.store.contacts(limit=9):
            for entry in await rig.store.history(row.id):
                marks[entry.strand.id] = entry.event.historical
        assert marks == {"1": False, "0": True}

    run(story)


def test_nobody_is_called_for_what_is_read_in_hindsight() -> None:
    """A ticket whose deadlines had passed when the backfill read it calls nobody; one that is pulled does."""

    async def story(rig: Rig) -> None:
        await read_past(rig)
        await rig.settle()
        (row,) = await rig.store.contacts(limit=9)
        said = (await rig.store.ledger(row.id)).values()
        assert {entry.type for entry in said if entry.suppressed} >= {"sla.breached", "escalation.raised"}
        assert [entry.type for entry in said if not entry.suppressed] == []
        assert await rig.store.deliveries(limit=9) == []

    # The connector has run for a day: only that it is read in hindsight keeps it quiet.
    run(story, connectors={"past": Past(60)})


def test_the_past_waits_for_what_is_new() -> None:
    """While the vendor can't be asked for what is new, its past isn't read: what is live would be taken for it."""

    async def story(rig: Rig) -> None:
        vendor = Past(10, fails=[Transient("503")])
        await with_past(rig, vendor)
        puller = puller_of(rig)
        filler = Backfiller(rig.world, rig.link("past"), {"tickets": puller})
        await puller.step()
        assert await filler.step() == IDLE_S
        await puller.step()
        assert await filler.step() == 0.0

    run(story)


class Logged(Past):
    """Each of its tickets has a log, to be looked up: `replies` are the minutes ago of an agent's reply, by ticket."""

    def __init__(self, *minutes_ago: int, replies: Mapping[str, int]) -> None:
        super().__init__(*minutes_ago)
        self.replies = replies

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """The opening, and a look-up where it is a row."""
        for item in super().normalize(record):
            yield item
            if record.form == "row":
                yield Fetch(item.ref, "its log", 1)

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """The opening once more, and the reply if there was one."""
        said = json.loads(self.row(int(ref.id)).body)
        if ref.id in self.replies:
            said.append(reply(-self.replies[ref.id] * MINUTE, ref.id))
        return [Record(body=json.dumps(said).encode(), form="fetched", version=1, received_at=Instant(now))]


@pytest.mark.parametrize("replies", [{}, {"0": 3}], ids=["unanswered", "answered"])
def test_time_stands_still_until_its_log_is_read(replies: Mapping[str, int]) -> None:
    """A deadline that comes while the log waits to be read is judged when it has been: late if nobody had answered, and
    not at all if somebody had."""

    async def story(rig: Rig) -> None:
        await read_past(rig)
        await rig.at(20 * MINUTE)
        (row,) = await rig.store.contacts(limit=9)
        assert row.next_due is None
        assert "sla.breached" not in {entry.type for entry in (await rig.store.ledger(row.id)).values()}
        while await rig.gateway.fetch_once():
            pass
        await rig.end_millisecond()
        said = {entry.type: entry.suppressed for entry in (await rig.store.ledger(row.id)).values()}
        assert said.get("sla.breached") == (None if replies else False)

    run(story, connectors={"past": Logged(5, replies=replies)})


def test_what_falls_due_after_it_was_read_is_said() -> None:
    """A ticket that a backfill read in time is watched like any other."""

    async def story(rig: Rig) -> None:
        await read_past(rig)
        await rig.settle()
        await rig.at(15 * MINUTE)
        (row,) = await rig.store.contacts(limit=9)
        said = {entry.type for entry in (await rig.store.ledger(row.id)).values() if not entry.suppressed}
        assert "sla.breached" in said

    run(story, connectors={"past": Past(5)})


def test_it_goes_on_where_it_was(tmp_path: Any) -> None:
    """After any page the process may end: no page is lost, none is read twice."""

    async def story(rig: Rig) -> None:
        vendor = Past(*range(10, 20))
        await with_past(rig, vendor)
        for _ in range(20):
            puller = puller_of(rig)
            await puller.once()
            if await Backfiller(rig.world, rig.link("past"), {"tickets": puller}).step() != 0.0:
                break
            await rig.restart()
        cursors = [cursor for lane_, cursor, _ in vendor.asked if lane_ == "backfill"]
        assert cursors == [None, "2", "4", "6", "8"]
        assert (await the_run(rig)).accepted == 10

    run(story)


def test_a_stream_begins_its_past_once() -> None:
    """A second start finds that the past was read."""

    async def story(rig: Rig) -> None:
        vendor = Past(10)
        await with_past(rig, vendor)
        for _ in range(3):
            await rig.restart()
            await read_past(rig)
        assert sum(asked[0] == "backfill" for asked in vendor.asked) == 1

    run(story)


def test_two_that_go_on_with_one_run_are_told_apart() -> None:
    """Who has been overtaken writes nothing."""

    async def story(rig: Rig) -> None:
        await with_past(rig, Past(10, 20, 30, 40, 50))
        await puller_of(rig).once()
        (first,) = await rig.store.syncs()
        await backfill_page(rig.world, rig.link("past"), STREAM, first)
        with pytest.raises(Conflict):
            await backfill_page(rig.world, rig.link("past"), STREAM, first)
        assert (await the_run(rig)).accepted == 2

    run(story)


def test_a_vendor_that_fails_is_asked_again() -> None:
    """Its failure is kept with the run meanwhile, and what is asked for meanwhile is done."""

    async def story(rig: Rig) -> None:
        vendor = Past(10, fails=[])
        await with_past(rig, vendor)
        puller = puller_of(rig)
        await puller.once()
        vendor.fails = [Transient("503")]
        filler = Backfiller(rig.world, rig.link("past"), {"tickets": puller})
        assert 0 < await filler.step() <= IDLE_S
        assert (await the_run(rig)).failure == "503"
        asked = await rig.store.ask_sync(wish("past", "tickets", T0))
        await filler.step()
        found = await rig.store.sync(asked.id)
        assert found is not None and found.ended_at is not None
        rig.clock.at += 400_000
        assert await filler.step() == 0.0
        run_ = (await rig.store.syncs(ended=True))[-1]
        assert (run_.failure, run_.ended_at is not None) == (None, True)

    run(story)


def test_a_cursor_that_stays_ends_the_run() -> None:
    """With its reason: nothing would come of going on."""

    async def story(rig: Rig) -> None:
        class Stuck(Past):
            async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
                return Page([], "x", True)

        await with_past(rig, Stuck())
        asked = await rig.store.ask_sync(wish("past", "tickets", T0, since=T0 - DAY_MS))
        moved = await backfill_page(rig.world, rig.link("past"), STREAM, asked)
        with pytest.raises(Broken):
            await backfill_page(rig.world, rig.link("past"), STREAM, moved)
        puller = puller_of(rig)
        puller.succeeded = True
        await Backfiller(rig.world, rig.link("past"), {"tickets": puller}).step()
        assert "the cursor stays" in str((await the_run(rig)).failure)

    run(story)


def test_it_pauses_while_much_waits_to_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page is read while more records wait than BACKLOG_MAX."""
    monkeypatch.setattr(backfill_module, "BACKLOG_MAX", 1)

    async def story(rig: Rig) -> None:
        vendor = Past(10, 20, 30, 40)
        await with_past(rig, vendor)
        filler = await read_past(rig)
        pages = [asked for asked in vendor.asked if asked[0] == "backfill"]
        assert len(pages) == 1
        await rig.settle()
        assert await filler.step() == 0.0

    run(story)


def test_what_is_asked_for_further_back_ends_where_the_other_begins() -> None:
    """Two runs over one past don't read the same; a wish that is covered is the run that covers it."""

    async def story(rig: Rig) -> None:
        first = await rig.store.ask_sync(wish("past", "tickets", T0, since=T0 - 10))
        assert await rig.store.ask_sync(wish("past", "tickets", T0 + 5, since=T0 - 3)) == first
        further = await rig.store.ask_sync(wish("past", "tickets", T0 + 5, since=T0 - 100))
        assert (further.since, further.until) == (T0 - 100, T0 - 10)
        await rig.store.note_sync(replace(first, ended_at=T0))
        anew = await rig.store.ask_sync(wish("past", "tickets", T0 + 9, since=T0 - 5))
        assert (anew.id > further.id, anew.since, anew.until) == (True, T0 - 5, T0 + 9)
        other = await rig.store.ask_sync(wish("past", "users", T0, since=T0 - 3))
        assert other.id not in (first.id, further.id)

    run(story)


def test_a_command_waits_for_the_budget_and_for_the_vendor() -> None:
    """It tells what it waits for, and gives up only on what can't be mended by waiting."""

    async def story(rig: Rig) -> None:
        vendor = Past(10, fails=[OverBudget("/x", retry_after_s=7.0), Transient("503"), Permanent("403")])
        await with_past(rig, vendor)
        asked = await rig.store.ask_sync(wish("past", "tickets", T0, since=T0 - DAY_MS))
        told: list[str] = []
        with pytest.raises(Permanent):
            await backfill(rig.world, rig.link("past"), STREAM, asked, lambda run_, why: told.append(why))
        assert ["budget" in told[0], "503" in told[1]] == [True, True]
        over = await backfill(rig.world, rig.link("past"), STREAM, asked, lambda run_, why: told.append(why))
        assert over.ended_at is not None

    run(story)


def test_pulls_that_are_over_are_forgotten() -> None:
    """The table doesn't grow with every command; runs over the past stay, since a stream's first begins once."""

    async def story(rig: Rig) -> None:
        await rig.store.first_backfill(wish("past", "tickets", T0, since=T0 - 10))
        for _ in range(LIVE_KEPT + 9):
            pulled = await rig.store.ask_sync(wish("past", "tickets", T0))
            await rig.store.note_sync(replace(pulled, ended_at=T0))
        runs = await rig.store.syncs(ended=True)
        assert (len(runs), runs[-1].lane) == (LIVE_KEPT + 2, "backfill")

    run(story)


class Narrow(Past):
    """Its account's budget is spent once, behind the first page of what is new."""

    spent = True

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """Another page, if there is room."""
        if self.spent and cursor == str(SIZE):
            self.spent = False
            raise OverBudget("/x", retry_after_s=7.0)
        return await super().pull(stream, cursor, now)


def test_a_pull_that_somebody_asked_for_goes_on_when_there_is_room() -> None:
    """It isn't over because the budget is spent; whoever asked sees that it was taken up, and what it waits for."""

    async def story(rig: Rig) -> None:
        await with_past(rig, Narrow(-1, -2, -3, -4, -5))
        filler = Backfiller(rig.world, rig.link("past"), {"tickets": puller_of(rig)})
        asked = await rig.store.ask_sync(wish("past", "tickets", T0))
        told = []
        for _ in range(2):
            await filler.step()
            run_ = await rig.store.sync(asked.id)
            assert run_ is not None and run_.began_at == T0
            told.append((run_.accepted, run_.failure, run_.ended_at))
        assert told == [(2, SPENT, None), (5, None, T0)]

    run(story)


def test_a_command_that_pulls_waits_for_the_budget() -> None:
    """And tells all that came, before it and after."""

    async def story(rig: Rig) -> None:
        await with_past(rig, Narrow(-1, -2, -3, -4, -5))
        told: list[tuple[int, str]] = []
        pulled = await pull_all(rig.world, puller_of(rig), lambda so_far, why: told.append((so_far.accepted, why)))
        assert (pulled, told[1]) == (Pulled(3, 5, 0), (2, f"{SPENT}; 7 s to wait"))

    run(story)


def test_a_look_up_of_the_past_goes_after_those_that_are_live() -> None:
    """And a live wish for the same object makes it live."""

    async def story(rig: Rig) -> None:
        from gateway.kernel.store import Batch, FetchKey, LookUp

        keys = [FetchKey("past", Ref("ticket", str(number))) for number in range(3)]
        asked = [LookUp(keys[0], "past", T0 - 9, None, True), LookUp(keys[1], "past", T0 - 9, None, True)]
        await rig.store.commit(Batch(fetches=tuple(asked), now=T0))
        await rig.store.commit(Batch(fetches=(LookUp(keys[2], "live", T0), LookUp(keys[1], "live", T0)), now=T0 + 1))
        assert (await rig.store.outlook(now=T0, connectors=["past"])).asked == T0
        rows = await rig.store.claim_fetches(connector="past", now=T0 + 2, lease_ms=9, limit=9)
        assert [row.key.ref.id for row in rows] == ["1", "2", "0"]
        assert [row.historical for row in rows] == [False, False, True]

    run(story)


def test_an_answer_that_is_new_enough_is_not_asked_for_again() -> None:
    """By its version; who knows of none is always asked for, and so is what is newer."""

    async def story(rig: Rig) -> None:
        from gateway.kernel.store import Batch, FetchKey, LookUp

        key = FetchKey("past", Ref("ticket", "1"))

        async def ask(version: int | None) -> int:
            await rig.store.commit(Batch(fetches=(LookUp(key, "x", T0, version),), now=T0))
            rows = await rig.store.claim_fetches(connector="past", now=T0, lease_ms=9, limit=9)
            for row in rows:
                record = Record(body=b"[]", form="fetched", version=5, received_at=Instant(T0))
                await rig.store.finish_fetch(row, [record])
            return len(rows)

        assert [await ask(version) for version in (3, 5, 6, None, 5, None)] == [1, 0, 1, 1, 0, 1]

    run(story)


def test_what_a_look_up_under_way_brings_may_suffice() -> None:
    """Asked for again while it is under way: it is through if it brought what was wanted, else it begins anew."""

    async def story(rig: Rig) -> None:
        from gateway.kernel.store import Batch, FetchKey, LookUp

        key = FetchKey("past", Ref("ticket", "1"))
        left = []
        for wanted in (5, 6, None):
            await rig.store.commit(Batch(fetches=(LookUp(key, "x", T0, None),), now=T0))
            (row,) = await rig.store.claim_fetches(connector="past", now=T0, lease_ms=9, limit=9)
            await rig.store.commit(Batch(fetches=(LookUp(key, "x", T0, wanted),), now=T0))
            brought = Record(body=b"[]", form="fetched", version=5, received_at=Instant(T0))
            await rig.store.finish_fetch(row, [brought])
            again = await rig.store.claim_fetches(connector="past", now=T0, lease_ms=9, limit=9)
            left.append(len(again))
            for one in again:
                await rig.store.finish_fetch(one, [replace(brought, version=9)])
        # The second is not asked for at all any more: version 5 is known before, 6 is newer.
        assert left == [0, 1, 1]

    run(story)


def test_live_goes_first_within_one_budget() -> None:
    """While the past is read as fast as it may be, what is new is never kept waiting."""

    async def story(rig: Rig) -> None:
        budget = Budget([Limit("export", 10, 60.0)], rig.clock)

        class Limited(Past):
            async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
                await budget.spend("/export", lane())
                return await super().pull(stream, cursor, now)

        await with_past(rig, Limited(*range(10, 60)))
        puller = puller_of(rig)
        filler = await read_past(rig, puller)
        assert "live goes first" in str((await the_run(rig)).failure)
        await puller.once()
        assert await filler.step() > 0

    run(story)
