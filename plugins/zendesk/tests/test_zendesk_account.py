"""The connector against a whole account: the simulator's webhooks, export and API, over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import respx
from aiohttp import web
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from gateway_zendesk.simulator import ZendeskSimulator

from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng
from gateway.plugin import (
    Accepted,
    ContactDeleted,
    ContactObserved,
    ContactOpened,
    ContactRedacted,
    Context,
    Event,
    Fetch,
    MessageAdded,
    Permanent,
    RateLimited,
    Record,
    Ref,
    Request,
    Transient,
    VendorHttp,
    parse_instant,
)
from gateway.plugin.account import open_account

START = parse_instant("2026-03-02T09:00:00Z")
MINUTE = 60_000


class StoryClock:
    """A clock that stands still until somebody moves it; sleeping moves it."""

    def __init__(self) -> None:
        self.at = float(START)

    def now(self) -> int:
        return int(self.at)

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        self.at += seconds * 1000

    def tick(self, seconds: float) -> None:
        self.at += seconds * 1000


class World:
    """A simulated account, the connector that points at it, and a receiver of its webhooks."""

    def __init__(self, simulator: ZendeskSimulator, clock: StoryClock) -> None:
        self.simulator, self.clock = simulator, clock
        self.records: dict[str, Record] = {}
        self.deliveries: list[Record] = []
        self.statuses: list[int] = []
        self.refuse = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/in/zendesk", self._receive)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/in/zendesk"
        self.settings = ZendeskSettings(**await self.simulator.start(self.clock.now, url))
        kind: Any = Zendesk
        self.http: VendorHttp = open_account(kind, self.settings, reach=PRIVATE_TOO, clock=self.clock, rng=SeededRng(1))
        self.connector = Zendesk("zendesk", self.settings, Context(http=self.http))

    async def stop(self) -> None:
        await self.http.aclose()
        await self.simulator.stop()
        await self.runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        headers = {key.lower(): value for key, value in request.headers.items()}
        body = await request.read()
        receipt = self.connector.receive(Request("POST", headers, {}, body, self.clock.now()))
        self.statuses.append(202 if isinstance(receipt, Accepted) else 401)
        if isinstance(receipt, Accepted):
            for record in receipt.records:
                self.deliveries.append(record)
                self.records.setdefault(record.key or "", record)
        return web.Response(status=self.statuses[-1])

    async def pull(self, cursor: str | None = None) -> tuple[list[Record], str | None, int]:
        """Pull to the end: the rows, the cursor, and how many pages there were."""
        rows: list[Record] = []
        for pages in range(1, 100):
            page = await self.connector.pull(self.connector.streams[0], cursor, self.clock.now())
            rows.extend(page.records)
            assert not page.more or page.cursor != cursor
            cursor = page.cursor
            if not page.more:
                return rows, cursor, pages
        raise AssertionError("no end")

    async def settle(self) -> list[Event]:
        """Everything that the webhooks said, and every look-up that they asked for, followed."""
        await self.simulator.settled()
        return await self.follow(list(self.records.values()))

    async def follow(self, records: list[Record]) -> list[Event]:
        events, refs = [], {}
        for record in records:
            for item in self.connector.normalize(record):
                if isinstance(item, Fetch):
                    refs[item.ref] = True
                else:
                    events.append(item)
        for ref in refs:
            events.extend(self.say(await self.connector.fetch(ref, self.clock.now())))
        return events

    def say(self, records: Any) -> list[Any]:
        return [item for record in records for item in self.connector.normalize(record)]


def play(work: Callable[[World], Awaitable[Any]], **limits: Any) -> Any:
    async def main() -> Any:
        world = World(ZendeskSimulator(seed=7, **limits), StoryClock())
        await world.start()
        try:
            return await work(world)
        finally:
            await world.stop()

    return asyncio.run(main())


def story(world: World) -> list[int]:
    """A few tickets in which everything happens, dated in the past hour."""
    simulator, start = world.simulator, START - 60 * MINUTE
    first = simulator.open_ticket(at=start, subject="Login", priority="urgent", tags=("login",))
    simulator.agent_comment(first, "A note", public=False, at=start + MINUTE)
    simulator.set_status(first, "open", at=start + MINUTE)
    simulator.agent_comment(first, "An answer", at=start + 2 * MINUTE)
    simulator.set_status(first, "pending", at=start + 2 * MINUTE)
    simulator.customer_comment(first, "Still broken", at=start + 5 * MINUTE)
    simulator.assign(first, at=start + 6 * MINUTE)
    simulator.set_priority(first, "high", at=start + 6 * MINUTE)
    simulator.add_tags(first, "fraud", at=start + 7 * MINUTE)
    simulator.set_status(first, "hold", at=start + 8 * MINUTE)
    second = simulator.open_ticket(at=start, channel="whatsapp", requester=("Bob", "bob@customer.example"))
    simulator.set_status(second, "solved", at=start + 3 * MINUTE)
    simulator.customer_comment(second, "No", at=start + 4 * MINUTE)
    third = simulator.open_ticket(at=start, channel="web")
    simulator.delete(third, at=start + MINUTE)
    return [first, second, third]


def latest(events: list[Any]) -> dict[str, Event]:
    """Events by id, the higher revision winning."""
    found: dict[str, Event] = {}
    for event in events:
        if event.id not in found or found[event.id].rev < event.rev:
            found[event.id] = event
    return found


def unsaid(world: World, events: list[Any]) -> list[Event]:
    """What of the truth the events don't say, but for revisions of what only a push can have told."""
    said = latest(events)
    return [event for event in world.simulator.truth() if not same(said.get(event.id), event)]


