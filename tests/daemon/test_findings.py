"""What is told of a configuration and its policy beside what keeps them from being used."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gateway.connectors import BUILTIN
from gateway.daemon.findings import LOOKED_AT_MAX, look_closely, warnings_in_words
from gateway.plugin.manager import find_plugins
from gateway.policy.load import load_policy
from tests.support.checking import CONFIGURATION, ENVIRON

IDLE = "queues:\n  general: {team: t1}\n  fraud: {team: t2}\nrouting: [{id: default, queue: general}]\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a policy that has one warning."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIGURATION)
    (tmp_path / "policy.yaml").write_text(IDLE)
    return path


def told(config: Path, *broken: str) -> list[str]:
    """What is told, the folder left out."""
    plugins = find_plugins(BUILTIN, installed=[EntryPoint(name, "no_such_module:plugin", "gateway") for name in broken])
    found = look_closely(config, ENVIRON, plugins).problems
    return [f"{Path(one.file).name}:{one.line}:{one.column} {one.id}: {one.message}" for one in found]


def test_a_broken_plugin_is_told_once(config: Path) -> None:
    """Where a connector names it, or at the beginning of the file if none does."""
    config.write_text(f"{CONFIGURATION}connectors:\n  phones:\n    plugin: shaky\n")

    lines = [line for line in told(config, "shaky", "other") if "broken-plugin" in line]

    assert [line.partition(": ModuleNotFoundError")[0] for line in lines] == [
        "gateway.yaml:1:1 broken-plugin: the plugin other is installed and can't be used",
        "gateway.yaml:10:13 broken-plugin: the plugin shaky can't be used",
    ]


def test_the_configuration_comes_first(config: Path) -> None:
    """Whatever the files are called; what is found in the one is no reason to leave out what is in the other."""
    config.write_text(CONFIGURATION.replace('    notices: ["sla.*"]\n', ""))

    assert [line.split(":")[0] for line in told(config)] == ["gateway.yaml", "policy.yaml"]


def test_an_endpoint_is_used_by_a_role_or_by_what_it_asks_for(config: Path) -> None:
    """Where the policy can't be read nobody knows."""
    config.write_text(CONFIGURATION.replace('    notices: ["sla.*"]\n', ""))
    unused = told(config)
    (config.parent / "policy.yaml").write_text("roles: {lead: {endpoints: [helpdesk]}}\n")
    called = told(config)
    (config.parent / "policy.yaml").write_text("nmae: x\n")
    unknown = told(config)

    assert [any("unused-endpoint" in line for line in lines) for lines in (unused, called, unknown)] == [
        True,
        False,
        False,
    ]


def test_who_puts_a_policy_in_force_hears_of_its_warnings() -> None:
    """Their number, without those that are allowed, and without notes; nothing of a policy too long to look at."""
    note = 'sla: [{id: chat, when: contact.channel == "chat", metric: first_reply, within: 20s}]\n'
    long = "#" * LOOKED_AT_MAX + "\n" + IDLE
    two = IDLE.replace("fraud:", "a: {}\n  b:")
    allowed = IDLE.replace("{team: t2}", "{team: t2}  # gateway: allow GW161")

    assert [
        warnings_in_words(load_policy(text, "policy.yaml")) for text in (IDLE, IDLE + note, allowed, note, two, long)
    ] == [
        "policy.yaml has 1 warning: `gateway check` shows it",
        "policy.yaml has 1 warning: `gateway check` shows it",
        "",
        "",
        "policy.yaml has 2 warnings: `gateway check` shows them",
        "",
    ]
