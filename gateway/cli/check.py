"""`gateway check`: everything that is wrong with configuration, policy, settings and plugins, at once."""

from typing import TYPE_CHECKING

import typer

from gateway.cli import output
from gateway.cli.failures import CONFIGURATION
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.kernel.problems import Problem
    from gateway.plugin.manager import Broken


def check(config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Check the configuration. Every mistake at once, each as file:line:column; exit 78 if there is one."""
    from gateway.cli.work import read_setup
    from gateway.daemon.setup import plugins_here
    from gateway.kernel.problems import Problems

    broken = plugins_here().broken
    try:
        setup = read_setup(config)
    except Problems as found:
        problems = found.problems
    else:
        problems = setup.left_out
    if problems or broken:
        _tell(problems, broken, as_json=as_json)
        raise typer.Exit(CONFIGURATION)
    policy, settled = setup.policy.policy, setup.config
    if as_json:
        return
    output.say(
        f"{config}: all is well: {_counted(len(settled.connectors), 'connector')}, "
        f"{_counted(len(settled.endpoints), 'endpoint')}, policy {policy.name} ({policy.hash}) with "
        f"{_counted(len(policy.sla), 'SLA rule')}"
    )


def _tell(problems: "tuple[Problem, ...]", broken: "list[Broken]", *, as_json: bool) -> None:
    if as_json:
        for problem in problems:
            output.json_line(
                {
                    "file": problem.file,
                    "line": problem.line,
                    "column": problem.column,
                    "id": problem.id,
                    "message": problem.message,
                }
            )
        for plugin in broken:
            output.json_line({"plugin": plugin.name, "id": "broken-plugin", "message": plugin.reason})
        return
    for problem in problems:
        output.say(str(problem))
    for plugin in broken:
        output.say(f"plugin {plugin.name}: broken-plugin: it is left out: {plugin.reason}")
    output.say(f"{_counted(len(problems) + len(broken), 'problem')} found")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
