"""`gateway authorize CONNECTOR`: a person grants access at the vendor, and the tokens are kept, sealed."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile
from gateway.cli.times import length_ms

if TYPE_CHECKING:
    from gateway.cli.granting import Granting
    from gateway.daemon.setup import Chosen
    from gateway.kernel.store import Store
    from gateway.kernel.vault import Tokens
    from gateway.kernel.vendor_auth import AuthorizationCode

PORT = 8_917


def authorize(
    connector: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Its name in the configuration.")],
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where the browser comes back; 0 is any free port.")
    ] = PORT,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the link here, or only show it.")
    ] = True,
    code: Annotated[
        str, typer.Option(metavar="URL", help="The address at which a browser elsewhere has ended; - reads it.")
    ] = "",
    wait: Annotated[str, typer.Option(metavar="DURATION", help="How long to wait for the person.")] = "5m",
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a key file although tokens are sealed with one that is lost.")
    ] = False,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Let a person grant access at the vendor. Works beside a running gateway, which takes it up by itself."""
    import asyncio
    import sys

    from gateway.cli.granting import Granting
    from gateway.cli.linked import the_connector
    from gateway.cli.work import log_to_stderr, on_store, read_setup
    from gateway.kernel.consent import ADDRESS_MAX

    log_to_stderr()
    waits_s = length_ms(wait, "--wait") / 1_000
    setup = read_setup(config)
    chosen = the_connector(setup, connector)
    auth = _auth(chosen)
    address = sys.stdin.readline(ADDRESS_MAX + 1) if code == "-" else code

    async def work(store: "Store") -> "Tokens | None":
        granting = Granting(chosen, auth, store, setup.config.key_file)
        await granting.ready([one.name for one in setup.connectors], new_key=new_key)
        if address:
            return await granting.finish(address)
        return await _asked(granting, port, waits_s, browser=browser, as_json=as_json)

    _tell(connector, asyncio.run(on_store(setup.config, work)), as_json=as_json)


async def _asked(granting: "Granting", port: int, waits_s: float, *, browser: bool, as_json: bool) -> "Tokens | None":
    """Show the link, and wait for what comes of it."""

    def shown(link: str, redirect_uri: str) -> None:
        output.say(f"the vendor must know this address as one that it may send people back to: {redirect_uri}")
        if as_json:
            output.json_line({"link": link, "redirect_uri": redirect_uri})
        else:
            output.say("open this link, as whoever shall grant access:")
            output.line(link)
        output.say(f"a browser elsewhere ends at a page that can't be shown: give its address to\n  {granting.by_hand}")

    return await granting.ask(port, waits_s, shown, browser=browser)


def _tell(connector: str, tokens: "Tokens | None", *, as_json: bool) -> None:
    from gateway.cli.table import clean, relative
    from gateway.kernel.clock import SystemClock

    if tokens is None:
        output.say(f"{connector} was authorized by another command meanwhile")
        return
    if as_json:
        output.json_line(
            {
                "connector": connector,
                "scope": tokens.scope,
                "ends_at": tokens.ends_at,
                "renewable": tokens.refresh is not None,
                "renewable_until": tokens.refresh_ends_at,
            }
        )
    now = SystemClock().now()
    ends = "a life that the vendor doesn't tell" if tokens.ends_at is None else f"ends {relative(tokens.ends_at, now)}"
    renewed = "renewed by itself" if tokens.refresh else "with nothing to renew it: authorize again when it has ended"
    until = f", if that happens {relative(tokens.refresh_ends_at, now)} at the latest" if tokens.refresh_ends_at else ""
    scope = clean(tokens.scope or "not told")
    output.say(f"{connector} is authorized; scope: {scope}; its access token: {ends}, {renewed}{until}")


def _auth(chosen: "Chosen") -> "AuthorizationCode":
    from gateway.kernel.vendor_auth import AuthorizationCode
    from gateway.plugin.account import auth_of

    auth = auth_of(chosen.kind, chosen.settings)
    if not isinstance(auth, AuthorizationCode):
        hint = "what its plugin's page says of its settings decides that"
        raise Failed(USAGE, f"{chosen.name} needs nobody's consent: its settings prove the account", hint)
    return auth
