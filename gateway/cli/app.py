"""The command `gateway`: its families put together, and how each of them ends.

`main` never raises and never shows a traceback: it returns the exit code, whatever happens inside.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import (
    audit,
    authorize,
    check,
    connectors,
    contacts,
    db,
    deliveries,
    endpoints,
    explain,
    inbox,
    init,
    kpi,
    listen,
    output,
    plugin,
    policy,
    reconcile,
    reload,
    run,
    schema,
    status,
    sync,
    token,
    version,
)
from gateway.cli.demo import command as demonstration
from gateway.cli.doctor import command as doctor
from gateway.cli.failures import INTERRUPTED, OK, tell
from gateway.cli.options import LogLevel, choices, family
from gateway.cli.simulate import command as simulating
from gateway.cli.trigger import command as triggering

app = family("Every customer contact, whichever vendor it came from, under one true clock.")
app.command("run")(run.run)
app.command("demo")(demonstration.demo)
app.command("check")(check.check)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("audit")(audit.audit)
app.command("authorize")(authorize.authorize)
app.command("explain")(explain.explain)
app.command("kpi")(kpi.kpi)
app.command("reconcile")(reconcile.reconcile)
app.command("reload")(reload.reload)
app.command("status")(status.status)
app.command("schema")(schema.schema)
app.command("sync")(sync.sync)
app.command("listen")(listen.listen)
app.command("simulate")(simulating.simulate)
app.command("trigger")(triggering.trigger)
app.command("version")(version.version)
for name, commands in (
    ("connectors", connectors.commands),
    ("contacts", contacts.commands),
    ("db", db.commands),
    ("deliveries", deliveries.commands),
    ("endpoints", endpoints.commands),
    ("inbox", inbox.commands),
    ("plugin", plugin.commands),
    ("policy", policy.commands),
    ("token", token.commands),
):
    app.add_typer(commands, name=name)
# Singular or plural: nobody should have to remember which.
for name, commands in (
    ("connector", connectors.commands),
    ("contact", contacts.commands),
    ("delivery", deliveries.commands),
    ("endpoint", endpoints.commands),
    ("plugins", plugin.commands),
    ("tokens", token.commands),
):
    app.add_typer(commands, name=name, hidden=True)


@app.callback()
def before(
    log_level: Annotated[
        LogLevel | None, typer.Option(help="What is logged; debug also shows where a fault was.")
    ] = None,
) -> None:
    """Every customer contact, whichever vendor it came from, under one true clock."""
    choices.log_level = log_level


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the arguments are the process's unless given. Returns the exit code."""
    output.open_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = app(args=given, prog_name="gateway", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        return _told_usage(error)
    except BrokenPipeError:
        return tell(output.OutputClosed(), debug=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK
    except Exception as error:  # the outermost boundary: a person gets words, never a traceback
        return tell(error, debug=choices.log_level == "debug")
    return code if isinstance(code, int) else OK


def _told_usage(error: typer.TyperException) -> int:
    show = getattr(error, "show", None)
    if callable(show):
        show()
    else:
        output.say(f"gateway: {error.format_message()}")
    return error.exit_code
