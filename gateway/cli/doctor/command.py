"""The command `gateway doctor`: everything is looked at in turn, and told with the worst first."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import CONFIGURATION, FOUND, UNAVAILABLE
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.cli.doctor.finding import Finding
    from gateway.daemon.setup import Setup
    from gateway.kernel.store import Store

_FRESH_LINE = "\r\x1b[K"


def doctor(
    config: ConfigFile = CONFIG,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody outside this machine.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is well and what is not. The worst first, each with what to do about it; exit 1 if there is something.

    Configuration and policy, plugins, secrets, database, disk, clock, connectors, endpoints, and what waits. It works
    beside a running gateway and without one, and changes nothing. Endpoints are connected to, and get no request.
    """
    from gateway.cli.doctor import files
    from gateway.cli.doctor.finding import finding_lines, finding_values, summary, worst_first
    from gateway.cli.work import log_to_stderr

    log_to_stderr("error")
    found: list[Finding] = []
    setup = files.configuration(config, found)
    usable = True
    if setup is None:
        found += files.modes(config, None)
    else:
        usable = _examined(setup, found, offline=offline)
    _progress("")
    findings = worst_first(found)
    if as_json:
        for finding in findings:
            output.json_line(finding_values(finding))
    else:
        for line in finding_lines(findings):
            output.line(line)
    output.say(summary(findings))
    if setup is None:
        raise typer.Exit(CONFIGURATION)
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(FOUND if usable else UNAVAILABLE)


def _examined(setup: "Setup", found: "list[Finding]", *, offline: bool) -> bool:
    """Look at everything that a setup names; whether the database can be used."""
    import asyncio

    from gateway.cli.doctor import database, files, granted, outside
    from gateway.cli.work import on_store
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.rng import SystemRng

    clock, rng, usable = SystemClock(), SystemRng(), True

    async def of_store(store: "Store") -> "list[Finding]":
        inside = await database.inside(setup, store, clock.now())
        return inside + await beyond(store)

    async def beyond(store: "Store | None") -> "list[Finding]":
        access = await granted.granted(setup, store, rng, clock.now())
        return access if offline else access + await outside.connectors(setup, clock, rng, _progress, store)

    found += files.modes(setup.path, setup.config.database)
    found.append(files.room(setup.config.database))
    if (wrong := outside.plausible(clock.now())) is not None:
        found.append(wrong)
    if setup.config.database.exists():
        sound, usable = database.soundness(setup, clock, _progress)
        found += sound
        found += asyncio.run(on_store(setup.config, of_store) if usable else beyond(None))
    else:
        found.append(files.missing(setup.config.database))
        found += asyncio.run(beyond(None))
    if not offline:
        found += asyncio.run(outside.endpoints(setup, _progress))
    return usable


def _progress(text: str) -> None:
    """What is being looked at: on a terminal in one line that changes, elsewhere a line each."""
    if sys.stderr.isatty():
        output.say(f"{_FRESH_LINE}{text}", end="")
    elif text:
        output.say(text)
