"""`gateway reload`: the files are checked here first, then the running gateway reads its policy again, and says so."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import CONFIGURATION, TEMPORARY
from gateway.cli.options import CONFIG, AsJson, ConfigFile
from gateway.cli.times import length_ms

if TYPE_CHECKING:
    from gateway.cli.reloading import Answer
    from gateway.daemon.setup import Setup

_FRESH_LINE = "\r\x1b[K"


def reload(
    config: ConfigFile = CONFIG,
    timeout: Annotated[str, typer.Option(metavar="DURATION", help="How long to wait for the answer.")] = "30s",
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="On a terminal, don't stay until every open contact is judged again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let the running gateway read its policy again, and its endpoints' secrets. What is wrong is told, exit 78, and
    changes nothing."""
    import asyncio

    from gateway.cli.reloading import answer_values, ask, follow, the_process
    from gateway.cli.work import log_to_stderr
    from gateway.daemon.findings import warnings_in_words

    seconds = length_ms(timeout, "--timeout") / 1_000
    log_to_stderr()
    setup = _checked(config, as_json=as_json)
    process = the_process(setup.config)
    answer = asyncio.run(ask(setup.config, process, seconds))
    if as_json:
        output.json_line(answer_values(answer))
    _end(answer, as_json=as_json)
    if not as_json and (words := warnings_in_words(setup.policy)):
        output.say(words)
    if answer.left and not as_json:
        if sys.stderr.isatty() and not no_wait:
            left = asyncio.run(follow(setup.config, seconds, _progress))
            output.say(f"{_FRESH_LINE}{_left(left)}" if left else f"{_FRESH_LINE}every open contact is judged by it")
        else:
            output.say(_left(answer.left))


def _checked(config: Path, *, as_json: bool) -> "Setup":
    """The files, which are right; else every mistake is told as `check` does. Raises Exit."""
    from gateway.cli.problem_views import tell_problems, to_show
    from gateway.cli.reloading import refused_here
    from gateway.cli.work import read_setup
    from gateway.kernel.problems import Problems

    try:
        return read_setup(config)
    except Problems as found:
        if as_json:
            output.json_line(refused_here(found))
        else:
            tell_problems([to_show(problem, config) for problem in found.problems], config)
        output.say("nothing was sent to the gateway: the policy in force goes on")
        raise typer.Exit(CONFIGURATION) from None


def _end(answer: "Answer", *, as_json: bool) -> None:
    """Tell what became of it. Raises Exit or Failed where it did not come into force."""
    from gateway.cli.reloading import answer_words
    from gateway.cli.table import clean

    if not as_json:
        for problem in answer.told.problems:
            output.say(clean(problem))
        output.say(answer_words(answer))
    if answer.told.outcome == "refused":
        raise typer.Exit(CONFIGURATION)
    if answer.told.outcome == "failed":
        raise typer.Exit(TEMPORARY)


def _progress(left: int) -> None:
    from gateway.cli.policy_views import open_contacts

    output.say(f"{_FRESH_LINE}{open_contacts(left)} still to be judged by it", end="")


def _left(left: int) -> str:
    from gateway.cli.policy_views import open_contacts

    return f"{open_contacts(left)} being judged again; `gateway status` shows how far that is"
