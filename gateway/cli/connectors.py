"""`gateway connectors list|pause|resume`: how the vendors' accounts stand, and letting one rest."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.options import CONFIG, AsJson, ConfigFile, family

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.engine.connections import Connection
    from gateway.kernel.reading import Pause
    from gateway.kernel.store import Store

commands = family("The connectors: how each stands, pausing one, resuming it.")

Name = Annotated[str, typer.Argument(metavar="CONNECTOR", help="Its name in the configuration.")]


@commands.command("list")
def list_(config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """List the connectors, as far as the database tells: what waits, what is paused, what their checks found.

    What only a running gateway knows, such as its streams and what is left of the vendor's budget, its pages tell.
    """
    from gateway.cli.connector_views import connector_table
    from gateway.cli.work import with_store
    from gateway.engine.connections import connection_values, connections_beside
    from gateway.kernel.clock import SystemClock

    async def work(settled: "Config", store: "Store") -> "list[Connection]":
        plugins = {name: connector.plugin for name, connector in settled.connectors.items()}
        return await connections_beside(store, plugins, SystemClock().now())

    found = with_store(config, work)
    if as_json:
        for one in found:
            output.json_line(connection_values(one))
    elif not found:
        output.say("no connectors")
    else:
        for line in connector_table(found):
            output.line(line)


@commands.command("pause")
def pause(
    connector: Name,
    config: ConfigFile = CONFIG,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever asks later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask a connector's vendor for nothing until somebody resumes it, also after a restart.

    Its pulls, look-ups, backfills and checks rest. Webhooks are still taken and judged: the vendor would lose them.
    Who did it is noted: `gateway audit`.
    """
    from gateway.cli.acting import doing
    from gateway.cli.actor import actor
    from gateway.engine.pausing import pause
    from gateway.model.instant import format_instant

    async def deed(settled: "Config", store: "Store", now: int) -> "Pause":
        return await pause(store, settled.connectors, connector, actor("gateway connectors pause"), now, reason)

    kept = doing(config, deed)
    if as_json:
        told = {"connector": kept.connector, "by": kept.by, "at": format_instant(kept.at)}
        output.json_line({**told, "reason": kept.reason or None})
    output.say(f"{kept.connector} is paused by {kept.by}: its vendor is asked for nothing, webhooks are still taken")
    output.say("  a running gateway follows within seconds; `gateway connectors resume` lets it go on")


@commands.command("resume")
def resume(connector: Name, config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Let a paused connector work again: it goes on where it was."""
    from gateway.cli.acting import doing
    from gateway.cli.actor import actor
    from gateway.engine.pausing import resume

    who = actor("gateway connectors resume")

    async def deed(settled: "Config", store: "Store", now: int) -> None:
        await resume(store, settled.connectors, connector, who, now)

    doing(config, deed)
    if as_json:
        output.json_line({"connector": connector, "by": who})
    output.say(f"{connector} works again; a running gateway goes on within seconds, where it was")
