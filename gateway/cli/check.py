"""`gateway check`: everything that is wrong with configuration, policy, settings and plugins, and everything in them
that is most likely a mistake, at once.

Each problem is shown with its line and carets under the place; as JSON and as SARIF for programs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import CONFIGURATION, FOUND, OK, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.daemon.findings import Told
    from gateway.kernel.problems import Problem

Format = Literal["text", "json", "sarif"]


def check(
    config: ConfigFile = CONFIG,
    policy: Annotated[
        str, typer.Option(metavar="FILE", help="Only this policy, or preset:NAME; gateway.yaml is not read.")
    ] = "",
    format: Annotated[
        Format | None, typer.Option("--format", help="How it is told: text for people, unless given.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 for notes too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check configuration and policy. Every mistake at once, each with its place and line; exit 78 with errors, 1 with
    warnings."""
    shape = _format(format, as_json=as_json)
    if policy and config != CONFIG:
        raise typer.BadParameter("with --policy no configuration is read; leave one of them out", param_hint="--config")
    told = _of_policy(policy) if policy else _of_configuration(config)
    from gateway.cli.problem_views import tell_problems, to_show

    given = Path(policy) if policy else config
    problems = [to_show(problem, given) for problem in told.problems]
    if shape == "text":
        tell_problems(problems, config, well=_well(told, policy or str(config)))
    else:
        _print(shape, problems, config)
    raise typer.Exit(exit_code(told.problems, strict=strict))


def exit_code(problems: "Sequence[Problem]", *, strict: bool) -> int:
    """78 if anything keeps the files from being used, 1 if something was found that counts, else 0."""
    levels = {problem.kind.level for problem in problems}
    if "error" in levels:
        return CONFIGURATION
    return FOUND if "warning" in levels or (strict and levels) else OK


def _format(format: Format | None, *, as_json: bool) -> Format:
    if as_json and format not in (None, "json"):
        raise typer.BadParameter(f"--json asks for JSON, --format for {format}; leave one out", param_hint="--format")
    return "json" if as_json else format or "text"


def _of_configuration(config: Path) -> "Told":
    import os

    from gateway.daemon.findings import look_closely
    from gateway.daemon.setup import plugins_here

    return look_closely(config, os.environ, plugins_here())


def _of_policy(name: str) -> "Told":
    """The policy in a file, or the preset, alone. Raises Failed where no preset has the name."""
    from gateway.daemon.findings import look_at_policy

    try:
        return look_at_policy(name)
    except KeyError as error:
        raise Failed(CONFIGURATION, error.args[0]) from None


def _print(format: Format, problems: "Sequence[Problem]", config: Path) -> None:
    from gateway.cli.excerpt import Excerpts

    if format == "sarif":
        from gateway.cli.sarif import log

        output.json_page(log(problems, Excerpts(config)))
        return
    from gateway.cli.problem_views import values

    excerpts = Excerpts(config)
    for problem in problems:
        output.json_line(values(problem, excerpts))


def _well(told: "Told", name: str) -> str:
    """What there is, where nothing is wrong with it."""
    from gateway.cli.problem_views import counted

    if told.policy is None:
        return ""
    policy = told.policy.policy
    words = f"policy {policy.name} ({policy.hash}) with {counted(len(policy.sla), 'SLA rule')}"
    if told.config is not None:
        connectors, endpoints = len(told.config.connectors), len(told.config.endpoints)
        enrichers = f"{counted(len(told.config.enrichers), 'enricher')}, " if told.config.enrichers else ""
        words = f"{counted(connectors, 'connector')}, {enrichers}{counted(endpoints, 'endpoint')}, {words}"
    return f"{name}: all is well: {words}"
