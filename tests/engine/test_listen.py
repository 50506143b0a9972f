"""Connectors that listen: what they hear becomes contacts, what keeps them from listening is said, and they end in
time."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from typing import Any, ClassVar

import pytest

import gateway.engine.listen as listen_module
from gateway.engine.checkup import AGAIN_S, Checkup
from gateway.engine.connections import connections_beside, connections_of, states_of
from gateway.engine.listen import AGAIN_FIRST_S, AGAIN_MAX_S, Listener
from gateway.engine.world import FAULTS_IN_A_ROW_MAX
from gateway.kernel.store import Added, StoreFull
from gateway.plugin import ByteStream, Ear, Instant, Listens, Record, Socket, Source
from tests.engine.rig import MINUTE, T0, Rig, Vendor, opening, run, states, until
from tests.engine.test_supervise import StandingClock

LOOPBACK = "127.0.0.1"
Listening = Callable[[Ear], Awaitable[None]]


class Ears(Vendor):
    """A connector that folds datagrams, each an event, and offers them when it has some, and when it ends. `listening`
    takes the place of that."""

    plugin: ClassVar[str] = "ears"

    def __init__(self, listening: Listening | None = None, port: int = 0) -> None:
        super().__init__()
        self.listening = listening
        self.port = port
        self.waiting: list[bytes] = []
        self.refused = 0
        self.sockets: list[Socket] = []

    async def listen(self, ear: Ear) -> None:
        """Listen on UDP and TCP, on one port."""
        if self.listening is not None:
            await self.listening(ear)
            return
        self.sockets.append(await ear.udp(LOOPBACK, self.port, self._heard))
        self.sockets.append(await ear.tcp(LOOPBACK, self.sockets[0].port, self._serve))
        while not await ear.rest(0.01):
            await self._offer(ear)
        await self._offer(ear)

    def _heard(self, data: bytes, source: Source) -> None:
        self.waiting.append(data)

    async def _serve(self, stream: ByteStream) -> None:
        while True:
            data = await stream.read(int(await stream.read(4)))
            self.waiting.append(data)

    async def _offer(self, ear: Ear) -> None:
        if not self.waiting:
            return
        offered, self.waiting = self.waiting, []
        body = json.dumps([json.loads(data) for data in offered]).encode()
        if await ear.emit([Record(body=body, received_at=Instant(ear.now()))]):
            ear.count("datagrams", len(offered))
        else:
            self.refused += 1
            self.waiting = offered + self.waiting


def hearing(story: Callable[[Rig, Ears], Awaitable[None]], listening: Listening | None = None, **options: Any) -> None:
    """Tell a story to a gateway with one connector that listens; the test starts it."""
    ears = Ears(listening)

    async def told(rig: Rig) -> None:
        await story(rig, ears)

    run(told, connectors={"ears": ears}, **options)


def listener(rig: Rig, ears: Ears) -> Listener:
    """The connector's listening, to be stepped by the test."""
    assert isinstance(ears, Listens)
    found = rig.gateway.listeners["ears"] = Listener(rig.world, rig.link("ears"), ears, rig.gateway._keep)
    return found


