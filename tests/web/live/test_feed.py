"""What changes is told to all who listen, by one look a second; who is slow, gone or one too many costs nothing."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from gateway.kernel.access import new_token, row_of
from gateway.kernel.rng import SeededRng
from gateway.web.admin import admin_app
from gateway.web.known import KNOWN_S
from gateway.web.live import feed as feeding
from gateway.web.live.feed import EVERY_MAX_S, EVERY_S, FEED, HEARTBEAT_S, LISTENERS_MAX, STUCK_S, Feed, TooMany
from gateway.web.live.listener import HEARTBEAT, MISSED, WAITING_MAX, Listener, framed
from gateway.web.servers import SERVING
from tests.web.raw import Line, line_to, served
from tests.web.test_pages import name_of, story
from tests.web.worlds import NOW, TOKEN, Whole, event, opened, refuse, run


class Ear:
    """A listener whose other end the test holds."""

    def __init__(self) -> None:
        self.hung_up = False
        self.cuts = 0
        self.listener = Listener(gone=lambda: self.hung_up, cut=self._cut)

    def _cut(self) -> None:
        self.cuts += 1

    async def heard(self) -> list[tuple[str, dict[str, object]]]:
        """The events that wait, with their data."""
        return events(await self.listener.take() if self.listener.waits else b"")


def events(frames: bytes) -> list[tuple[str, dict[str, object]]]:
    """The events of a stream, without comments."""
    told = [frame.split("\n") for frame in frames.decode().split("\n\n") if frame.startswith("event: ")]
    return [(name.removeprefix("event: "), msgspec.json.decode(data.removeprefix("data: "))) for name, data in told]


async def listening(whole: Whole) -> tuple[Feed, Ear]:
    """A feed that has looked once, and one who listens to it."""
    feed, ear = Feed(whole.gateway), Ear()
    feed.listen(ear.listener)
    await feed.step()
    return feed, ear


def test_a_change_is_told_with_the_contact_as_listings_tell_it() -> None:
    """Nothing of what was there before; then each change, with times in RFC 3339; then the end, by its id."""

    async def work(whole: Whole) -> None:
        await story(whole)
        feed, ear = await listening(whole)
        assert await ear.heard() == []

        await whole.post(opened(7, NOW, subject="New here"))
        await whole.judge()
        await feed.step()
        ((told, card),) = await ear.heard()
        assert (told, card["id"], card["subject"]) == ("contact.changed", name_of(7), "New here")
        assert card["opened_at"] == "2026-03-02T09:00:00Z"

        await whole.post(event("status.changed", 7, NOW, to="closed"))
        await whole.judge()
        await feed.step()
        assert await ear.heard() == [("contact.ended", {"id": name_of(7)})]
        await feed.step()
        assert await ear.heard() == []

    run(work)


def test_a_connector_or_an_endpoint_that_falls_ill_is_told() -> None:
    """A connector after its faults in a row, an endpoint by how it stands; and again when they are well."""

    async def work(whole: Whole) -> None:
        await story(whole)
        feed, ear = await listening(whole)
        for _ in range(5):
            whole.gateway.links["shop"].fault(RuntimeError("no"))
        await feed.step()
        assert await ear.heard() == [("connector.changed", {"name": "shop", "state": "quarantined"})]
        whole.gateway.links["shop"].worked()
        await feed.step()
        assert await ear.heard() == [("connector.changed", {"name": "shop", "state": "ok"})]

        await refuse(whole)
        await feed.step()
        assert ("endpoint.changed", {"name": "helpdesk", "state": "failing"}) in await ear.heard()

    run(work)


def test_who_listens_slowly_is_told_that_it_missed_some_and_goes_on() -> None:
    """At most so many frames wait; one more, and there is one frame in their place. Then all goes on."""

    async def work(whole: Whole) -> None:
        ear = Ear()
        for number in range(WAITING_MAX + 100):
            ear.listener.put(framed("e", b"%d" % number))
        assert await ear.listener.take() == MISSED
        ear.listener.put(framed("e", b"1"))
        assert await ear.listener.take() == framed("e", b"1")

    run(work)


def test_who_takes_nothing_is_cut_off_and_who_hung_up_is_forgotten() -> None:
    """One that is stuck loses its connection after a minute; one that is gone its place at the next look."""

    async def work(whole: Whole) -> None:
        feed, stuck = await listening(whole)
        gone, well = Ear(), Ear()
        for ear in (gone, well):
            feed.listen(ear.listener)
        stuck.listener.put(framed("e", b"1"))
        gone.hung_up = True
        for _ in range(int(STUCK_S / EVERY_S) + 1):
            await feed.step()
            await well.heard()

        assert (stuck.cuts, gone.cuts, well.cuts) == (1, 0, 0)
        assert await gone.listener.take() == await stuck.listener.take() == b""
        assert feed.watching
        well.hung_up = True
        await feed.step()
        assert not feed.watching

    run(work)


def test_heartbeats_come_whatever_happens() -> None:
    """A comment after so long, so that neither side takes a quiet connection for a dead one."""

    async def work(whole: Whole) -> None:
        feed, ear = await listening(whole)
        heard = b""
        for _ in range(2 * int(HEARTBEAT_S / EVERY_S)):
            await feed.step()
            heard += await ear.listener.take() if ear.listener.waits else b""

        assert heard == 2 * HEARTBEAT

    run(work)


def test_looks_that_take_long_come_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes a hundredth of the time at most, as long as what changes is still told within some seconds."""

    async def work(whole: Whole) -> None:
        feed, _ = await listening(whole)
        lasting = iter([0, 5, 20, 500])

        async def look(self: Feed) -> None:
            whole.clock.at += next(lasting)

        monkeypatch.setattr(Feed, "look", look)
        waits = [await feed.step() for _ in range(4)]

        assert waits == [EVERY_S, EVERY_S, pytest.approx(2.0), EVERY_MAX_S]

    run(work)


