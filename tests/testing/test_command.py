"""`gateway plugin check`: what it prints, how it ends, and which connector it takes."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.testing import CHECKS, KIT_VERSION
from gateway.testing.find import NotFound, in_folder
from tests.cli.commands import gateway
from tests.testing.conftest import DESK

QUICK = ("--only", "plugin-named", "--only", "settings-strict")
PYPROJECT = '[project]\nname = "x"\nversion = "1"\n[project.entry-points.gateway]\n'


def plugin(folder: Path, name: str, source: str, entry: str = "") -> Path:
    """A plugin's folder with one module."""
    (folder / "pyproject.toml").write_text(PYPROJECT + (entry or f'{name} = "{name}"\n'))
    (folder / f"{name}.py").write_text(source)
    return folder


def bad_desk(folder: Path) -> Path:
    """A desk with a name that can't be."""
    lines = "from gateway_desk import *\nfrom gateway_desk import Desk, hookimpl\n"
    lines += 'class Bad(Desk):\n    plugin = "No Name"\n@hookimpl\n'
    lines += "def gateway_connectors(register):\n    register(Bad)\n"
    return plugin(folder, "gateway_bad_desk", lines)


def test_a_table_and_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    """Data on standard output, the summary on standard error."""
    ended = gateway(capsys, "plugin", "check", DESK, *QUICK)

    assert ended.code == 0
    assert ended.out.splitlines()[0].split() == ["CHECK", "LEVEL", "RESULT", "WHY"]
    assert [line.split() for line in ended.out.splitlines()[1:]] == [
        ["plugin-named", "bronze", "passed"],
        ["settings-strict", "bronze", "passed"],
    ]
    assert f"kit {KIT_VERSION}: 2 passed; no level, since not all checks were run" in ended.err


def test_a_failure_says_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What, why, where, how to mend it, and the page; exit 1."""
    ended = gateway(capsys, "plugin", "check", bad_desk(tmp_path), *QUICK)

    assert ended.code == 1
    told = dict(line.strip().split(":", 1) for line in ended.err.splitlines() if line.startswith("  "))
    assert told["what"].strip() == "`plugin` is 'No Name'"
    assert told["where"].endswith("gateway_bad_desk.py:3")
    assert told["why"].strip() == CHECKS["plugin-named"].told("why")
    assert told["mend"].strip() == CHECKS["plugin-named"].told("mend")
    assert told["more"].strip() == "docs/reference/kit.md#plugin-named"


def test_the_report_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """JSON on standard output, JUnit's XML in a file."""
    ended = gateway(capsys, "plugin", "check", bad_desk(tmp_path), *QUICK, "--json", "--junit", tmp_path / "kit.xml")
    report = json.loads(ended.out)
    suite = ElementTree.parse(tmp_path / "kit.xml").getroot()

    assert (report["kit"], report["connector"], report["level"]) == (KIT_VERSION, "No Name", None)
    assert {one["id"]: one["outcome"] for one in report["results"]} == {
        "plugin-named": "failed",
        "settings-strict": "passed",
    }
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None] == ["plugin-named"]


def test_a_level_above_asks_for_more(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A check of a higher level that fails counts only where that level is asked for."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "kit.toml").write_text('[excuses]\nlimits-declared = "it allows everything"\n')
    source = "from gateway_desk import Desk, gateway_connectors\n"
    folder = plugin(tmp_path, "gateway_excused_desk", source)
    only = ("--only", "limits-declared", "--only", "plugin-named")

    assert gateway(capsys, "plugin", "check", folder, *only).code == 0
    ended = gateway(capsys, "plugin", "check", folder, *only, "--level", "silver")
    assert (ended.code, "1 passed, 1 excused" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody",), "no connector 'nobody' is there"),
        (("/nowhere/at/all",), "has no pyproject.toml"),
        ((str(DESK), "--only", "plugin-namd"), "did you mean 'plugin-named'?"),
        ((str(DESK), *QUICK, "--junit", "/nowhere/kit.xml"), "can't be written"),
    ],
)
def test_a_wrong_command_says_so(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    """Exit 2, with words."""
    ended = gateway(capsys, "plugin", "check", *arguments)

    assert (ended.code, words in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("source", "entry", "words"),
    [
        ("", "", "registers nothing"),
        ("raise RuntimeError('no')", "", "RuntimeError: no"),
        ("import sys; sys.exit(3)", "", "SystemExit"),
        ("", 'x = "not_there_at_all"\n', "not_there_at_all"),
        ("", " ", "registers no plugin"),
        ("", "[[", "can't be read"),
    ],
)
def test_a_folder_without_a_usable_plugin_says_so(tmp_path: Path, source: str, entry: str, words: str) -> None:
    """Nothing registered, an import that raises or ends the process, a module that isn't there, a broken file."""
    name = f"gateway_unusable_{abs(hash((source, entry)))}"

    with pytest.raises(NotFound, match=words):
        in_folder(plugin(tmp_path, name, source, entry))


def test_two_connectors_are_not_guessed(tmp_path: Path) -> None:
    """Which one is to be named."""
    source = "from gateway_desk import Desk, hookimpl\nclass Other(Desk):\n    plugin = 'other'\n@hookimpl\n"
    source += "def gateway_connectors(register):\n    register(Desk)\n    register(Other)\n"
    folder = plugin(tmp_path, "gateway_two_desks", source)

    with pytest.raises(NotFound, match="2 connectors"):
        in_folder(folder)
    assert in_folder(folder, "other").kind.plugin == "other"


@pytest.mark.parametrize(
    ("text", "words"), [('[excuses]\nnope = "x"\n', "no such check"), ('[excuses]\napart = " "\n', "no reason")]
)
def test_an_excuse_must_be_one(tmp_path: Path, text: str, words: str) -> None:
    """For a check that is there, and with a reason."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "kit.toml").write_text(text)
    plugin(tmp_path, "gateway_sorry_desk", "from gateway_desk import Desk, gateway_connectors\n")

    with pytest.raises(NotFound, match=words):
        in_folder(tmp_path)


def test_the_folder_comes_before_what_is_installed(tmp_path: Path) -> None:
    """Another copy that was imported already is not taken in its place."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        source = f"from gateway_desk import Desk, gateway_connectors\nHERE = {folder!r}\n"
        in_folder(plugin(tmp_path / folder, "gateway_copied_desk", source))

        assert folder == sys.modules["gateway_copied_desk"].HERE  # type: ignore[attr-defined]