def say(port: int, *events: dict[str, Any]) -> None:
    """Send datagrams to a port."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        for event in events:
            other.sendto(json.dumps(event).encode(), (LOOPBACK, port))


async def stands(rig: Rig) -> tuple[str, str]:
    """How the connector is shown, everywhere the same."""
    (told,) = await connections_of(rig.gateway)
    assert await states_of(rig.gateway) == [("ears", told.state, told.why)]
    (beside,) = await connections_beside(rig.store, {"ears": "ears"}, rig.clock.now())
    assert (beside.state, beside.why) == (told.state, told.why)
    return told.state, told.why


def test_what_is_heard_becomes_contacts() -> None:
    """By datagram and by connection; what is heard at the very end is offered before the sockets close."""

    async def story(rig: Rig, ears: Ears) -> None:
        rig.gateway.start()
        await until(lambda: len(ears.sockets) == 2)
        await until(lambda: bool(rig.gateway.listeners["ears"].addresses))
        (told,) = await connections_of(rig.gateway)
        assert told.listens == tuple(f"{way} {LOOPBACK}:{ears.sockets[0].port}" for way in ("udp", "tcp"))
        say(ears.sockets[0].port, opening())
        _, writer = await asyncio.open_connection(LOOPBACK, ears.sockets[1].port)
        body = json.dumps(opening(ticket="2")).encode()
        writer.write(b"%04d%s" % (len(body), body))
        await until(lambda: rig.link("ears").counts.get("datagrams") == 2)
        ears.waiting.append(json.dumps(opening(ticket="3")).encode())
        await rig.gateway.stop()
        writer.close()
        assert rig.link("ears").counts["datagrams"] == 3
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
            free.bind((LOOPBACK, ears.sockets[0].port))
        await rig.settle()
        assert {row.strands[0].id for row in await rig.store.contacts(limit=9)} == {"1", "2", "3"}

    hearing(story)


def test_a_port_that_is_taken_is_said_and_tried_again() -> None:
    """On the pages, in the API, beside the gateway; the waits grow, and once it is free all is well."""

    async def story(rig: Rig, ears: Ears) -> None:
        listening = listener(rig, ears)
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as taker:
            taker.bind((LOOPBACK, 0))
            taker.listen()
            ears.port = taker.getsockname()[1]
            waits = [await listening.step() for _ in range(8)]
            assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
            assert (waits[0], waits[-1]) == (AGAIN_FIRST_S, AGAIN_MAX_S)
            why = f"{LOOPBACK}, port {ears.port}, can't be had: Address already in use"
            assert await stands(rig) == ("failing", f"it doesn't listen: {why}")
            # The half that was open has been closed: the port is free for others.
            with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
                free.bind((LOOPBACK, ears.port))
        assert rig.link("ears").counts == {"listen_failed": 8}
        assert rig.link("ears").healthy
        task = rig.spawn.task("listening", _stepped(listening))
        await until(lambda: listening._noted == "")
        assert await stands(rig) == ("ok", "")
        listening.end()
        await task

    hearing(story)


async def _stepped(listening: Listener) -> None:
    assert await listening.step() == 0.0


def test_what_a_connector_raises_is_its_fault() -> None:
    """It is called again; after a few times in a row it is quarantined, as for any other fault."""

    async def raising(ear: Ear) -> None:
        raise ZeroDivisionError("odd")

    async def story(rig: Rig, ears: Ears) -> None:
        listening = listener(rig, ears)
        await listening.step()
        assert await stands(rig) == ("failing", "it doesn't listen: ZeroDivisionError: odd")
        for _ in range(FAULTS_IN_A_ROW_MAX):
            await listening.step()
        (told,) = await connections_of(rig.gateway)
        assert told.state == "quarantined"

    hearing(story, raising)


def test_one_that_returns_by_itself_listens_again() -> None:
    """After a growing wait; one that has listened for long begins with a short one."""
    lasts_ms = [0, 0, MINUTE, 0]

    async def story(rig: Rig, ears: Ears) -> None:
        async def returning(ear: Ear) -> None:
            await ear.rest(1)
            rig.clock.at += lasts_ms.pop(0)

        ears.listening = returning
        listening = listener(rig, ears)
        assert [await listening.step() for _ in range(4)] == [0.2, 0.4, 0.2, 0.4]
        assert await stands(rig) == ("failing", "it doesn't listen: it has stopped listening by itself")
        assert rig.link("ears").healthy

    hearing(story)


def test_what_nobody_can_keep_is_offered_again() -> None:
    """While the disk is full, and while too much waits to be judged: the connector has it until it is taken."""

    async def story(rig: Rig, ears: Ears) -> None:
        kept = rig.store.add_records

        async def full(connector: str, records: Sequence[Record]) -> Added:
            raise StoreFull("no space")

        rig.store.add_records = full  # type: ignore[method-assign]
        task = rig.spawn.task("listening", _stepped(listening := listener(rig, ears)))
        await until(lambda: len(ears.sockets) == 2)
        say(ears.sockets[0].port, opening())
        await until(lambda: ears.refused >= 2)
        rig.store.add_records = kept  # type: ignore[method-assign]
        rig.gateway._backlog.full = True
        seen = ears.refused
        await until(lambda: ears.refused >= seen + 2)
        assert await states(rig) == []
        rig.gateway._backlog.full = False
        await until(lambda: not ears.waiting and rig.link("ears").counts.get("datagrams") == 1)
        assert await states(rig) == ["ready"]
        listening.end()
        await task

    hearing(story)


def test_who_offers_without_a_rest_keeps_nobody_from_his_turn() -> None:
    """While too much waits to be judged nothing is kept; others go on, and the gateway can stop."""
    offered: list[bool] = []

    async def listening(ear: Ear) -> None:
        while not await ear.emit([Record(body=b"[]", received_at=Instant(ear.now()))]):
            offered.append(False)

    async def story(rig: Rig, ears: Ears) -> None:
        rig.gateway._backlog.full = True
        task = rig.spawn.task("listening", _stepped_once(listener(rig, ears)))
        await until(lambda: len(offered) > 3)
        rig.gateway._backlog.full = False
        await task
        assert await states(rig) == ["ready"]

    hearing(story, listening)


async def _stepped_once(listening: Listener) -> None:
    assert await listening.step() == AGAIN_FIRST_S


def test_nothing_to_keep_is_kept() -> None:
    """An empty offer is taken, and holds nobody's time back."""

    async def story(rig: Rig, ears: Ears) -> None:
        assert await rig.gateway._keep(rig.link("ears"), []) is True
        assert await states(rig) == []
        assert rig.gateway._arriving == {}

    hearing(story)


