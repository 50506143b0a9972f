"""What a start needs is checked as a whole, and everything that is wrong is named at once, each at its place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gateway.connectors import BUILTIN
from gateway.connectors.events import EventsConnector
from gateway.daemon.setup import Setup, load_setup
from gateway.kernel.document import BYTES_MAX
from gateway.kernel.problems import Problem, Problems
from gateway.plugin.manager import Plugins, find_plugins

SECRET = "whsec_" + "canary00" * 4
ENVIRON = {"SECRET": SECRET}
CONFIG = """\
version: 1
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  own:
    plugin: events
    secret: {env: SECRET}
endpoints:
  helpdesk:
    url: https://help.example.com/hooks
    secret: {env: SECRET}
"""
POLICY = """\
version: 1
name: small
queues:
  general: {team: t1}
routing:
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
"""


@dataclass
class Folder:
    """A folder with a configuration and its policy."""

    path: Path
    config: str = CONFIG
    policy: str | bytes | None = POLICY
    environ: Mapping[str, str] = field(default_factory=lambda: dict(ENVIRON))

    def load(self, plugins: Plugins | None = None) -> Setup:
        """Write the files, and load them."""
        (self.path / "gateway.yaml").write_text(self.config)
        if self.policy is not None:
            text = self.policy.encode() if isinstance(self.policy, str) else self.policy
            (self.path / "policy.yaml").write_bytes(text)
        return load_setup(self.path / "gateway.yaml", self.environ, plugins)

    def problems(self, plugins: Plugins | None = None) -> list[tuple[str, int, int, str]]:
        """What is wrong, as (file's name, line, column, id)."""
        return [(Path(problem.file).name, problem.line, problem.column, problem.id) for problem in self.raised(plugins)]

    def raised(self, plugins: Plugins | None = None) -> tuple[Problem, ...]:
        """What is wrong."""
        with pytest.raises(Problems) as caught:
            self.load(plugins)
        assert SECRET not in str(caught.value)
        return caught.value.problems


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A right configuration."""
    return Folder(tmp_path)


def only_events() -> Plugins:
    """The built-in connector and nothing else, whatever is installed here."""
    return find_plugins(BUILTIN, installed=())


def with_broken() -> Plugins:
    """One more plugin, which can't be imported."""
    return find_plugins(BUILTIN, installed=[EntryPoint("shaky", "no_such_module_anywhere:plugin", "gateway")])


def test_a_right_configuration_is_ready_to_run(folder: Folder) -> None:
    """Its connectors have their class and their checked settings, and the policy is compiled."""
    setup = folder.load(only_events())
    (chosen,) = setup.connectors
    assert (chosen.name, chosen.kind) == ("own", EventsConnector)
    assert setup.policy.policy.name == "small"
    assert (setup.left_out, setup.path) == ((), folder.path / "gateway.yaml")
    assert SECRET not in repr(setup)


def test_without_a_list_the_installed_plugins_are_used(folder: Folder) -> None:
    """The built-in connector is among them."""
    assert folder.load().plugins.connectors["events"] is EventsConnector


def test_a_preset_needs_no_file(folder: Folder) -> None:
    """The policies that come along are asked for by their name; one that doesn't exist is named at its place."""
    folder.policy = None
    folder.config = folder.config.replace("policy: policy.yaml", "policy: preset:nonsense")
    (problem,) = folder.raised(only_events())
    assert (problem.line, problem.column, problem.id) == (3, 9, "unknown-preset")
    assert problem.message == "there is no preset 'nonsense'; there are orion, orion-stars"


def test_an_unknown_plugin_is_named_at_its_place(folder: Folder) -> None:
    """With the name that was probably meant, or all that there are."""
    folder.config = folder.config.replace("plugin: events", "plugin: event")
    (problem,) = folder.raised(only_events())
    assert (problem.line, problem.column, problem.id) == (6, 13, "unknown-plugin")
    assert problem.message == "no plugin 'event' is installed; did you mean 'events'?"
    folder.config = folder.config.replace("plugin: event", "plugin: quite-different")
    (problem,) = folder.raised(only_events())
    assert problem.message == "no plugin 'quite-different' is installed; installed: events"


def test_a_broken_plugin_leaves_its_connectors_out(folder: Folder) -> None:
    """The rest starts; what was left out is kept with its place and its reason."""
    folder.config = folder.config.replace("endpoints:", "  phones:\n    plugin: shaky\nendpoints:")
    setup = folder.load(with_broken())
    assert [chosen.name for chosen in setup.connectors] == ["own"]
    (problem,) = setup.left_out
    assert (problem.line, problem.column, problem.id) == (9, 13, "broken-plugin")
    assert problem.message.startswith("the plugin shaky can't be used: ModuleNotFoundError")


def test_a_broken_plugin_that_nobody_uses_is_no_problem(folder: Folder) -> None:
    """Only what the configuration names is left out."""
    assert folder.load(with_broken()).left_out == ()


def test_an_endpoint_that_a_role_calls_must_exist(folder: Folder) -> None:
    """It is named at its place in the policy, with what was probably meant, or where to add it."""
    folder.policy = POLICY.replace("[helpdesk]", "[helpdesk, helpdesc, quite-different]")
    near, far = folder.raised(only_events())
    assert (Path(near.file).name, near.line, near.column, near.id) == ("policy.yaml", 8, 32, "unknown-endpoint")
    assert near.message.endswith("which the configuration doesn't have; did you mean 'helpdesk'?")
    assert (far.line, far.column) == (8, 42)
    assert far.message.endswith("; add it under `endpoints` in gateway.yaml")


def test_a_connectors_settings_are_checked_by_its_plugin(folder: Folder) -> None:
    """What is missing or unknown is named at the connector's place."""
    folder.config = folder.config.replace(
        "    secret: {env: SECRET}\nendpoints", "    secrte: {env: SECRET}\nendpoints"
    )
    assert {(line, id) for _, line, _, id in folder.problems(only_events())} == {(6, "missing-key"), (7, "unknown-key")}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None], ids=["no text", "a folder"])
