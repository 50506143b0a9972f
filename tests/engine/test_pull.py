"""Pulling: page by page, each with its cursor; what fails is asked for again from where it was left."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

import gateway.engine.pull as pull_module
from gateway.engine.pull import Pulled, Puller, pull_once
from gateway.engine.world import FAULTS_IN_A_ROW_MAX
from gateway.kernel.store import Added, StoreFull
from gateway.model.instant import Instant
from gateway.plugin import Page, RateLimited, Record, Stream, Transient, VendorError
from tests.engine.rig import T0, Rig, Vendor, opening, run, until

TICKETS = Stream("tickets", every_s=60.0, backfill_s=0.0)
Told = Page | Exception


class Paged(Vendor):
    """Answers pulls as it is told, and keeps the cursors that it was asked for."""

    streams = (TICKETS,)

    def __init__(self, *pages: Told) -> None:
        super().__init__()
        self.pages = list(pages)
        self.asked: list[str | None] = []
        self.on_asked: Callable[[], object] = lambda: None
        self.hold: asyncio.Event | None = None

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """The next page, or failure."""
        self.asked.append(cursor)
        self.on_asked()
        if self.hold is not None:
            await self.hold.wait()
        told = self.pages.pop(0)
        if isinstance(told, Exception):
            raise told
        return told


def page(cursor: str | None, more: bool, *tickets: str) -> Page:
    """A page with a row for each ticket."""
    rows = [
        Record(
            body=json.dumps([opening(ticket=ticket)]).encode(),
            form="row",
            key=f"ticket {ticket}",
            stream="tickets",
            received_at=Instant(T0),
        )
        for ticket in tickets
    ]
    return Page(rows, cursor, more)


async def with_pages(rig: Rig, *pages: Told) -> Paged:
    """Let the gateway have a connector that answers so."""
    paged = Paged(*pages)
    rig.connectors["paged"] = paged
    await rig.restart()
    return paged


def puller(rig: Rig) -> Puller:
    """The turn-taking of the connector's stream."""
    return Puller(rig.world, rig.link("paged"), TICKETS)


def test_pages_are_pulled_to_the_end_each_from_the_cursor_before() -> None:
    """Rows become records, the cursor moves with them, and the next turn begins where the last one ended."""

    async def story(rig: Rig) -> None:
        paged = await with_pages(
            rig, page("a", True, "1", "2"), page("b", True), page("c", False, "2", "3"), page("c", False)
        )
        progress: list[Pulled] = []
        pulled = await pull_once(rig.world, rig.link("paged"), TICKETS, progress.append)
        assert pulled == Pulled(pages=3, accepted=3, duplicates=1) == progress[-1]
        assert [step.pages for step in progress] == [1, 2, 3]
        assert await rig.store.cursor("paged", "tickets") == "c"
        await rig.restart()
        await pull_once(rig.world, rig.link("paged"), TICKETS)
        assert paged.asked == [None, "a", "b", "c"]
        await rig.settle()
        assert len(await rig.store.contacts(limit=9)) == 3

    run(story)


def test_a_turn_without_trouble_waits_for_the_streams_time() -> None:
    """How often is the stream's to say."""

    async def story(rig: Rig) -> None:
        await with_pages(rig, page("a", False, "1"))
        assert await puller(rig).step() == 60.0

    run(story)


def test_a_cursor_that_stays_with_more_behind_it_stops_the_turn() -> None:
    """A connector that turns in circles is told so, backs off, and its page is not taken."""

    async def story(rig: Rig) -> None:
        paged = await with_pages(rig, page("a", True, "1"), page("a", True, "2"), page("b", False, "2"))
        turns = puller(rig)
        assert 5.0 <= await turns.step() <= 6.0
        assert rig.link("paged").last_fault == (
            "RuntimeError: paged/tickets: there is more, but the cursor stays at 'a'"
        )
        assert len(await rig.store.inbox(limit=9)) == 1
        assert await turns.step() == 60.0
        assert paged.asked == [None, "a", "a"]
        assert rig.link("paged").faults_in_a_row == 0

    run(story)


