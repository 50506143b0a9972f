"""`gateway deliveries list|show|replay`: what went out, each try of it, and sending it again."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli import output
from gateway.cli.options import CONFIG, AsJson, ConfigFile, EndedState, Limit, family

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.kernel.store import Delivery, Store

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
    from gateway.cli.replaying import missing
    from gateway.cli.table import clean, duration
    from gateway.cli.work import with_store
    from gateway.kernel.values import attempt_values, delivery_values
    from gateway.model.instant import format_instant

    async def work(config: "Config", store: "Store") -> "tuple[Delivery | None, list[Any]]":
        return await store.delivery(id), [*await store.attempts(id)]

    row, tries = with_store(config, work)
    if row is None:
        raise missing(id)
    body = _body(row.body)
    if as_json:
        told = [attempt_values(tried) for tried in tries]
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
def replay(
    id: Annotated[
        int | None, typer.Argument(metavar="ID", min=0, max=2**63 - 1, help="The number of one delivery.")
    ] = None,
    config: ConfigFile = CONFIG,
    endpoint: Annotated[str, typer.Option(metavar="NAME", help="What went to this endpoint, in a range of time.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Made at or after this time, or so long ago: 2h.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Made before; unless given, now.")] = "",
    state: Annotated[EndedState, typer.Option(help="Which of them.")] = "dead",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask, however many there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send deliveries that have ended once more. One by its ID, or those of an endpoint made in a range of time.

    Each goes out under the same webhook-id with the same bytes, signed with today's secrets: one try, beside what
    waits. Who did it is noted: `gateway audit`. For example:

    gateway deliveries replay 4711

    gateway deliveries replay --endpoint helpdesk --since 2h --state any
    """
    from gateway.cli.replaying import replay_one, replay_range

    if id is None:
        return replay_range(config, endpoint, since, until, state, yes=yes, as_json=as_json)
    if endpoint or since or until:
        raise typer.BadParameter("give the ID of one delivery, or --endpoint and --since, not both")
    replay_one(config, id, as_json=as_json)


def _body(body: bytes) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError):
        return body.decode("utf-8", "replace")