def test_many_changes_at_once_are_one_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound the feed says only that there is more than it tells."""
    monkeypatch.setattr(feeding, "TOLD_MAX", 2)

    async def work(whole: Whole) -> None:
        feed, ear = await listening(whole)
        await story(whole)
        await feed.step()

        assert [told for told, _ in await ear.heard() if not told.startswith("endpoint.")] == ["missed"]

    run(work)


def test_one_too_many_is_refused() -> None:
    """So many may listen and no more; a place that is left is free again."""

    async def work(whole: Whole) -> None:
        feed = Feed(whole.gateway)
        ears = [Ear() for _ in range(LISTENERS_MAX)]
        for ear in ears:
            feed.listen(ear.listener)
        with pytest.raises(TooMany):
            feed.listen(Ear().listener)
        feed.leave(ears[0].listener)
        feed.listen(Ear().listener)
        feed.close()

    run(work)


# ── The stream ──


async def connected(line: Line, port: int, token: str = TOKEN) -> bytes:
    """Ask for the stream; what comes with its first event."""
    await line.send(
        f"GET /api/v1/stream HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    )
    return await until(line, lambda sent: b"event: hello" in sent and sent.endswith(b"\r\n"))


async def until(line: Line, enough: Callable[[bytes], bool]) -> bytes:
    """What is sent until it is enough."""
    sent = b""
    while not enough(sent):
        part = await line.reader.read(65_536)
        assert part, sent
        sent += part
    return sent


def test_a_stream_begins_with_the_time_and_ends_with_the_server() -> None:
    """The head as of every answer, `hello`, then what happens; a stop ends it at once, and in order."""

    async def work(whole: Whole) -> None:
        app = admin_app(whole.gateway, whole.clock, TOKEN)
        async with served(app) as port, line_to(port) as line:
            head = await connected(line, port)
            assert b"text/event-stream" in head
            assert b"Content-Security-Policy" in head
            assert b'data: {"now":"2026-03-02T09:00:00Z"}' in head
            await app[FEED].step()
            await story(whole)
            await app[FEED].step()
            await until(line, lambda sent: sent.count(b"event: contact.changed") == 3)
            for end in app[SERVING].at_stop:
                end()
            assert (await until(line, lambda sent: sent.endswith(b"0\r\n\r\n"))) == b"0\r\n\r\n"

    run(work)


def test_a_revoked_token_hears_nothing_more() -> None:
    """As soon as any other request with it is refused; others hear on."""

    async def work(whole: Whole) -> None:
        token = new_token(SeededRng(1))
        await whole.store.add_access(row_of(token, "anna", "viewer", created_at=NOW, created_by="me"))
        app = admin_app(whole.gateway, whole.clock, TOKEN)
        async with served(app) as port, line_to(port) as anna, line_to(port) as boss:
            await connected(anna, port, token)
            await connected(boss, port)
            await app[FEED].step()
            await whole.store.revoke_access("anna", NOW, "me")
            whole.clock.at += round(KNOWN_S * 1000)
            await whole.post(opened(1, NOW, subject="Not for Anna"))
            await whole.judge()
            await app[FEED].step()

            assert await until(anna, lambda sent: sent.endswith(b"0\r\n\r\n")) == b"0\r\n\r\n"
            assert b"Not for Anna" in await until(boss, lambda sent: b"contact.changed" in sent)

    run(work)


def test_a_stream_that_has_no_room_says_when_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After; a HEAD ends at once; whoever hangs up makes room."""
    monkeypatch.setattr(feeding, "LISTENERS_MAX", 1)

    async def work(whole: Whole) -> None:
        app = admin_app(whole.gateway, whole.clock, TOKEN)
        async with served(app) as port:
            async with line_to(port) as first, line_to(port) as second:
                await connected(first, port)
                asked = f"HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
                await second.send(f"GET /api/v1/stream {asked}".encode())
                refused = await second.reply()
                await second.send(f"HEAD /api/v1/stream {asked}".encode())
                head = await second.reply()

                assert (refused.status, refused.headers["retry-after"]) == (503, "5")
                assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
            while app[FEED].watching:
                await app[FEED].step()
                await asyncio.sleep(0)

    run(work)
