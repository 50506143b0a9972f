"""`gateway deliveries list|show|replay`: what went out, each try of it, and sending it again."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile, Limit, family

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.kernel.store import Delivery, Replayed, Store

commands = family("The notices on their way to the endpoints.")

State = Literal["ready", "leased", "delivered", "dead"]
Id = Annotated[int, typer.Argument(metavar="ID", min=0, max=2**63 - 1, help="The number of the delivery.")]


@commands.command("list")
def list_(
    config: ConfigFile = CONFIG,
    limit: Limit = 50,
    state: Annotated[State | None, typer.Option(help="Only those.")] = None,
    contact: Annotated[str, typer.Option(metavar="CONTACT", help="Only those about this contact.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the deliveries, latest first."""
    from gateway.cli.table import relative, table
    from gateway.cli.work import the_contact, with_store
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.values import delivery_values

    async def work(config: "Config", store: "Store") -> "list[Delivery]":
        about = (await the_contact(store, contact)).id if contact else None
        return await store.deliveries(limit=limit, state=state, contact=about)

    rows, now = with_store(config, work), SystemClock().now()
    if as_json:
        for row in rows:
            output.json_line(delivery_values(row))
        return
    if not rows:
        return output.say("no deliveries")
    heads = ("ID", "TYPE", "ENDPOINT", "STATE", "TRIES", "MADE", "NEXT TRY", "CONTACT", "LAST ANSWER")
    cells = [
        (
            row.id,
            row.type,
            row.endpoint,
            row.state,
            row.attempt,
            relative(row.created_at, now),
            relative(row.next_at, now) if row.state == "ready" else "-",
            row.contact,
            row.last_error or row.last_status or "-",
        )
        for row in rows
    ]
    for line in table(heads, cells):
        output.line(line)


@commands.command("show")
def show(id: Id, config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Show one delivery with every try and its body."""
    from gateway.cli.table import clean, duration
    from gateway.cli.work import with_store
    from gateway.kernel.values import delivery_values
    from gateway.model.instant import format_instant

    async def work(config: "Config", store: "Store") -> "tuple[Delivery | None, list[Any]]":
        return await store.delivery(id), [*await store.attempts(id)]

    row, tries = with_store(config, work)
    if row is None:
        raise _missing(id)
    body = _body(row.body)
    if as_json:
        told = [{**tried, "at": format_instant(tried["at"])} for tried in tries]
        return output.json_line({**delivery_values(row), "attempts": told, "body": body})
    output.line(f"delivery {row.id}: {row.type} about {row.contact} to {row.endpoint}: {row.state}")
    output.line(f"webhook-id {row.effect}")
    for tried in tries:
        answer = clean(tried["error"] or f"answered {tried['status']}")
        output.line(
            f"try {tried['attempt']} at {format_instant(tried['at'])}, {duration(tried['duration_ms'])}: {answer}"
        )
    output.json_page(body)


@commands.command("replay")
def replay(id: Id, config: ConfigFile = CONFIG) -> None:
    """Send a delivery again, under the same webhook-id, in one try."""
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock

    async def work(config: "Config", store: "Store") -> "Replayed | None":
        return await store.replay_delivery(id, SystemClock().now(), "command")

    if not with_store(config, work):
        raise _missing(id)
    output.say(f"delivery {id} is due again; a running gateway sends it at once, otherwise the next start does")


def _missing(id: int) -> Failed:
    return Failed(FOUND, f"there is no delivery {id}", "`gateway deliveries list` shows them")


def _body(body: bytes) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError):
        return body.decode("utf-8", "replace")
