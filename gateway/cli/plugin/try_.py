"""`gateway plugin try NAME|PATH`: what a connector makes of a real account, or an enricher knows of a customer.

Nothing is stored, and nothing is sent on.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.cli.plugin.trial.kept import Samples
    from gateway.cli.plugin.trial.run import Step, Trial
    from gateway.cli.plugin.trial.subject import Tried
    from gateway.cli.plugin.trial.told import Teller
    from gateway.plugin import Customer, Ref

    Steps = Callable[[Trial], AsyncIterator[Step]]

PAGES_MAX = 100
PAYLOAD_MAX = 16 * 1024 * 1024


def try_(
    plugin: Annotated[
        str,
        typer.Argument(metavar="NAME|PATH", help="A name in the configuration, a plugin, or its folder."),
    ],
    pages: Annotated[int, typer.Option(min=0, max=PAGES_MAX, help="So many of each stream, from its beginning.")] = 1,
    fetch: Annotated[str, typer.Option(metavar="KIND:ID", help="Look this object up instead.")] = "",
    payload: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read this saved webhook instead; the vendor isn't asked.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep samples there, with names, addresses, phones and texts replaced."),
    ] = None,
    in_full: Annotated[bool, typer.Option("--full", help="Show every record and event, not only how many.")] = False,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Show what customers wrote, and who they are.")
    ] = False,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Ask the enricher about this customer.")] = "",
    phone: Annotated[str, typer.Option(metavar="NUMBER", help="The same by a phone number: +4930…")] = "",
    id: Annotated[str, typer.Option("--id", metavar="ID", help="The same by the vendor's id.")] = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Run a connector or an enricher without effects. Exit 1 if something fails, or a record can't be used.

    Its own check, then pages of each stream, and what every record becomes: nothing is stored, no cursor is kept. Of an
    enricher its check, and what it says of the customer with `--email`, `--phone` or `--id`.
    """
    import asyncio

    from gateway.cli.plugin.trial.kept import Samples
    from gateway.cli.plugin.trial.subject import enricher_to_be_tried, is_enricher, to_be_tried
    from gateway.cli.plugin.trial.told import Teller
    from gateway.cli.work import log_to_stderr
    from gateway.plugin import Customer

    log_to_stderr("error")
    if fetch and payload:
        raise Failed(USAGE, "give --fetch or --payload, not both")
    body = _content(payload) if payload else None
    asks = bool(email or phone or id)
    if asks and (fetch or payload or record):
        raise Failed(USAGE, "--fetch, --payload and --record are for connectors: an enricher is asked about a customer")
    customer = Customer(email=email or None, phone=phone or None, id=id or None)
    asks = asks or is_enricher(plugin, config)
    tried = enricher_to_be_tried(plugin, config) if asks else to_be_tried(plugin, config)
    if body is None and _runs(tried):
        output.say("a gateway runs on this configuration: what is asked here is beside its budget at the vendor")
    teller = Teller(as_json=as_json, show_text=show_text, in_full=in_full)
    samples = Samples(record) if record else None
    steps = _asked(customer) if asks else _steps(pages, _ref(fetch) if fetch else None, body)
    asyncio.run(_perform(tried, teller, samples, steps))
    if samples is not None:
        _tell_kept(samples)
    if not teller.ok:
        raise Failed(FOUND, f"{tried.name}: something is wrong")


def _runs(tried: "Tried") -> bool:
    from gateway.daemon.setup import running_daemon

    return tried.config.database.exists() and running_daemon(tried.config) is not None


async def _perform(tried: "Tried", teller: "Teller", samples: "Samples | None", steps: "Steps") -> None:
    from gateway.cli.plugin.trial.run import trial

    async with trial(tried) as running:
        async for step in steps(running):
            teller.step(step)
            if samples is not None:
                for outcome in step.outcomes:
                    samples.keep(outcome, running)


def _steps(pages: int, ref: "Ref | None", body: bytes | None) -> "Steps":
    """What is tried of a connector."""

    async def steps(trial: "Trial") -> "AsyncIterator[Step]":
        if body is not None:
            yield trial.webhook(body)
            return
        if ref is not None:
            if not hasattr(trial.connector, "fetch"):
                raise Failed(USAGE, "this connector looks nothing up: it has no method `fetch`")
            yield await trial.look_up(ref)
            return
        yield await trial.check()
        for stream in getattr(trial.connector, "streams", ()):
            async for step in trial.pages(stream, pages):
                yield step

    return steps


def _asked(customer: "Customer") -> "Steps":
    """What is tried of an enricher."""

    async def steps(trial: "Trial") -> "AsyncIterator[Step]":
        yield await trial.check()
        if customer.known:
            yield await trial.ask(customer)

    return steps


def _ref(text: str) -> "Ref":
    from gateway.plugin import Ref

    kind, colon, id = text.partition(":")
    if not (kind and colon and id):
        raise Failed(USAGE, f"--fetch {text[:60]!r}: write KIND:ID, such as ticket:42")
    return Ref(kind, id)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(PAYLOAD_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
        raise Failed(USAGE, f"--payload: {path}: {reason}") from None
    if len(content) > PAYLOAD_MAX:
        raise Failed(USAGE, f"--payload: {path}: larger than {PAYLOAD_MAX // 1024 // 1024} MiB")
    return content


def _tell_kept(samples: "Samples") -> None:
    for path in samples.written:
        output.say(f"wrote {path}")
    for why, count in samples.refused.items():
        output.say(f"{count} not kept: {why}")
    if samples.written:
        output.say("read them before you share them: what a machine hides, a person must still have looked at")
