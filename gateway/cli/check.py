"""`gateway check`: everything that is wrong with configuration, policy, settings and plugins, at once.

Each mistake is shown with its line and carets under the place.
"""

from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Final

import typer

from gateway.cli import output
from gateway.cli.failures import CONFIGURATION
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.cli.excerpt import Excerpts
    from gateway.kernel.problems import Problem
    from gateway.plugin.manager import Broken

PLACES: Final = 120
"""For the lines of excerpts where nobody says how wide the terminal is, and in JSON."""

_MARGIN: Final = 8
"""Places that the line's number takes."""


def check(config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Check the configuration. Every mistake at once, each with its place and line; exit 78 if there is one."""
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
        tell_problems(config, problems, broken, as_json=as_json)
        raise typer.Exit(CONFIGURATION)
    policy, settled = setup.policy.policy, setup.config
    if as_json:
        return
    output.say(
        f"{config}: all is well: {_counted(len(settled.connectors), 'connector')}, "
        f"{_counted(len(settled.endpoints), 'endpoint')}, policy {policy.name} ({policy.hash}) with "
        f"{_counted(len(policy.sla), 'SLA rule')}"
    )


def tell_problems(config: Path, problems: "tuple[Problem, ...]", broken: "list[Broken]", *, as_json: bool) -> None:
    """Show every mistake with its line, and the plugins that can't be used."""
    from gateway.cli.excerpt import Excerpts
    from gateway.cli.table import clean

    excerpts = Excerpts(config)
    if as_json:
        for problem in problems:
            output.json_line(_values(problem, excerpts))
        for plugin in broken:
            output.json_line({"plugin": plugin.name, "id": "broken-plugin", "message": plugin.reason})
        return
    places = get_terminal_size((PLACES, 24)).columns - _MARGIN
    for problem in problems:
        output.say(clean(problem))
        if excerpt := excerpts.of(problem, places):
            output.say("\n".join(excerpt.numbered(problem.line)))
    for plugin in broken:
        output.say(clean(f"plugin {plugin.name}: broken-plugin: it is left out: {plugin.reason}"))
    output.say(f"{_counted(len(problems) + len(broken), 'problem')} found")


def _values(problem: "Problem", excerpts: "Excerpts") -> dict[str, Any]:
    excerpt = excerpts.of(problem, PLACES)
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "id": problem.kind.code,
        "name": problem.id,
        "level": problem.kind.level,
        "message": problem.message,
        "excerpt": f"{excerpt.text}\n{excerpt.carets}" if excerpt else None,
    }


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
