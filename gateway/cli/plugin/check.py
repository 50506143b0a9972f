"""`gateway plugin check [PATH|NAME]`: the kit's checks on a connector or an enricher, and the level that follows."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, OK, USAGE, Failed

if TYPE_CHECKING:
    from gateway.testing import Report, Result

LevelName = Literal["bronze", "silver", "gold"]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="Only this check; may be repeated.")]
_FRESH_LINE = "\r\x1b[K"


def check(
    plugin: Annotated[str, typer.Argument(metavar="[PATH|NAME]", help="A plugin's folder, or an installed one.")] = ".",
    only: Only = None,
    level: Annotated[LevelName, typer.Option(help="The level that it must reach.")] = "bronze",
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object on standard output.")] = False,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Which, where a folder has several.")] = "",
    enricher: Annotated[bool, typer.Option("--enricher", help="The enricher, not the connector.")] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JUnit's XML, too.")] = None,
) -> int:
    """Check a connector or an enricher, offline. Exit 0 if it reaches the level, 1 if not."""
    from gateway.cli.plugin.chosen import the_subject
    from gateway.testing import run

    subject = the_subject(plugin, name, "enricher" if enricher else None)
    try:
        report = run(subject, only or (), _Progress())
    except KeyError as error:
        raise Failed(USAGE, f"there is no check {error.args[0]!r}", _near(str(error.args[0]))) from None
    if junit is not None:
        try:
            junit.write_bytes(report.junit())
        except OSError as error:
            raise Failed(USAGE, f"{junit} can't be written: {error.strerror}") from None
    if as_json:
        output.json_page(report.data())
    else:
        _table(report)
    output.say(_summary(report))
    return OK if report.reaches(level) else FOUND


def _near(id: str) -> str:
    from gateway.kernel.problems import did_you_mean
    from gateway.testing import CHECKS

    return f"{did_you_mean(id, CHECKS).lstrip('; ')}"


class _Progress:
    """Tells each result: a failure in full, the rest on one line that changes, where there is a terminal."""

    def __init__(self) -> None:
        self._done = 0

    def __call__(self, result: "Result") -> None:
        from gateway.cli.table import clean

        self._done += 1
        fresh = _FRESH_LINE if sys.stderr.isatty() else ""
        if result.outcome == "failed":
            output.say(fresh + "\n".join(clean(line) for line in result.text().splitlines()) + "\n")
        elif fresh:
            output.say(f"{fresh}{self._done} checks, {result.check.id} {result.outcome}", end="")


def _table(report: "Report") -> None:
    from gateway.cli.table import table

    if sys.stderr.isatty():
        output.say(_FRESH_LINE, end="")
    rows = [
        (result.check.id, result.check.level, result.outcome, "" if result.outcome == "passed" else result.what)
        for result in report.results
    ]
    for line in table(("CHECK", "LEVEL", "RESULT", "WHY"), rows):
        output.line(line)


def _summary(report: "Report") -> str:
    from gateway.testing import KIT_VERSION

    counts = {outcome: 0 for outcome in ("passed", "failed", "not applicable", "excused")}
    for result in report.results:
        counts[result.outcome] += 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    name = f"{report.name} {report.version}".strip()
    level = f"level: {report.level or 'none'}" if report.whole else "no level, since not all checks were run"
    return f"{name}, kit {KIT_VERSION}: {told}; {level}"
