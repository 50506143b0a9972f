"""Which connectors and enrichers of a configuration can work: each with its class and its checked settings."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from gateway.config import Config, ConnectorConfig, EnricherConfig
from gateway.kernel.problems import Problem, Problems, did_you_mean
from gateway.kernel.reach import INTERNET, Reach
from gateway.plugin.connector import Connector
from gateway.plugin.enricher import Enricher
from gateway.plugin.manager import Plugins


@dataclass(frozen=True, slots=True)
class Chosen:
    """A connector that can work: its class and its checked settings."""

    name: str
    kind: type[Connector]
    settings: BaseModel = field(repr=False)
    reach: Reach = INTERNET


@dataclass(frozen=True, slots=True)
class ChosenEnricher:
    """An enricher that can be asked: its class, its checked settings, and its limits."""

    name: str
    kind: type[Enricher]
    settings: BaseModel = field(repr=False)
    reach: Reach
    timeout_s: float
    concurrency: int


@dataclass(slots=True)
class Choice:
    """What can work, what is wrong with the others, and those whose plugin is broken."""

    connectors: list[Chosen] = field(default_factory=list)
    enrichers: list[ChosenEnricher] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)
    enrichers_left_out: list[Problem] = field(default_factory=list)


def choose(config: Config, plugins: Plugins) -> Choice:
    """Look at every connector and enricher of a configuration."""
    choice = Choice()
    for connector in config.connectors.values():
        kind = plugins.connectors.get(connector.plugin)
        if kind is None:
            missing, is_broken = _missing_plugin(config, connector, plugins)
            (choice.left_out if is_broken else choice.problems).append(missing)
            continue
        try:
            settings = config.connector_settings(connector.name, kind.settings_type)
            choice.connectors.append(Chosen(connector.name, kind, settings, connector.reach))
        except Problems as found:
            choice.problems.extend(found.problems)
    for enricher in config.enrichers.values():
        _choose_enricher(config, enricher, plugins, choice)
    return choice


def _choose_enricher(config: Config, enricher: EnricherConfig, plugins: Plugins, choice: Choice) -> None:
    kind = plugins.enrichers.get(enricher.plugin)
    if kind is None:
        missing, is_broken = _missing_enricher(config, enricher, plugins)
        (choice.enrichers_left_out if is_broken else choice.problems).append(missing)
        return
    try:
        settings = config.enricher_settings(enricher.name, kind.settings_type)
    except Problems as found:
        choice.problems.extend(found.problems)
        return
    choice.enrichers.append(
        ChosenEnricher(
            name=enricher.name,
            kind=kind,
            settings=settings,
            reach=enricher.reach,
            timeout_s=enricher.timeout_s,
            concurrency=enricher.concurrency,
        )
    )


def _missing_plugin(config: Config, connector: ConnectorConfig, plugins: Plugins) -> tuple[Problem, bool]:
    place = ("connectors", connector.name, "plugin")
    if broken := _broken(config, place, connector.plugin, plugins):
        return broken, True
    if connector.plugin in plugins.enrichers:
        message = f"the plugin {connector.plugin!r} is an enricher, and no connector: it belongs under `enrichers`"
        return config.problem(place, "unknown-plugin", message), False
    known = sorted(plugins.connectors)
    hint = did_you_mean(connector.plugin, known) or f"; installed: {', '.join(known)}"
    return config.problem(place, "unknown-plugin", f"no plugin {connector.plugin!r} is installed{hint}"), False


def _missing_enricher(config: Config, enricher: EnricherConfig, plugins: Plugins) -> tuple[Problem, bool]:
    place = ("enrichers", enricher.name, "plugin")
    if broken := _broken(config, place, enricher.plugin, plugins):
        return broken, True
    if enricher.plugin in plugins.connectors:
        message = f"the plugin {enricher.plugin!r} is a connector, and no enricher: it belongs under `connectors`"
        return config.problem(place, "unknown-plugin", message), False
    known = sorted(plugins.enrichers)
    hint = did_you_mean(enricher.plugin, known) or f"; installed: {', '.join(known) or 'none'}"
    return config.problem(place, "unknown-plugin", f"no enricher {enricher.plugin!r} is installed{hint}"), False


def _broken(config: Config, place: tuple[str, ...], plugin: str, plugins: Plugins) -> Problem | None:
    """The problem of who names a plugin that can't be used; None for any other name."""
    reason = next((broken.reason for broken in plugins.broken if broken.name == plugin), None)
    if reason is None:
        return None
    return config.problem(place, "broken-plugin", f"the plugin {plugin} can't be used: {reason}")
