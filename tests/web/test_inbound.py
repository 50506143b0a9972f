"""What vendors reach."""

import asyncio
import gzip
from collections.abc import Sequence

import msgspec
import pytest

from gateway.engine.receive import Answer
from gateway.kernel.store import Added, StoreFull
from gateway.plugin import Record, Request
from gateway.web import bodies, inbound
from gateway.web.inbound import Door, inbound_app
from gateway.web.servers import Servers
from tests.web.raw import Reply, ask, line_to, served
from tests.web.worlds import NOW, Whole, body_of, opened, run, signed

LIMIT = 4_096
BODY = body_of(opened(1, NOW))


def door(whole: Whole, **options: float) -> Door:
    """The app under test."""
    return inbound_app(whole.gateway, whole.clock, LIMIT, **options)


async def stored(whole: Whole) -> int:
    """How many records are in the inbox."""
    return len(await whole.store.inbox(limit=100))


def test_a_signed_request_is_stored_before_it_is_accepted() -> None:
    """202 with what is new; the same again is a duplicate."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port:
            first = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))
            again = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))

        assert (first.status, msgspec.json.decode(first.body)) == (202, {"accepted": 1, "duplicates": 0})
        assert (again.status, msgspec.json.decode(again.body)) == (202, {"accepted": 0, "duplicates": 1})
        assert await stored(whole) == 1

    run(work)


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/in/shop", 405),
        ("PUT", "/in/shop", 405),
        ("DELETE", "/healthz", 405),
        ("POST", "/in/nobody", 404),
        ("POST", "/in/", 404),
        ("POST", "/in/shop/", 404),
        ("POST", "/in/%F0%28%8C%28", 404),
        ("GET", "/", 404),
        ("GET", "/api/v1/contacts", 404),
        ("GET", "/metrics", 404),
    ],
)
def test_there_is_nothing_else(method: str, target: str, status: int) -> None:
    """Two routes; whatever else is asked for is refused in JSON, and the server doesn't tell its versions."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port:
            reply = await ask(port, method, target, b"{}")

        assert reply.status == status
        assert msgspec.json.decode(reply.body).keys() == {"error"}
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["server"] == "orion-gateway"
        assert ("allow" in reply.headers) == (status == 405)

    run(work)


@pytest.mark.parametrize(
    ("target", "length", "status"), [("/in/nobody", 10, 404), ("/in/shop", LIMIT + 1, 413), ("/in/shop", 10**15, 413)]
)
@pytest.mark.parametrize("expecting", [b"", b"Expect: 100-continue\r\n"])
def test_a_refusal_does_not_wait_for_the_body(target: str, length: int, status: int, expecting: bytes) -> None:
    """An unknown connector and a length over the limit are answered from the head alone, and never asked to go on."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(
                f"POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n".encode() + expecting + b"\r\n"
            )
            reply = await line.reply()

        assert reply.status == status
        assert reply.headers["connection"] == "close"

    run(work)


def test_a_sender_that_waits_is_asked_for_its_body() -> None:
    """100 Continue, then the answer."""

    async def work(whole: Whole) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY, NOW).items())
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(
                f"POST /in/shop HTTP/1.1\r\nHost: h\r\n{head}Expect: 100-continue\r\n"
                f"Content-Length: {len(BODY)}\r\n\r\n".encode()
            )
            asked = await line.reply()
            await line.send(BODY)
            reply = await line.reply()

        assert (asked.status, reply.status) == (100, 202)

    run(work)


def test_a_chunked_body_is_counted_as_it_comes() -> None:
    """A body that doesn't say its length is cut off at the limit, with its end still to come."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(5):
                await line.send(b"400\r\n" + b"x" * 1_024 + b"\r\n")
            reply = await line.reply()

        assert reply.status == 413
        assert await stored(whole) == 0

    run(work)


def test_a_body_at_the_limit_is_taken() -> None:
    """The limit itself is allowed, chunked or not: the connector gets to see it."""

    async def work(whole: Whole) -> None:
        body = b"x" * LIMIT
        async with served(door(whole)) as port, line_to(port) as line:
            plain = await ask(port, "POST", "/in/shop", body)
            await line.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            await line.send(b"1000\r\n" + body + b"\r\n0\r\n\r\n")
            chunked = await line.reply()

        assert (plain.status, chunked.status) == (401, 401)

    run(work)


def test_a_slow_body_is_given_up() -> None:
    """408, and the connection ends; nothing is stored."""

    async def work(whole: Whole) -> None:
        async with served(door(whole, read_timeout_s=0.05)) as port, line_to(port) as line:
            await line.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
            reply = await line.reply()

        assert reply.status == 408
        assert reply.headers["connection"] == "close"
        assert await stored(whole) == 0

    run(work)


