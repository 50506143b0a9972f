"""`gateway db`: the database itself. Is what it holds what its journal says?"""

from typing import Annotated

import typer

from gateway.cli.failures import FOUND
from gateway.cli.options import CONFIG, AsJson, ConfigFile, family

commands = family("The database: is what it holds what its journal says?")

OneContact = Annotated[
    str, typer.Option("--contact", metavar="CONTACT", help="This one only: its id, or a vendor's id for it.")
]
AllDiffering = Annotated[bool, typer.Option("--all", help="Go on after the first that differs, and tell every place.")]


@commands.command()
def verify(
    config: ConfigFile = CONFIG, contact: OneContact = "", all: AllDiffering = False, as_json: AsJson = False
) -> None:
    """Judge every contact again from its journal, and compare that with what is stored. Nothing is written.

    Each event is judged by the policy that was in force then. Names the first contact that differs, where, and from
    when on. Ends with 1 if one does. It may run beside a daemon.
    """
    from gateway.cli.verifying import Verifying
    from gateway.cli.work import with_history
    from gateway.kernel.clock import SystemClock

    run = Verifying(SystemClock(), contact, all=all, as_json=as_json)
    if with_history(config, run.work):
        raise typer.Exit(FOUND)
