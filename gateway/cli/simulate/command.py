"""`gateway simulate PLUGIN`: a stand-in for a vendor, in which things happen, until Ctrl-C or for as long as asked."""

from typing import Annotated

import typer

from gateway.cli.failures import USAGE, Failed
from gateway.cli.options import AsJson
from gateway.cli.times import length_ms

OBJECTS_MAX = 1_000_000
RATE_MAX = 6_000.0


def simulate(
    plugin: Annotated[str, typer.Argument(metavar="PLUGIN", help="An installed plugin's name, or a path to one.")],
    seed: Annotated[int, typer.Option(help="The same account for the same seed.")] = 1,
    objects: Annotated[
        int, typer.Option(min=0, max=OBJECTS_MAX, help="So many objects are there, with a week of history.")
    ] = 20,
    push_to: Annotated[
        str, typer.Option(metavar="URL", help="Where webhooks go: http://127.0.0.1:8080/in/CONNECTOR.")
    ] = "",
    rate: Annotated[
        float, typer.Option("--acts-per-minute", min=0, max=RATE_MAX, help="How much happens by itself.")
    ] = 6.0,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="NAME", help="What is wrong with it, from the start.")
    ] = None,
    during: Annotated[str, typer.Option("--for", metavar="DURATION", help="End after 60s, 5m, …")] = "",
    as_json: AsJson = False,
) -> None:
    """Run a plugin's simulator. Prints the settings that point a connector at it, then what happens.

    While it runs, a line with the name of an act lets it happen, that of a fault switches it on or off.
    """
    import asyncio

    from gateway.cli.plugin.chosen import the_plugin
    from gateway.cli.simulate.account import Wanted, perform
    from gateway.cli.simulate.telling import Teller
    from gateway.cli.work import log_to_stderr

    log_to_stderr()
    seconds = length_ms(during, "--for") / 1_000 if during else None
    wanted = Wanted(seed, objects, _url(push_to), rate, tuple(fault or ()), seconds)
    asyncio.run(perform(the_plugin(plugin), wanted, Teller(as_json=as_json)))


def _url(text: str) -> str | None:
    from gateway.config.outward import why_not
    from gateway.kernel.reach import PRIVATE_TOO

    if text and (why := why_not(text, PRIVATE_TOO)):
        raise Failed(USAGE, f"--push-to: {why.partition(': write `allow_')[0]}")
    return text or None
