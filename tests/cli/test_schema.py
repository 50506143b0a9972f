"""`gateway schema` prints what an editor, a sender or a receiver needs, and `gateway init` puts it beside the files."""

import json
from pathlib import Path

import pytest

from gateway.daemon.setup import plugins_here
from gateway.policy.schema import policy_schema
from tests.cli.commands import gateway
from tests.cli.desk import set_up
from tests.support.schemas import read, wrongs


@pytest.mark.parametrize("what", ["policy", "config", "event", "notice"])
def test_each_schema_is_printed_as_data(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Plain JSON on standard output, nothing beside it, the same every time."""
    first, second = gateway(capsys, "schema", what), gateway(capsys, "schema", what)

    assert (first.code, first.err, first.out) == (0, "", second.out)
    assert json.loads(first.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_schema_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Over what is there; where it can't be written, words say why."""
    path = tmp_path / "p.json"
    path.write_text("old")

    ended = gateway(capsys, "schema", "policy", "--out", path)
    refused = gateway(capsys, "schema", "policy", "--out", tmp_path / "none" / "p.json")

    assert (ended.code, ended.out) == (0, "")
    assert json.loads(path.read_text()) == json.loads(json.dumps(policy_schema()))
    assert (refused.code, refused.out) == (69, "")
    assert "No such file" in refused.err


def test_an_unknown_schema_is_a_wrong_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With the ones that there are."""
    ended = gateway(capsys, "schema", "polcy")

    assert ended.code == 2
    assert "policy" in ended.err


def test_the_configurations_schema_knows_the_installed_plugins(capsys: pytest.CaptureFixture[str]) -> None:
    """By name, each with its settings."""
    schema = json.loads(gateway(capsys, "schema", "config").out)
    installed = plugins_here().connectors

    assert schema["$defs"]["ConnectorShape"]["properties"]["plugin"]["enum"] == list(installed)
    for name, kind in installed.items():
        assert set(kind.settings_type.model_fields) <= set(schema["$defs"][f"connector-{name}"]["properties"])
        told = schema["$defs"][f"connector-{name}"]["properties"].values()
        assert [setting for setting in told if not setting.get("description")] == []


def test_init_puts_the_schemas_beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file's first line names its own, and it has nothing against the file."""
    set_up(tmp_path, monkeypatch)

    for name in ("gateway", "policy"):
        text = (tmp_path / f"{name}.yaml").read_text()
        first = text.splitlines()[0]
        schema = json.loads((tmp_path / f"{name}.schema.json").read_text())
        assert first == f"# yaml-language-server: $schema={name}.schema.json"
        assert wrongs(schema, read(text)) == []
        assert wrongs(schema, {**read(text), "nmae": 1}) != []
