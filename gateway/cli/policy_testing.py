"""`gateway policy test`: run a policy's tests in virtual time, and say what differs and which rules nothing covered."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output, policy_source
from gateway.cli.failures import FOUND, OK, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.policy.examples.reading import Example
    from gateway.policy.load import Loaded
    from gateway.policy.rehearsal import Report

Named = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="TESTS.yaml",
        help="Files of tests; left out: those in the policy, and policy.tests.yaml and policy.*.tests.yaml beside it.",
        show_default=False,
    ),
]
Policy = Annotated[
    str, typer.Option(metavar="FILE|preset:NAME", help="The policy; left out: the one that the configuration names.")
]
Containing = Annotated[
    list[str] | None, typer.Option("-k", metavar="TEXT", help="Only tests whose name has it; several: any of them.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tests that pass, too.")]
Cover = Annotated[
    str, typer.Option(metavar="MIN%", help="Exit 1 if the tests cover less than that of the rules, such as 100%.")
]
JUnit = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the results as JUnit's XML, too.")]
Listed = Annotated[bool, typer.Option("--list", help="Only say which tests there are.")]


def test(
    tests: Named = None,
    policy: Policy = "",
    config: ConfigFile = CONFIG,
    containing: Containing = None,
    verbose: Verbose = False,
    cover: Cover = "",
    junit: JUnit = None,
    as_json: AsJson = False,
    listed: Listed = False,
) -> int:
    """Run a policy's tests. Exit 0 if all pass, 1 if one fails or there is none, 78 if policy or tests are wrong."""
    least = _least(cover)
    loaded = policy_source.load(policy or policy_source.configured(config), config)
    found = _found(loaded, tests or [])
    chosen = [test for test in found if _is_named(test.name, containing or [])]
    if listed:
        _list(chosen, as_json=as_json)
        return OK if chosen else FOUND
    from gateway.policy.rehearsal import run

    report = run(loaded, chosen)
    if junit is not None:
        _write(junit, report)
    # What some of the tests cover says nothing of the rest.
    _tell(report, verbose=verbose, as_json=as_json, covered=not containing or bool(cover))
    enough = _is_enough(report, least)
    if not chosen:
        output.say(_none(loaded, found, containing or []))
    return OK if chosen and enough and not report.failed else FOUND


def _found(loaded: "Loaded", files: Sequence[Path]) -> "list[Example]":
    from gateway.policy.rehearsal import files as reading

    if not files:
        return reading.tests_of(loaded)
    own = [path for path in files if _same(path, Path(loaded.file))]
    return reading.tests_in(loaded, [path for path in files if path not in own], own=bool(own))


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False


def _is_named(name: str, texts: Sequence[str]) -> bool:
    return not texts or any(text.casefold() in name.casefold() for text in texts)


def _list(tests: "Sequence[Example]", *, as_json: bool) -> None:
    from gateway.cli.table import clean

    for test in tests:
        if as_json:
            output.json_line({"name": test.name, "file": test.file, "line": test.line})
        else:
            output.line(f"{clean(test.file)}:{test.line}  {clean(test.name)}")


def _tell(report: "Report", *, verbose: bool, as_json: bool, covered: bool) -> None:
    from gateway.cli import policy_tested

    if as_json:
        for values in policy_tested.values(report):
            output.json_line(values)
        return
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for line in policy_tested.lines(report, verbose=verbose, colours=colours, covered=covered):
        output.line(line)


def _write(path: Path, report: "Report") -> None:
    from gateway.cli.policy_junit import junit

    try:
        path.write_bytes(junit(report))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
        raise Failed(USAGE, f"{path} can't be written: {reason}") from None


def _least(text: str) -> float:
    """The share that must be covered, of a hundred."""
    from gateway.policy.durations import read_share

    if not text:
        return 0.0
    try:
        return 100 * read_share(text if "%" in text else f"{text}%")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--cover") from None


def _is_enough(report: "Report", least: float) -> bool:
    from gateway.cli.policy_tested import percent

    covered = report.coverage.percent
    if covered >= least:
        return True
    output.say(f"gateway: the tests cover {percent(covered)} of the rules, less than the {least:g} % asked for")
    return False


def _none(loaded: "Loaded", found: "Sequence[Example]", texts: Sequence[str]) -> str:
    if found:
        return f"gateway: no test's name has {' or '.join(map(repr, texts))}\n  `--list` shows the {len(found)} tests"
    stem = Path(loaded.file).name.removesuffix(".yaml").removesuffix(".yml")
    return (
        f"gateway: there are no tests, so nothing is known of {loaded.file}\n"
        f"  write some in its section `tests`, or in {stem}.tests.yaml beside it"
    )