def test_a_body_that_is_not_framed_right_is_refused() -> None:
    """A chunk without a length is 400."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
            reply = await line.reply()

        assert reply.status == 400

    run(work)


def test_a_sender_that_hangs_up_leaves_nothing() -> None:
    """Half a body is no record, and the server goes on."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port:
            async with line_to(port) as line:
                await line.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
            reply = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))

        assert reply.status == 202
        assert await stored(whole) == 1

    run(work)


def test_a_packed_body_is_refused_unopened() -> None:
    """A body under Content-Encoding is 415: what is signed is what was sent, and nothing is inflated here."""

    async def work(whole: Whole) -> None:
        packed = gzip.compress(b"0" * 1_000_000)
        async with served(door(whole)) as port:
            reply = await ask(port, "POST", "/in/shop", packed, content_encoding="gzip")

        assert reply.status == 415

    run(work)


@pytest.mark.parametrize("value", ["é", "\udcff\udcfe", "v1,\udce9", "snow ☃", "x" * 8_000])
@pytest.mark.parametrize("name", ["webhook_signature", "webhook_id", "webhook_timestamp", "x_other"])
def test_strange_header_values_are_refused_not_fatal(name: str, value: str) -> None:
    """Bytes beyond ASCII, or beyond UTF-8, in any header are at most a wrong signature."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port:
            reply = await ask(port, "POST", "/in/shop", BODY, **{name: value})

        assert reply.status == 401
        assert await stored(whole) == 0

    run(work)


def test_the_engine_sees_the_request_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower-case names, equal headers joined, the first of equal query fields, the body's bytes, the clock's time."""
    seen: list[Request] = []

    async def work(whole: Whole) -> None:
        async def receive(connector: str, request: Request) -> Answer:
            seen.append(request)
            return Answer(status=503, body=b"{}", retry_after_s=30)

        monkeypatch.setattr(type(whole.gateway), "receive", lambda self, *of: receive(*of))
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(
                b"POST /in/shop?a=1&b=%20&a=2 HTTP/1.1\r\nHost: h\r\nX-Twice: 1\r\nx-TWICE: 2\r\n"
                b"Content-Length: 3\r\n\r\n\x00\xff\n"
            )
            reply = await line.reply()

        assert (reply.status, reply.headers["retry-after"]) == (503, "30")

    run(work)
    [request] = seen
    assert (request.method, request.headers["x-twice"], dict(request.query)) == ("POST", "1, 2", {"a": "1", "b": " "})
    assert (request.body, request.received_at) == (b"\x00\xff\n", NOW)


def test_a_full_disk_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and when to come back."""

    async def work(whole: Whole) -> None:
        async def full(*of: object) -> None:
            raise StoreFull

        monkeypatch.setattr(whole.store, "add_records", full)
        async with served(door(whole)) as port:
            reply = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))

        assert reply.status == 503
        assert int(reply.headers["retry-after"]) > 0

    run(work)


def test_a_fault_of_ours_is_told_without_its_details(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 in JSON; the log names the route and never the body."""

    async def work(whole: Whole) -> None:
        async def broken(*of: object) -> None:
            raise RuntimeError("the cable is out")

        monkeypatch.setattr(whole.store, "add_records", broken)
        async with served(door(whole)) as port:
            reply = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))

        assert reply.status == 500
        assert b"cable" not in reply.body
        logged = whole.logged.getvalue()
        assert "/in/{connector}" in logged
        assert "the cable is out" in logged
        assert "contact.opened" not in logged

    run(work)


