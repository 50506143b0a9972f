"""A whole gateway on real sockets and a real file: it takes, decides, delivers, and ends in order."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from gateway.connectors.events import EventsConnector
from gateway.daemon.daemon import Daemon, run_daemon
from gateway.daemon.setup import Setup, load_setup
from gateway.kernel.clock import SystemClock
from gateway.kernel.signing import parse_secret, sign, verify
from gateway.kernel.store import StoreBusy
from gateway.model.instant import format_instant
from gateway.plugin.manager import Plugins
from gateway.web.servers import PortTaken

TEXT = "whsec_" + "canary00" * 4
SECRET = parse_secret(TEXT)
POLICY = """\
version: 1
name: at-once
queues:
  general: {team: t1}
routing:
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  at-once:
    steps:
      - {after: 0m, notify: [lead]}
escalation:
  - id: fraud
    when: '"fraud" in contact.tags'
    on: matched
    chain: at-once
"""


@dataclass
class Receiver:
    """A helpdesk on a port of its own: proves what comes, and keeps it."""

    url: str = ""
    notices: list[dict[str, Any]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event | None = None

    async def take(self, request: web.Request) -> web.Response:
        """Keep a notice that is proved; answer when it isn't held."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        id = verify([SECRET], headers, body, SystemClock().now())
        notice = json.loads(body)
        assert notice["id"] == id
        self.notices.append(notice)
        self.came.set()
        if self.held is not None:
            await self.held.wait()
        return web.Response(status=204)


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    kept = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", kept.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    try:
        yield kept
    finally:
        await runner.cleanup()


def setup_in(folder: Path, endpoint: str, listen: str = "127.0.0.1:0") -> Setup:
    """A configuration in a folder, loaded."""
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "gateway.yaml").write_text(
        f"""\
version: 1
listen: {listen}
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  own:
    plugin: events
    secret: {{env: SECRET}}
endpoints:
  helpdesk:
    url: {endpoint}
    secret: {{env: SECRET}}
    allow_private: true
"""
    )
    return load_setup(folder / "gateway.yaml", {"SECRET": TEXT}, Plugins({"events": EventsConnector}))


