"""`gateway endpoints list|test|enable|rotate`: how the receivers of notices stand, and what people do about it."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, UNAVAILABLE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile, family

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.kernel.store import EndpointRow, Store

Kind = Literal["hmac", "ed25519"]

commands = family("The receivers of notices.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The endpoint's name in the configuration.")]


@commands.command("list")
def list_(config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """List the endpoints: how each stands, what waits for it, and since when."""
    from gateway.cli.endpoint_views import endpoint_table
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.values import endpoint_values, everyone

    async def work(settled: "Config", store: "Store") -> "tuple[list[EndpointRow], frozenset[str]]":
        return everyone(settled.endpoints, await store.endpoints()), frozenset(settled.endpoints)

    (rows, configured), now = with_store(config, work), SystemClock().now()
    if as_json:
        for row in rows:
            output.json_line({**endpoint_values(row, now), "configured": row.name in configured})
        return
    if not rows:
        return output.say("no endpoints")
    for line in endpoint_table(rows, configured, now):
        output.line(line)


@commands.command("test")
def test(name: Name, config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Send a signed `endpoint.test` notice now. Exit 1 if the receiver refuses it, 69 if no answer comes.

    It goes out from this process, by the way of every delivery, beside a running gateway or without one. What the
    receiver answers is never shown; of the answer only the status counts.
    """
    import asyncio

    from gateway.cli.table import duration
    from gateway.cli.trying import try_now
    from gateway.cli.work import log_to_stderr, read_config

    log_to_stderr()
    tried = asyncio.run(try_now(read_config(config), name))
    if as_json:
        output.json_line(
            {
                "endpoint": name,
                "ok": tried.well,
                "status": tried.status,
                "error": tried.error or None,
                "duration_ms": tried.duration_ms,
                "webhook_id": tried.id,
            }
        )
    took = duration(tried.duration_ms) if tried.duration_ms >= 1_000 else f"{tried.duration_ms} ms"
    if tried.well:
        return output.say(f"{name} answered {tried.status} after {took}: it takes notices")
    if tried.status is not None:
        hint = "a 2xx is needed: see whether it verifies the signature with the right secret"
        raise Failed(FOUND, f"{name} answered {tried.status} after {took}", hint)
    hint = (
        "beside its URL `allow_private` and `allow_ports` allow what is meant"
        if tried.blocked
        else "see its URL, its name, its certificate and whether it runs"
    )
    raise Failed(UNAVAILABLE, f"{name} gave no answer, after {took}: {tried.error}", hint)


@commands.command("enable")
def enable(name: Name, config: ConfigFile = CONFIG) -> None:
    """Let an endpoint have its notices again, when its receiver is mended. What waits goes out, the oldest first."""
    from gateway.cli.actor import actor
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock

    async def work(settled: "Config", store: "Store") -> bool:
        return await store.enable_endpoint(name, SystemClock().now(), actor("gateway endpoints enable"))

    if not with_store(config, work):
        raise Failed(FOUND, f"there is no endpoint {name[:100]!r}", "`gateway endpoints list` shows them")
    output.say(f"{name} is enabled; a running gateway sends what waits, slowly at first, otherwise the next start does")


@commands.command("rotate")
def rotate(
    name: Name,
    config: ConfigFile = CONFIG,
    kind: Annotated[
        Kind | None, typer.Option(help="The kind of the new key; unless given, that of the present one.")
    ] = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Take the old keys out: the receiver has the new one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change the key that signs, without a gap. First a new one beside the old, then, with --finish, it alone.

    The new key is written in front of the old ones in the secret's file, and a running gateway is told. Both sign, so
    give the receiver the new one at leisure: it is shown once, here. Then --finish takes the old ones out. Where the
    secret stands in the environment nothing is changed: what to set is shown.
    """
    from gateway.cli.rotating import finish_rotation, start_rotation

    (finish_rotation if finish else start_rotation)(config, name, kind, as_json=as_json)
