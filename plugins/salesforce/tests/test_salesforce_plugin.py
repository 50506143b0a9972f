"""The distribution: its entry point, its abilities, and what it imports."""

import ast
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

from gateway_salesforce import Salesforce

from gateway.plugin import Authenticates, Fetches, Receives, Simulates
from gateway.plugin.manager import abilities, find_plugins

HERE = Path(__file__).parent.parent


def test_the_entry_point_registers_the_connector() -> None:
    """What pyproject.toml declares is what the gateway finds."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    points = [EntryPoint(name, value, "gateway") for name, value in project["entry-points"]["gateway"].items()]
    found = find_plugins({}, points)
    assert found.connectors == {"salesforce": Salesforce}
    assert found.broken == []


def test_it_has_the_abilities_that_it_claims() -> None:
    """Receives, pulls, fetches, authenticates, names its limits, simulates."""
    assert abilities(Salesforce) == ("receives", "pulls", "fetches", "authenticates", "limits", "simulates")
    for ability in (Authenticates, Fetches, Receives, Simulates):
        assert issubclass(Salesforce, ability)


def test_it_comes_in_by_the_door_only() -> None:
    """Of the gateway, the plugin imports `gateway.plugin` and nothing else."""
    for path in sorted((HERE / "gateway_salesforce").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name.split(".")[0] != "gateway" or name == "gateway.plugin", f"{path.name}: {name}"