def same(said: Any, true: Any) -> bool:
    if said is None or type(said) is not type(true):
        return False
    names = [name for name in true.__struct_fields__ if name != "rev"]
    return all(getattr(said, name) == getattr(true, name) for name in names)


@pytest.mark.parametrize("fault", [None, "duplicate", "reorder"])
def test_webhooks_and_look_ups_tell_the_truth(fault: str | None) -> None:
    """Everything that truly happened is said, whatever the order of the webhooks, and each webhook counts once."""

    async def work(world: World) -> None:
        if fault:
            world.simulator.fault(fault)
        story(world)
        events = await world.settle()
        assert unsaid(world, events) == []
        assert set(world.statuses) == {202}
        assert len(world.deliveries) == len(world.records) * (2 if fault == "duplicate" else 1)

    play(work)


def test_the_export_tells_what_lost_webhooks_did_not() -> None:
    """With every webhook lost, the rows open and observe every ticket, and a look-up of each gives the whole truth."""

    async def work(world: World) -> None:
        world.simulator.fault("lose")
        ids = story(world)
        world.clock.tick(120)
        rows, _, _ = await world.pull()
        events = [event for event in world.say(rows) if not isinstance(event, Fetch)]
        assert world.records == {}
        opened = {event.ref.id for event in events if isinstance(event, ContactOpened)}
        assert opened == {str(id) for id in ids}
        observed = {event.ref.id: event for event in events if isinstance(event, ContactObserved)}
        assert (observed["1"].status, observed["1"].priority, observed["1"].tags) == (
            "on_hold",
            "high",
            ("login", "fraud"),
        )
        assert observed["1"].customer.email == "ada@customer.example"
        assert [event.ref.id for event in events if isinstance(event, ContactDeleted)] == ["3"]
        for id in ids:
            events += world.say(await world.connector.fetch(Ref("ticket", str(id)), world.clock.now()))
        assert unsaid(world, events) == []

    play(work)


