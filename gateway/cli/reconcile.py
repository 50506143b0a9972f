"""`gateway reconcile CONNECTOR`: what the vendor's list showed, and no webhook told."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, OK, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile
from gateway.cli.times import length_ms

if TYPE_CHECKING:
    from gateway.daemon.setup import Setup
    from gateway.engine.reconcile import Report
    from gateway.kernel.store import Store

SHOWN_MAX = 1_000


def reconcile(
    connector: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Its name in the configuration.")],
    last: Annotated[str, typer.Option(metavar="DURATION", help="How long back: 1h, 24h, 7d.")] = "24h",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """What the webhooks missed: each change that was pulled, against the webhooks that came.

    Nothing is asked of the vendor. Exit code 1 if anything was missed. What was missed isn't lost: it was pulled.
    """
    import asyncio

    from gateway.cli.table import clean, table
    from gateway.cli.work import log_to_stderr, on_store, read_setup
    from gateway.model.instant import format_instant

    length = length_ms(last, "--last")
    log_to_stderr()
    setup = read_setup(config)
    report = asyncio.run(on_store(setup.config, lambda store: _report(setup, connector, store, length)))
    missed = [one for one in report.compared if one.told == "missed"]
    if as_json:
        output.json_page(
            {
                "connector": connector,
                "since": format_instant(report.since),
                "until": format_instant(report.until),
                "webhooks": report.pushes,
                "changes": len(report.compared),
                "told": report.count("told"),
                "late": report.count("late"),
                "missed": [
                    {
                        "kind": one.listed.ref.kind,
                        "id": one.listed.ref.id,
                        "changed_at": format_instant(one.listed.changed_at),
                        "read_at": format_instant(one.listed.read_at),
                    }
                    for one in missed
                ],
            }
        )
    else:
        rows = [
            (
                f"{clean(one.listed.ref.kind)}:{clean(one.listed.ref.id)}",
                format_instant(one.listed.changed_at),
                format_instant(one.listed.read_at),
            )
            for one in missed[:SHOWN_MAX]
        ]
        for line in table(("OBJECT", "CHANGED", "PULLED"), rows) if rows else ():
            output.line(line)
        pulled = "1 change was" if len(report.compared) == 1 else f"{len(report.compared):,} changes were"
        output.say(
            f"{connector}, the last {last}: {pulled} pulled; webhooks told "
            f"{report.count('told'):,} in time, {report.count('late'):,} late, and missed {len(missed):,}"
            f"{f' (the first {SHOWN_MAX:,} are shown)' if len(missed) > SHOWN_MAX else ''}"
        )
    return FOUND if missed else OK


async def _report(setup: "Setup", name: str, store: "Store", length: int) -> "Report":
    from gateway.cli.linked import linked, the_connector
    from gateway.engine.reconcile import reconcile as compared
    from gateway.plugin import Pulls

    async with linked(setup, the_connector(setup, name), store) as (world, link):
        if link.receives is None or not isinstance(link.connector, Pulls):
            raise Failed(USAGE, f"{name} isn't both pushed and pulled: there is nothing to compare")
        now = world.clock.now()
        return await compared(world, link, now - length, now)
