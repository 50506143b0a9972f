"""`gateway plugin new`: what it writes is a connector that works; nothing is written over, no bad name is taken."""

import ast
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import gateway.cli.plugin.new as new
from gateway import __version__ as gateway_version
from gateway.testing import run
from gateway.testing.find import in_folder
from tests.cli.commands import gateway

BESIDE = {".gitignore", "CHANGELOG.md", "README.md", "pyproject.toml"}
QUICK = (
    "import-door",
    "samples-say",
    "normalize-pure",
    "settings-strict",
    "readme-settings",
    "pull-ends",
    "webhooks-unproved",
)


@pytest.fixture(autouse=True)
def imports_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin in a folder comes first on the path of imports: not for the tests after this one."""
    import sys

    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.mark.parametrize(
    ("name", "module", "kind"),
    [("my-desk", "my_desk", "MyDesk"), ("a1", "a1", "A1"), ("big_desk_2", "big_desk_2", "BigDesk2")],
)
def test_a_connector_is_written(name: str, module: str, kind: str, tmp_path: Path) -> None:
    """A distribution of its own, under its name everywhere; its checks pass."""
    for path, content in new.written(name).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    project = tomllib.loads(files["pyproject.toml"].read_text())["project"]
    report = run(in_folder(tmp_path), QUICK)

    assert set(files) > BESIDE | {
        f"gateway_{module}/__init__.py",
        f"tests/test_{module}.py",
        "tests/samples/push_opened.json",
    }
    assert project["entry-points"]["gateway"] == {name: f"gateway_{module}"}
    assert f"class {kind}:" in files[f"gateway_{module}/__init__.py"].read_text()
    assert "yourvendor" not in "".join(path.read_text() + str(path) for path in files.values()).lower()
    assert [result.text() for result in report.results if result.outcome != "passed"] == []


@pytest.mark.parametrize("name", ["desk", "helpscout"])
def test_what_comes_next_is_told_in_columns(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Commands on the left and what they are for on the right, which fit a terminal."""
    ended = gateway(capsys, "plugin", "new", name, "--dir", str(tmp_path))
    told = ended.err.partition("Next, in ")[2].splitlines()[1:]
    columns = {line.index("#") for line in told if "#" in line}

    assert (ended.code, len(columns), max(map(len, told)) <= 80) == (0, 1, True)


def test_an_enricher_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under its name everywhere; it reaches gold as it is."""
    ended = gateway(capsys, "plugin", "new", "my-shop", "--enricher", "--dir", tmp_path)
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    report = run(in_folder(tmp_path))

    assert (ended.code, "the stand-in after" in ended.err, "simulate" in ended.err) == (0, True, False)
    assert set(files) == BESIDE | {
        "gateway_my_shop/__init__.py", "gateway_my_shop/simulator.py", "gateway_my_shop/py.typed",
        "tests/test_my_shop.py",
    }  # fmt: skip
    assert "yoursystem" not in "".join(path.read_text() + str(path) for path in files.values()).lower()
    assert "enrichers:\n  my-shop:" not in files["README.md"].read_text()
    assert [result.text() for result in report.results if result.outcome != "passed"] == []
    assert report.level == "gold"


@pytest.mark.parametrize("enricher", [False, True])
def test_it_asks_for_the_gateway_that_wrote_it(enricher: bool) -> None:
    """Until 1.0 the door may change with a minor version: the skeleton works with this one, and not with the next."""
    project = tomllib.loads(new.written("desk", enricher=enricher)[Path("pyproject.toml")])["project"]
    wanted = {needed.name: needed.specifier for needed in map(Requirement, project["dependencies"])}
    major, minor, *_ = gateway_version.split(".")

    assert gateway_version in wanted["orion-gateway"]
    assert f"{major}.{int(minor) + 1}.0" not in wanted["orion-gateway"]


def test_the_connector_imports_the_door_only() -> None:
    """Of the gateway `gateway.plugin`, and nothing that a plugin doesn't declare."""
    file = new.written("desk")[Path("gateway_desk/__init__.py")]
    imported = {
        alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert {name for name in imported if name.startswith("gateway")} == {"gateway.plugin"}


def test_it_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into a folder of its name unless told otherwise."""
    monkeypatch.chdir(tmp_path)
    ended = gateway(capsys, "plugin", "new", "pigeon")

    assert (ended.code, ended.out) == (0, "")
    assert (tmp_path / "pigeon/gateway_pigeon/__init__.py").is_file()
    assert "gateway plugin check ." in ended.err


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a file nor a link that leads nowhere, unless --force; what else is there stays."""
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "pyproject.toml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes").write_text("mine")
    refused = gateway(capsys, "plugin", "new", "pigeon", "--dir", tmp_path)
    kept = (tmp_path / "README.md").read_text(), sorted(path.name for path in tmp_path.iterdir())
    (tmp_path / "pyproject.toml").unlink()
    forced = gateway(capsys, "plugin", "new", "pigeon", "--dir", tmp_path, "--force")

    assert (refused.code, forced.code) == (1, 0)
    assert "README.md, pyproject.toml" in refused.err
    assert kept == ("mine", ["README.md", "notes", "pyproject.toml"])
    assert (tmp_path / "README.md").read_text().startswith("# Pigeon")
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.parametrize(
    "name",
    ["", "Pigeon", "1desk", "a b", "../x", "a/b", "a--b", "-a", "a-", "a.b", "désk", "x" * 41, "a\x1b[31m", "a\n"],
)
def test_a_bad_name_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told what a name is made of; nothing is written, and nothing steers the terminal."""
    ended = gateway(capsys, "plugin", "new", "--dir", tmp_path / "there", "--", name)

    assert ended.code == 2
    assert "small letters and digits" in ended.err
    assert "\x1b" not in ended.err
    assert not (tmp_path / "there").exists()


def test_the_name_of_a_plugin_that_is_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two plugins of one name would leave one of them out."""
    ended = gateway(capsys, "plugin", "new", "events", "--dir", tmp_path / "there")

    assert ended.code == 1
    assert "installed already" in ended.err
    assert not (tmp_path / "there").exists()


def test_a_folder_that_can_not_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in the way ends with 69 and words."""
    (tmp_path / "file").write_text("")
    ended = gateway(capsys, "plugin", "new", "pigeon", "--dir", tmp_path / "file")

    assert ended.code == 69
    assert "file" in ended.err
