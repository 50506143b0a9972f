"""A folder as `gateway init` makes it, with a database in which an engine has judged some events."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
import structlog

from gateway.cli.app import main
from gateway.daemon.setup import Setup, load_setup, open_store
from gateway.engine.judge import Bench
from gateway.engine.policies import Policies
from gateway.engine.process import process
from gateway.engine.rejudge import Rejudging
from gateway.engine.tick import tick
from gateway.engine.turns import Turns
from gateway.engine.world import World
from gateway.kernel.clock import SystemClock
from gateway.kernel.net import AiohttpNet
from gateway.kernel.rng import SystemRng
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Store
from gateway.model.instant import Instant, format_instant
from gateway.model.record import Record
from tests.support.policies import in_force

T = TypeVar("T")
MINUTE = 60_000


class Desk:
    """A configured gateway on files, without a daemon. `now` is when it was set up, in milliseconds."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self.config = folder / "gateway.yaml"
        self.now = SystemClock().now()

    def event(self, ref: str, type: str, ago_min: float, **fields: Any) -> dict[str, Any]:
        """An event of the ticket `ref`, so many minutes before the desk was set up."""
        at = format_instant(self.now - round(ago_min * MINUTE))
        ids = {"id": f"{ref}/{type}/{at}", "ref": {"kind": "ticket", "id": ref}}
        return {"type": type, "at": at, **ids, **fields}

    def opened(self, ref: str, ago_min: float, **fields: Any) -> dict[str, Any]:
        """A ticket by e-mail."""
        return self.event(ref, "contact.opened", ago_min, **{"kind": "ticket", "channel": "email", **fields})

    def receive(self, *events: dict[str, Any], key: str | None = None) -> None:
        """Put events into the inbox."""
        body = msgspec.json.encode({"events": list(events)})
        record = Record(body=body, form="events", key=key, received_at=Instant(self.now))

        async def put(setup: Setup, store: Store) -> None:
            await store.add_records("events", [record])

        self.on_store(put)

    def judge(self) -> None:
        """Judge what is in the inbox, and let time pass up to now; nothing is sent."""
        self.on_store(_judge)

    def follow(self, text: str) -> None:
        """Make this the configured policy, and let it come into force; nobody is judged again yet."""
        (self.folder / "policy.yaml").write_text(text)
        self.on_store(_follow)

    def on_store(self, work: Callable[[Setup, Store], Awaitable[T]]) -> T:
        """Run `work` on the desk's database."""

        async def run() -> T:
            setup, spawn = load_setup(self.config, self.environ), LoopSpawn()
            store = await open_store(setup.config, exclusive=False, spawn=spawn)
            try:
                return await work(setup, store)
            finally:
                await store.close()
                await spawn.close()

        return asyncio.run(run())


async def _follow(setup: Setup, store: Store) -> None:
    spawn = LoopSpawn()
    world = World(SystemClock(), SystemRng(), AiohttpNet(), spawn, store, structlog.get_logger())
    await (await Policies.open(store, spawn)).follow(world, setup.policy, asyncio.Lock())
    await spawn.close()


async def _judge(setup: Setup, store: Store) -> None:
    clock, net, spawn = SystemClock(), AiohttpNet(), LoopSpawn()
    world = World(clock, SystemRng(), net, spawn, store, structlog.get_logger())
    bench = Bench(
        policies=await in_force(world, setup.policy.text),
        live_from={},
        subscriptions={name: endpoint.notices for name, endpoint in setup.config.endpoints.items()},
        source=setup.config.name,
        admin_url="http://127.0.0.1:8081",
    )
    while await process(world, {}, bench, clock.now(), Turns(clock)):
        pass
    while await tick(world, bench, clock.now()) or await Rejudging().step(world, bench, clock.now()):
        pass
    await spawn.close()


def set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A new desk; the process's environment has its secrets."""
    assert main(["init", "--dir", str(folder)]) == 0
    text = (folder / ".env.example").read_text(encoding="utf-8")
    environ = dict(re.findall(r"^([A-Z_]+)=(\S+)$", text, flags=re.MULTILINE))
    for name, secret in environ.items():
        monkeypatch.setenv(name, secret)
    return Desk(folder, environ)


def unguessable(environ: dict[str, str]) -> list[str]:
    """What may stand in no output: the secrets, without their common prefix."""
    return [secret.removeprefix("whsec_") for secret in environ.values()]