def test_a_policy_that_cant_be_read_is_a_problem_of_the_configuration(folder: Folder, content: bytes | None) -> None:
    """Named where the configuration names the file."""
    folder.policy = content
    if content is None:
        (folder.path / "policy.yaml").mkdir()
        assert [id for *_, id in folder.problems(only_events())] == ["no-such-file"]
    else:
        assert folder.problems(only_events()) == [("gateway.yaml", 3, 9, "unreadable")]


def test_a_pipe_is_no_policy_and_keeps_nobody_waiting(folder: Folder) -> None:
    """To open one would wait for whoever writes into it: a reload for ever, and the stop for the reload."""
    os.mkfifo(folder.path / "policy.yaml")
    folder.policy = None
    assert [id for *_, id in folder.problems(only_events())] == ["no-such-file"]


def test_a_policy_has_a_limit(folder: Folder) -> None:
    """A file that is too long in bytes is refused, not read whole and then compiled in part."""
    for comment in ("# comment\n", "# 注釈\n"):
        folder.policy = POLICY + comment * (BYTES_MAX // len(comment.encode()))
        assert folder.problems(only_events()) == [("gateway.yaml", 3, 9, "too-big")]


def test_everything_wrong_is_listed_together(folder: Folder) -> None:
    """Settings, plugins left out, unknown plugins, the policy's rules: all at once, in the files' order."""
    folder.config = folder.config.replace("    secret: {env: SECRET}\nendpoints", "    secrte: 1\nendpoints")
    folder.config += "    notices: ['sla.*']\n"
    folder.config = folder.config.replace(
        "endpoints:", "  phones:\n    plugin: shaky\n  chat:\n    plugin: nonsense\nendpoints:", 1
    )
    folder.policy = POLICY.replace("queue: general", "queue: genral").replace("version: 1", "version: 2")
    problems = folder.problems(with_broken())
    assert [(file, id) for file, _, _, id in problems if file == "gateway.yaml"] == [
        ("gateway.yaml", "missing-key"),
        ("gateway.yaml", "unknown-key"),
        ("gateway.yaml", "broken-plugin"),
        ("gateway.yaml", "unknown-plugin"),
    ]
    assert [file for file, *_ in problems][4:] == ["policy.yaml"] * 2


def test_mistakes_of_the_configuration_hide_none_of_the_policy(folder: Folder) -> None:
    """A key that is wrong in gateway.yaml and a rule that is wrong in the policy are told in one go."""
    folder.config += "nonsense: true\n"
    folder.policy = POLICY.replace("queue: general", "queue: genral")
    assert [file for file, *_ in folder.problems(only_events())] == ["gateway.yaml", "policy.yaml"]
