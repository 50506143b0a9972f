"""`gateway sync CONNECTOR`: ask a vendor for all that is new, and for its past, beside a running daemon or without."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile
from gateway.cli.times import instant_ms

if TYPE_CHECKING:
    from gateway.kernel.store import SyncRow


def sync(
    connector: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Its name in the configuration.")],
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Read the past from here too: 90d, 2025-01-01, 2025-01-01T09:00:00Z.")
    ] = "",
    stream: Annotated[str, typer.Option(metavar="NAME", help="This stream only.")] = "",
    once: Annotated[bool, typer.Option("--once", help="One pull to the end; it's what is done anyway.")] = False,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Pull a connector to its end: what is new, and the past as far as it is asked for and not read yet.

    A running daemon does it, within the account's one budget; this command shows how far it is. Without a daemon it is
    done here. Whatever ends it, the next one goes on where it was.
    """
    import asyncio

    from gateway.cli.linked import the_connector
    from gateway.cli.syncing import Wanted, follow, perform
    from gateway.cli.work import log_to_stderr, on_store, read_setup
    from gateway.daemon.setup import running_daemon
    from gateway.plugin.manager import abilities

    log_to_stderr()
    setup = read_setup(config)
    chosen = the_connector(setup, connector)
    if "pulls" not in abilities(chosen.kind):
        raise Failed(USAGE, f"{connector} is not pulled: its vendor calls us")
    wanted = Wanted(chosen, _since(since) if since else None, stream)
    alone = running_daemon(setup.config) is None
    do = perform if alone else follow
    runs = asyncio.run(on_store(setup.config, lambda store: do(setup, wanted, store)))
    for run in runs:
        _tell(run, as_json=as_json)
    if alone and any(run.accepted for run in runs):
        output.say("no gateway runs here: what came is stored, and judged when one starts")


def _tell(run: "SyncRow", *, as_json: bool) -> None:
    from gateway.model.instant import format_instant

    if as_json:
        output.json_line(
            {
                "connector": run.connector,
                "stream": run.stream,
                "lane": run.lane,
                "pages": run.pages,
                "accepted": run.accepted,
                "duplicates": run.duplicates,
                "since": None if run.since is None else format_instant(run.since),
                "until": None if run.until is None else format_instant(run.until),
            }
        )
    past = "" if run.since is None else f", the past since {format_instant(run.since)}"
    pages = "" if not run.pages else "1 page, " if run.pages == 1 else f"{run.pages:,} pages, "
    output.say(f"{run.connector}/{run.stream}{past}: {pages}{run.accepted:,} new, {run.duplicates:,} known already")


def _since(text: str) -> int:
    """Where the past begins that is to be read. Raises BadParameter."""
    from gateway.kernel.clock import SystemClock
    from gateway.model.instant import EARLIEST

    now = SystemClock().now()
    found = instant_ms(text, "--since", now, days=True)
    if not EARLIEST <= found < now:
        raise typer.BadParameter("the past lies between the year 2000 and now", param_hint="--since")
    return found
