"""What is tried: a class, from where it is installed or from a folder, and its settings in gateway.yaml."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from gateway.cli.failures import USAGE, Failed
from gateway.cli.plugin.chosen import the_plugin
from gateway.config import Config, ConnectorConfig, EnricherConfig, load_config
from gateway.kernel.problems import did_you_mean
from gateway.kernel.reach import Reach
from gateway.testing import Sort

STEP_S: Final = 300.0
"""A check, a page or a look-up of a connector has so long."""

Entry = TypeVar("Entry", ConnectorConfig, EnricherConfig)


@dataclass(frozen=True, slots=True)
class Tried:
    """A connector or an enricher of the configuration, with the class that is to be tried under its name."""

    name: str
    kind: Any
    settings: BaseModel = field(repr=False)
    reach: Reach
    config: Config
    timeout_s: float = STEP_S
    """A check, a page or a look-up has so long."""


def is_enricher(what: str, config: Path) -> bool:
    """Whether the configuration calls an enricher so, and no connector. Raises Problems."""
    settled = load_config(config, os.environ)
    return what in settled.enrichers and what not in settled.connectors


def enricher_to_be_tried(what: str, config: Path) -> Tried:
    """The enricher of that name, else the one of the plugin of that name or path. Raises Problems, and Failed."""
    settled = load_config(config, os.environ)
    named = settled.enrichers.get(what)
    kind = the_plugin(named.plugin, "enricher") if named else _unnamed(what, "enricher", settled.enrichers)
    enricher = named or _only_one("enricher", settled.enrichers.values(), kind.plugin, config)
    settings = settled.enricher_settings(enricher.name, kind.settings_type)
    return Tried(enricher.name, kind, settings, enricher.reach, settled, enricher.timeout_s)


def to_be_tried(what: str, config: Path) -> Tried:
    """The connector of that name, else the one of the plugin of that name or path. Raises Problems, and Failed."""
    settled = load_config(config, os.environ)
    named = settled.connectors.get(what)
    kind = the_plugin(named.plugin) if named else _unnamed(what, "connector", [*settled.connectors, *settled.enrichers])
    connector = named or _only_one("connector", settled.connectors.values(), kind.plugin, config)
    settings = settled.connector_settings(connector.name, kind.settings_type)
    return Tried(connector.name, kind, settings, connector.reach, settled)


def _unnamed(what: str, sort: Sort, names: Iterable[str]) -> Any:
    """The plugin of that name or path. Raises Failed, with the name in the configuration that may be meant."""
    try:
        return the_plugin(what, sort)
    except Failed as error:
        raise Failed(error.code, str(error), did_you_mean(what, names).lstrip("; ") or error.hint) from None


def _only_one(sort: Sort, entries: Iterable[Entry], plugin: str, path: Path) -> Entry:
    found = [entry for entry in entries if entry.plugin == plugin]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(entry.name for entry in found)
        raise Failed(USAGE, f"{path} has several {sort}s of the plugin {plugin}: {names}", "give the name of one")
    hint = f"`gateway simulate {plugin}` prints settings for one that needs no vendor" if sort == "connector" else ""
    raise Failed(USAGE, f"{path} has no {sort} with `plugin: {plugin}`", hint)
