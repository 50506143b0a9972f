"""`gateway policy eval`: what a policy makes of events, as JSON. It imports little: people run it often."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import CONFIGURATION, FOUND, USAGE, Failed
from gateway.cli.options import family

if TYPE_CHECKING:
    from gateway.policy.load import Loaded

commands = family("The policy: try it out.")

EVENTS_BYTES_MAX = 64 * 1024 * 1024
PRESET = "preset:"


@commands.command("eval")
def evaluate(
    policy: Annotated[str, typer.Option(metavar="FILE|preset:NAME", help="The policy.")],
    events: Annotated[Path, typer.Option(metavar="FILE", help="A JSON list of events; - is standard input.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="The instant to look at: 2026-03-02T10:00:00Z.")],
) -> None:
    """Say what a policy makes of events. Exit 1 if the events are wrong, 78 if the policy is."""
    from gateway.model.instant import parse_instant

    try:
        instant = parse_instant(at)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None
    loaded = _load(policy)
    from gateway.policy.evaluate import BadEvents, evaluate, read_events

    try:
        read = read_events(_content(events))
    except BadEvents as error:
        raise Failed(FOUND, f"{events}: {error}") from None
    result = evaluate(read, loaded.policy, instant)
    for rule, reason in sorted(result.failures.items()):
        output.say(f"gateway: the condition of rule {rule} could not be evaluated, and counts as false: {reason}")
    output.json_page(result.view)


def _load(name: str) -> "Loaded":
    """Read a policy by its path, or a preset by its name. Raises Problems."""
    from gateway.kernel.document import read_text
    from gateway.policy.load import load_policy
    from gateway.policy.presets import preset_text

    if not name.startswith(PRESET):
        return load_policy(read_text(Path(name), "policy"), name)
    try:
        text = preset_text(name.removeprefix(PRESET))
    except KeyError as error:
        raise Failed(CONFIGURATION, error.args[0]) from None
    return load_policy(text, name)


def _content(path: Path) -> bytes:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(EVENTS_BYTES_MAX + 1)
        else:
            with path.open("rb") as file:
                content = file.read(EVENTS_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
        raise Failed(USAGE, f"the events can't be read: {path}: {reason}") from None
    if len(content) > EVENTS_BYTES_MAX:
        raise Failed(FOUND, f"{path}: at most 64 MiB of events are read")
    return content
