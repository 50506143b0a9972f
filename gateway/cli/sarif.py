"""Problems as a log in SARIF 2.1.0, which code hosts show beside the lines of a change.

Laws: one run; every kind of the catalogue is a rule of it; files below the working directory are named from there on,
which code hosts take for the repository's root; no line of a file is repeated.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gateway import __version__
from gateway.cli.excerpt import Excerpts
from gateway.cli.problem_views import below_here
from gateway.kernel.kinds import CODES, Kind
from gateway.kernel.problems import Problem

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_PLACES: Final = {code: place for place, code in enumerate(CODES)}


def log(problems: Sequence[Problem], excerpts: Excerpts) -> dict[str, Any]:
    """The whole log."""
    driver = {"name": "gateway check", "version": __version__, "rules": [_rule(kind) for kind in CODES.values()]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, excerpts) for problem in problems],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(kind: Kind) -> dict[str, Any]:
    return {
        "id": kind.code,
        "name": kind.name,
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.title},
        # No `helpUri`: it must be absolute, and the pages lie beside the source.
        "help": {"text": f"{kind.title} See {kind.page}.", "markdown": f"{kind.title} See `{kind.page}`."},
        "defaultConfiguration": {"level": kind.level},
    }


def _result(problem: Problem, excerpts: Excerpts) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": problem.line, "startColumn": problem.column}
    end = excerpts.end_of(problem)
    if end is not None:
        region |= {"endLine": problem.line, "endColumn": end}
    return {
        "ruleId": problem.kind.code,
        "ruleIndex": _PLACES[problem.kind.code],
        "level": problem.kind.level,
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(problem.file), "region": region}}],
    }


def _artifact(file: str) -> dict[str, str]:
    """Where the file is: as a relative reference where that is possible, else by its whole path."""
    if file.startswith("preset:"):
        return {"uri": file}
    name = below_here(file)
    if Path(name).is_absolute():
        return {"uri": Path(name).as_uri()}
    return {"uri": quote(Path(name).as_posix()), "uriBaseId": "%SRCROOT%"}
