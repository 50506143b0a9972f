"""`gateway contacts list|show|ack|resolve`: what there is, by what breaches next, taking one on, and ending calls."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import output
from gateway.cli.options import CONFIG, AsJson, ConfigFile, Limit, family

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.engine.case import Case
    from gateway.kernel.store import ContactRow, Store
    from gateway.rules.timeline import Timeline

commands = family("The contacts: list them, show one, acknowledge one, resolve its escalations.")

Status = Literal["new", "open", "pending", "on_hold", "solved", "closed", "merged", "deleted", "unopened"]
ContactName = Annotated[
    str, typer.Argument(metavar="CONTACT", help="Its id, the beginning of it, connector:kind:id, or the vendor's id.")
]
Named = Annotated[
    str, typer.Argument(metavar="CONTACT", help="A contact by any of its names, or one escalation by its id.")
]
By = Annotated[str, typer.Option(metavar="NAME", help="Who does it; you, unless given.")]
AllEarlier = Annotated[bool, typer.Option("--all", help="Every clock and escalation that has ended, not the latest.")]


@commands.command("list")
def list_(
    config: ConfigFile = CONFIG,
    limit: Limit = 50,
    status: Annotated[Status | None, typer.Option(help="Only those; `open`: all that have not ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the contacts by what breaches next."""
    from gateway.cli.contact_views import by_deadline, listed
    from gateway.cli.work import with_store
    from gateway.engine.policies import Policies
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.spawn import InlineSpawn
    from gateway.kernel.values import contact_values, judged_by

    async def work(config: "Config", store: "Store") -> "tuple[list[ContactRow], Timeline]":
        rows = await store.contacts(limit=limit, status=status)
        return rows, await (await Policies.open(store, InlineSpawn())).to_read_by(judged_by(rows))

    rows, policies = with_store(config, work)
    rows, now = by_deadline(rows, policies), SystemClock().now()
    if as_json:
        for row in rows:
            output.json_line(contact_values(row, policies, now))
    elif not rows:
        output.say("no contacts" + (f" with the status {status}" if status else ""))
    else:
        for line in listed(rows, policies, now):
            output.line(line)


@commands.command("show")
def show(contact: ContactName, config: ConfigFile = CONFIG, all: AllEarlier = False, as_json: AsJson = False) -> None:
    """Show one contact with its clocks and escalations, the latest of those that ended long ago among them."""
    from gateway.cli.contact_views import shown, shown_values
    from gateway.cli.work import the_contact, with_store
    from gateway.engine.case import case_of
    from gateway.engine.policies import Policies
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.spawn import InlineSpawn

    async def work(config: "Config", store: "Store") -> "Case":
        row, policies = await the_contact(store, contact), await Policies.open(store, InlineSpawn())
        return await case_of(store, policies, row, SystemClock().now(), all=all)

    case = with_store(config, work)
    if as_json:
        output.json_line(shown_values(case))
    else:
        for line in shown(case, all=all):
            output.line(line)


@commands.command("ack")
def ack(name: Named, config: ConfigFile = CONFIG, by: By = "", as_json: AsJson = False) -> None:
    """Acknowledge a contact and its active escalations, or one escalation. A running gateway takes it up at once."""
    from gateway.cli.acting import act, tell
    from gateway.engine.acknowledge import acknowledge

    tell(act(config, acknowledge, name, by), "acknowledged", as_json=as_json)


@commands.command("resolve")
def resolve(
    name: Named,
    config: ConfigFile = CONFIG,
    by: By = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever asks later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Resolve the escalations of a contact, or one of them: for good. The contact and its clocks go on."""
    from functools import partial

    from gateway.cli.acting import act, tell
    from gateway.engine.resolve import resolve

    tell(act(config, partial(resolve, reason=reason), name, by), "resolved", as_json=as_json)