def test_an_endless_stream_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn has a bound on its pages."""

    async def story(rig: Rig) -> None:
        monkeypatch.setattr(pull_module, "PAGES_PER_RUN_MAX", 3)
        await with_pages(rig, *(page(str(number), True) for number in range(9)))
        with pytest.raises(RuntimeError, match="paged/tickets: 3 pages and no end"):
            await pull_once(rig.world, rig.link("paged"), TICKETS)
        assert await rig.store.cursor("paged", "tickets") == "2"

    run(story)


def test_a_vendors_failure_backs_off_and_goes_on_at_the_same_cursor() -> None:
    """Longer each time up to a bound, a success forgets it; the vendor's trouble is no fault of the connector."""

    async def story(rig: Rig) -> None:
        failures: list[Told] = [Transient("no answer") for _ in range(9)]
        paged = await with_pages(
            rig, page("a", True, "1"), *failures, page("b", False, "2"), VendorError("again"), page("b", False)
        )
        turns = puller(rig)
        waits = [await turns.step() for _ in failures]
        for wait, least in zip(waits, (5, 10, 20, 40, 80, 160, 300, 300, 300), strict=True):
            assert least <= wait <= least * 1.2
        assert rig.link("paged").healthy
        assert await turns.step() == 60.0
        assert 5.0 <= await turns.step() <= 6.0
        assert paged.asked == [None, *["a"] * 10, "b"]
        assert await rig.store.cursor("paged", "tickets") == "b"

    run(story)


def test_the_wait_that_a_vendor_asks_for_is_honoured() -> None:
    """`Retry-After` can only make it longer."""

    async def story(rig: Rig) -> None:
        await with_pages(rig, RateLimited("slow down", retry_after_s=90.0), Transient("busy", retry_after_s=1.0))
        turns = puller(rig)
        assert 90.0 <= await turns.step() <= 108.0
        assert 10.0 <= await turns.step() <= 12.0

    run(story)


def test_a_connector_that_raises_when_pulled_is_ill_alone() -> None:
    """Five faults in a row and nobody waits for its records; the first page makes it well."""

    async def story(rig: Rig) -> None:
        await with_pages(rig, *[KeyError("id")] * FAULTS_IN_A_ROW_MAX, page("a", False))
        turns = puller(rig)
        for _ in range(FAULTS_IN_A_ROW_MAX):
            assert rig.link("paged").healthy
            assert await turns.step() >= 5.0
        assert not rig.link("paged").healthy
        assert rig.link("events").healthy
        assert rig.link("paged").counts == {"pull_failed": FAULTS_IN_A_ROW_MAX}
        await turns.step()
        assert rig.link("paged").healthy

    run(story)


def test_a_full_disk_is_no_fault_of_the_connector() -> None:
    """The page is asked for again when there is room, and the connector stays well."""

    async def story(rig: Rig) -> None:
        paged = await with_pages(rig, page("a", False, "1"), page("a", False, "1"))
        add_page = rig.store.add_page

        async def full(*_: object) -> Added:
            raise StoreFull("no room")

        rig.store.add_page = full  # type: ignore[assignment, method-assign]
        turns = puller(rig)
        assert 5.0 <= await turns.step() <= 6.0
        assert rig.link("paged").faults_in_a_row == 0
        rig.store.add_page = add_page  # type: ignore[method-assign]
        assert await turns.step() == 60.0
        assert paged.asked == [None, None]
        assert len(await rig.store.inbox(limit=9)) == 1

    run(story)


def test_a_stop_ends_a_long_turn_between_two_pages() -> None:
    """What was pulled is kept, and the next start goes on behind it."""

    async def story(rig: Rig) -> None:
        paged = await with_pages(rig, *(page(str(number), True, str(number)) for number in range(9)))
        stopping: list[bool] = []
        paged.on_asked = lambda: stopping.append(True) if len(paged.asked) == 3 else None
        turns = Puller(rig.world, rig.link("paged"), TICKETS, lambda: bool(stopping))
        assert await turns.step() == 60.0
        assert len(paged.asked) == 3
        assert await rig.store.cursor("paged", "tickets") == "2"

    run(story)


