"""`gateway token new|list|revoke`: who may look, act and configure, each with a token of their own."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile, family
from gateway.cli.times import length_ms

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.kernel.access import AccessRow
    from gateway.kernel.store import Store

# The roles of gateway/kernel/access.py, without importing it for every `--help`.
RoleName = Literal["viewer", "operator", "admin"]

commands = family("Tokens of people and programs, for the pages and the API.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called, such as anna or wallboard-2.")]

_LEAST_MS = 60_000
_MAY = {
    "viewer": "it may look at everything, and change nothing",
    "operator": "it may look, and act on contacts and deliveries",
    "admin": "it may do everything",
}


@commands.command("new")
def new(
    name: Name,
    role: Annotated[
        RoleName, typer.Option(help="What it may: a viewer looks, an operator also acts, an admin also sees the audit.")
    ],
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="DURATION", help="It ends after so long, like 90d; else never."),
    ] = None,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown once, here: what is kept proves it and doesn't tell it.

    A running gateway knows it at once. Give it to one person or program only, so that it can be revoked alone.
    """
    from gateway.cli.actor import actor
    from gateway.cli.work import log_to_stderr, read_config
    from gateway.kernel.access import new_token, row_of
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.rng import SystemRng
    from gateway.model.instant import format_instant, format_known

    lasts = None if expires is None else length_ms(expires, "--expires")
    if lasts is not None and lasts < _LEAST_MS:
        raise typer.BadParameter("a token lasts for a minute at least", param_hint="--expires")
    now, token = SystemClock().now(), new_token(SystemRng())
    ends = None if lasts is None else now + lasts
    try:
        row = row_of(token, name, role, created_at=now, created_by=actor("gateway token new"), expires_at=ends)
    except ValueError as error:
        raise Failed(USAGE, str(error)) from None
    log_to_stderr()
    settled = read_config(config)
    _keep(settled, row)
    if as_json:
        made = {"name": row.name, "role": row.role, "id": row.id, "expires_at": format_known(ends), "token": token}
        output.json_line(made)
    else:
        output.line(token)
    until = "" if ends is None else f" until {format_instant(ends - ends % 1_000)}"
    output.say(f"{name} is a new {role}{until}: {_MAY[role]}")
    output.say(f"it is shown once. People give it at http://{settled.admin}/sign-in, programs as Authorization: Bearer")
    output.say(f"when it isn't needed any more: gateway token revoke {name}")


@commands.command("list")
def list_(
    everyone: Annotated[bool, typer.Option("--all", help="With those that were revoked.")] = False,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """List the tokens: what each may, who made it, and when it was last used, to the hour."""
    from gateway.cli.access_views import access_table
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.values import access_values

    async def work(settled: "Config", store: "Store") -> "list[AccessRow]":
        return await store.access_tokens(revoked=everyone)

    rows, now = with_store(config, work), SystemClock().now()
    if as_json:
        for row in rows:
            output.json_line(access_values(row, now))
        return
    if not rows:
        return output.say("no tokens but the admin's own; make one: gateway token new NAME --role viewer")
    for line in access_table(rows, now):
        output.line(line)


@commands.command("revoke")
def revoke(name: Name, config: ConfigFile = CONFIG) -> None:
    """Take a token back. A running gateway refuses it within seconds, in browsers that are signed in with it, too."""
    from gateway.cli.actor import actor
    from gateway.cli.work import with_store
    from gateway.kernel.access import ADMIN
    from gateway.kernel.clock import SystemClock

    async def work(settled: "Config", store: "Store") -> bool:
        return await store.revoke_access(name, SystemClock().now(), actor("gateway token revoke"))

    if not with_store(config, work):
        hint = (
            "the admin's own is in gateway.yaml as `admin_token`, or made anew at each start: change it there"
            if name == ADMIN
            else "`gateway token list` shows them; with --all those that were revoked, too"
        )
        raise Failed(FOUND, f"there is no token {name[:100]!r} that could be revoked", hint)
    output.say(f"{name} is revoked: a running gateway refuses it within seconds")


def _keep(settled: "Config", row: "AccessRow") -> None:
    import asyncio

    from gateway.cli.work import on_store

    async def work(store: "Store") -> bool:
        return await store.add_access(row)

    try:
        kept = asyncio.run(on_store(settled, work))
    except ValueError as error:
        raise Failed(FOUND, str(error), "`gateway token list` shows when each was last used") from None
    if not kept:
        hint = f"choose another name, or take that one back first: gateway token revoke {row.name}"
        raise Failed(FOUND, f"there is a token {row.name} already", hint)