def test_too_many_at_once_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for bodies has a bound: who comes beyond it gets 503."""
    monkeypatch.setattr(inbound, "UNDER_WAY_MAX", 1)

    async def work(whole: Whole) -> None:
        gone, there = asyncio.Event(), asyncio.Event()

        async def slow(*of: object) -> Answer:
            there.set()
            await gone.wait()
            return Answer(status=202, body=b"{}")

        monkeypatch.setattr(type(whole.gateway), "receive", slow)
        async with served(door(whole)) as port, line_to(port) as first:
            await first.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
            await there.wait()
            second = await ask(port, "POST", "/in/shop", b"{}")
            gone.set()
            reply = await first.reply()

        assert (reply.status, second.status, second.headers["retry-after"]) == (202, 503, "5")

    run(work)


def test_health_follows_the_door() -> None:
    """200 once requests are taken; 503 before and from the stop on, and then no request is taken either."""

    async def work(whole: Whole) -> None:
        app = door(whole)
        servers = Servers()
        assert not app.serving.accepting
        port = await servers.start(app, "127.0.0.1", 0)
        well = await ask(port, "GET", "/healthz")
        app.serving.accepting = False
        ill = await ask(port, "GET", "/healthz")
        refused = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))
        await servers.stop(1)

        assert (well.status, msgspec.json.decode(well.body)) == (200, {"status": "ok"})
        assert (ill.status, refused.status) == (503, 503)
        assert "retry-after" in refused.headers
        assert await stored(whole) == 0

    run(work)


def test_malformed_requests_are_not_logged(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """What isn't HTTP gets 400, and the log doesn't quote it."""

    async def work(whole: Whole) -> None:
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(b"POST /in/shop HTTP/1.1\r\nHost: h\r\nAuthorization\x00: hunter2\r\n\r\n")
            reply = await line.reply()

        assert reply.status == 400

    run(work)
    assert "hunter2" not in "".join(capfd.readouterr()) + caplog.text


def test_an_accepted_request_leaves_its_connection_open() -> None:
    """One answer after the other on one connection, each with its date; who asks for the end gets it."""

    async def work(whole: Whole) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY, NOW).items())
        request = f"POST /in/shop HTTP/1.1\r\nHost: h\r\n{head}Content-Length: {len(BODY)}\r\n".encode()
        async with served(door(whole)) as port, line_to(port) as line:
            await line.send(2 * (request + b"\r\n" + BODY))
            replies = [await line.reply(), await line.reply()]
            await line.send(request + b"Connection: close\r\n\r\n" + BODY)
            replies.append(await line.reply())
            assert await line.ended()
            old = await ask_in_1_0(port, request.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n" + BODY)

        assert [msgspec.json.decode(reply.body)["accepted"] for reply in replies] == [1, 0, 0]
        for reply in (*replies, old):
            assert reply.status == 202
            assert (reply.headers["content-type"], reply.headers["server"]) == ("application/json", "orion-gateway")
            assert reply.headers["date"].endswith(" GMT")
        assert replies[0].headers["date"] == "Mon, 02 Mar 2026 09:00:00 GMT"

    run(work)


async def ask_in_1_0(port: int, request: bytes) -> Reply:
    """An answer to an older client, whose connection ends with it."""
    async with line_to(port) as line:
        await line.send(request)
        reply = await line.reply()
        assert await line.ended()
        return reply


def test_slow_bodies_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many bodies are waited for, the one that was waited for longest is told to come back; the next is read.

    A body that has come whole needs no such place at all.
    """
    monkeypatch.setattr(bodies, "WAITED_FOR_MAX", 2)

    async def work(whole: Whole) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY, NOW).items())
        start = f"POST /in/shop HTTP/1.1\r\nHost: h\r\n{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:1]
        async with served(door(whole)) as port, line_to(port) as one, line_to(port) as two, line_to(port) as three:
            for line in (one, two):
                await line.send(start)
                await ask(port, "GET", "/healthz")
            honest = await ask(port, "POST", "/in/shop", BODY, **signed(BODY, NOW))
            await three.send(start)
            displaced = await one.reply()
            assert await one.ended()
            for line in (two, three):
                await line.send(BODY[1:])
            finished = [await two.reply(), await three.reply()]

        assert honest.status == 202
        assert (displaced.status, displaced.headers["retry-after"]) == (503, "5")
        assert [reply.status for reply in finished] == [202, 202]

    run(work)


def test_a_flood_is_answered_to_the_last_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as many as may be under way, while the disk stands still: so many wait and the others are told to come
    back at once; what was told 202 is in the inbox, once, and who comes back is taken in."""
    most = 8
    monkeypatch.setattr(inbound, "UNDER_WAY_MAX", most)

    async def work(whole: Whole) -> None:
        disk, entered, add = asyncio.Event(), asyncio.Semaphore(0), whole.store.add_records

        async def slow(connector: str, records: Sequence[Record]) -> Added:
            entered.release()
            await disk.wait()
            return await add(connector, records)

        async def send(port: int, number: int) -> int:
            body = body_of(opened(number, NOW))
            reply = await ask(port, "POST", "/in/shop", body, **signed(body, NOW, f"msg_{number}"))
            assert ("retry-after" in reply.headers) == (reply.status == 503)
            return reply.status

        monkeypatch.setattr(whole.store, "add_records", slow)
        async with served(door(whole)) as port:
            first = [asyncio.ensure_future(send(port, number)) for number in range(most)]
            for _ in range(most):
                await entered.acquire()
            others = range(most, 10 * most)
            assert await asyncio.gather(*(send(port, number) for number in others)) == [503] * len(others)
            assert await stored(whole) == 0
            disk.set()
            assert await asyncio.gather(*first) == [202] * most
            assert await stored(whole) == most
            for number in others:
                assert await send(port, number) == 202
        assert await stored(whole) == 10 * most

    run(work)


def test_requests_are_counted_by_what_they_were_told() -> None:
    """Under the name of a connector that there is; what comes for none is nobody's label."""

    async def work(whole: Whole) -> None:
        body = body_of(opened(1, NOW))
        async with served(door(whole)) as port:
            await ask(port, "POST", "/in/shop", body, **signed(body, NOW))
            await ask(port, "POST", "/in/shop", body)
            await ask(port, "GET", "/in/shop")
            await ask(port, "POST", "/in/nobody-there", body, **signed(body, NOW))

        assert whole.gateway.world.meters.requests.counted == {("shop", "accepted"): 1, ("shop", "refused"): 2}

    run(work)
