"""`gateway policy eval|show|test|whatif`: what a policy makes of events, which policies judge, whether a policy's tests
hold, and what would have been. They import little: people run them often."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output, policy_source, policy_testing, policy_whatif
from gateway.cli.events_file import content
from gateway.cli.failures import FOUND, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile, family

if TYPE_CHECKING:
    from gateway.cli.policy_shown import Shown
    from gateway.config import Config
    from gateway.kernel.store import Store

commands = family("The policy: try it out, and see which one judges.")

commands.command("test")(policy_testing.test)
commands.command("whatif")(policy_whatif.whatif)


@commands.command("eval")
def evaluate(
    policy: Annotated[str, typer.Option(metavar="FILE|preset:NAME", help="The policy.")],
    events: Annotated[Path, typer.Option(metavar="FILE", help="A JSON list of events; - is standard input.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="The instant to look at: 2026-03-02T10:00:00Z.")],
    config: ConfigFile = CONFIG,
) -> None:
    """Say what a policy makes of events. Exit 1 if the events are wrong, 78 if the policy is."""
    instant = _instant(at)
    loaded = policy_source.load(policy, config)
    from gateway.policy.evaluate import BadEvents, evaluate, read_events

    try:
        read = read_events(content(events))
    except BadEvents as error:
        raise Failed(FOUND, f"{events}: {error}") from None
    result = evaluate(read, loaded.policy, instant)
    for rule, reason in sorted(result.failures.items()):
        output.say(f"gateway: the condition of rule {rule} could not be evaluated, and counts as false: {reason}")
    output.json_page(result.view)


@commands.command("show")
def show(
    config: ConfigFile = CONFIG,
    at: Annotated[str, typer.Option(metavar="TIME", help="What was in force then: 2026-03-02T10:00:00Z.")] = "",
    all: Annotated[bool, typer.Option("--all", help="Every policy that was ever in force.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Its file, as it was kept, on standard output.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the policy in force. Since when it judges, what comes next, whether the configured file says the same."""
    instant = _instant(at) if at else None
    from gateway.cli import policy_shown
    from gateway.cli.work import with_store
    from gateway.kernel.clock import SystemClock

    async def work(settled: "Config", store: "Store") -> "Shown":
        return await policy_shown.shown(store, SystemClock().now(), instant, text=text)

    found = with_store(config, work)
    configured = policy_shown.configured(config, found) if instant is None else None
    if as_json:
        output.json_line(policy_shown.values(found, configured, all=all))
    elif text:
        output.data(policy_shown.content(found))
    else:
        for line in policy_shown.lines(found, all=all):
            output.line(line)
    if configured and configured.words:
        output.say(configured.words)


def _instant(text: str) -> int:
    from gateway.model.instant import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None
