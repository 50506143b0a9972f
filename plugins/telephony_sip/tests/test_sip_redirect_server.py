"""The redirect server on a real socket of the running loop, over loopback."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from gateway_telephony_sip.facts import Logged
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.redirect.server import IDLE_MS, STEP_MS, RedirectServer
from gateway_telephony_sip.redirect.settings import RedirectSettings
from gateway_telephony_sip.sip import read_sip

from gateway.kernel.sockets import SystemSockets
from gateway.model.judgement import Route
from gateway.plugin import ByteStream, ContactOpened, Heard, Record, Ref, Socket, Source
from plugins.telephony_sip.tests.redirecting import offered, request, status, to_tag

PATIENCE_S = 10
"""How long a test waits for what must come; it never waits for what must not."""


class Ear:
    """The running gateway's own sockets, and a clock that tests move."""

    def __init__(self) -> None:
        self.time = 1_000_000
        self.counted: Counter[str] = Counter()
        self.has_counted = asyncio.Event()
        self.sockets: list[Socket] = []

    def now(self) -> int:
        return self.time

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        self.sockets.append(await SystemSockets().udp(host, port, heard))
        return self.sockets[-1]

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        raise NotImplementedError

    async def emit(self, records: Sequence[Record]) -> bool:
        raise NotImplementedError

    async def rest(self, seconds: float) -> bool:
        raise NotImplementedError

    def count(self, what: str, number: int = 1) -> None:
        self.counted[what] += number
        self.has_counted.set()


class Proxy(asyncio.DatagramProtocol):
    """A proxy that asks from a port of its own."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.came.put_nowait(data)

    async def next(self) -> Message:
        """The next answer."""
        async with asyncio.timeout(PATIENCE_S):
            return read_sip(await self.came.get())


@dataclass
class Scene:
    """A server, the proxy that asks it, and what the server told of its choices."""

    ear: Ear
    server: RedirectServer
    proxy: Proxy
    wire: asyncio.DatagramTransport
    told: list[tuple[str, Source, Logged]] = field(default_factory=list)

    async def ask(self, data: bytes) -> Message:
        """Send a request; its answer."""
        self.wire.sendto(data)
        return await self.proxy.next()

    @property
    def via(self) -> str:
        """The Via of the proxy's requests."""
        return f"SIP/2.0/UDP proxy.example:{self.wire.get_extra_info('sockname')[1]};branch=z9hG4bK-1;rport"


def played(play: Callable[[Scene], Awaitable[None]], host: str = "127.0.0.1", **more: Any) -> Scene:
    """Play a scene; both sockets are closed behind it."""
    settings = RedirectSettings.model_validate(
        {
            "udp": f"[{host}]:0" if ":" in host else f"{host}:0",
            "default": "sip:general@pbx.example",
            "targets": {"vip": ["sip:vip@pbx.example", "sip:overflow@pbx.example"]},
            **more,
        }
    )

    async def run() -> Scene:
        ear = Ear()
        told: list[tuple[str, Source, Logged]] = []
        server = RedirectServer(
            settings,
            ear,
            opening=lambda invite, source, now: ContactOpened(
                at=now, ref=Ref("call", invite.first("call-id")), kind="call", channel="phone", subject=invite.target
            ),
            route=lambda opened: Route(rule="r", queue="vip") if "vip" in str(opened.subject) else None,
            told=lambda invite, source, logged: told.append((invite.first("call-id"), source, logged)),
            key=b"secret",
        )
        assert server.port == 0
        await server.open()
        wire, proxy = await asyncio.get_running_loop().create_datagram_endpoint(Proxy, remote_addr=(host, server.port))
        scene = Scene(ear, server, proxy, wire, told)
        try:
            await play(scene)
        finally:
            wire.close()
            for socket in ear.sockets:
                socket.close()
        return scene

    return asyncio.run(run())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_call_is_sent_on_and_told_of(host: str) -> None:
    """INVITE, 302 by what the policy says, ACK; the choice is told once, for the contact that the call becomes."""

    async def play(scene: Scene) -> None:
        invite = request(uri="sip:vip-line@gateway.example", via=scene.via)
        answer = await scene.ask(invite)
        assert offered(answer) == [("sip:vip@pbx.example", 1.0), ("sip:overflow@pbx.example", 0.9)]
        assert await scene.ask(invite) == answer
        scene.wire.sendto(request("ACK", via=scene.via, to_tag=to_tag(answer)))
        assert status(await scene.ask(request("CANCEL", via=scene.via))) == 200
        assert status(await scene.ask(request("OPTIONS", via=scene.via))) == 200

    try:
        scene = played(play, host)
    except OSError as error:
        if host == "127.0.0.1":
            raise
        pytest.skip(f"no IPv6 here: {error}")

    [(call, source, logged)] = scene.told
    assert call == "call-1@proxy.example"
    assert source[0] == host
    assert logged == Logged(at=1_000_000, what="entered", by="redirect", queue="vip")
    assert scene.ear.counted == {
        "redirect_sent_on": 1,
        "redirect_again": 1,
        "redirect_cancel": 1,
        "redirect_options": 1,
    }


def test_a_call_that_no_rule_knows_goes_to_the_default() -> None:
    """And that is told too, with why."""

    async def play(scene: Scene) -> None:
        assert offered(await scene.ask(request(via=scene.via))) == [("sip:general@pbx.example", 1.0)]

    scene = played(play)

    assert [(logged.queue, logged.reason) for _, _, logged in scene.told] == [("", "no_route")]
    assert scene.ear.counted["redirect_default_no_route"] == 1


def test_what_is_not_acknowledged_is_sent_again_by_steps() -> None:
    """The connector's own steps do it; they are wanted more often while there is something to do."""

    async def play(scene: Scene) -> None:
        assert scene.server.step() == IDLE_MS / 1_000
        answer = await scene.ask(request(via=scene.via))
        assert scene.server.step() == STEP_MS / 1_000
        scene.ear.time += 500
        scene.server.step()
        assert await scene.proxy.next() == answer
        scene.wire.sendto(request("ACK", via=scene.via, to_tag=to_tag(answer)))
        assert status(await scene.ask(request("OPTIONS", via=scene.via))) == 200  # so the ACK is there
        scene.ear.time += 5_000
        assert scene.server.step() == IDLE_MS / 1_000

    scene = played(play)

    assert scene.ear.counted["redirect_repeated"] == 1
    assert scene.ear.counted["redirect_not_acknowledged"] == 0


def test_strangers_and_noise_get_nothing() -> None:
    """The socket stays, whatever comes."""

    async def quiet(scene: Scene) -> None:
        for data in (b"\r\n\r\n", b"\xff" * 60_000, b"INVITE", request("ACK")):
            scene.wire.sendto(data)
        assert status(await scene.ask(request("OPTIONS", via=scene.via))) == 200

    async def refused(scene: Scene) -> None:
        scene.wire.sendto(request("OPTIONS", via=scene.via))
        async with asyncio.timeout(PATIENCE_S):
            await scene.ear.has_counted.wait()
        assert scene.proxy.came.empty()

    played(quiet)
    assert played(refused, allow=["192.0.2.0/24"]).ear.counted == {"redirect_refused_source": 1}


def test_an_address_that_is_taken_is_said() -> None:
    """OSError, which the core tells with the connector's name, and tries again."""

    async def play(scene: Scene) -> None:
        with pytest.raises(OSError, match="in use"):
            await Ear().udp("127.0.0.1", scene.server.port, lambda data, source: None)

    played(play)
