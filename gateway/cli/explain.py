"""`gateway explain CONTACT`: why a contact is where it is, every second of its clocks, and what happens next."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.contacts import AllEarlier, ContactName
from gateway.cli.failures import FOUND, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.engine.case import Case
    from gateway.kernel.store import Store

At = Annotated[
    str | None, typer.Option(metavar="TIME", help="As it stood at this instant, such as 2026-03-02T09:00:00Z.")
]


def explain(
    contact: ContactName,
    at: At = None,
    config: ConfigFile = CONFIG,
    all: AllEarlier = False,
    as_json: AsJson = False,
) -> None:
    """Say why a contact is where it is. Severity, route, clocks, escalations, and what happens next."""
    from gateway.cli.explanation import explanation_lines
    from gateway.cli.work import the_contact, with_store
    from gateway.engine.explaining import CantTell, Explaining, explained
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.spawn import InlineSpawn
    from gateway.model.instant import parse_instant

    try:
        instant = None if at is None else parse_instant(at)
    except ValueError as error:
        raise Failed(USAGE, f"--at: {error}") from None

    async def work(config: "Config", store: "Store") -> "Case":
        row = await the_contact(store, contact)
        return await Explaining(store, InlineSpawn()).case(row, SystemClock().now(), instant, all=all)

    try:
        case = with_store(config, work)
    except CantTell as error:
        raise Failed(USAGE if error.why == "ahead" else FOUND, str(error)) from None
    if as_json:
        output.json_line(explained(case))
    else:
        for line in explanation_lines(case, all=all):
            output.line(line)
