"""Everything that a start needs, checked as a whole: configuration, policy, plugins, and the connectors' settings.

What is wrong is found all at once, each problem at its place. A plugin that can't be loaded doesn't keep the rest from
starting: its connectors are `left_out`, which `check` counts as problems and `run` names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from gateway.config import Config, ConnectorConfig, Preset, load_config
from gateway.config.load import Unloadable
from gateway.config.values import parse_policy
from gateway.connectors import BUILTIN
from gateway.kernel.document import Document, read_text
from gateway.kernel.history import History
from gateway.kernel.ports import Clock, Spawn
from gateway.kernel.problems import Problem, Problems, did_you_mean
from gateway.kernel.reach import INTERNET, Reach
from gateway.kernel.store import Store
from gateway.plugin.connector import Connector
from gateway.plugin.manager import Plugins, find_plugins
from gateway.policy.load import Loaded, load_policy
from gateway.policy.presets import preset_text
from gateway.store.coding import read_recorded
from gateway.store.examine import Examined, examine
from gateway.store.history import SqliteHistory
from gateway.store.sqlite import SqliteStore, daemon_pid

__all__ = [
    "Chosen",
    "Examined",
    "Seen",
    "Setup",
    "examine_database",
    "left_out_by_name",
    "load_setup",
    "look",
    "open_history",
    "open_store",
    "plugins_here",
    "policy_file",
    "read_policy",
    "read_recorded",
    "running_daemon",
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A connector that can work: its class and its checked settings."""

    name: str
    kind: type[Connector]
    settings: BaseModel = field(repr=False)
    reach: Reach = INTERNET


@dataclass(frozen=True, slots=True)
class Setup:
    """A configuration that can be run."""

    path: Path
    config: Config
    policy: Loaded
    plugins: Plugins
    connectors: tuple[Chosen, ...]
    left_out: tuple[Problem, ...] = ()


def left_out_by_name(setup: Setup) -> dict[str, Problem]:
    """Connectors whose plugin can't be loaded, each with the problem."""
    working = {chosen.name for chosen in setup.connectors}
    names = (name for name in setup.config.connectors if name not in working)
    # Whatever else is wrong with a connector keeps the configuration from being run.
    return dict(zip(names, setup.left_out, strict=True))