def test_push_row_and_log_name_the_same_facts() -> None:
    """What is told three times is one fact: ids agree, and so does everything but the revision."""

    async def work(world: World) -> None:
        ticket = world.simulator.open_ticket(at=START - MINUTE)
        world.simulator.agent_comment(ticket, at=START - MINUTE // 2)
        world.clock.tick(120)
        await world.simulator.settled()
        told = [e for e in world.say(world.records.values()) if not isinstance(e, Fetch | ContactObserved)]
        pushed = latest(told)
        assert {type(event) for event in pushed.values()} == {ContactOpened, MessageAdded}
        fetched = latest(world.say(await world.connector.fetch(Ref("ticket", str(ticket)), world.clock.now())))
        rows, _, _ = await world.pull()
        rowed = latest([event for event in world.say(rows) if not isinstance(event, Fetch)])
        for id, event in pushed.items():
            assert event.rev == 0
            assert same(fetched[id], event)
            assert fetched[id].rev > 0
        opening = f"ticket:{ticket}:opened"
        assert rowed[opening] == fetched[opening]

    play(work)


def test_the_export_goes_on_where_it_was() -> None:
    """Pages are turned to the end; afterwards comes what is new, and of the last minutes, what is known by its key."""

    async def work(world: World) -> None:
        for number in range(7):
            world.simulator.open_ticket(subject=str(number))
            world.clock.tick(1)
        world.clock.tick(120)
        rows, cursor, pages = await world.pull()
        assert (len(rows), pages) == (7, 4)
        assert len({row.key for row in rows}) == 7
        known = {row.key for row in rows}
        again, same_cursor, _ = await world.pull(cursor)
        assert ({row.key for row in again}, same_cursor) == (known, cursor)
        world.simulator.set_priority(2, "high")
        world.clock.tick(120)
        new, moved, _ = await world.pull(cursor)
        assert {row.key for row in new} - known == {f"2:{START // 1000 + 127}"}
        assert moved != cursor
        assert all(row.form == "row" and row.stream == "tickets" for row in rows)

    play(work, page_size=2, export_per_minute=None)


def test_an_export_without_rows_has_no_cursor_yet() -> None:
    """While nothing has been exported there is a start, an hour back at least, so that nothing is passed over."""

    async def work(world: World) -> None:
        rows, cursor, _ = await world.pull()
        assert rows == []
        assert cursor is not None
        assert cursor.startswith("start:")
        world.clock.tick(3600)
        _, cursor, _ = await world.pull(cursor)
        assert cursor is not None
        assert cursor.startswith("start:")
        world.simulator.open_ticket()
        world.clock.tick(120)
        assert len((await world.pull(cursor))[0]) == 1

    play(work)


def test_tickets_that_no_human_serves_are_exported_too() -> None:
    """Zendesk leaves out what its AI agents serve, unless it is asked for everything."""

    async def work(world: World) -> None:
        world.simulator.open_ticket(support_type="ai_agent")
        world.clock.tick(120)
        assert len((await world.pull())[0]) == 1

    play(work)


def test_an_account_can_have_a_history() -> None:
    """What happened before anybody asked is in the first export; what is dated back afterwards still comes later."""

    async def work(world: World) -> None:
        world.simulator.open_ticket(at=START - 10 * MINUTE)
        rows, cursor, _ = await world.pull()
        assert [row.key for row in rows] == [f"1:{START // 1000 - 600}"]
        world.simulator.open_ticket(at=START - 20 * MINUTE)
        world.clock.tick(61)
        rows, _, _ = await world.pull(cursor)
        rows = [row for row in rows if row.key != f"1:{START // 1000 - 600}"]
        assert [row.key for row in rows] == [f"2:{START // 1000}"]
        (opened,) = [event for event in world.say(rows) if isinstance(event, ContactOpened)]
        assert opened.at == START - 20 * MINUTE

    play(work)


def test_the_latest_minute_is_not_exported_yet() -> None:
    """A change shows when its minute is over, and what was changed again meanwhile comes once."""

    async def work(world: World) -> None:
        world.simulator.open_ticket()
        assert (await world.pull())[0] == []
        world.clock.tick(60)
        assert (await world.pull())[0] == []
        world.clock.tick(1)
        assert len((await world.pull())[0]) == 1

    play(work)


def test_a_first_pull_without_backfill_is_not_refused() -> None:
    """The start is never within the last minute, which Zendesk would refuse."""

    async def work(world: World) -> None:
        stream = type(world.connector.streams[0])("tickets", backfill_s=0)
        page = await world.connector.pull(stream, None, world.clock.now())
        assert page.cursor == f"start:{START // 1000 - 180}"

    play(work)


def test_a_clock_that_is_ahead_is_not_refused() -> None:
    """Ours may be two minutes ahead of Zendesk's: the first pull is no start within the last minute all the same."""

    async def work(world: World) -> None:
        stream = type(world.connector.streams[0])("tickets", backfill_s=0)
        page = await world.connector.pull(stream, None, world.clock.now() + 119_000)
        assert page.more is False

    play(work)


def test_the_export_has_a_budget() -> None:
    """The eleventh export of a minute is RateLimited, with the seconds that Zendesk asks for."""

    async def work(world: World) -> None:
        for _ in range(10):
            await world.pull()
        with pytest.raises(RateLimited) as caught:
            await world.pull()
        assert caught.value.retry_after_s == 60
        world.clock.tick(60)
        await world.pull()

    play(work)


def test_faults_of_the_api_are_transient() -> None:
    """A 429 in HTML without a time, and an outage, are told apart from refusals."""

    async def work(world: World) -> None:
        world.simulator.fault("html_429")
        with pytest.raises(Transient):
            await world.pull()
        world.simulator.fault("html_429", on=False)
        world.simulator.fault("down")
        with pytest.raises(Transient):
            await world.connector.fetch(Ref("ticket", "1"), world.clock.now())
        world.simulator.fault("down", on=False)
        await world.pull()
        with pytest.raises(ValueError, match="no fault"):
            world.simulator.fault("earthquake")

    play(work)


def test_a_cursor_that_is_none_is_permanent() -> None:
    """A cursor that Zendesk refuses is an error that doesn't go away by itself."""

    async def work(world: World) -> None:
        with pytest.raises(Permanent):
            await world.pull("cursor:nonsense")

    play(work)


def test_a_forgotten_token_is_renewed() -> None:
    """When Zendesk forgets a token, the next request fetches another one."""

    async def work(world: World) -> None:
        await world.pull()
        world.simulator.fault("revoked")
        await world.pull()
        assert world.simulator.api.calls["/oauth/tokens"] == 2

    play(work)


def test_a_long_log_is_read_to_its_end() -> None:
    """The log is paged, and every page is a record of its own."""

    async def work(world: World) -> None:
        ticket = world.simulator.open_ticket()
        for number in range(7):
            world.simulator.customer_comment(ticket, str(number))
        records = await world.connector.fetch(Ref("ticket", str(ticket)), world.clock.now())
        assert len(records) == 1 + 3
        assert {record.form for record in records} == {"fetched"}
        texts = [event.text for event in world.say(records) if isinstance(event, MessageAdded)]
        assert texts == ["Please help me.", *map(str, range(7))]

    play(work, audits_page_size=3)


def test_what_is_gone_gives_nothing() -> None:
    """A ticket that never was or is deleted, and a ref that is no ticket's, give no record and no request of harm."""

    async def work(world: World) -> None:
        ticket = world.simulator.open_ticket()
        world.simulator.delete(ticket)
        for ref in (Ref("ticket", str(ticket)), Ref("ticket", "999"), Ref("group", "1"), Ref("ticket", "../users/me")):
            assert await world.connector.fetch(ref, world.clock.now()) == []

    play(work)


@pytest.mark.parametrize("body", ['{"error": "InvalidEndpoint"}', '{"error": {"title": "x"}}', "<html>", "[]"])
def test_a_path_that_is_missing_is_no_ticket_that_is_gone(body: str, httpx2_mock: respx.Router) -> None:
    """A 404 that doesn't name the record is an error: the plan lacks the API, or the host is wrong."""
    httpx2_mock.get("https://acme.zendesk.com/api/v2/tickets/1.json").mock(respx.MockResponse(404, text=body))

    async def main() -> None:
        kind: Any = Zendesk
        settings = ZendeskSettings(subdomain="acme")
        http = open_account(kind, settings, reach=PRIVATE_TOO, clock=StoryClock(), rng=SeededRng(1))
        try:
            with pytest.raises(Permanent):
                await Zendesk("zendesk", settings, Context(http=http)).fetch(Ref("ticket", "1"), START)
        finally:
            await http.aclose()

    asyncio.run(main())


def test_a_scrubbed_ticket_is_redacted() -> None:
    """A month after its deletion the export tells to redact."""

    async def work(world: World) -> None:
        ticket = world.simulator.open_ticket(subject="my secret")
        world.simulator.delete(ticket)
        world.clock.tick(120)
        rows, cursor, _ = await world.pull()
        assert not [event for event in world.say(rows) if isinstance(event, ContactRedacted)]
        world.simulator.scrub(ticket)
        world.clock.tick(120)
        rows, _, _ = await world.pull(cursor)
        assert [event.all for event in world.say(rows) if isinstance(event, ContactRedacted)] == [True]

    play(work)


def test_a_webhook_is_sent_again_until_it_is_taken() -> None:
    """A receiver that is busy gets the webhook again."""

    async def work(world: World) -> None:
        world.refuse = 1
        world.simulator.open_ticket()
        await world.simulator.settled()
        assert world.statuses == [202]
        assert world.simulator.pusher.given_up == 0

    play(work)


def test_the_check_tells_who_we_are() -> None:
    """With credentials all is well; Zendesk's friendly 200 to strangers is seen through; wrong credentials are told."""

    async def work(world: World) -> None:
        assert all(finding.ok for finding in await world.connector.check())
        kind: Any = Zendesk
        for change in (
            {"client_id": None, "client_secret": None, "webhook_secret": None},
            {"client_secret": "wrong"},
        ):
            known = {
                "base_url": world.settings.base_url,
                "allow_private": True,
                "webhook_secret": "w",
                "client_id": "simulated",
                "client_secret": "x",
            }
            settings = ZendeskSettings(**{**known, **change})
            http = open_account(kind, settings, reach=PRIVATE_TOO, clock=world.clock, rng=SeededRng(1))
            found = await Zendesk("zendesk", settings, Context(http=http)).check()
            await http.aclose()
            assert not found[0].ok
            assert found[0].hint
            assert found[1].ok == (settings.webhook_secret is not None)

    play(work)


def test_acts_that_make_no_sense_are_refused() -> None:
    """A deleted ticket can't be changed, a channel must be known, and only what is deleted is scrubbed."""

    async def work(world: World) -> None:
        ticket = world.simulator.open_ticket()
        with pytest.raises(ValueError, match="not deleted"):
            world.simulator.scrub(ticket)
        world.simulator.delete(ticket)
        with pytest.raises(ValueError, match="can't be changed"):
            world.simulator.agent_comment(ticket)
        with pytest.raises(ValueError, match="no channel"):
            world.simulator.open_ticket(channel="pigeon")

    play(work)
