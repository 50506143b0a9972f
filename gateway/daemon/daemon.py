"""One running gateway: started in order, stopped in order.

Start: database, what is in force, engine, then the doors; only when all of that stands are requests accepted. Stop: the
doors first, then the engine with what is in flight, then the database.
"""

import asyncio
import signal
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog
from aiohttp import web

from gateway.config import Address, Config
from gateway.daemon.reload import note_taken, reload_policy, signing_keys
from gateway.daemon.setup import (
    Chosen,
    ChosenEnricher,
    Setup,
    enrichers_left_out_by_name,
    left_out_by_name,
    open_store,
)
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.perform import Endpoint
from gateway.engine.policies import Policies
from gateway.engine.recarding import recard
from gateway.engine.routing import Router
from gateway.engine.world import EnricherLink, Link, World
from gateway.kernel.clock import SystemClock
from gateway.kernel.log import hide_secrets
from gateway.kernel.net import AiohttpNet
from gateway.kernel.rng import SystemRng
from gateway.kernel.sealing import Seal
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Store
from gateway.kernel.vault import Vault
from gateway.kernel.vendor_http import VendorHttp
from gateway.plugin import Context
from gateway.plugin.account import open_account
from gateway.plugin.enricher import TTL_S
from gateway.web.admin import admin_app
from gateway.web.inbound import inbound_app
from gateway.web.servers import Handler, Servers

C = TypeVar("C", Chosen, ChosenEnricher)
L = TypeVar("L", Link, EnricherLink)

STOP_S = 10.0
"""What is in flight has so long to end after a signal."""


