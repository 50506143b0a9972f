"""The feed: its pages and their cursor, its objects, its failures."""

import asyncio
import json

from gateway.model.instant import HOUR_MS
from gateway.plugin import Fetch, Pulls, RateLimited, Ref, Transient, VendorError
from gateway.plugin.connector import Fetches
from tests.simulation.world.around import T0, Around, event, plan, run
from tests.simulation.world.feed import Feed


async def pull_all(feed: Feed, cursor: str | None = None) -> tuple[list[bytes], str | None]:
    """The rows of one turn, as the gateway takes it: a connector of its own, page by page."""
    connector = feed.connector()
    assert isinstance(connector, Pulls)
    assert isinstance(connector, Fetches)
    (stream,) = connector.streams
    rows: list[bytes] = []
    while True:
        page = await connector.pull(stream, cursor, feed.universe.now())
        assert page.cursor is not None
        assert not page.more or page.cursor != cursor
        cursor = page.cursor
        rows += [record.body for record in page.records]
        if not page.more:
            return rows, cursor


def test_a_feed_shows_what_has_happened() -> None:
    """From its cursor on; a row is acknowledged when a cursor behind it comes back."""

    async def story(around: Around) -> None:
        feed = Feed(around, "feed", plan(10))
        rows, cursor = await pull_all(feed)
        assert (len(rows), cursor) == (1, "1")
        await around.sleep(4 * 3_600)
        assert feed.told["e0"].acked_at is None
        rows, cursor = await pull_all(feed, cursor)
        assert [json.loads(row)["row"] for row in rows] == [1, 2, 3, 4]
        assert cursor == "5"
        told = feed.told["e0"]
        assert (told.first_sent_at, told.received_at) == (T0, T0)
        assert told.acked_at is not None
        assert told.acked_at > T0 + 4 * HOUR_MS
        await around.sleep(9 * 3_600)
        _, cursor = await pull_all(feed, cursor)
        assert not feed.idle
        assert await pull_all(feed, cursor) == ([], "10")
        assert feed.idle
        assert all(told.acked_at for told in around.witness.told.values())

    run(story)


def test_a_page_may_bring_rows_again() -> None:
    """With the same key and the same body."""

    async def story(around: Around) -> None:
        feed = Feed(around, "feed", plan(30, 1))
        await around.sleep(1)
        rows, _ = await pull_all(feed)
        numbers = [json.loads(row)["row"] for row in rows]
        assert len(rows) > 35
        assert set(numbers) == set(range(30))
        assert len(set(rows)) == 30

    run(story, feed_overlap=0.8)


def test_a_thin_row_asks_for_a_look_up() -> None:
    """Which brings all that is known of the object by then."""

    async def story(around: Around) -> None:
        told = [(T0, event(1, ticket="7")), (T0, event(2, ticket="8")), (T0 + HOUR_MS, event(3, ticket="7"))]
        connector = Feed(around, "feed", told).connector()
        page = await connector.pull(connector.streams[0], None, T0)
        wanted = [one for record in page.records for one in connector.normalize(record)]
        assert wanted == [Fetch(Ref("ticket", "7"), "a thin row"), Fetch(Ref("ticket", "8"), "a thin row")]
        for hours, ids in ((0, ["e1"]), (2, ["e1", "e3"])):
            await around.sleep(3_600 * hours)
            (record,) = await connector.fetch(Ref("ticket", "7"), around.now())
            assert [one.id for one in connector.normalize(record) if not isinstance(one, Fetch)] == ids
        assert await connector.fetch(Ref("ticket", "9"), T0) == []

    run(story, feed_thin=1.0)


def test_a_feed_fails_as_vendors_do() -> None:
    """Each kind some time; whoever goes on at the same cursor gets everything."""

    async def story(around: Around) -> None:
        feed = Feed(around, "feed", plan(60, 1))
        await around.sleep(1)
        cursor: str | None = None
        rows: set[int] = set()
        failures: set[str] = set()
        connector = feed.connector()
        while len(rows) < 60:
            try:
                async with asyncio.timeout(300):
                    page = await connector.pull(connector.streams[0], cursor, around.now())
            except TimeoutError:
                failures.add("hung")
            except RateLimited as error:
                assert error.retry_after_s >= 1
                failures.add("429")
            except VendorError as error:
                assert isinstance(error, Transient)
                failures.add(str(error))
            except RuntimeError:
                failures.add("raised")
            else:
                rows |= {json.loads(record.body)["row"] for record in page.records}
                cursor = page.cursor
        assert {"hung", "429", "raised", "GET /page: 503", "GET /page: the answer is not JSON"} <= failures
        assert any("no complete answer" in failure for failure in failures)
        assert feed.raised > 0
        feed.recover()
        assert await pull_all(feed, cursor) == ([], "60")

    run(story, feed_failing=0.6, feed_hanging=0.1, feed_raises=0.2, net_lost=0.3)