async def post(daemon: Daemon, number: int = 1, *, connector: str = "own", signed: bool = True) -> tuple[int, Any]:
    """Send the opening of a ticket that is escalated at once; returns the status and the answer."""
    now = SystemClock().now()
    ref = {"kind": "ticket", "id": str(number)}
    opening = {
        "type": "contact.opened",
        "id": f"opened {number}",
        "at": format_instant(now),
        "ref": ref,
        "kind": "ticket",
        "channel": "email",
        "tags": ["fraud"],
    }
    body = json.dumps({"events": [opening]}).encode()
    headers = sign([SECRET], f"msg_{number}", now // 1000, body) if signed else {}
    async with (
        ClientSession() as session,
        session.post(f"{daemon.listen_url}/in/{connector}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


def run(story: Callable[[Receiver], Awaitable[None]]) -> None:
    """Tell a story with a receiver in it; nothing may be left running at its end."""

    async def told() -> None:
        async with asyncio.timeout(30), receiver() as kept:
            await story(kept)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told())


def test_a_signed_post_becomes_a_verified_escalation(tmp_path: Path) -> None:
    """In by a real socket, out by a real socket, with a real file between them; the end is clean."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        assert await post(daemon) == (202, {"accepted": 1, "duplicates": 0})
        await kept.came.wait()
        (notice,) = kept.notices
        assert (notice["type"], notice["data"]["rule"]) == ("escalation.raised", "fraud")
        assert notice["data"]["links"]["contact"].startswith(daemon.admin_url)
        await daemon.stop()
        again = Daemon(setup_in(tmp_path, kept.url))
        await again.start()
        (delivery,) = await again.store.deliveries(limit=9)
        assert (delivery.state, delivery.effect) == ("delivered", notice["id"])
        await again.stop()
        assert len(kept.notices) == 1

    run(story)


def test_the_doors_refuse_who_has_no_business_there(tmp_path: Path) -> None:
    """No signature 401, no such connector 404, and nothing of either is stored; health is told to anybody."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        assert (await post(daemon, signed=False))[0] == 401
        assert (await post(daemon, connector="nobody"))[0] == 404
        async with ClientSession() as session, session.get(f"{daemon.listen_url}/healthz") as answer:
            assert answer.status == 200
        assert await daemon.store.inbox(limit=9) == []
        await daemon.stop()

    run(story)


def test_a_second_daemon_on_the_file_is_refused(tmp_path: Path) -> None:
    """It says that the database is taken and leaves nothing behind; the first one goes on, and then it may start."""

    async def story(kept: Receiver) -> None:
        first, second = Daemon(setup_in(tmp_path, kept.url)), Daemon(setup_in(tmp_path, kept.url))
        await first.start()
        with pytest.raises(StoreBusy):
            await second.start()
        assert (await post(first))[0] == 202
        await kept.came.wait()
        await first.stop()
        await second.start()
        await second.stop()

    run(story)


def test_a_port_that_is_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    """The start fails by name, and the database is free again."""

    async def story(kept: Receiver) -> None:
        port = kept.url.removeprefix("http://").partition("/")[0]
        daemon = Daemon(setup_in(tmp_path, kept.url, listen=port))
        with pytest.raises(PortTaken):
            await daemon.start()
        another = Daemon(setup_in(tmp_path, kept.url))
        await another.start()
        await another.stop()

    run(story)


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    """It takes and judges real events, and performs no effect."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url), dry_run=True)
        await daemon.start()
        assert (await post(daemon))[0] == 202
        while not (contacts := await daemon.store.contacts(limit=9)):  # noqa: ASYNC110 - a matter of turns
            await asyncio.sleep(0)
        ledger = await daemon.store.ledger(contacts[0].id)
        assert "escalation.raised" in {entry.type for entry in ledger.values()}
        assert all(entry.suppressed for entry in ledger.values())
        await daemon.stop()
        assert kept.notices == []

    run(story)


def test_a_stop_lets_what_is_in_flight_arrive(tmp_path: Path) -> None:
    """A delivery that is under way is finished and noted before the end."""

    async def story(kept: Receiver) -> None:
        kept.held = asyncio.Event()
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        await post(daemon)
        await kept.came.wait()
        stopping = asyncio.ensure_future(daemon.stop())
        await asyncio.sleep(0)
        kept.held.set()
        await stopping
        again = Daemon(setup_in(tmp_path, kept.url))
        await again.start()
        assert [delivery.state for delivery in await again.store.deliveries(limit=9)] == ["delivered"]
        await again.stop()
        assert len(kept.notices) == 1

    run(story)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    """SIGTERM and SIGINT stop a running daemon, and the file is free again."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        running = asyncio.ensure_future(run_daemon(daemon))
        await post(daemon)
        os.kill(os.getpid(), number)
        await running
        another = Daemon(setup_in(tmp_path, kept.url))
        await another.start()
        assert len(await another.store.inbox(limit=9)) == 1
        await another.stop()

    run(story)


def test_a_hangup_after_the_stop_ends_nothing(tmp_path: Path) -> None:
    """Whoever handled a signal before handles it again: a late SIGHUP can't end a process that has stopped well."""
    late: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: late.append(number))
        for number in (signal.SIGHUP, signal.SIGTERM)
    }

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        running = asyncio.ensure_future(run_daemon(daemon))
        await post(daemon)
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        os.kill(os.getpid(), signal.SIGHUP)
        assert late == [signal.SIGHUP]

    try:
        run(story)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_no_secret_shows(tmp_path: Path) -> None:
    """Neither the token of the admin address nor a connector's or endpoint's secret is in a repr."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        shown = repr(daemon)
        await daemon.stop()
        assert len(daemon.token) >= 32
        assert daemon.token not in shown
        assert TEXT.removeprefix("whsec_") not in shown

    run(story)


class Unmakeable(EventsConnector):
    """Raises where it is made, and says what it was given."""

    def __init__(self, name: str, settings: Any, context: Any) -> None:
        raise KeyError(TEXT)


def test_a_connector_that_cannot_be_made_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others work, and the log names it without a secret."""

    async def story() -> None:
        setup = setup_in(tmp_path, "http://127.0.0.1:65535/hooks")
        broken = replace(setup.connectors[0], name="other", kind=Unmakeable)
        daemon = Daemon(replace(setup, connectors=(broken, *setup.connectors)))
        await daemon.start()
        try:
            assert list(daemon.gateway.links) == ["own"]
        finally:
            await daemon.stop()

    asyncio.run(story())
    said = capsys.readouterr()
    assert "connector_left_out" in said.out + said.err
    assert TEXT not in said.out + said.err
