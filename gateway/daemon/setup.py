"""Everything that a start needs, checked as a whole: configuration, policy, plugins, and the connectors' settings.

What is wrong is found all at once, each problem at its place. A plugin that can't be loaded doesn't keep the rest from
starting: its connectors and enrichers are `left_out`, which `check` counts as problems and `run` names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.config import Config, Preset, load_config
from gateway.config.load import Unloadable
from gateway.config.values import parse_policy
from gateway.daemon.chosen import Chosen, ChosenEnricher, choose
from gateway.daemon.installed import facts_types, facts_types_in, plugins_here
from gateway.kernel.document import Document, read_text
from gateway.kernel.history import History
from gateway.kernel.ports import Clock, Spawn
from gateway.kernel.problems import Problem, Problems, did_you_mean
from gateway.kernel.store import Store
from gateway.plugin.manager import Plugins
from gateway.policy.load import Loaded, load_policy
from gateway.policy.presets import preset_text
from gateway.store.coding import read_recorded
from gateway.store.examine import Examined, examine
from gateway.store.history import SqliteHistory
from gateway.store.sqlite import SqliteStore, daemon_pid

__all__ = [
    "Chosen",
    "ChosenEnricher",
    "Examined",
    "Seen",
    "Setup",
    "enrichers_left_out_by_name",
    "examine_database",
    "facts_types",
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
class Setup:
    """A configuration that can be run."""

    path: Path
    config: Config
    policy: Loaded
    plugins: Plugins
    connectors: tuple[Chosen, ...]
    left_out: tuple[Problem, ...] = ()
    """Connectors whose plugin can't be loaded."""

    enrichers: tuple[ChosenEnricher, ...] = ()
    enrichers_left_out: tuple[Problem, ...] = ()
    """The same of enrichers."""


def left_out_by_name(setup: Setup) -> dict[str, Problem]:
    """Connectors whose plugin can't be loaded, each with the problem."""
    return _by_name(setup.config.connectors, setup.connectors, setup.left_out)


def enrichers_left_out_by_name(setup: Setup) -> dict[str, Problem]:
    """Enrichers whose plugin can't be loaded, each with the problem."""
    return _by_name(setup.config.enrichers, setup.enrichers, setup.enrichers_left_out)


def _by_name(
    configured: Iterable[str], working: Iterable[Chosen | ChosenEnricher], left_out: Iterable[Problem]
) -> dict[str, Problem]:
    names = {chosen.name for chosen in working}
    # Whatever else is wrong with one of them keeps the configuration from being run.
    return dict(zip((name for name in configured if name not in names), left_out, strict=True))


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
    enrichers: tuple[ChosenEnricher, ...] = ()
    enrichers_left_out: tuple[Problem, ...] = ()


def load_setup(path: Path, environ: Mapping[str, str], plugins: Plugins | None = None) -> Setup:
    """Read and check all of it. Raises Problems with everything that is wrong, in every file."""
    plugins = plugins or plugins_here()
    seen = look(path, environ, plugins)
    if seen.problems or seen.config is None or seen.policy is None:
        raise Problems([*seen.problems, *seen.left_out, *seen.enrichers_left_out])
    return Setup(
        path,
        seen.config,
        seen.policy,
        plugins,
        seen.connectors,
        seen.left_out,
        seen.enrichers,
        seen.enrichers_left_out,
    )


def look(path: Path, environ: Mapping[str, str], plugins: Plugins) -> Seen:
    """Read and check all of it, and keep what is right although something else is wrong."""
    try:
        config = load_config(path, environ)
    except Unloadable as found:
        # Where something is wrong already, what follows from it isn't worth a line of its own.
        places = {(problem.line, problem.column) for problem in found.problems}
        choice = choose(found.rest, plugins)
        more = (*choice.problems, *choice.left_out, *choice.enrichers_left_out)
        further = (problem for problem in more if (problem.line, problem.column) not in places)
        policy, wrong = _policy_beside(path, plugins)
        return Seen(None, policy, problems=(*found.problems, *further, *wrong))
    except Problems as found:
        return Seen(None, None, problems=found.problems)
    choice = choose(config, plugins)
    problems, policy = list(choice.problems), None
    try:
        policy = read_policy(config, plugins)
        problems.extend(_unknown_endpoints(config, policy))
    except Problems as found:
        problems.extend(found.problems)
    return Seen(
        config,
        policy,
        tuple(choice.connectors),
        tuple(problems),
        tuple(choice.left_out),
        tuple(choice.enrichers),
        tuple(choice.enrichers_left_out),
    )


def policy_file(config: Config) -> str:
    """The policy's name in messages: its path, or `preset:NAME`."""
    return f"preset:{config.policy.name}" if isinstance(config.policy, Preset) else str(config.policy)


def read_policy(config: Config, plugins: Plugins | None = None) -> Loaded:
    """The policy that the configuration names, checked with its enrichers. Raises Problems."""
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
    return load_policy(text, file, enrichers=facts_types(config, plugins))


def _policy_beside(path: Path, plugins: Plugins) -> tuple[Loaded | None, Sequence[Problem]]:
    """The policy of a configuration that is wrong itself, if it can be found, and what is wrong in it: people mend
    both."""
    try:
        document = Document.read(read_text(path, "configuration"), str(path))
        enrichers = facts_types_in(document, plugins)
        named = parse_policy(document.data.get("policy") if isinstance(document.data, dict) else None)
        if isinstance(named, Preset):
            return load_policy(preset_text(named.name), f"preset:{named.name}", enrichers=enrichers), ()
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
        return load_policy(text, str(policy), enrichers=enrichers), ()
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