@dataclass(slots=True)
class Daemon:
    """A gateway on its ports. `dry_run`: real data comes in, no effect is performed."""

    setup: Setup
    dry_run: bool = False
    token: str = field(default="", repr=False)
    listen_url: str = ""
    admin_url: str = ""
    gateway: Gateway = field(init=False)
    store: Store = field(init=False)
    _clock: SystemClock = field(default_factory=SystemClock)
    _rng: SystemRng = field(default_factory=SystemRng)
    _spawn: LoopSpawn = field(init=False)
    _net: AiohttpNet = field(init=False)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _servers: Servers = field(init=False)
    _accounts: list[VendorHttp] = field(default_factory=list)
    _router: Router = field(default_factory=Router)

    async def start(self) -> None:
        """Start everything. Raises StoreBusy, and PortTaken with nothing left behind."""
        config = self.setup.config
        self._spawn, self._net, self._servers = LoopSpawn(), AiohttpNet(), Servers()
        try:
            self.store = await open_store(config, exclusive=True, spawn=self._spawn, clock=self._clock)
        except BaseException:
            await self._spawn.close()
            raise
        secret = config.admin_token.get_secret_value() if config.admin_token else ""
        self.token = secret or urlsafe_b64encode(self._rng.token(24)).decode()
        try:
            self.gateway = await self._build()
            self._tokens.update(_tokens(config))
            admin = admin_app(self.gateway, self._clock, self.token, tokens=self._tokens)
            self.admin_url = await self._serve(admin, config.admin)
            self.gateway.bench = replace(self.gateway.bench, admin_url=self.admin_url)
            self.gateway.start()
            inbound = inbound_app(self.gateway, self._clock, config.body_limit)
            self.listen_url = await self._serve(inbound, config.listen)
        except BaseException:
            await self.stop()
            raise

    async def reload(self) -> None:
        """Read the policy and the endpoints' secrets again; see `gateway.daemon.reload`."""
        self.setup = await reload_policy(self.gateway, self.setup)
        self._tokens.update(_tokens(self.setup.config))

    async def stop(self) -> None:
        """Stop in order, within about ten seconds."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._servers.stop(STOP_S / 2)
                if hasattr(self, "gateway"):
                    await self.gateway.stop()
        except TimeoutError:
            # Whatever is cut off here was not acknowledged or is leased: the next start takes it up again.
            structlog.get_logger().warning("stopped_late", after_s=STOP_S)
        for account in self._accounts:
            await account.aclose()
        await self._net.close()
        await self.store.close()
        await self._spawn.close()

    async def _build(self) -> Gateway:
        config = self.setup.config
        now = self._clock.now()
        log = structlog.get_logger()
        world = World(self._clock, self._rng, self._net, self._spawn, self.store, log)
        world.meters.started_at = now
        links, broken = _made("connector", self.setup.connectors, self._link, log)
        enrichers, unasked = _made("enricher", self.setup.enrichers, self._enricher, log)
        policies = await Policies.open(self.store, self._spawn)
        await note_taken(world, now, await policies.follow(world, self.setup.policy, asyncio.Lock()))
        await self._router.take(policies, now)
        await recard(world, policies)
        live_from = await self.store.started(list(links), now)
        live_from |= {
            name: connector.live_from
            for name, connector in config.connectors.items()
            if connector.live_from is not None
        }
        for problem in self.setup.left_out:
            log.error("connector_left_out", problem=str(problem))
        for problem in self.setup.enrichers_left_out:
            log.error("enricher_left_out", problem=str(problem))
        left_out = {name: problem.message for name, problem in left_out_by_name(self.setup).items()} | broken
        unasked |= {name: problem.message for name, problem in enrichers_left_out_by_name(self.setup).items()}
        bench = Bench(
            policies=policies,
            live_from=live_from,
            subscriptions={name: endpoint.notices for name, endpoint in config.endpoints.items()},
            source=config.name,
            admin_url="",
            dry=self.dry_run,
        )
        endpoints = {
            name: Endpoint(
                name=name,
                url=endpoint.url,
                secrets=signing_keys(endpoint),
                notices=endpoint.notices,
                concurrency=endpoint.concurrency,
                rate=endpoint.rate,
                reach=endpoint.reach,
            )
            for name, endpoint in config.endpoints.items()
        }
        return Gateway(world, links, bench, endpoints, left_out, enrichers, unasked)

    def _link(self, chosen: Chosen) -> Link:
        account = open_account(
            chosen.kind,
            chosen.settings,
            reach=chosen.reach,
            clock=self._clock,
            rng=self._rng,
            vault=Vault(chosen.name, self.store, Seal(self.setup.config.key_file, self._rng), self._spawn),
        )
        self._accounts.append(account)
        connector = chosen.kind(chosen.name, chosen.settings, Context(account, self._router.of(chosen.name)))
        return Link(chosen.name, connector, budget=account.budget)

    def _enricher(self, chosen: ChosenEnricher) -> EnricherLink:
        # Without a vault: `gateway authorize` is for connectors, and another's tokens are never an enricher's.
        account = open_account(chosen.kind, chosen.settings, reach=chosen.reach, clock=self._clock, rng=self._rng)
        self._accounts.append(account)
        return EnricherLink(
            name=chosen.name,
            enricher=chosen.kind(chosen.name, chosen.settings, Context(account)),
            timeout_s=chosen.timeout_s,
            concurrency=chosen.concurrency,
            ttl_s=float(getattr(chosen.kind, "ttl_s", TTL_S)),
            budget=account.budget,
        )

    async def _serve(self, app: web.Application | Handler, address: Address) -> str:
        port = await self._servers.start(app, address.host, address.port)
        return f"http://{Address(address.host, port)}"


def _made(
    what: str, chosen: Iterable[C], make: Callable[[C], L], log: structlog.typing.FilteringBoundLogger
) -> tuple[dict[str, L], dict[str, str]]:
    """The connectors or enrichers, ready to work, and why others are not: one whose plugin can't be made is left out
    and named, and the others stay."""
    made: dict[str, L] = {}
    broken: dict[str, str] = {}
    for one in chosen:
        try:
            made[one.name] = make(one)
        except Exception as error:  # the isolation boundary of plugins: foreign code runs here
            broken[one.name] = hide_secrets(f"{type(error).__name__}: {error}")[:300]
            log.error(f"{what}_left_out", **{what: one.name}, problem=broken[one.name])
    return made, broken


def _tokens(config: Config) -> dict[str, str]:
    """The token with which each endpoint asks for what it has missed; empty for one that has none."""
    return {
        name: endpoint.token.get_secret_value() if endpoint.token else "" for name, endpoint in config.endpoints.items()
    }


async def run_daemon(daemon: Daemon) -> None:
    """Run a started daemon until SIGTERM or SIGINT, then stop it. SIGHUP lets it read its policy again."""
    stopped, asked = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGTERM: stopped.set, signal.SIGINT: stopped.set, signal.SIGHUP: asked.set}
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    reloading = daemon.gateway.world.spawn.task("reload", _reload_when_asked(daemon, asked))
    try:
        await stopped.wait()
    finally:
        reloading.cancel()
        await daemon.stop()
        for number in handlers:
            loop.remove_signal_handler(number)
            # The loop leaves the system's own: a SIGHUP would still end a process that has stopped well.
            signal.signal(number, before[number])


async def _reload_when_asked(daemon: Daemon, asked: asyncio.Event) -> None:
    """One reload at a time; what is asked for meanwhile, however often, is one more."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            await daemon.reload()
        except Exception:  # the policy in force goes on, whatever kept the new one from coming into force
            structlog.get_logger().exception("reload_failed")
