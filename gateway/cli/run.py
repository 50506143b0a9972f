"""`gateway run`: the daemon, until SIGTERM or SIGINT."""

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from gateway.cli import output
from gateway.cli.failures import UNAVAILABLE, Failed
from gateway.cli.options import CONFIG, ConfigFile, LogFormat

if TYPE_CHECKING:
    from gateway.daemon.daemon import Daemon
    from gateway.daemon.setup import Setup


def run(
    config: ConfigFile = CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Real data in, nothing out.")] = False,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="Unless given: text on a terminal, JSON elsewhere.")
    ] = None,
) -> None:
    """Run the gateway. SIGTERM and Ctrl-C finish what is in flight, within 10 seconds; SIGHUP is `gateway reload`."""
    import asyncio
    import signal

    from gateway.cli.work import log_to_stderr, read_setup
    from gateway.daemon.findings import warnings_in_words

    # It means "read your policy again", and would end a process that isn't listening yet.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    log_to_stderr("info", json=None if log_format is None else log_format == "json")
    setup = read_setup(config)
    if words := warnings_in_words(setup.policy):
        output.say(f"gateway: {words}")
    asyncio.run(_serve(setup, dry_run=dry_run))


async def _serve(setup: "Setup", *, dry_run: bool) -> None:
    import asyncio

    from gateway.daemon.daemon import Daemon, run_daemon
    from gateway.kernel.memory import settle

    daemon = Daemon(setup, dry_run=dry_run)
    try:
        await daemon.start()
    except OSError as error:
        raise Failed(UNAVAILABLE, str(error)) from None
    settle()
    # Said once run_daemon listens to signals: whoever reads it may stop the gateway at once.
    asyncio.get_running_loop().call_soon(_announce, daemon, setup)
    await run_daemon(daemon)


def _announce(daemon: "Daemon", setup: "Setup") -> None:
    dry = " (dry run: nothing goes out)" if daemon.dry_run else ""
    output.say(f"gateway: listening on {daemon.listen_url}{dry}")
    for name, link in daemon.gateway.links.items():
        if link.receives is not None:
            output.say(f"  {daemon.listen_url}/in/{name}")
    if setup.config.admin_token is None:
        output.say(f"gateway: the board is at {daemon.admin_url}/?token={quote(daemon.token, safe='')}")
    else:  # a token that lives longer than this process must not lie in its log
        output.say(f"gateway: the board is at {daemon.admin_url}/?token=… with the token of admin_token")
    for plugin in setup.plugins.broken:
        output.say(f"gateway: the plugin {plugin.name} is left out: {plugin.reason}")