def test_a_page_that_never_comes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has a deadline as a whole; over it the stream waits as after any failure, and its connector stays well."""
    monkeypatch.setattr(pull_module, "PAGE_DEADLINE_S", 0.01)

    async def story(rig: Rig) -> None:
        paged = await with_pages(rig, page("1", False, "a"))
        paged.hold = asyncio.Event()
        turns = Puller(rig.world, rig.link("paged"), TICKETS)
        assert 5.0 <= await turns.step() <= 6.0
        assert rig.link("paged").healthy
        assert rig.log.entries[-1]["why"] == "no page within 0.01 s"
        # The page that comes now has all the time that it needs, however busy the machine is.
        monkeypatch.setattr(pull_module, "PAGE_DEADLINE_S", 30.0)
        paged.hold.set()
        assert await turns.step() == 60.0
        assert await rig.store.cursor("paged", "tickets") == "1"

    run(story)


def test_what_is_no_page_is_a_fault() -> None:
    """Of the connector's; nothing of it is stored, and the cursor stays."""

    async def story(rig: Rig) -> None:
        many = [Record(body=b"[]", received_at=Instant(T0))] * (pull_module.RECORDS_PER_PAGE_MAX + 1)
        nonsense: list[Any] = [Page(many, "1", False), None, [], Page([{"body": "x"}], "1", False)]  # type: ignore[list-item]
        await with_pages(rig, *nonsense)
        turns = Puller(rig.world, rig.link("paged"), TICKETS)
        for _ in nonsense:
            await turns.step()
        assert rig.link("paged").faults_in_a_row == len(nonsense)
        assert rig.link("paged").last_fault.startswith("TypeError: pull gives a page of records")
        assert await rig.store.cursor("paged", "tickets") is None

    run(story)


def test_a_wait_that_a_vendor_asks_for_has_bounds() -> None:
    """A day at most; nonsense is nothing."""

    async def story(rig: Rig) -> None:
        asked = [3_600.0, 1e300, float("inf"), float("nan"), -1.0]
        await with_pages(rig, *(RateLimited("slow", retry_after_s=seconds) for seconds in asked))
        turns = Puller(rig.world, rig.link("paged"), TICKETS)
        waits = [await turns.step() for _ in asked]
        for wait, least in zip(waits, (3_600.0, 86_400.0, 86_400.0, 40.0, 80.0), strict=True):
            assert least <= wait <= least * 1.2

    run(story)


def test_a_stream_that_hangs_holds_up_no_other() -> None:
    """Each stream has a loop of its own: while one waits for its vendor, the others are pulled and judged."""

    async def story(rig: Rig) -> None:
        slow, quick = Paged(page("1", False, "a")), Paged(*(page(str(number), False, "b") for number in range(999)))
        rig.connectors |= {"slow": slow, "quick": quick}
        await rig.restart()
        slow.hold = asyncio.Event()
        rig.gateway.start()
        await until(lambda: len(quick.asked) >= 5)
        assert slow.asked == [None]
        slow.hold.set()
        await rig.gateway.stop()
        assert await rig.store.cursor("slow", "tickets") == "1"

    run(story)


def test_the_gateway_pulls_every_stream_by_itself() -> None:
    """Started, it has a loop for each stream; stopped, none goes on."""

    async def story(rig: Rig) -> None:
        paged = await with_pages(rig, page("a", True, "1"), page("b", False, "2"))
        paged.pages += [page("b", False) for _ in range(100_000)]
        rig.gateway.start()
        while len(await rig.store.contacts(limit=9)) < 2:
            await rig.clock.sleep(0)
        await rig.gateway.stop()
        asked = len(paged.asked)
        for _ in range(50):
            await rig.clock.sleep(0)
        assert len(paged.asked) == asked

    run(story)


def test_who_has_nothing_to_pull_says_so() -> None:
    """Asked of a connector without streams it is an error of the caller's."""

    async def story(rig: Rig) -> None:
        with pytest.raises(TypeError, match="connector vendor has nothing to pull"):
            await pull_once(rig.world, rig.link("vendor"), TICKETS)

    run(story)