@dataclass(frozen=True, slots=True)
class Seen:
    """What could be read of a configuration, and `problems`: everything that keeps it from being run.

    `config` is None where gateway.yaml itself is wrong, `policy` where the policy is, or can't be found.
    """

    config: Config | None
    policy: Loaded | None
    connectors: tuple[Chosen, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_out: tuple[Problem, ...] = ()


def plugins_here() -> Plugins:
    """The plugins of this installation, the built-in connector among them."""
    return find_plugins(BUILTIN)


def load_setup(path: Path, environ: Mapping[str, str], plugins: Plugins | None = None) -> Setup:
    """Read and check all of it. Raises Problems with everything that is wrong, in every file."""
    plugins = plugins or plugins_here()
    seen = look(path, environ, plugins)
    if seen.problems or seen.config is None or seen.policy is None:
        raise Problems([*seen.problems, *seen.left_out])
    return Setup(path, seen.config, seen.policy, plugins, seen.connectors, seen.left_out)


def look(path: Path, environ: Mapping[str, str], plugins: Plugins) -> Seen:
    """Read and check all of it, and keep what is right although something else is wrong."""
    try:
        config = load_config(path, environ)
    except Unloadable as found:
        # Where something is wrong already, what follows from it isn't worth a line of its own.
        places = {(problem.line, problem.column) for problem in found.problems}
        _, more, left_out = _chosen(found.rest, plugins)
        further = (problem for problem in (*more, *left_out) if (problem.line, problem.column) not in places)
        policy, wrong = _policy_beside(path)
        return Seen(None, policy, problems=(*found.problems, *further, *wrong))
    except Problems as found:
        return Seen(None, None, problems=found.problems)
    chosen, problems, left = _chosen(config, plugins)
    policy = None
    try:
        policy = read_policy(config)
        problems.extend(_unknown_endpoints(config, policy))
    except Problems as found:
        problems.extend(found.problems)
    return Seen(config, policy, tuple(chosen), tuple(problems), tuple(left))


def _chosen(config: Config, plugins: Plugins) -> tuple[list[Chosen], list[Problem], list[Problem]]:
    """The connectors that can work, what is wrong with the others, and those whose plugin is broken."""
    chosen: list[Chosen] = []
    problems: list[Problem] = []
    left_out: list[Problem] = []
    for connector in config.connectors.values():
        kind = plugins.connectors.get(connector.plugin)
        if kind is None:
            missing, is_broken = _missing_plugin(config, connector, plugins)
            (left_out if is_broken else problems).append(missing)
            continue
        try:
            settings = config.connector_settings(connector.name, kind.settings_type)
            chosen.append(Chosen(connector.name, kind, settings, connector.reach))
        except Problems as found:
            problems.extend(found.problems)
    return chosen, problems, left_out


def policy_file(config: Config) -> str:
    """The policy's name in messages: its path, or `preset:NAME`."""
    return f"preset:{config.policy.name}" if isinstance(config.policy, Preset) else str(config.policy)


def read_policy(config: Config) -> Loaded:
    """The policy that the configuration names. Raises Problems."""
    file = policy_file(config)
    if isinstance(config.policy, Preset):
        try:
            text = preset_text(config.policy.name)
        except KeyError as error:
            raise Problems([config.problem(("policy",), "unknown-preset", error.args[0])]) from None
    else:
        try:
            text = read_text(config.policy, "policy")
        except Problems as found:
            # Where the configuration names the file: the file itself has no place to show.
            named = (config.problem(("policy",), problem.id, problem.message) for problem in found.problems)
            raise Problems(named) from None
    return load_policy(text, file)


def _policy_beside(path: Path) -> tuple[Loaded | None, Sequence[Problem]]:
    """The policy of a configuration that is wrong itself, if it can be found, and what is wrong in it: people mend
    both."""
    try:
        document = Document.read(read_text(path, "configuration"), str(path))
        named = parse_policy(document.data.get("policy") if isinstance(document.data, dict) else None)
        if isinstance(named, Preset):
            return load_policy(preset_text(named.name), f"preset:{named.name}"), ()
        policy = path.absolute().parent / named
        if not policy.is_file():
            # The configuration's problems say so; to open a pipe would wait for whoever writes into it.
            return None, ()
        text = read_text(policy, "policy")
    except KeyError as error:
        return None, [document.problem(("policy",), "unknown-preset", error.args[0])]
    except (Problems, ValueError):
        # None of these is a finding of its own: the configuration's problems say so already.
        return None, ()
    try:
        return load_policy(text, str(policy)), ()
    except Problems as found:
        return None, found.problems


async def open_store(config: Config, *, exclusive: bool, spawn: Spawn, clock: Clock | None = None) -> Store:
    """Open the database: `exclusive` and with a clock for the daemon, beside it for every other command. Raises
    StoreBusy."""
    return await SqliteStore.open(str(config.database), spawn, exclusive=exclusive, clock=clock)


async def open_history(config: Config, spawn: Spawn) -> History:
    """Open the database, which exists, to read it beside whoever has it: nothing is written. Raises StoreUnusable."""
    return await SqliteHistory.open(str(config.database), spawn)


def running_daemon(config: Config) -> int | None:
    """The process of the daemon that runs on the configured database; None if none does. Raises StoreUnusable."""
    return daemon_pid(str(config.database))


def examine_database(config: Config, go_on: Callable[[], bool]) -> Examined:
    """Look at the configured database from outside; it must be there, and `go_on` may end the check."""
    return examine(str(config.database), go_on)


def _missing_plugin(config: Config, connector: ConnectorConfig, plugins: Plugins) -> tuple[Problem, bool]:
    place = ("connectors", connector.name, "plugin")
    for broken in plugins.broken:
        if broken.name == connector.plugin:
            why = f"the plugin {broken.name} can't be used: {broken.reason}"
            return config.problem(place, "broken-plugin", why), True
    known = sorted(plugins.connectors)
    hint = did_you_mean(connector.plugin, known) or f"; installed: {', '.join(known)}"
    return config.problem(place, "unknown-plugin", f"no plugin {connector.plugin!r} is installed{hint}"), False


def _unknown_endpoints(config: Config, policy: Loaded) -> Iterator[Problem]:
    document: Document | None = None
    for role, endpoints in policy.policy.roles.items():
        for index, endpoint in enumerate(endpoints):
            if endpoint in config.endpoints:
                continue
            document = document or Document.parse(policy.text, policy_file(config))
            hint = did_you_mean(endpoint, config.endpoints) or "; add it under `endpoints` in gateway.yaml"
            yield document.problem(
                ("roles", role, "endpoints", index),
                "unknown-endpoint",
                f"the role {role} calls the endpoint {endpoint!r}, which the configuration doesn't have{hint}",
            )
