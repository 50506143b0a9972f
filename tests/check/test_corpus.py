"""Configurations as people break them: everything that is wrong is found, at its place, and nothing else.

Each file says itself what is wrong with it (tests/support/carets.py).
"""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
import typer

from gateway.cli.check import Format, check
from gateway.kernel.kinds import CODES
from gateway.kernel.problems import lines_of
from tests.cli.commands import Ended
from tests.support.carets import Place, expected
from tests.support.checking import ENVIRON, write
from tests.support.source import ROOT

CORPUS = sorted((ROOT / "tests" / "check" / "corpus").glob("*.yaml"))
_LINE = re.compile(r"(?P<file>\S+):(?P<line>\d+):(?P<column>\d+): (?P<code>GW\d{3}): ")


def text_of(path: Path) -> str:
    """What stands in a file, its line ends as they are."""
    return path.read_bytes().decode()


def checked(capsys: pytest.CaptureFixture[str], format: Format) -> Ended:
    """What the command tells of the folder in which it is. Building the whole command line anew takes longer."""
    with pytest.raises(typer.Exit) as ended:
        check(format=format)
    told = capsys.readouterr()
    return Ended(ended.value.exit_code, told.out, told.err)


def from_text(told: Ended, file: str) -> list[Place]:
    """The places that people read."""
    found = [match for line in told.err.splitlines() if (match := _LINE.match(line))]
    return sorted((int(one["line"]), int(one["column"]), one["code"]) for one in found if one["file"] == file)


def from_json(told: Ended, file: str) -> list[Place]:
    """The places in the rows of JSON."""
    rows = [json.loads(line) for line in told.out.splitlines()]
    return sorted((row["line"], row["column"], row["id"]) for row in rows if row["file"] == file)


def from_sarif(told: Ended, file: str) -> list[Place]:
    """The places in the log."""
    (run,) = json.loads(told.out)["runs"]
    places = []
    for result in run["results"]:
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        if physical["artifactLocation"]["uri"] == file:
            region = physical["region"]
            places.append((region["startLine"], region["startColumn"], result["ruleId"]))
    return sorted(places)


def test_the_corpus_is_large() -> None:
    """Many files, most kinds that a few lines can show, and every place inside its file."""
    places = {path.stem: expected(text_of(path)) for path in CORPUS}

    assert len(CORPUS) >= 60
    assert len({code for found in places.values() for _, _, code in found}) >= 25
    assert [name for name, found in places.items() if not found] == []
    assert {code for found in places.values() for _, _, code in found} <= set(CODES)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_everything_is_found_at_its_place(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same problems, neither more nor fewer, as text, as JSON and as SARIF; the exit code goes with them."""
    text = text_of(path)
    name = write(text, tmp_path).name
    monkeypatch.chdir(tmp_path)
    for variable, secret in ENVIRON.items():
        monkeypatch.setenv(variable, secret)

    told = [checked(capsys, format) for format in get_args(Format)]

    assert [read(one, name) for read, one in zip((from_text, from_json, from_sarif), told, strict=True)] == [
        expected(text)
    ] * 3
    levels = {CODES[code].level for _, _, code in expected(text)}
    assert {one.code for one in told} == {78 if "error" in levels else 1 if "warning" in levels else 0}
    assert told[0].err.replace("\n", "").isprintable()
    lines = lines_of(text.removeprefix("\ufeff"))
    assert all(line <= len(lines) and column <= len(lines[line - 1]) + 1 for line, column, _ in expected(text))