def test_what_is_on_its_way_holds_time_back() -> None:
    """A record that was heard before a deadline and is being stored is judged before it."""

    async def story(rig: Rig, ears: Ears) -> None:
        await rig.told(opening(), name="ears")
        await rig.settle()
        kept = rig.store.add_records

        async def slow(connector: str, records: Sequence[Record]) -> Added:
            rig.clock.at = T0 + 15 * MINUTE + 1_000
            await rig.gateway.judge_once()
            return await kept(connector, records)

        rig.clock.at = T0 + 15 * MINUTE - 1
        rig.store.add_records = slow  # type: ignore[method-assign]
        reply = {"type": "message.added", "author": {"kind": "agent"}, "id": "reply"}
        told = {**opening(), **reply}
        told = {key: told[key] for key in ("type", "id", "at", "ref", "author")} | {"at": "2026-03-02T09:14:59Z"}
        await rig.gateway._keep(
            rig.link("ears"), [Record(body=json.dumps([told]).encode(), received_at=Instant(rig.clock.now()))]
        )
        await rig.settle()
        assert "sla.breached" not in rig.types()
        assert "sla.met" in rig.types()

    hearing(story)


def test_ending_wakes_who_rests() -> None:
    """At once, however long it wanted to rest; and it may still offer what it has."""
    rested: list[bool] = []
    begun: list[Ear] = []

    async def listening(ear: Ear) -> None:
        begun.append(ear)
        rested.append(await ear.rest(3_600))
        assert await ear.emit([Record(body=b"[]", received_at=Instant(ear.now()))])
        assert await ear.rest(3_600)

    async def story(rig: Rig, ears: Ears) -> None:
        rig.gateway.start()
        await until(lambda: bool(begun))
        async with asyncio.timeout(30):
            await rig.gateway.stop()
        assert (rested, await states(rig)) == ([True], ["ready"])

    hearing(story, listening, clock=StandingClock())


def test_ending_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connector that never comes to rest is cut off, and its sockets are closed."""
    monkeypatch.setattr(listen_module, "END_S", 0.0)
    sockets: list[Socket] = []

    async def listening(ear: Ear) -> None:
        sockets.append(await ear.udp(LOOPBACK, 0, lambda data, source: None))
        await asyncio.Event().wait()

    async def story(rig: Rig, ears: Ears) -> None:
        rig.gateway.start()
        await until(lambda: bool(sockets))
        async with asyncio.timeout(30):
            await rig.gateway.stop()
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
            free.bind((LOOPBACK, sockets[0].port))
        assert "listen_failed" not in rig.link("ears").counts

    hearing(story, listening)


def test_who_listens_is_checked_every_few_minutes() -> None:
    """What it can't use is lost: an hour would be long to wait until it is said."""

    async def story(rig: Rig, ears: Ears) -> None:
        wait_s = await Checkup(rig.world, rig.link("ears")).step()
        assert 0.9 * AGAIN_S <= wait_s <= 1.1 * AGAIN_S

    hearing(story)
