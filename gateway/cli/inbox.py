"""`gateway inbox list|show|replay`: what came in, what could not be understood and why, and taking it up again."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile, Limit, family

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.kernel.store import Listed, Store

commands = family("The records as the vendors sent them.")

State = Literal["ready", "leased", "done", "parked"]
Id = Annotated[int, typer.Argument(metavar="ID", min=0, max=2**63 - 1, help="The number of the record.")]


@commands.command("list")
def list_(
    config: ConfigFile = CONFIG,
    limit: Limit = 50,
    state: Annotated[State | None, typer.Option(help="Only those; parked: not understood.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the records, latest first, with the reason of those that are parked."""
    from gateway.cli.table import relative, table
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.values import record_values

    async def work(config: "Config", store: "Store") -> "list[Listed]":
        return await store.inbox(limit=limit, state=state)

    rows, now = with_store(config, work), SystemClock().now()
    if as_json:
        for row in rows:
            output.json_line(record_values(row))
        return
    if not rows:
        return output.say("no records")
    cells = [
        (
            row.id,
            row.connector,
            row.form,
            row.state,
            relative(row.received_at, now),
            len(row.body),
            row.key or "-",
            row.reason or "",
        )
        for row in rows
    ]
    for line in table(("ID", "CONNECTOR", "FORM", "STATE", "CAME", "BYTES", "KEY", "REASON"), cells):
        output.line(line)


@commands.command("show")
def show(id: Id, config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Show one record: its reason if it is parked, and its body as it came."""
    from gateway.cli.table import clean
    from gateway.cli.work import with_store
    from gateway.kernel.values import record_values

    async def work(config: "Config", store: "Store") -> "Listed | None":
        return await store.record(id)

    row = with_store(config, work)
    if row is None:
        raise _missing(id)
    if as_json:
        return output.json_line({**record_values(row), "body": row.body.decode("utf-8", "replace")})
    output.say(clean(f"record {row.id} of {row.connector}: {row.state}" + (f": {row.reason}" if row.reason else "")))
    output.data(row.body if row.body.endswith(b"\n") else row.body + b"\n")


@commands.command("replay")
def replay(id: Id, config: ConfigFile = CONFIG) -> None:
    """Take a record up again: a parked one after its cause was mended. Who did it is noted: `gateway audit`."""
    from gateway.cli.actor import actor
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock

    async def work(config: "Config", store: "Store") -> bool:
        return await store.replay_record(id, SystemClock().now(), actor("gateway inbox replay"))

    if not with_store(config, work):
        raise _missing(id)
    output.say(f"record {id} is ready again; a running gateway takes it up at once, otherwise the next start does")


def _missing(id: int) -> Failed:
    return Failed(FOUND, f"there is no record {id}", "`gateway inbox list` shows them")
