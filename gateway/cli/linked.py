"""A connector at work for one command: its account, its link and a world around it, closed when all is done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from gateway.cli import output
from gateway.cli.failures import USAGE, Failed
from gateway.daemon.setup import Chosen, Setup
from gateway.engine.world import Link, World
from gateway.kernel.clock import SystemClock
from gateway.kernel.net import AiohttpNet
from gateway.kernel.problems import did_you_mean
from gateway.kernel.rng import SystemRng
from gateway.kernel.sealing import Seal
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Store
from gateway.kernel.vault import Vault
from gateway.plugin import Context
from gateway.plugin.account import open_account


def the_connector(setup: Setup, name: str) -> Chosen:
    """The connector of that name, which can work. Raises Failed."""
    by_name = {chosen.name: chosen for chosen in setup.connectors}
    if name not in by_name:
        for problem in setup.left_out:
            output.say(str(problem))
        hint = did_you_mean(name, by_name) or f"; there are {', '.join(by_name) or 'none'}"
        raise Failed(USAGE, f"no connector {name[:100]!r} can work{hint}")
    return by_name[name]


@asynccontextmanager
async def linked(setup: Setup, chosen: Chosen, store: Store) -> AsyncIterator[tuple[World, Link]]:
    """A world of the real ports on `store`, and the connector's link in it."""
    clock, rng, net, spawn = SystemClock(), SystemRng(), AiohttpNet(), LoopSpawn()
    vault = Vault(chosen.name, store, Seal(setup.config.key_file, rng), spawn)
    account = open_account(chosen.kind, chosen.settings, reach=chosen.reach, clock=clock, rng=rng, vault=vault)
    try:
        world = World(clock, rng, net, spawn, store, structlog.get_logger())
        yield world, Link(chosen.name, chosen.kind(chosen.name, chosen.settings, Context(account)))
    finally:
        await account.aclose()
        await net.close()
        await spawn.close()
