"""`gateway sync CONNECTOR --once`: ask a vendor for all that is new, beside a running daemon or without one."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, UNAVAILABLE, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.daemon.setup import Chosen, Setup
    from gateway.engine.pull import Pulled
    from gateway.kernel.store import Store

_TOLD_EVERY = 10
"""Off a terminal, so many pages go by between two lines of progress."""

_FRESH_LINE = "\r\x1b[K"


def sync(
    connector: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Its name in the configuration.")],
    once: Annotated[bool, typer.Option("--once", help="One pull to the end; `gateway run` goes on pulling.")] = False,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Pull a connector to its end. Every stream, then what came."""
    import asyncio

    from gateway.cli.work import log_to_stderr, on_store, read_setup

    if not once:
        raise Failed(USAGE, "say --once: one pull to the end", "`gateway run` goes on pulling")

    log_to_stderr()
    setup = read_setup(config)

    async def work(store: "Store") -> "dict[str, Pulled]":
        return await _pull(_chosen(setup, connector), store, setup.config.key_file)

    for stream, pulled in asyncio.run(on_store(setup.config, work)).items():
        if as_json:
            output.json_line(
                {
                    "connector": connector,
                    "stream": stream,
                    "pages": pulled.pages,
                    "accepted": pulled.accepted,
                    "duplicates": pulled.duplicates,
                }
            )
        output.say(f"{_FRESH_LINE if sys.stderr.isatty() else ''}{connector}/{stream}: {_told(pulled)}")


def _chosen(setup: "Setup", name: str) -> "Chosen":
    from gateway.kernel.problems import did_you_mean
    from gateway.plugin.manager import abilities

    by_name = {chosen.name: chosen for chosen in setup.connectors}
    if name not in by_name:
        for problem in setup.left_out:
            output.say(str(problem))
        hint = did_you_mean(name, by_name) or f"; there are {', '.join(by_name) or 'none'}"
        raise Failed(USAGE, f"no connector {name[:100]!r} can work{hint}")
    if "pulls" not in abilities(by_name[name].kind):
        raise Failed(USAGE, f"{name} is not pulled: its vendor calls us")
    return by_name[name]


async def _pull(chosen: "Chosen", store: "Store", key_file: "Path") -> "dict[str, Pulled]":
    import structlog

    from gateway.engine.pull import pull_once
    from gateway.engine.world import Link, World
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.net import AiohttpNet
    from gateway.kernel.rng import SystemRng
    from gateway.kernel.sealing import Seal
    from gateway.kernel.spawn import LoopSpawn
    from gateway.kernel.vault import Vault
    from gateway.plugin import Context, Pulls, VendorError
    from gateway.plugin.account import open_account

    clock, rng, net, spawn = SystemClock(), SystemRng(), AiohttpNet(), LoopSpawn()
    world = World(clock, rng, net, spawn, store, structlog.get_logger())
    vault = Vault(chosen.name, store, Seal(key_file, rng), spawn)
    account = open_account(chosen.kind, chosen.settings, reach=chosen.reach, clock=clock, rng=rng, vault=vault)
    brought: dict[str, Pulled] = {}
    try:
        link = Link(chosen.name, chosen.kind(chosen.name, chosen.settings, Context(account)))
        streams = link.connector.streams if isinstance(link.connector, Pulls) else ()
        for stream in streams:
            brought[stream.name] = await pull_once(world, link, stream, _Progress(f"{link.name}/{stream.name}"))
    except VendorError as error:
        hint = "what came until then is kept, and the next pull goes on from there"
        raise Failed(UNAVAILABLE, f"{chosen.name}: {error}", hint) from None
    except RuntimeError as error:
        raise Failed(FOUND, f"{error}; its plugin breaks the rules of pulling") from None
    finally:
        await account.aclose()
        await net.close()
        await spawn.close()
    return brought


class _Progress:
    """Tells how far a pull has come: on a terminal in one line that changes, elsewhere now and then."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    def __call__(self, pulled: "Pulled") -> None:
        text = f"{self._stream}: {_told(pulled)}"
        if sys.stderr.isatty():
            output.say(f"{_FRESH_LINE}{text}", end="")
        elif pulled.pages % _TOLD_EVERY == 0:
            output.say(text)


def _told(pulled: "Pulled") -> str:
    pages = "1 page" if pulled.pages == 1 else f"{pulled.pages} pages"
    return f"{pages}, {pulled.accepted} new, {pulled.duplicates} known already"
